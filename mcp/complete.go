package mcp

import "context"

// CompleteFunc suggests values for an argument that begins with value, the best first.
// given are the values of other arguments, as far as the client has said them; that
// is from revision 2025-06-18. The client gets the first 100 and is told how many there
// are. It runs on a goroutine of its own; ctx ends when the client cancels or goes away.
type CompleteFunc func(ctx context.Context, value string, given map[string]string) ([]string, error)

// CompletePrompt sets how an argument of a prompt is completed.
func (s *Server) CompletePrompt(prompt, argument string, f CompleteFunc) {
	s.addCompletion(completion{"ref/prompt", prompt, argument}, f)
}

// CompleteTemplate sets how a variable of a resource template is completed. uri is that
// of the template.
func (s *Server) CompleteTemplate(uri, variable string, f CompleteFunc) {
	s.addCompletion(completion{"ref/resource", uri, variable}, f)
}

// completion says what is completed: kind is the type of a reference as the protocol has it.
type completion struct{ kind, of, argument string }

func (s *Server) addCompletion(what completion, f CompleteFunc) {
	if f == nil {
		panic("mcp: completion of " + what.of + " needs a function")
	}
	s.change(func(c *catalog) { c.completions[what] = f })
}
