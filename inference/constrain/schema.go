package constrain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kinds is a set of JSON types.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBoolean
	kindString
	kindInteger
	kindFraction // a number that is not an integer
	kindArray
	kindObject

	kindAny kinds = 1<<iota - 1
)

var kindNames = map[string]kinds{
	"null": kindNull, "boolean": kindBoolean, "string": kindString, "integer": kindInteger,
	"number": kindInteger | kindFraction, "array": kindArray, "object": kindObject,
}

// schema is what one schema of the text says by itself: references, allOf and choices are
// kept apart.
type schema struct {
	id    int // in the order of the compiler's first looks
	v     *value
	never bool // the schema false
	kinds kinds
	enum  []*value // nil: none; const is an enum of one

	low, high *bound

	minLength, maxLength         int // maxLength -1: none; so for the others
	pattern, format              *value
	minItems, maxItems           int
	prefix                       []*value
	items                        *value // of those after prefix; nil: anything
	properties                   *value
	required                     []string
	additional                   *value // nil: not said
	minProperties, maxProperties int

	all     []*value // allOf and $ref
	choices []*choice
}

// choice is an anyOf or a oneOf.
type choice struct {
	id   int
	v    *value
	alts []*value
	one  bool // oneOf
}

// ignored are keywords that check nothing: annotations (JSON Schema 2020-12 validation §8, §9; core
// §8.3), places for subschemas, and OpenAPI's hint about alternatives.
var ignored = []string{
	"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment", "$defs", "definitions",
	"$anchor", "contentEncoding", "contentMediaType", "contentSchema", "discriminator",
}

// dialects are the values of $schema that are understood, without what may follow them.
var dialects = []string{
	"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema", "http://json-schema.org/draft-07/schema",
}

// readSchema reads the schema v.
func (c *compiler) readSchema(v *value) (*schema, error) {
	if s := c.schemas[v]; s != nil {
		return s, nil
	}
	s := &schema{id: len(c.schemas), v: v, kinds: kindAny, maxLength: -1, maxItems: -1, maxProperties: -1}
	c.schemas[v] = s
	switch v.kind {
	case 't':
		return s, nil
	case 'f':
		s.never = true
		return s, nil
	case '{':
	default:
		return nil, fmt.Errorf("%s: not a schema: want an object, true or false", v.at())
	}
	for i, name := range v.names {
		if slices.Contains(ignored, name) || strings.HasPrefix(name, "x-") {
			continue
		}
		if err := c.readKeyword(s, name, v.items[i]); err != nil {
			return nil, err
		}
	}
	// Draft 7: an array of items is a prefix, additionalItems what follows.
	if it := v.member("items"); it != nil && it.kind == '[' {
		s.items = v.member("additionalItems")
	}
	return s, nil
}

// bad is the error for a keyword whose value is not what it should be.
func bad(v *value, want string) error {
	return fmt.Errorf("%s: want %s", v.at(), want)
}

func (c *compiler) readKeyword(s *schema, name string, v *value) (err error) {
	switch name {
	case "$ref":
		target, err := c.resolve(v)
		if err != nil {
			return err
		}
		s.all = append(s.all, target)
		return nil
	case "allOf", "anyOf", "oneOf":
		if v.kind != '[' || len(v.items) == 0 {
			return bad(v, "an array of schemas")
		}
		if name == "allOf" {
			s.all = append(s.all, v.items...)
			return nil
		}
		c.choices++
		s.choices = append(s.choices, &choice{id: c.choices, v: v, alts: v.items, one: name == "oneOf"})
		return nil
	case "$schema":
		if v.kind != '"' || !slices.Contains(dialects, strings.TrimSuffix(v.text, "#")) {
			return fmt.Errorf("%s: %s is not supported: 2020-12, 2019-09 and draft-07 are", v.at(), quote(v.text))
		}
		return nil
	case "$id":
		if s.v.up != nil {
			return fmt.Errorf("%s: an $id inside a schema is not supported", v.at())
		}
		return nil
	}
	switch name {
	case "type":
		return s.readType(v)
	case "enum":
		if v.kind != '[' {
			return bad(v, "an array")
		}
		if s.enum != nil {
			return fmt.Errorf("%s: enum beside const is not supported", v.at())
		}
		s.enum = v.items
		if s.enum == nil {
			s.enum = []*value{}
		}
	case "const":
		if s.enum != nil {
			return fmt.Errorf("%s: const beside enum is not supported", v.at())
		}
		s.enum = []*value{v}
	case "minimum", "exclusiveMinimum":
		err = readBound(&s.low, v, name == "exclusiveMinimum", -1)
	case "maximum", "exclusiveMaximum":
		err = readBound(&s.high, v, name == "exclusiveMaximum", 1)
	case "multipleOf":
		if v.kind != '0' {
			return bad(v, "a number")
		}
		if d, err := toDecimal(v.text); err != nil || d != (decimal{whole: "1"}) {
			return fmt.Errorf("%s: only 1 is supported", v.at())
		}
		s.kinds &^= kindFraction
	case "minLength":
		s.minLength, err = readCount(v)
	case "maxLength":
		s.maxLength, err = readCount(v)
	case "pattern", "format":
		if v.kind != '"' {
			return bad(v, "a string")
		}
		if name == "format" {
			s.format = v
		} else {
			s.pattern = v
		}
	case "minItems":
		s.minItems, err = readCount(v)
	case "maxItems":
		s.maxItems, err = readCount(v)
	case "uniqueItems":
		if v.kind != 'f' {
			return fmt.Errorf("%s: only false is supported", v.at())
		}
	case "prefixItems":
		if v.kind != '[' {
			return bad(v, "an array of schemas")
		}
		s.prefix = v.items
	case "items":
		if v.kind != '[' {
			s.items = v
		} else if s.v.member("prefixItems") != nil {
			return bad(v, "one schema, since there are prefixItems")
		} else {
			s.prefix = v.items
		}
	case "additionalItems":
		if it := s.v.member("items"); it == nil || it.kind != '[' {
			return fmt.Errorf("%s: additionalItems without an array of items is not supported", v.at())
		}
	case "properties":
		if v.kind != '{' {
			return bad(v, "an object of schemas")
		}
		s.properties = v
	case "required":
		s.required, err = readNames(v)
	case "additionalProperties":
		s.additional = v
	case "minProperties":
		s.minProperties, err = readCount(v)
	case "maxProperties":
		s.maxProperties, err = readCount(v)
	default:
		return fmt.Errorf("%s: keyword %s is not supported", s.v.at(), quote(name))
	}
	return err
}

func (s *schema) readType(v *value) error {
	list := []*value{v}
	if v.kind == '[' {
		list = v.items
	}
	all := kinds(0)
	for _, t := range list {
		k, ok := kindNames[t.text]
		if t.kind != '"' || !ok {
			return bad(t, "one of null, boolean, string, integer, number, array and object")
		}
		all |= k
	}
	s.kinds &= all
	return nil
}

func readNames(v *value) (names []string, err error) {
	if v.kind != '[' {
		return nil, bad(v, "an array of names")
	}
	for _, n := range v.items {
		if n.kind != '"' {
			return nil, bad(n, "a name")
		}
		names = append(names, n.text)
	}
	return names, nil
}

// readCount reads a bound of a length. Beyond what can ever be generated all are alike.
func readCount(v *value) (int, error) {
	if v.kind != '0' {
		return 0, bad(v, "an integer that is not negative")
	}
	d, err := toDecimal(v.text)
	if err != nil || d.negative || d.frac != "" {
		return 0, bad(v, "an integer that is not negative")
	}
	n, err := strconv.Atoi("0" + d.whole)
	if err != nil {
		n = maxCount
	}
	return min(n, maxCount), nil
}

func readBound(b **bound, v *value, open bool, sign int) error {
	if v.kind != '0' {
		return bad(v, "a number")
	}
	d, err := toDecimal(v.text)
	if err != nil {
		return fmt.Errorf("%s: %w", v.at(), err)
	}
	*b = tighter(*b, &bound{d, open}, sign)
	return nil
}

// resolve finds what a $ref means: a JSON Pointer into the schema's own text.
func (c *compiler) resolve(ref *value) (*value, error) {
	if ref.kind != '"' {
		return nil, bad(ref, "a string")
	}
	path, ok := strings.CutPrefix(ref.text, "#")
	if !ok || path != "" && path[0] != '/' {
		return nil, fmt.Errorf("%s: %s is not supported, only references inside the schema: #/...", ref.at(), quote(ref.text))
	}
	v := c.root
	for path != "" {
		step := path[1:]
		if i := strings.IndexByte(step, '/'); i >= 0 {
			step, path = step[:i], step[i:]
		} else {
			path = ""
		}
		name, ok := unescape(step)
		var next *value
		switch {
		case !ok:
		case v.kind == '{':
			next = v.member(name)
		case v.kind == '[':
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v.items) {
				next = v.items[i]
			}
		}
		if next == nil {
			return nil, fmt.Errorf("%s: %s leads nowhere", ref.at(), quote(ref.text))
		}
		v = next
	}
	return v, nil
}

// unescape undoes the percent-encoding of a fragment (RFC 3986 §2.1) and the escapes of JSON Pointer (RFC
// 6901 §4).
func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%~") {
		return s, true
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		u, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(u))
		i += 2
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "~1", "/"), "~0", "~"), true
}
