package mcp

import (
	"context"
	"maps"
	"strings"
)

// CompleteFunc suggests values for an argument of which value is typed so far, the best
// first. given are the values of other arguments, as far as the client has said them;
// clients do from revision 2025-06-18 on. The client gets the first 100 and is told how many there
// are. It runs on a goroutine of its own; ctx ends when the client cancels or goes away.
type CompleteFunc func(ctx context.Context, value string, given map[string]string) ([]string, error)

// CompletePrompt sets how an argument of a prompt is completed.
func (s *Server) CompletePrompt(prompt, argument string, f CompleteFunc) {
	s.addCompletion(completion{refPrompt, prompt, argument}, f)
}

// CompleteTemplate sets how a variable of a resource template is completed. uri is that
// of the template.
func (s *Server) CompleteTemplate(uri, variable string, f CompleteFunc) {
	s.addCompletion(completion{refResource, uri, variable}, f)
}

// Among completes with those values that begin with what is typed, and after them those
// that have it elsewhere, in any case, in the order given.
func Among(values ...string) CompleteFunc {
	return func(_ context.Context, value string, _ map[string]string) (found []string, _ error) {
		value = strings.ToLower(value)
		var elsewhere []string
		for _, v := range values {
			switch at := strings.Index(strings.ToLower(v), value); {
			case at == 0:
				found = append(found, v)
			case at > 0:
				elsewhere = append(elsewhere, v)
			}
		}
		return append(found, elsewhere...), nil
	}
}

// completion says what is completed. kind is the type of a reference as the protocol has it.
type completion struct{ kind, of, argument string }

const (
	refPrompt   = "ref/prompt"
	refResource = "ref/resource"
)

func (s *Server) addCompletion(what completion, f CompleteFunc) {
	if f == nil {
		panic("mcp: completion of " + what.of + " needs a function")
	}
	s.change(offerCompletions, func(c *catalog) bool {
		c.completions = maps.Clone(c.completions)
		c.completions[what] = f
		return true
	})
}

// has reports whether there is such an argument; e says what is not there.
func (c *catalog) has(what completion) (e *Error) {
	found := false
	if what.kind == refPrompt {
		p := c.prompts[what.of]
		if p == nil {
			return Errorf(CodeInvalidParams, "unknown prompt: %s", clip(what.of))
		}
		found = p.open
		for _, a := range p.Arguments {
			found = found || a.Name == what.argument
		}
	} else {
		t := c.templates[what.of]
		if t == nil {
			return Errorf(CodeInvalidParams, "unknown resource template: %s", clip(what.of))
		}
		for _, name := range t.parsed.names {
			found = found || name == what.argument
		}
	}
	if !found {
		return Errorf(CodeInvalidParams, "unknown argument: %s", clip(what.argument))
	}
	return nil
}
