package constrain

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// value is a JSON value of the schema's text, with the way to it.
type value struct {
	kind  byte     // n, t, f, 0 (a number), ", [ or {
	text  string   // what a string says; a number as it is written
	names []string // of an object's members, in the order of the text
	items []*value // an array's, or the values of an object's members

	up    *value // nil for the whole
	name  string // in up, if that is an object
	index int    // in up, if that is an array
}

// member returns the member called name, nil if there is none.
func (v *value) member(name string) *value {
	for i, n := range v.names {
		if n == name {
			return v.items[i]
		}
	}
	return nil
}

// maxPointer is how many bytes of a path an error quotes: names in it are the caller's.
const maxPointer = 200

// at returns the JSON Pointer to v as a URI fragment (RFC 6901 §6, without its
// percent-encoding), cut short if it is long.
func (v *value) at() string {
	if v.up == nil {
		return "#"
	}
	up := v.up.at()
	if len(up) > maxPointer {
		return up
	}
	if v.up.kind == '[' {
		return up + "/" + strconv.Itoa(v.index)
	}
	name := []byte(up + "/")
	for _, c := range []byte(v.name) {
		if len(name) > maxPointer {
			return string(name) + "..."
		}
		switch c {
		case '~':
			name = append(name, "~0"...)
		case '/':
			name = append(name, "~1"...)
		default:
			name = append(name, c)
		}
	}
	return string(name)
}

// quote is %q of s, cut short if it is long.
func quote(s string) string {
	if len(s) > maxPointer {
		return strconv.Quote(s[:maxPointer]) + "..."
	}
	return strconv.Quote(s)
}

var errText = errors.New("not a JSON text (RFC 8259)")

// reader parses the text of a schema.
type reader struct {
	b      string
	i      int
	values int
}

// parse reads the text of a schema. It refuses what is not JSON, members given twice,
// and more than MaxSchema bytes, MaxValues values or maxNesting levels.
func parse(text string) (*value, error) {
	if len(text) > MaxSchema {
		return nil, fmt.Errorf("schema of %d bytes, at most %d", len(text), MaxSchema)
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("schema is not UTF-8")
	}
	r := &reader{b: text}
	v, err := r.value(maxNesting)
	if err == nil {
		if r.space(); r.i != len(r.b) {
			err = errText
		}
	}
	if err != nil {
		return nil, fmt.Errorf("schema: byte %d: %w", r.i, err)
	}
	return v, nil
}

func (r *reader) space() {
	for r.i < len(r.b) && (r.b[r.i] == ' ' || r.b[r.i] == '\t' || r.b[r.i] == '\n' || r.b[r.i] == '\r') {
		r.i++
	}
}

// peek returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

func (r *reader) value(depth int) (*value, error) {
	if r.values++; r.values > MaxValues {
		return nil, fmt.Errorf("more than %d values", MaxValues)
	}
	if depth == 0 {
		return nil, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	r.space()
	switch c := r.peek(); {
	case c == '{' || c == '[':
		return r.group(depth, c)
	case c == '"':
		s, err := r.str()
		return &value{kind: '"', text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		start := r.i
		for r.i < len(r.b) && numberByte(r.b[r.i]) {
			r.i++
		}
		text := r.b[start:r.i]
		if !validNumber(text) {
			return nil, errText
		}
		return &value{kind: '0', text: text}, nil
	}
	for _, word := range []string{"null", "true", "false"} {
		if len(r.b)-r.i >= len(word) && r.b[r.i:r.i+len(word)] == word {
			r.i += len(word)
			return &value{kind: word[0]}, nil
		}
	}
	return nil, errText
}

// group reads an array or object.
func (r *reader) group(depth int, open byte) (*value, error) {
	v, closing := &value{kind: open}, open+2 // ']' and '}' are two after '[' and '{'
	r.i++
	if r.space(); r.peek() == closing {
		r.i++
		return v, nil
	}
	var seen map[string]bool
	for {
		name := ""
		if open == '{' {
			r.space()
			var err error
			if name, err = r.str(); err != nil {
				return nil, err
			}
			if seen[name] {
				return nil, fmt.Errorf("member %s is given twice", quote(name))
			}
			if seen == nil {
				seen = make(map[string]bool)
			}
			seen[name] = true
			v.names = append(v.names, name)
			if r.space(); r.peek() != ':' {
				return nil, errText
			}
			r.i++
		}
		item, err := r.value(depth - 1)
		if err != nil {
			return nil, err
		}
		item.up, item.name, item.index = v, name, len(v.items)
		v.items = append(v.items, item)
		switch r.space(); r.peek() {
		case ',':
			r.i++
		case closing:
			r.i++
			return v, nil
		default:
			return nil, errText
		}
	}
}

// str reads a string.
func (r *reader) str() (string, error) {
	if r.peek() != '"' {
		return "", errText
	}
	r.i++
	var out []byte
	for {
		c := r.peek()
		switch {
		case r.i == len(r.b) || c < 0x20:
			return "", errText
		case c == '"':
			r.i++
			return string(out), nil
		case c != '\\':
			out = append(out, c)
			r.i++
			continue
		}
		r.i++
		switch c := r.peek(); c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			u, ok := r.hex()
			if low := rune(0); ok && 0xD800 <= u && u <= 0xDBFF { // RFC 8259 §7: a surrogate pair
				if ok = r.i+2 < len(r.b) && r.b[r.i+1] == '\\' && r.b[r.i+2] == 'u'; ok {
					r.i += 2
					low, ok = r.hex()
					ok = ok && 0xDC00 <= low && low <= 0xDFFF
					u = 0x10000 + (u-0xD800)<<10 + (low - 0xDC00)
				}
			} else if 0xDC00 <= u && u <= 0xDFFF {
				ok = false
			}
			if !ok {
				return "", errText
			}
			out = utf8.AppendRune(out, u)
		default:
			return "", errText
		}
		r.i++
	}
}

// hex reads the four digits after the 'u' that r is at, and stays at the last.
func (r *reader) hex() (rune, bool) {
	if r.i+4 >= len(r.b) {
		return 0, false
	}
	u, err := strconv.ParseUint(r.b[r.i+1:r.i+5], 16, 16)
	r.i += 4
	return rune(u), err == nil
}

// appendString appends s as a JSON string, with as few escapes as may be.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		dst = appendEscaped(dst, c)
	}
	return append(dst, '"')
}

// appendEscaped appends a byte of a string's text.
func appendEscaped(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c >= 0x20:
		return append(dst, c)
	case c == '\n':
		return append(dst, `\n`...)
	case c == '\t':
		return append(dst, `\t`...)
	case c == '\r':
		return append(dst, `\r`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendTo appends v as it is generated: ", " and ": ", no other white space.
func (v *value) appendTo(dst []byte) []byte {
	switch v.kind {
	case 'n':
		return append(dst, "null"...)
	case 't':
		return append(dst, "true"...)
	case 'f':
		return append(dst, "false"...)
	case '0':
		return append(dst, v.text...)
	case '"':
		return appendString(dst, v.text)
	}
	dst = append(dst, v.kind)
	for i, item := range v.items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if v.kind == '{' {
			dst = append(appendString(dst, v.names[i]), ": "...)
		}
		dst = item.appendTo(dst)
	}
	return append(dst, v.kind+2)
}
