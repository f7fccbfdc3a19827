package mcp

import (
	"context"
	"fmt"
)

// Prompt describes a prompt to the client: a way to begin a conversation that a person
// picks, such as a slash command.
type Prompt struct {
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	// Arguments replace those inferred from the type of the function's input.
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

// AddPrompt adds or replaces a prompt made from a Go function.
//
// In is a struct whose fields are the arguments: strings, numbers and booleans, which are
// read from the text. The json tag gives the name, and omitempty makes an argument optional;
// the jsonschema tag gives the description. Or In is map[string]string, which gets
// everything; Prompt.Arguments then says what that is.
//
// Arguments that are missing, unknown or do not fit are refused with error -32602
// before f runs. An error from f becomes error -32603, unless it is an *Error.
//
// AddPrompt may be called at any time. It panics if the prompt has no name, or a type
// that cannot be: that is a bug of the program.
func AddPrompt[In any](s *Server, p Prompt, f func(ctx context.Context, in In) (*PromptResult, error)) {
	if p.Name == "" || f == nil {
		panic(fmt.Sprintf("mcp: prompt %q: needs a name and a function", p.Name))
	}
	checkIcons("prompt "+p.Name, p.Icons)
	pr := &prompt{Prompt: p, meta: p.Meta.marshal()}
	s.change(func(c *catalog) { c.prompts[p.Name] = pr })
}

// PromptText returns a prompt of one message, from the user.
func PromptText(text string) *PromptResult {
	return &PromptResult{Messages: []Message{{User, Text(text)}}}
}

// prompt is a prompt ready to be asked for.
type prompt struct {
	Prompt
	meta []byte // JSON of Meta
}
