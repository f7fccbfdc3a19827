package mcp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// A schema is the author's, but what is checked against it comes from a client. Checking
// can take exponential time: if the alternatives of a schema lead back to it by two ways, a
// value is looked at twice as often at each level of nesting. A survey finds how bad a
// schema is, once, so that values that would take too long are refused before they are
// checked (MCP 2026-07-28 basic "Composition-Keyword Resource Use").

const (
	maxSchemas     = 4096    // subschemas of a schema
	maxSchemaWork  = 1 << 19 // of one check, see work; about an eighth of a second, several in emulation
	littleWork     = 1 << 14
	manyTimes      = maxSchemaWork + 1
	unboundedDepth = 1 << 10 // more than Limits.MaxDepth can be in earnest
)

// survey is what there is to know of a schema before values are checked.
type survey struct {
	same   int  // how many subschemas look at a value, for each time the schema does
	branch int  // how often a member or element is looked at, for each time its container is
	height int  // how deep it looks; unboundedDepth if it refers to itself
	unique bool // it has uniqueItems

	targets map[string]*jsonschema.Schema // by what a $ref to them says
	all     []*jsonschema.Schema
	looks   map[*jsonschema.Schema]looks
	heights map[*jsonschema.Schema]int
}

// dialects are those of JSON Schema that can be checked; the first is the default.
var dialects = []string{
	"https://json-schema.org/draft/2020-12/schema",
	"http://json-schema.org/draft-07/schema#",
	"https://json-schema.org/draft-07/schema#",
}

// looks counts what one subschema does with one value.
type looks struct{ same, members, elements int }

// place is where a subschema applies.
type place uint8

const (
	placeNowhere  place = iota // it is only there to be referred to
	placeSame                  // to the value itself
	placeMember                // to a member that no other placeMember of the schema sees
	placePattern               // to members, beside others
	placeElement               // to an element that no other placeElement sees
	placeContains              // to elements, beside others
	placeName                  // to the names of members
)

// eachSub calls f for the subschemas of s with their JSON pointers from s.
func eachSub(s *jsonschema.Schema, f func(pointer string, at place, sub *jsonschema.Schema)) {
	one := func(name string, at place, sub *jsonschema.Schema) {
		if sub != nil {
			f("/"+name, at, sub)
		}
	}
	list := func(name string, at place, subs []*jsonschema.Schema) {
		for i, sub := range subs {
			f("/"+name+"/"+strconv.Itoa(i), at, sub)
		}
	}
	group := func(name string, at place, subs map[string]*jsonschema.Schema) {
		for key, sub := range subs {
			f("/"+name+"/"+strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1"), at, sub)
		}
	}
	group("$defs", placeNowhere, s.Defs)
	group("definitions", placeNowhere, s.Definitions)
	one("contentSchema", placeNowhere, s.ContentSchema)
	list("allOf", placeSame, s.AllOf)
	list("anyOf", placeSame, s.AnyOf)
	list("oneOf", placeSame, s.OneOf)
	one("not", placeSame, s.Not)
	one("if", placeSame, s.If)
	one("then", placeSame, s.Then)
	one("else", placeSame, s.Else)
	group("dependentSchemas", placeSame, s.DependentSchemas)
	group("dependencies", placeSame, s.DependencySchemas)
	group("properties", placeMember, s.Properties)
	one("additionalProperties", placeMember, s.AdditionalProperties)
	one("unevaluatedProperties", placeMember, s.UnevaluatedProperties)
	group("patternProperties", placePattern, s.PatternProperties)
	one("propertyNames", placeName, s.PropertyNames)
	list("prefixItems", placeElement, s.PrefixItems)
	list("items", placeElement, s.ItemsArray)
	one("items", placeElement, s.Items)
	one("additionalItems", placeElement, s.AdditionalItems)
	one("unevaluatedItems", placeElement, s.UnevaluatedItems)
	one("contains", placeContains, s.Contains)
}

// surveySchema surveys root. The error says why nothing can be checked against it.
func surveySchema(root *jsonschema.Schema) (*survey, error) {
	v := &survey{
		targets: map[string]*jsonschema.Schema{}, looks: map[*jsonschema.Schema]looks{},
		heights: map[*jsonschema.Schema]int{}, same: 1, branch: 1,
	}
	if err := v.collect(root, "#", maxSchemaDepth); err != nil {
		return nil, err
	}
	for _, s := range v.all {
		v.unique = v.unique || s.UniqueItems
		l, err := v.look(s)
		if err != nil {
			return nil, err
		}
		v.same = max(v.same, l.same)
		v.branch = max(v.branch, l.members, l.elements)
	}
	v.height = v.climb(root)
	return v, nil
}

// collect notes s, which is at pointer, and its subschemas.
func (v *survey) collect(s *jsonschema.Schema, pointer string, depth int) (err error) {
	switch {
	case s == nil:
		return fmt.Errorf("%s is no schema", clip(pointer))
	case depth == 0:
		return fmt.Errorf("nests deeper than %d", maxSchemaDepth)
	case len(v.all) == maxSchemas:
		return fmt.Errorf("has more than %d subschemas", maxSchemas)
	case s.Schema != "" && !slices.Contains(dialects, s.Schema):
		return fmt.Errorf("$schema %q is not supported", clip(s.Schema))
	case s.ID != "" && pointer != "#":
		return fmt.Errorf("%s has an $id of its own, which is not supported", clip(pointer))
	}
	v.all = append(v.all, s)
	v.targets[pointer] = s
	if s.Anchor != "" {
		v.targets["#"+s.Anchor] = s
	}
	if s.DynamicAnchor != "" {
		v.targets["#"+s.DynamicAnchor] = s
	}
	eachSub(s, func(p string, _ place, sub *jsonschema.Schema) {
		if err == nil {
			err = v.collect(sub, pointer+p, depth-1)
		}
	})
	return err
}

// refs returns what s refers to. MCP 2026-07-28 basic "$ref Resolution": nothing is
// fetched, and what leads out of the schema is an error.
func (v *survey) refs(s *jsonschema.Schema) (list []*jsonschema.Schema, err error) {
	for _, ref := range []string{s.Ref, s.DynamicRef} {
		if ref == "" {
			continue
		}
		target := v.targets[ref]
		if target == nil {
			return nil, fmt.Errorf("reference %q leads to no place in the schema", clip(ref))
		}
		list = append(list, target)
	}
	return list, nil
}

var errLoop = errors.New("a subschema refers to itself for the same value")

// look counts the looks of s and of all subschemas that apply to the same value.
func (v *survey) look(s *jsonschema.Schema) (l looks, err error) {
	if l, ok := v.looks[s]; ok {
		if l.same == 0 { // still counting
			return l, errLoop
		}
		return l, nil
	}
	v.looks[s] = looks{}
	l.same = 1
	same, err := v.refs(s)
	if err != nil {
		return l, err
	}
	members, elements := 0, 0
	eachSub(s, func(_ string, at place, sub *jsonschema.Schema) {
		switch at {
		case placeSame:
			same = append(same, sub)
		case placeMember:
			members = 1
		case placeElement:
			elements = 1
		case placePattern:
			l.members++
		case placeContains:
			l.elements++
		}
	})
	l.members += members
	l.elements += elements
	for _, sub := range same {
		more, err := v.look(sub)
		if err != nil {
			return l, err
		}
		l.same = min(l.same+more.same, manyTimes)
		l.members = min(l.members+more.members, manyTimes)
		l.elements = min(l.elements+more.elements, manyTimes)
	}
	v.looks[s] = l
	return l, nil
}

// climb returns how many levels of a value s looks at.
func (v *survey) climb(s *jsonschema.Schema) (height int) {
	if h, ok := v.heights[s]; ok {
		return h
	}
	v.heights[s] = unboundedDepth // for those that come here again meanwhile
	height = 1
	refs, _ := v.refs(s) // look has found no error
	for _, sub := range refs {
		height = max(height, v.climb(sub))
	}
	eachSub(s, func(_ string, at place, sub *jsonschema.Schema) {
		switch at {
		case placeNowhere:
		case placeSame:
			height = max(height, v.climb(sub))
		default:
			height = max(height, min(v.climb(sub)+1, unboundedDepth))
		}
	})
	v.heights[s] = height
	return height
}

var errTooMuchWork = errors.New("is too large, or nests too deep, to be checked against the schema")

// work returns what checking text, JSON that check has passed, costs at most, and an error
// if that is too much. A look at a value costs 1, and 1 more for each 8 bytes of it, since the library
// writes it into the error of each alternative that it does not fit. Arrays and objects that
// are to be unique it compares with each other if their hashes are equal, and ["a","bc"]
// hashes as ["ab","c"] does.
func (v *survey) work(text []byte) (work int, err error) {
	type level struct{ times, start, groups int }
	times := v.same
	stack := make([]level, 0, 64)
	for w := (walker{b: text}); w.i < len(text); {
		start := w.i
		switch text[w.i] {
		case '"':
			w.skipString()
			work += times * ((w.i - start) / 8)
		case '{', '[':
			work += times
			if n := len(stack); v.unique && n > 0 && text[stack[n-1].start] == '[' {
				work += times * stack[n-1].groups / 4
				stack[n-1].groups++
			}
			stack = append(stack, level{times, start, 0})
			if len(stack) < v.height {
				times = min(times*v.branch, manyTimes)
			}
			w.i++
		case '}', ']':
			top := stack[len(stack)-1]
			times, stack = top.times, stack[:len(stack)-1]
			work += times * ((w.i - top.start) / 8)
			w.i++
		case ',':
			work += times
			w.i++
		default:
			w.i++
		}
		if work > maxSchemaWork {
			return work, errTooMuchWork
		}
	}
	return work, nil
}
