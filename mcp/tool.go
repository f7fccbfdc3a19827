package mcp

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"
)

// Tool describes a tool to the client. Name is 1 to 128 of A-Z a-z 0-9 _ - .
type Tool struct {
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string // for the model
	Annotations *Annotations

	// InputSchema and OutputSchema replace the schemas inferred from the types.
	// They must not change afterwards. See SchemaFor.
	InputSchema  *jsonschema.Schema
	OutputSchema *jsonschema.Schema

	// Inline promises that the function never waits and is done in
	// microseconds. It then runs on the goroutine that reads the connection: no
	// goroutine switch, but nothing else is read meanwhile, so it cannot be cancelled.
	Inline bool
}

// Annotations are hints about what a tool does (from revision 2025-03-26). Nil
// means not said.
type Annotations struct {
	Title       string
	ReadOnly    *bool // changes nothing
	Destructive *bool // may destroy; matters if not ReadOnly
	Idempotent  *bool // calling twice is as calling once
	OpenWorld   *bool // deals with the world outside
}

// AddTool adds or replaces a tool made from a Go function.
//
// In is a struct (or map); its schema comes from the field types and the json and
// jsonschema tags. Arguments are checked against it before f runs; names are case
// sensitive. Out is one of
//   - a struct or map: sent as structuredContent with its JSON as text
//   - Text: sent as one text content
//   - *Result: sent as it is
//
// An error from f becomes a result with isError and its text, except an *Error,
// which becomes a JSON-RPC error. A panic becomes error -32603 and a log entry.
// Progress and Log report from inside f; ctx ends when the client cancels or goes away.
//
// AddTool may be called at any time. It panics if the name or a schema is bad:
// that is a bug of the program.
func AddTool[In, Out any](s *Server, t Tool, f func(ctx context.Context, in In) (Out, error)) {
}

// SchemaFor infers the schema of T and lets edit tighten its properties, which
// it gets by name. It panics if T has no schema.
func SchemaFor[T any](edit func(properties map[string]*jsonschema.Schema)) *jsonschema.Schema {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		panic("mcp: schema: " + err.Error())
	}
	if edit != nil {
		edit(s.Properties)
	}
	return s
}
