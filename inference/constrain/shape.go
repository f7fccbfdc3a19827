package constrain

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// shape is what several schemas say of one value together, choices aside.
type shape struct {
	kinds     kinds
	enum      []*value // nil: none
	low, high *bound

	minLength, maxLength         int
	pattern, format              *value
	minItems, maxItems           int
	minProperties, maxProperties int
	required                     []string
	parts                        []*schema // all of them, for what is inside a value
	at                           *value    // for errors; nil if there are no schemas
}

// least of two upper bounds, where -1 is none.
func lesser(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// join returns what bases say together.
func (c *compiler) join(bases []*schema) (*shape, error) {
	sh := &shape{kinds: kindAny, maxLength: -1, maxItems: -1, maxProperties: -1, parts: bases}
	for _, b := range bases {
		if sh.at == nil {
			sh.at = b.v
		}
		if b.never {
			sh.kinds = 0
		}
		sh.kinds &= b.kinds
		if b.enum != nil {
			sh.enum = both(sh.enum, b.enum)
		}
		sh.low, sh.high = tighter(sh.low, b.low, -1), tighter(sh.high, b.high, 1)
		sh.minLength, sh.maxLength = max(sh.minLength, b.minLength), lesser(sh.maxLength, b.maxLength)
		sh.minItems, sh.maxItems = max(sh.minItems, b.minItems), lesser(sh.maxItems, b.maxItems)
		sh.minProperties, sh.maxProperties = max(sh.minProperties, b.minProperties), lesser(sh.maxProperties, b.maxProperties)
		for _, p := range []struct{ have, more **value }{{&sh.pattern, &b.pattern}, {&sh.format, &b.format}} {
			if *p.more == nil {
				continue
			}
			if *p.have != nil && (*p.have).text != (*p.more).text {
				return nil, fmt.Errorf("%s: beside %s: not supported", (*p.more).at(), (*p.have).at())
			}
			*p.have = *p.more
		}
		for _, name := range b.required {
			if !slices.Contains(sh.required, name) {
				if len(sh.required) >= maxProperties {
					return nil, fmt.Errorf("%s: more than %d required properties", b.v.at(), maxProperties)
				}
				sh.required = append(sh.required, name)
			}
		}
	}
	return sh, sh.filter()
}

// both returns the values that are in a and b; a is everything if it is nil.
func both(a, b []*value) []*value {
	if a == nil {
		return b
	}
	in := make(map[string]bool, len(b))
	for _, v := range b {
		in[v.key()] = true
	}
	out := []*value{}
	for _, v := range a {
		if in[v.key()] {
			out = append(out, v)
		}
	}
	return out
}

// key returns a text that is the same for equal values, but for members in another order and numbers inside
// v that are written differently.
func (v *value) key() string {
	if v.kind == '0' {
		if d, err := toDecimal(v.text); err == nil {
			return d.String()
		}
	}
	return string(v.appendTo(nil))
}

// filter takes out of the enum what the other keywords refuse.
func (sh *shape) filter() error {
	if sh.enum == nil {
		return nil
	}
	kept := []*value{}
	for _, v := range sh.enum {
		ok, err := sh.admits(v)
		if err != nil {
			return err
		}
		if ok {
			kept = append(kept, v)
		}
	}
	sh.enum = kept
	return nil
}

// kindOf returns the JSON type of v. A number without a fraction is an integer, however it is written.
func kindOf(v *value) (kinds, decimal, error) {
	switch v.kind {
	case 'n':
		return kindNull, decimal{}, nil
	case 't', 'f':
		return kindBoolean, decimal{}, nil
	case '"':
		return kindString, decimal{}, nil
	case '[':
		return kindArray, decimal{}, nil
	case '{':
		return kindObject, decimal{}, nil
	}
	d, err := toDecimal(v.text)
	if err != nil {
		return 0, d, fmt.Errorf("%s: %w", v.at(), err)
	}
	if d.frac == "" {
		return kindInteger, d, nil
	}
	return kindFraction, d, nil
}

// admits reports whether v fits what sh says beside enum.
func (sh *shape) admits(v *value) (bool, error) {
	k, d, err := kindOf(v)
	if err != nil || k&sh.kinds == 0 {
		return false, err
	}
	beside := func(more bool) error {
		if more {
			return fmt.Errorf("%s: such a value of an enum or const beside other keywords is not supported", v.at())
		}
		return nil
	}
	switch k {
	case kindInteger, kindFraction:
		return sh.low.holds(d, -1) && sh.high.holds(d, 1), nil
	case kindString:
		n := utf8.RuneCountInString(v.text)
		return n >= sh.minLength && (sh.maxLength < 0 || n <= sh.maxLength), beside(sh.pattern != nil || sh.format != nil)
	case kindArray:
		more := slices.ContainsFunc(sh.parts, func(s *schema) bool { return s.items != nil || s.prefix != nil })
		return len(v.items) >= sh.minItems && (sh.maxItems < 0 || len(v.items) <= sh.maxItems), beside(more)
	case kindObject:
		more := slices.ContainsFunc(sh.parts, func(s *schema) bool {
			return s.properties != nil || s.additional != nil || s.required != nil || s.minProperties > 0 || s.maxProperties >= 0
		})
		return true, beside(more)
	}
	return true, nil
}

// property returns the schemas that apply to the member called name.
func (sh *shape) property(name string) (vs []*value) {
	for _, b := range sh.parts {
		if b.properties != nil {
			if v := b.properties.member(name); v != nil {
				vs = append(vs, v)
				continue
			}
		}
		if b.additional != nil {
			vs = append(vs, b.additional)
		}
	}
	return vs
}

// others returns the schemas that apply to members that no schema declares, and whether such
// members are generated: those of a schema that says so, or that declares none.
func (sh *shape) others() (vs []*value, open bool) {
	declared := false
	for _, b := range sh.parts {
		declared = declared || b.properties != nil && len(b.properties.names) > 0
		if b.additional != nil {
			if b.additional.kind == 'f' {
				return nil, false
			}
			vs = append(vs, b.additional)
		}
	}
	return vs, len(vs) > 0 || !declared
}

// declared returns the names of properties, in the order of the schemas, and required ones after them.
func (sh *shape) declared() (names []string) {
	seen := make(map[string]bool)
	more := func(list []string) {
		for _, n := range list {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	for _, b := range sh.parts {
		if b.properties != nil {
			more(b.properties.names)
		}
	}
	more(sh.required)
	return names
}

// item returns the schemas that apply to item i of an array.
func (sh *shape) item(i int) (vs []*value) {
	for _, b := range sh.parts {
		switch {
		case i < len(b.prefix):
			vs = append(vs, b.prefix[i])
		case b.items != nil:
			vs = append(vs, b.items)
		}
	}
	return vs
}

// prefix returns for how many items there are schemas of their own.
func (sh *shape) prefix() (n int) {
	for _, b := range sh.parts {
		n = max(n, len(b.prefix))
	}
	return n
}
