package mcp

import (
	"context"
	"fmt"
	"reflect"
	"slices"
)

// Prompt describes a prompt to the client: a way to begin a conversation that a person
// picks, such as a slash command.
type Prompt struct {
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	// Arguments replace those inferred from the type of the function's input; each is a
	// field of it. For map[string]string, nil means that any will do.
	Arguments []Argument
	Icons     []Icon
	Meta      Meta
}

// Argument describes an argument of a prompt. Its value is always a string.
type Argument struct {
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	Required    bool
}

// PromptResult is what a prompt comes to.
type PromptResult struct {
	Description string
	Messages    []Message
	Meta        Meta
}

// Message is a piece of a conversation.
type Message struct {
	Role    Role
	Content Content
}

// PromptText returns a prompt of one message, from the user.
func PromptText(text string) *PromptResult {
	return &PromptResult{Messages: []Message{{User, Text(text)}}}
}

// AddPrompt adds or replaces a prompt made from a Go function.
//
// In is a struct whose fields are the arguments: strings, numbers and booleans, which are
// read from the text. The json tag gives the name, and omitempty makes an argument optional;
// the jsonschema tag gives the description. Or In is map[string]string, which gets
// everything; Prompt.Arguments then says what that is.
//
// Arguments that are missing, unknown or do not fit are refused with error -32602
// before f runs. An error from f becomes error -32603, unless it is an *Error.
// f runs on a goroutine of its own; ctx ends when the client cancels or goes away.
//
// AddPrompt may be called at any time. It panics if the prompt has no name, or In is
// another type: that is a bug of the program.
func AddPrompt[In any](s *Server, p Prompt, f func(ctx context.Context, in In) (*PromptResult, error)) {
	if p.Name == "" || f == nil {
		panic(fmt.Sprintf("mcp: prompt %q: needs a name and a function", p.Name))
	}
	checkIcons("prompt "+p.Name, p.Icons)
	pr := &prompt{Prompt: p, meta: p.Meta.marshal()}
	_, open := any((*In)(nil)).(*map[string]string)
	var fields []plainField
	if open {
		pr.open = p.Arguments == nil
	} else {
		t := reflect.TypeFor[In]()
		if fields = plainFields(t); fields == nil {
			panic(fmt.Sprintf("mcp: prompt %q: %v is neither a struct of plain fields with json tags nor map[string]string", p.Name, t))
		}
		if p.Arguments == nil {
			pr.Arguments = inferArguments(t, fields)
		}
		for _, a := range pr.Arguments {
			if !slices.ContainsFunc(fields, func(f plainField) bool { return f.name == a.Name }) {
				panic(fmt.Sprintf("mcp: prompt %q: argument %s is no field of %v", p.Name, a.Name, t))
			}
		}
	}
	pr.bind = func(given map[string]string) (promptFunc, error) {
		in := new(In)
		if m, ok := any(in).(*map[string]string); ok {
			*m = given
		} else if err := setFields(reflect.ValueOf(in).Elem(), fields, given); err != nil {
			return nil, err
		}
		return func(ctx context.Context) (*PromptResult, error) { return f(ctx, *in) }, nil
	}
	s.change(offerPrompts, func(c *catalog) bool { return put(&c.prompts, &c.promptNames, p.Name, pr) })
}

// RemovePrompt removes the prompt of that name and reports whether there was one.
func (s *Server) RemovePrompt(name string) bool {
	return s.change(offerPrompts, func(c *catalog) bool { return remove(&c.prompts, &c.promptNames, name) })
}

// promptFunc is the function of a prompt with its arguments.
type promptFunc func(ctx context.Context) (*PromptResult, error)

// prompt is a prompt ready to be asked for.
type prompt struct {
	Prompt
	meta []byte // JSON of Meta
	open bool   // arguments that are not listed may be given
	// bind makes arguments into what the function takes, without calling it.
	bind func(given map[string]string) (promptFunc, error)
}

// inferArguments describes the fields of a struct as arguments.
func inferArguments(t reflect.Type, fields []plainField) []Argument {
	var list []Argument
	for _, f := range fields {
		tag := t.Field(f.index).Tag
		list = append(list, Argument{
			Name: f.name, Description: tag.Get("jsonschema"), Required: tag.Get("json") == f.name,
		})
	}
	return list
}

// setFields stores arguments in v, a struct with those fields. An empty argument that
// is no text counts as left out: forms send it for a field that is not filled in.
func setFields(v reflect.Value, fields []plainField, given map[string]string) error {
	for _, f := range fields {
		text, ok := given[f.name]
		switch {
		case !ok:
		case f.kind == reflect.String:
			v.Field(f.index).SetString(text)
		case text == "":
		case check([]byte(text), 0, 1) != nil || text[0] == 'n' || !setPlain(v.Field(f.index), f.kind, []byte(text)):
			return fmt.Errorf("%s: %q is no %v", f.name, clip(text), f.kind)
		}
	}
	return nil
}

// arguments takes the arguments of a request apart.
func (p *prompt) arguments(args []byte) (map[string]string, error) {
	given := map[string]string{}
	if args != nil {
		for w := walk(args); ; {
			name, v, ok := w.member()
			if !ok {
				break
			}
			if !p.open && !slices.ContainsFunc(p.Arguments, func(a Argument) bool { return a.Name == string(name) }) {
				return nil, fmt.Errorf("%s is unknown", clip(name))
			}
			if _, twice := given[string(name)]; twice {
				return nil, fmt.Errorf("%s is given twice", clip(name))
			}
			if !isString(v) {
				return nil, fmt.Errorf("%s must be a string", clip(name))
			}
			given[string(name)] = unquote(v)
		}
	}
	for _, a := range p.Arguments {
		if _, ok := given[a.Name]; a.Required && !ok {
			return nil, fmt.Errorf("%s is missing", a.Name)
		}
	}
	return given, nil
}
