package mcp

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// schema checks JSON against a JSON Schema. Schemas inferred from Go types use few
// keywords; nodes check those on the text itself. If a schema has others,
// jsonschema.Resolved checks the decoded value after that.
type schema struct {
	root     *node
	resolved *jsonschema.Resolved // nil if root says it all
	survey   *survey              // nil if resolved is
	mu       sync.Mutex           // held while resolved checks a large value
}

// kinds is a set of JSON types.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBoolean
	kindString
	kindInteger
	kindNumber // a number with fraction or exponent
	kindArray
	kindObject

	kindAny kinds = 1<<iota - 1
)

var kindNames = map[string]kinds{
	"null": kindNull, "boolean": kindBoolean, "string": kindString, "integer": kindInteger,
	"number": kindNumber | kindInteger, "array": kindArray, "object": kindObject,
}

// node is one compiled subschema.
type node struct {
	kinds      kinds
	properties []property
	rest       *node // for other properties; nil if there may be none
	items      *node
	enum       []string // of strings; nil if there is none
	schema     *jsonschema.Schema
	numeric    bool // schema bounds numbers
	sized      bool // schema bounds lengths
}

type property struct {
	name     string
	node     *node
	required bool
}

// anyNode lets everything pass; it is known by its address.
var anyNode = &node{kinds: kindAny}

// compile prepares s for checking.
func compile(s *jsonschema.Schema) (c *schema, err error) {
	c = &schema{}
	if c.survey, err = surveySchema(s); err != nil {
		return nil, err
	}
	exact := false
	if c.root, exact = compileNode(s, maxSchemaDepth); exact {
		c.survey = nil // a node looks at each value once
		return c, nil
	}
	c.survey.targets, c.survey.all, c.survey.looks, c.survey.heights = nil, nil, nil, nil
	c.resolved, err = s.Resolve(nil)
	return c, err
}

// maxSchemaDepth bounds the recursion over a schema.
const maxSchemaDepth = 64

// compileNode returns the node for s. exact is false if s has keywords beyond what
// the node checks; it then checks less than s says, never more.
func compileNode(s *jsonschema.Schema, depth int) (n *node, exact bool) {
	if s == nil || s.Ref != "" || s.DynamicRef != "" || depth == 0 {
		return anyNode, false
	}
	n = &node{kinds: kindAny, schema: s, rest: anyNode, items: anyNode}
	exact = onlyKnown(s)
	types := s.Types
	if s.Type != "" {
		types = []string{s.Type}
	}
	if types != nil {
		n.kinds = 0
		for _, t := range types {
			n.kinds |= kindNames[t]
		}
	}
	if s.Enum != nil {
		n.enum = []string{} // even without members it is one: nothing fits
	}
	for _, e := range s.Enum {
		text, ok := e.(string)
		if !ok {
			n.enum, exact = nil, false
			break
		}
		n.enum = append(n.enum, text)
	}
	n.numeric = s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil
	n.sized = s.MinLength != nil || s.MaxLength != nil || s.MinItems != nil || s.MaxItems != nil
	return n, n.compileParts(s, depth-1) && exact
}

// maxProperties is how many properties a node has at most: validateObject marks
// those it has seen in one word.
const maxProperties = 64

// compileParts compiles the subschemas of s.
func (n *node) compileParts(s *jsonschema.Schema, depth int) (exact bool) {
	exact = true
	part := func(sub *jsonschema.Schema) *node {
		p, ok := compileNode(sub, depth)
		exact = exact && ok
		return p
	}
	if len(s.Properties) > maxProperties {
		return false
	}
	for name, sub := range s.Properties {
		n.properties = append(n.properties, property{name: name, node: part(sub)})
	}
	slices.SortFunc(n.properties, func(a, b property) int { return strings.Compare(a.name, b.name) })
	for _, name := range s.Required {
		if i := n.find([]byte(name)); i >= 0 {
			n.properties[i].required = true
		} else {
			exact = false
		}
	}
	if s.Items != nil && s.PrefixItems == nil {
		n.items = part(s.Items)
	}
	switch a := s.AdditionalProperties; {
	case a == nil || s.PatternProperties != nil:
	case isNothing(a):
		n.rest = nil
	default:
		n.rest = part(a)
	}
	return exact
}

// isNothing reports whether s is the schema false, {"not":{}}.
func isNothing(s *jsonschema.Schema) bool {
	if s.Not == nil || !reflect.ValueOf(*s.Not).IsZero() {
		return false
	}
	rest := *s
	rest.Not = nil
	return reflect.ValueOf(rest).IsZero()
}

// onlyKnown reports whether s has no keyword but those a node checks, and those that
// check nothing.
func onlyKnown(s *jsonschema.Schema) bool {
	r := *s
	r.Type, r.Types, r.Enum, r.Properties, r.Required = "", nil, nil, nil, nil
	r.AdditionalProperties, r.Items = nil, nil
	r.Minimum, r.Maximum, r.ExclusiveMinimum, r.ExclusiveMaximum = nil, nil, nil, nil
	r.MinLength, r.MaxLength, r.MinItems, r.MaxItems = nil, nil, nil, nil
	r.Title, r.Description, r.Comment, r.Default, r.Examples = "", "", "", nil, nil
	r.Deprecated, r.ReadOnly, r.WriteOnly, r.Format = false, false, false, ""
	r.PropertyOrder, r.ContentEncoding, r.ContentMediaType = nil, "", ""
	if r.Schema == dialects[0] {
		r.Schema = ""
	}
	r.Extra = nil // JSON Schema 2020-12 core section 6.5: unknown keywords check nothing
	return reflect.ValueOf(r).IsZero()
}

// find returns the index of the property called name, or -1.
func (n *node) find(name []byte) int {
	for i := range n.properties {
		if n.properties[i].name == string(name) {
			return i
		}
	}
	return -1
}

// defaultsOf returns the defaults of the properties of s as an object, nil if there are
// none. Each must fit its own schema.
func defaultsOf(s *jsonschema.Schema) ([]byte, error) {
	var doc []byte
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		def := s.Properties[name].Default
		if def == nil {
			continue
		}
		if err := check(def, maxSchemaDepth, maxSchemas); err != nil {
			return nil, fmt.Errorf("default of %s: %w", name, err)
		}
		alone := *s.Properties[name]
		if alone.Ref == "" && alone.DynamicRef == "" {
			c, err := compile(&alone)
			if err == nil {
				err = c.validate(bytes.TrimSpace(def))
			}
			if err != nil {
				return nil, fmt.Errorf("default of %s: %w", name, err)
			}
		}
		doc = append(doc, "{,"[min(len(doc), 1)])
		doc = append(append(appendString(doc, name), ':'), def...)
	}
	if doc != nil {
		doc = append(doc, '}')
	}
	return doc, nil
}
