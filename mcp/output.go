package mcp

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// What a tool's function returns becomes the members content, structuredContent and
// isError of a result. Structured content is promised by the output schema (MCP
// server/tools "Output Schema": servers MUST provide results that conform), so what
// does not fit it is never sent. json.Marshal keeps the promise of a schema that is inferred
// from a type it writes by itself; everything else is checked: see trusted.

// isStructured reports whether a tool with that Out has structured output.
func isStructured[Out any]() bool {
	switch any((*Out)(nil)).(type) {
	case *Text, **Result:
		return false
	}
	return true
}

// appendOut appends the result of a tool whose function returned *out.
func appendOut[Out any](c *call, dst []byte, out *Out) ([]byte, error) {
	switch v := any(out).(type) {
	case *Text:
		dst = append(dst, `{"content":[`...)
		dst = v.appendTo(dst, c.rev)
		return append(dst, "]}"...), nil
	case **Result:
		if *v == nil {
			return dst, Errorf(CodeInternalError, "tool returned no result")
		}
		return (*v).appendTo(c, dst)
	}
	doc, err := c.tool.marshal(c, out)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"content":[`...)
	dst = append(appendText(dst, doc), ']')
	return append(appendStructured(dst, doc, c.rev), '}'), nil
}

// appendTo appends the result.
func (r *Result) appendTo(c *call, dst []byte) ([]byte, error) {
	var doc []byte
	if r.Structured != nil {
		var err error
		if doc, err = c.tool.marshal(c, r.Structured); err != nil {
			return dst, err
		}
	} else if c.tool.result != nil && !r.IsError {
		return dst, c.tool.misfit(c, "has no structured content")
	}
	dst = append(dst, `{"content":[`...)
	hasText := false
	for i, content := range r.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		if content == nil {
			return dst, Errorf(CodeInternalError, "tool returned empty content")
		}
		if _, ok := content.(Text); ok {
			hasText = true
		}
		dst = content.appendTo(dst, c.rev)
	}
	// MCP 2026-07-28 server/tools "Structured Content": also as text, which alone
	// reaches clients whose revision has no such structured content.
	if doc != nil && (len(r.Content) == 0 || !hasText && !sendable(doc, c.rev)) {
		if len(r.Content) > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, doc)
	}
	dst = append(dst, ']')
	dst = appendStructured(dst, doc, c.rev)
	if r.IsError {
		dst = append(dst, `,"isError":true`...)
	}
	c.marks.setMeta(r.Meta)
	return append(dst, '}'), nil
}

func appendText(dst, text []byte) []byte {
	dst = append(dst, `{"type":"text","text":`...)
	return append(appendString(dst, text), '}')
}

// sendable reports whether rev can have doc as structured content. Before 2026-07-28 it
// is an object.
func sendable(doc []byte, rev *revision) bool {
	return rev.structured && (rev.anyStructured || isObject(doc))
}

// appendStructured appends ,"structuredContent":doc, or nothing if doc is nil or the
// revision has no place for it.
func appendStructured(dst, doc []byte, rev *revision) []byte {
	if doc == nil || !sendable(doc, rev) {
		return dst
	}
	dst = append(dst, `,"structuredContent":`...)
	return append(dst, doc...)
}

// appendToolError appends the result of a tool that failed.
func appendToolError(dst []byte, text string) []byte {
	dst = append(dst, `{"content":[`...)
	dst = Text(text).appendTo(dst, nil)
	return append(dst, `],"isError":true}`...)
}

// marshal returns v as JSON that fits the tool's output schema.
func (t *tool) marshal(c *call, v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, t.misfit(c, err.Error())
	}
	if t.object && string(doc) == "null" {
		if reflect.Indirect(reflect.ValueOf(v)).Kind() != reflect.Map {
			return nil, t.misfit(c, "is null")
		}
		doc = noArguments // a nil map has no members
	}
	if t.result != nil {
		if err := t.result.validate(doc); err != nil {
			return nil, t.misfit(c, err.Error())
		}
	}
	return doc, nil
}

// misfit returns the error for a result that cannot be sent. Why goes to the log: it
// is a bug of the tool's, and may quote what the client must not see.
func (t *tool) misfit(c *call, why string) error {
	c.sess.srv.log.Error("result of a tool does not fit its output schema", "tool", t.Name, "why", why)
	return Errorf(CodeInternalError, "the result of tool %s does not fit its output schema", t.Name)
}

// prepareOutput fills in the output schema and what checks results against it.
func (t *tool) prepareOutput(out func() (*jsonschema.Schema, error), typ reflect.Type, structured bool) (err error) {
	known := false
	switch {
	case t.OutputSchema == nil && structured:
		if t.OutputSchema, err = out(); err != nil {
			return err
		}
		allowNilMaps(t.OutputSchema)
		known = t.TightenOutput == nil && trusted(typ)
		if typ.Kind() == reflect.Pointer { // nil is a bug, not null
			t.OutputSchema.Type, t.OutputSchema.Types = "", withoutNull(t.OutputSchema)
			if len(t.OutputSchema.Types) == 1 {
				t.OutputSchema.Type, t.OutputSchema.Types = t.OutputSchema.Types[0], nil
			}
		}
		if t.TightenOutput != nil {
			t.TightenOutput(t.OutputSchema.Properties)
		}
	case t.OutputSchema == nil:
		return nil
	case typ == reflect.TypeFor[Text]():
		return fmt.Errorf("an output schema, but results are plain text")
	}
	t.object = t.OutputSchema.Type == "object"
	check, err := compile(t.OutputSchema)
	if err == nil && !known {
		t.result = check
	}
	return err
}

// allowNilMaps lets the maps inside an inferred schema be null, which is what json.Marshal
// makes of a nil map. Slices are so already.
func allowNilMaps(s *jsonschema.Schema) {
	eachSub(s, func(_ string, _ place, sub *jsonschema.Schema) {
		if sub.Type == "object" && sub.Properties == nil && sub.AdditionalProperties != nil && !isNothing(sub.AdditionalProperties) {
			sub.Type, sub.Types = "", []string{"null", "object"}
		}
		allowNilMaps(sub)
	})
}

// withoutNull returns the types that s allows but null.
func withoutNull(s *jsonschema.Schema) (types []string) {
	for _, name := range s.Types {
		if name != "null" {
			types = append(types, name)
		}
	}
	if s.Type != "" {
		types = []string{s.Type}
	}
	return types
}

// trusted reports whether what json.Marshal makes of a t, if it makes anything, always fits
// the schema inferred from t. It does not where a type writes its own JSON.
func trusted(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[[]byte]() || t == reflect.TypeFor[json.RawMessage]() {
		return true // see inferOptions
	}
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t == reflect.TypeFor[json.Number]() {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Array:
		return trusted(t.Elem())
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8 && trusted(t.Elem())
	case reflect.Map:
		return t.Key().Kind() == reflect.String && !t.Key().Implements(reflect.TypeFor[encoding.TextMarshaler]()) && trusted(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || strings.Contains(options, "string") || f.IsExported() && !trusted(f.Type) {
				return false
			}
		}
	}
	return true
}

// inferOptions say what to infer where json.Marshal does another thing than the kind of
// the type tells.
func inferOptions() *jsonschema.ForOptions {
	return &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[[]byte]():          {Types: []string{"null", "string"}, ContentEncoding: "base64"},
		reflect.TypeFor[json.RawMessage](): {},
	}}
}
