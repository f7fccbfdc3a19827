package mcp

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Messages are read in two steps: check proves once that the line is JSON within
// its bounds; after that object and array walk it without looking back. Member
// names are compared byte for byte: encoding/json would take "ID" for "id".

var (
	errNotJSON   = errors.New("not JSON")
	errNotUTF8   = errors.New("not UTF-8")
	errTooDeep   = errors.New("nested too deep")
	errTooMany   = errors.New("too many values")
	errDuplicate = errors.New("member given twice")
)

// checker proves that text is JSON (RFC 8259).
type checker struct {
	b      []byte
	i      int
	values int // how many more values are allowed
}

// check returns nil if b is one JSON text in UTF-8 with at most maxDepth arrays
// and objects in each other and at most maxValues values.
func check(b []byte, maxDepth, maxValues int) error {
	if !utf8.Valid(b) {
		return errNotUTF8
	}
	c := checker{b: b, values: maxValues}
	c.space()
	if err := c.value(maxDepth); err != nil {
		return err
	}
	c.space()
	if c.i != len(b) {
		return errNotJSON
	}
	return nil
}

func (c *checker) space() {
	for c.i < len(c.b) && isSpace(c.b[c.i]) {
		c.i++
	}
}

func isSpace(x byte) bool { return x == ' ' || x == '\t' || x == '\n' || x == '\r' }

// peek returns the next byte, 0 at the end.
func (c *checker) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

// value steps over one value. It recurses at most depth times.
func (c *checker) value(depth int) error {
	if c.values--; c.values < 0 {
		return errTooMany
	}
	switch x := c.peek(); {
	case x == '"':
		return c.str()
	case x == '{':
		return c.group(depth, '}', true)
	case x == '[':
		return c.group(depth, ']', false)
	case x == 't':
		return c.word("true")
	case x == 'f':
		return c.word("false")
	case x == 'n':
		return c.word("null")
	case x == '-' || '0' <= x && x <= '9':
		return c.number()
	}
	return errNotJSON
}

// group steps over an object or array up to its closing byte.
func (c *checker) group(depth int, closing byte, named bool) error {
	if depth <= 0 {
		return errTooDeep
	}
	c.i++
	c.space()
	if c.peek() == closing {
		c.i++
		return nil
	}
	for {
		if named {
			if err := c.name(); err != nil {
				return err
			}
		}
		if err := c.value(depth - 1); err != nil {
			return err
		}
		c.space()
		switch c.peek() {
		case ',':
			c.i++
			c.space()
		case closing:
			c.i++
			return nil
		default:
			return errNotJSON
		}
	}
}

// name steps over a member's name, its colon and the space behind.
func (c *checker) name() error {
	if c.peek() != '"' {
		return errNotJSON
	}
	if err := c.str(); err != nil {
		return err
	}
	c.space()
	if c.peek() != ':' {
		return errNotJSON
	}
	c.i++
	c.space()
	return nil
}

func (c *checker) word(w string) error {
	if len(c.b)-c.i < len(w) || string(c.b[c.i:c.i+len(w)]) != w {
		return errNotJSON
	}
	c.i += len(w)
	return nil
}

func (c *checker) str() error {
	b := c.b
	for i := skipText(b, c.i+1); i < len(b); i = skipText(b, i+1) {
		switch x := b[i]; {
		case x == '"':
			c.i = i + 1
			return nil
		case x < 0x20:
			return errNotJSON
		case x == '\\':
			i++
			if i >= len(b) {
				return errNotJSON
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(b)-i < 5 || !isHex(b[i+1]) || !isHex(b[i+2]) || !isHex(b[i+3]) || !isHex(b[i+4]) {
					return errNotJSON
				}
				i += 4
			default:
				return errNotJSON
			}
		}
	}
	return errNotJSON
}

func isHex(x byte) bool {
	return '0' <= x && x <= '9' || 'a' <= x && x <= 'f' || 'A' <= x && x <= 'F'
}

func (c *checker) number() error {
	if c.peek() == '-' {
		c.i++
	}
	if c.peek() == '0' {
		c.i++
	} else if !c.digits() {
		return errNotJSON
	}
	if c.peek() == '.' {
		c.i++
		if !c.digits() {
			return errNotJSON
		}
	}
	if x := c.peek(); x == 'e' || x == 'E' {
		c.i++
		if x := c.peek(); x == '+' || x == '-' {
			c.i++
		}
		if !c.digits() {
			return errNotJSON
		}
	}
	return nil
}

// digits steps over digits and reports whether there was one.
func (c *checker) digits() bool {
	from := c.i
	for c.i < len(c.b) && '0' <= c.b[c.i] && c.b[c.i] <= '9' {
		c.i++
	}
	return c.i > from
}

// walker yields the members of a checked object, or the elements of a checked
// array, one after the other.
type walker struct {
	b []byte
	i int
}

// walk starts at the first member or element of b, which check has passed and
// which is an object or array.
func walk(b []byte) walker {
	w := walker{b: b}
	w.skipSpace()
	w.i++
	return w
}

// member returns the next member of an object: its name without quotes but with
// escapes resolved, and its value. ok is false at the end.
func (w *walker) member() (name, value []byte, ok bool) {
	w.skipSpace()
	if w.i >= len(w.b) || w.b[w.i] == '}' {
		return nil, nil, false
	}
	quoted := w.value()
	w.skipSpace()
	w.i++ // the colon
	w.skipSpace()
	value = w.value()
	w.skipComma()
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return []byte(unquote(quoted)), value, true
	}
	return quoted[1 : len(quoted)-1], value, true
}

// element returns the next element of an array.
func (w *walker) element() (value []byte, ok bool) {
	w.skipSpace()
	if w.i >= len(w.b) || w.b[w.i] == ']' {
		return nil, false
	}
	value = w.value()
	w.skipComma()
	return value, true
}

func (w *walker) skipSpace() {
	for w.i < len(w.b) && isSpace(w.b[w.i]) {
		w.i++
	}
}

func (w *walker) skipComma() {
	w.skipSpace()
	if w.i < len(w.b) && w.b[w.i] == ',' {
		w.i++
	}
}

// value steps over the value at hand, which is known to be well formed.
func (w *walker) value() []byte {
	from, depth := w.i, 0
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case '"':
			w.skipString()
			if depth == 0 {
				return w.b[from:w.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // a number or word ended by its container
				return w.b[from:w.i]
			}
			if depth--; depth == 0 {
				w.i++
				return w.b[from:w.i]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return w.b[from:w.i]
			}
		}
		w.i++
	}
	return w.b[from:w.i]
}

func (w *walker) skipString() {
	for w.i = skipText(w.b, w.i+1); w.i < len(w.b); w.i = skipText(w.b, w.i+1) {
		switch w.b[w.i] {
		case '\\':
			w.i++
		case '"':
			w.i++
			return
		}
	}
}
