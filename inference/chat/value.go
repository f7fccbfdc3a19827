package chat

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is nil (none), undefined, bool, int64, float64, text, *list, *dict or *place.
type value any

type (
	// undefined is a variable or member that is not there. It prints as nothing.
	undefined struct{ name string }
	list      struct{ items []value }
	// dict keeps its keys in order. They are few, so they are looked through.
	dict struct {
		keys   []text
		values []value
		space  bool // a namespace: may be assigned to
	}
	// place is the variable loop.
	place struct {
		items []value
		at    int
	}
)

func (d *dict) get(key string) (value, bool) {
	for i, k := range d.keys {
		if k.s == key {
			return d.values[i], true
		}
	}
	return nil, false
}

func (d *dict) set(key text, v value) {
	for i, k := range d.keys {
		if k.s == key.s {
			d.values[i] = v
			return
		}
	}
	d.keys, d.values = append(d.keys, key), append(d.values, v)
}

// get returns an attribute of the variable loop.
func (p *place) get(name string) value {
	n := len(p.items)
	switch name {
	case "index":
		return int64(p.at + 1)
	case "index0":
		return int64(p.at)
	case "revindex":
		return int64(n - p.at)
	case "revindex0":
		return int64(n - p.at - 1)
	case "first":
		return p.at == 0
	case "last":
		return p.at == n-1
	case "length":
		return int64(n)
	case "previtem":
		if p.at > 0 {
			return p.items[p.at-1]
		}
	case "nextitem":
		if p.at < n-1 {
			return p.items[p.at+1]
		}
	}
	return undefined{"loop." + name}
}

// kindOf names a value's kind for errors.
func kindOf(v value) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case undefined:
		return "undefined " + strconv.Quote(v.name)
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case text:
		return "a string"
	case *list:
		return "a list"
	case *dict:
		return "a dict"
	}
	return "loop"
}

// truth is Python's bool().
func truth(v value) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case text:
		return v.s != ""
	case *list:
		return len(v.items) > 0
	case *dict:
		return v.space || len(v.keys) > 0
	}
	return true
}

// number returns v as an integer if it is one; a boolean is 0 or 1.
func number(v value) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return v, true
	}
	return 0, false
}

// float returns v as a float if it is a number.
func float(v value) (float64, bool) {
	if f, ok := v.(float64); ok {
		return f, true
	}
	n, ok := number(v)
	return float64(n), ok
}

// equal is Python's ==.
func (r *run) equal(a, b value, depth int) bool {
	r.spend(1)
	if depth > MaxDepth {
		r.fail("lists more than %d deep", MaxDepth)
	}
	if x, ok := float(a); ok {
		y, ok := float(b)
		return ok && x == y
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case undefined:
		_, ok := b.(undefined)
		return ok
	case text:
		b, ok := b.(text)
		r.spend(min(len(a.s), len(b.s)) / stepBytes)
		return ok && a.s == b.s
	case *list:
		b, ok := b.(*list)
		if !ok || len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !r.equal(a.items[i], b.items[i], depth+1) {
				return false
			}
		}
		return true
	case *dict:
		b, ok := b.(*dict)
		if !ok || a.space || b.space || len(a.keys) != len(b.keys) {
			return ok && a == b
		}
		for i, k := range a.keys {
			r.spend(len(b.keys))
			if v, ok := b.get(k.s); !ok || !r.equal(a.values[i], v, depth+1) {
				return false
			}
		}
		return true
	}
	return a == b
}

// print is Python's str().
func (r *run) print(v value) text {
	switch v := v.(type) {
	case text:
		return v
	case undefined:
		return own("")
	case *list, *dict:
		var b builder
		r.repr(&b, v, 0)
		return b.text()
	}
	return own(r.scalar(v))
}

// scalar prints what has no parts.
func (r *run) scalar(v value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		return s
	}
	r.fail("%s cannot be printed", kindOf(v))
	return ""
}

// repr appends Python's repr() of v.
func (r *run) repr(b *builder, v value, depth int) {
	r.spend(1)
	if depth > MaxDepth {
		r.fail("lists more than %d deep", MaxDepth)
	}
	switch v := v.(type) {
	case text:
		r.put(b, v.with(quote(v.s)))
	case *list:
		r.put(b, own("["))
		for i, item := range v.items {
			if i > 0 {
				r.put(b, own(", "))
			}
			r.repr(b, item, depth+1)
		}
		r.put(b, own("]"))
	case *dict:
		if v.space {
			r.fail("a namespace cannot be printed")
		}
		r.put(b, own("{"))
		for i, k := range v.keys {
			if i > 0 {
				r.put(b, own(", "))
			}
			r.repr(b, k, depth+1)
			r.put(b, own(": "))
			r.repr(b, v.values[i], depth+1)
		}
		r.put(b, own("}"))
	default:
		r.put(b, own(r.scalar(v)))
	}
}

// quote is repr() of a string, without its rules for characters that cannot be seen.
func quote(s string) string {
	q := `'`
	if strings.Contains(s, `'`) && !strings.Contains(s, `"`) {
		q = `"`
	}
	s = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, q, `\`+q).Replace(s)
	return q + s + q
}

// json appends what json.dumps(v, ensure_ascii=False, indent=indent) gives.
func (r *run) json(b *builder, v value, indent, depth int) {
	r.spend(1)
	if depth > MaxDepth {
		r.fail("lists more than %d deep", MaxDepth)
	}
	line := func(depth int) {
		if indent >= 0 {
			r.put(b, own("\n"+strings.Repeat(" ", indent*depth)))
		}
	}
	comma := func(i int) {
		if i > 0 && indent >= 0 {
			r.put(b, own(","))
		} else if i > 0 {
			r.put(b, own(", "))
		}
		line(depth + 1)
	}
	switch v := v.(type) {
	case nil:
		r.put(b, own("null"))
	case bool:
		r.put(b, own(strconv.FormatBool(v)))
	case text:
		r.put(b, v.with(jsonString(v.s)))
	case *list:
		r.put(b, own("["))
		for i, item := range v.items {
			comma(i)
			r.json(b, item, indent, depth+1)
		}
		if len(v.items) > 0 {
			line(depth)
		}
		r.put(b, own("]"))
	case *dict:
		if v.space {
			r.fail("a namespace is not JSON")
		}
		r.put(b, own("{"))
		for i, k := range v.keys {
			comma(i)
			r.put(b, k.with(jsonString(k.s)))
			r.put(b, own(": "))
			r.json(b, v.values[i], indent, depth+1)
		}
		if len(v.keys) > 0 {
			line(depth)
		}
		r.put(b, own("}"))
	case int64, float64:
		r.put(b, own(r.scalar(v)))
	default:
		r.fail("%s is not JSON", kindOf(v))
	}
}

func jsonString(s string) string {
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for _, c := range []byte(s) {
		if i := strings.IndexByte("\"\\\n\r\t\b\f", c); i >= 0 {
			b = append(b, '\\', `"\nrtbf`[i])
		} else if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// length is Python's len() of what has one.
func (r *run) length(v value) int {
	switch v := v.(type) {
	case text:
		r.spend(len(v.s) / stepBytes)
		return utf8.RuneCountInString(v.s)
	case *list:
		return len(v.items)
	case *dict:
		return len(v.keys)
	case undefined:
		return 0
	}
	r.fail("%s has no length", kindOf(v))
	return 0
}

// items returns what a loop over v goes through.
func (r *run) items(v value) []value {
	switch v := v.(type) {
	case undefined:
		return nil
	case *list:
		return v.items
	case *dict:
		r.spend(len(v.keys))
		var items []value
		for _, k := range v.keys {
			items = append(items, k)
		}
		return items
	case text:
		r.spend(len(v.s))
		var items []value
		for i := 0; i < len(v.s); {
			_, n := utf8.DecodeRuneInString(v.s[i:])
			items = append(items, v.slice(i, i+n))
			i += n
		}
		return items
	}
	r.fail("%s has no items", kindOf(v))
	return nil
}
