package mcp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// Choice is one of the values to pick from in a form.
type Choice struct {
	Value string
	Title string // for people
}

// Choices makes a property of a form, string or list of strings, one to pick from a list
// (MCP 2025-11-25 client/elicitation "Requested Schema"). In revision 2025-06-18, which has
// no lists in forms, asking with one fails.
func Choices(property *jsonschema.Schema, choices ...Choice) {
	list := make([]*jsonschema.Schema, len(choices))
	for i, c := range choices {
		var value any = c.Value
		list[i] = &jsonschema.Schema{Const: &value, Title: c.Title}
	}
	if property.Type == "array" || slices.Contains(property.Types, "array") {
		property.Items = &jsonschema.Schema{AnyOf: list}
	} else {
		property.OneOf = list
	}
}

// formSchema returns s as it may stand in a request of revision rev: one object of plain
// values.
func formSchema(s *jsonschema.Schema, rev *revision) (*jsonschema.Schema, error) {
	if s == nil || s.Type != "object" {
		return nil, errors.New("mcp: a form's schema must be of type object")
	}
	form := &jsonschema.Schema{
		Schema: s.Schema, Type: "object", Properties: map[string]*jsonschema.Schema{},
		Required: s.Required, PropertyOrder: s.PropertyOrder,
	}
	for name, p := range s.Properties {
		q, err := formProperty(p, rev)
		if err != nil {
			return nil, fmt.Errorf("mcp: form field %q: %w", name, err)
		}
		form.Properties[name] = q
	}
	return form, nil
}

// formProperty returns p as it may stand in a form of revision rev.
func formProperty(p *jsonschema.Schema, rev *revision) (*jsonschema.Schema, error) {
	q := *p
	if len(q.Types) > 0 { // of pointers and slices: or null, which a form has no place for
		types := slices.DeleteFunc(slices.Clone(q.Types), func(t string) bool { return t == "null" })
		if len(types) != 1 {
			return nil, errors.New("is of several types")
		}
		q.Type, q.Types = types[0], nil
	}
	switch q.Type {
	case "string":
		if q.OneOf != nil && !rev.choices {
			return olderChoices(&q), nil
		}
		return &q, nil
	case "boolean", "number", "integer":
		return &q, nil
	case "array":
		switch items := q.Items; {
		case items == nil || items.Enum == nil && items.AnyOf == nil:
			return nil, errors.New("is a list without choices")
		case !rev.choices:
			return nil, fmt.Errorf("is a list, which forms of revision %s cannot have", rev.name)
		}
		return &q, nil
	}
	return nil, fmt.Errorf("is of type %q: a form has strings, numbers, booleans and choices", q.Type)
}

// olderChoices writes titled choices as revision 2025-06-18 does: enum and enumNames.
func olderChoices(p *jsonschema.Schema) *jsonschema.Schema {
	q := *p
	q.OneOf = nil
	var titles []string
	for _, c := range p.OneOf {
		if c.Const != nil {
			q.Enum = append(q.Enum, *c.Const)
			titles = append(titles, c.Title)
		}
	}
	q.Extra = map[string]any{"enumNames": titles}
	return &q
}
