package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Tool describes a tool to the client. Name is 1 to 128 of A-Z a-z 0-9 _ - .
type Tool struct {
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string // for the model
	Icons       []Icon
	Annotations *ToolAnnotations
	Meta        Meta

	// InputSchema and OutputSchema replace the schemas inferred from the types.
	// They must not change afterwards. See SchemaFor. Arguments are checked against
	// the first. A result that does not fit the second is not sent: the client gets error
	// -32603 and the log says why. Both may use all of JSON Schema 2020-12 and draft 7, with
	// references inside the schema only.
	InputSchema  *jsonschema.Schema
	OutputSchema *jsonschema.Schema

	// Tighten edits the properties of the schema inferred for the input, which it gets by
	// name, when the schema is made: at the tool's first use. InputSchema must be nil.
	// TightenOutput does the same for the output. An argument that is left out has the
	// default of its property, if that has one.
	Tighten       func(properties map[string]*jsonschema.Schema)
	TightenOutput func(properties map[string]*jsonschema.Schema)

	// Inline promises that the function never waits and is done in
	// microseconds. It then runs on the goroutine that reads the connection: no
	// goroutine switch, but nothing else is read meanwhile, so it cannot be cancelled.
	Inline bool

	// Task says whether a call may go on as a task; not of a tool that is Inline. See
	// TaskMode.
	Task TaskMode
	// TaskLate: the call becomes a task only when the function calls StartTask. What it
	// asks the client before that, it asks as any tool does.
	TaskLate bool
}

// ToolAnnotations are hints about what a tool does (from revision 2025-03-26). Nil
// means not said.
type ToolAnnotations struct {
	Title       string `json:"title,omitempty"`
	ReadOnly    *bool  `json:"readOnlyHint,omitempty"`    // changes nothing
	Destructive *bool  `json:"destructiveHint,omitempty"` // may destroy; matters if not ReadOnly
	Idempotent  *bool  `json:"idempotentHint,omitempty"`  // calling twice is as calling once
	OpenWorld   *bool  `json:"openWorldHint,omitempty"`   // deals with the world outside
}

// AddTool adds or replaces a tool made from a Go function.
//
// In is a struct (or map); its schema comes from the field types and the json and
// jsonschema tags. Arguments are checked against it before f runs; names are case
// sensitive. Out is one of
//   - Text: sent as one text content
//   - *Result: sent as it is
//   - any other type, best a struct: sent as structuredContent with its JSON as text.
//     Clients before revision 2026-07-28 get what is no JSON object as text only
//
// An error from f becomes a result with isError and its text, except an *Error,
// which becomes a JSON-RPC error. A panic becomes error -32603 and a log entry.
// Progress and Log report from inside f; ctx ends when the client cancels or goes away.
//
// AddTool may be called at any time. It panics if the name is bad: that is a bug of the
// program. Schemas are made at the first listing or call, since that is slow and an image
// should be up before; a tool whose schema is bad then fails. Server.CheckTools tells, for tests.
func AddTool[In, Out any](s *Server, t Tool, f func(ctx context.Context, in In) (Out, error)) {
	if !validName(t.Name) {
		panic(fmt.Sprintf("mcp: tool %q: bad name", t.Name))
	}
	if t.Inline && t.Task != TaskForbidden {
		panic(fmt.Sprintf("mcp: tool %q: inline and a task", t.Name))
	}
	checkIcons("tool "+t.Name, t.Icons)
	tl := &tool{Tool: t, meta: t.Meta.marshal()}
	var fields []plainField
	tl.makeSchemas = sync.OnceValue(func() (err error) {
		defer func() {
			if p := recover(); p != nil { // of Tighten
				err = fmt.Errorf("mcp: tool %q: panic: %v", t.Name, p)
			}
		}()
		if err := tl.prepare(schemaOf[In], schemaOf[Out], reflect.TypeFor[In](), reflect.TypeFor[Out](), isStructured[Out]()); err != nil {
			return fmt.Errorf("mcp: tool %q: %w", t.Name, err)
		}
		fields = plainFields(reflect.TypeFor[In]())
		if tl.defaults != nil {
			if err := decodeArguments(tl.defaults, new(In)); err != nil {
				return fmt.Errorf("mcp: tool %q: default: %w", t.Name, err)
			}
		}
		return nil
	})
	tl.decode = func(args []byte) (any, error) {
		in := new(In)
		var err error
		if tl.defaults != nil { // checked; what the arguments say goes over it
			err = decodeArguments(tl.defaults, in)
		}
		if err == nil && fields != nil {
			err = decodePlain(args, reflect.ValueOf(in).Elem(), fields)
		} else if err == nil {
			err = decodeArguments(args, in)
		}
		return in, err
	}
	tl.do = func(c *call, dst []byte) ([]byte, error) {
		out, err := f(c, *c.in.(*In))
		if err != nil {
			return dst, err
		}
		return appendOut(c, dst, &out)
	}
	s.addTool(tl)
}

// SchemaFor infers the schema of T and lets edit tighten its properties, which
// it gets by name. It panics if T has no schema.
func SchemaFor[T any](edit func(properties map[string]*jsonschema.Schema)) *jsonschema.Schema {
	s, err := schemaOf[T]()
	if err != nil {
		panic("mcp: schema: " + err.Error())
	}
	if edit != nil {
		edit(s.Properties)
	}
	return s
}

func schemaOf[T any]() (*jsonschema.Schema, error) { return jsonschema.For[T](inferOptions()) }

// tool is a tool ready to be called.
type tool struct {
	Tool
	meta  []byte  // JSON of Meta
	check *schema // of the input, after makeSchemas

	// makeSchemas fills in the schemas. It does so once and keeps its error. To be called
	// before anything else of the tool is used but Tool.
	makeSchemas func() error

	once          sync.Once
	input, output []byte // schemas as JSON, after once; output may be nil

	// decode makes an *In of arguments that check has let pass.
	decode func(args []byte) (any, error)
	// do calls the function and appends its result.
	do func(c *call, dst []byte) ([]byte, error)

	defaults []byte // JSON object of the defaults of properties, after makeSchemas; nil if there are none

	object bool    // the output schema wants an object; after makeSchemas
	result *schema // of results, after makeSchemas; nil if they need no check

	stats callStats
}

// schemas returns the schemas as JSON; out is nil if there is none.
func (t *tool) schemas() (in, out []byte) {
	t.once.Do(func() {
		var err error
		if err = t.makeSchemas(); err != nil {
			t.input = []byte(`{"type":"object"}`)
			return
		}
		if t.input, err = json.Marshal(t.InputSchema); err != nil {
			t.input = []byte(`{"type":"object"}`)
		}
		if t.OutputSchema != nil {
			t.output, _ = json.Marshal(t.OutputSchema)
		}
	})
	return t.input, t.output
}

// validName reports whether name is one for a tool (MCP 2025-11-25 server/tools "Tool
// Names"). No regexp: compiling one at start costs an image a noticeable part of its boot.
func validName(name string) bool {
	for _, x := range []byte(name) {
		if !('a' <= x && x <= 'z' || 'A' <= x && x <= 'Z' || '0' <= x && x <= '9' || x == '_' || x == '-' || x == '.') {
			return false
		}
	}
	return 1 <= len(name) && len(name) <= 128
}

// prepare fills in the schemas and checks them.
func (t *tool) prepare(in, out func() (*jsonschema.Schema, error), inType, outType reflect.Type, structured bool) (err error) {
	if t.InputSchema == nil {
		if t.InputSchema, err = in(); err != nil {
			return err
		}
		tagHeaders(inType, t.InputSchema)
		if t.Tighten != nil {
			t.Tighten(t.InputSchema.Properties)
		}
	}
	if t.InputSchema.Type != "object" {
		return errors.New("the input schema's type must be object")
	}
	if t.check, err = compile(t.InputSchema); err != nil {
		return fmt.Errorf("input schema: %w", err)
	}
	if t.defaults, err = defaultsOf(t.InputSchema); err != nil {
		return fmt.Errorf("input schema: %w", err)
	}
	if err := checkHeaders(t.InputSchema); err != nil {
		return fmt.Errorf("input schema: %w", err)
	}
	if err := t.prepareOutput(out, outType, structured); err != nil {
		return fmt.Errorf("output schema: %w", err)
	}
	return nil
}
