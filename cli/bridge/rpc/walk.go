package rpc

import (
	"bytes"
	"encoding/json"
)

// A walker steps through one object or array. It never reads outside b, and
// ends early where b is not JSON.
type walker struct {
	b []byte
	i int
}

// walk starts behind the opening bracket of b.
func walk(b []byte) walker {
	w := walker{b: b}
	w.space()
	w.i++
	return w
}

// Members calls f for each member of an object, in order, until f returns false:
// the name without quotes and with escapes resolved, and the value as it is
// written. It reports whether it came to the object's end in good order.
func Members(object []byte, f func(name, value []byte) bool) bool {
	if first(object) != '{' {
		return false
	}
	w := walk(object)
	for {
		w.space()
		switch w.peek() {
		case '}':
			return true
		case '"':
		default:
			return false
		}
		name := w.value()
		if w.space(); len(name) < 2 || w.peek() != ':' {
			return false
		}
		w.i++
		w.space()
		value := w.value()
		if len(value) == 0 || !f(plain(name), value) || !w.next('}') {
			return false
		}
	}
}

// Elements returns the elements of an array, and whether it came to its end in
// good order within most elements.
func Elements(array []byte, most int) (elements [][]byte, ok bool) {
	if first(array) != '[' {
		return nil, false
	}
	w := walk(array)
	for {
		w.space()
		if w.peek() == ']' {
			return elements, true
		}
		v := w.value()
		if len(v) == 0 || len(elements) == most || !w.next(']') {
			return elements, false
		}
		elements = append(elements, v)
	}
}

// next steps over a comma, or to the closing bracket.
func (w *walker) next(closing byte) bool {
	w.space()
	switch w.peek() {
	case ',':
		w.i++
		return true
	case closing:
		return true
	}
	return false
}

func (w *walker) space() {
	for w.i < len(w.b) && isSpace(w.b[w.i]) {
		w.i++
	}
}

func isSpace(x byte) bool { return x == ' ' || x == '\t' || x == '\n' || x == '\r' }

// peek returns the next byte, 0 at the end.
func (w *walker) peek() byte {
	if w.i < len(w.b) {
		return w.b[w.i]
	}
	return 0
}

// value steps over the value at hand and returns it; it is empty if there is
// none. Brackets are counted, not matched: Parse has proved that they match.
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
			if depth == 0 { // a number or word that its container ends
				return w.b[from:w.i]
			}
			if depth--; depth == 0 {
				w.i++
				return w.b[from:w.i]
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return w.b[from:w.i]
			}
		}
		w.i++
	}
	return w.b[from:w.i]
}

// skipString steps over the string at hand.
func (w *walker) skipString() {
	w.i++
	for w.i < len(w.b) {
		n := bytes.IndexByte(w.b[w.i:], '"')
		if n < 0 {
			break
		}
		end := w.i + n
		slashes := 0
		for end-1-slashes >= w.i && w.b[end-1-slashes] == '\\' {
			slashes++
		}
		w.i = end + 1
		if slashes%2 == 0 {
			return
		}
	}
	w.i = len(w.b)
}

// first returns the first byte that is not space, 0 if there is none.
func first(b []byte) byte {
	w := walker{b: b}
	w.space()
	return w.peek()
}

// plain returns the text of a JSON string, nil if it is none.
func plain(quoted []byte) []byte {
	if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return nil
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return nil
	}
	return []byte(s)
}

// Text returns the text of a JSON string and whether v is one.
func Text(v []byte) (string, bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	b := plain(v)
	return string(b), b != nil || len(v) == 2
}
