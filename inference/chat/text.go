package chat

import "strings"

// text is a string with its origin: byte i is the template's own if from[i] is 0, and
// all of it if from is "".
type text struct{ s, from string }

// own is a string of the template's.
func own(s string) text { return text{s: s} }

// data is a string of somebody else's.
func data(s string) text { return text{s, strings.Repeat("\x01", len(s))} }

// slice returns bytes [i, j).
func (t text) slice(i, j int) text {
	if t.from == "" {
		return own(t.s[i:j])
	}
	return text{t.s[i:j], t.from[i:j]}
}

// with returns a string made out of t's, of which no byte can be told where it came from.
func (t text) with(s string) text {
	if strings.Contains(t.from, "\x01") {
		return data(s)
	}
	return own(s)
}

// builder puts texts together.
type builder struct {
	s, from strings.Builder
	mixed   bool // from is in use
}

func (b *builder) add(t text) {
	if t.from != "" && !b.mixed {
		b.mixed = true
		b.zeros(b.s.Len())
	}
	b.s.WriteString(t.s)
	switch {
	case t.from != "":
		b.from.WriteString(t.from)
	case b.mixed:
		b.zeros(len(t.s))
	}
}

func (b *builder) zeros(n int) {
	const z = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for ; n > len(z); n -= len(z) {
		b.from.WriteString(z)
	}
	b.from.WriteString(z[:n])
}

func (b *builder) text() text { return text{b.s.String(), b.from.String()} }

func join(list ...text) text {
	var b builder
	for _, t := range list {
		b.add(t)
	}
	return b.text()
}

// trim takes characters in cut, white space if that is "", from the ends.
func (t text) trim(cut string, left, right bool) text {
	i, j := 0, len(t.s)
	if left {
		rest := strings.TrimLeft(t.s, cut)
		if cut == "" {
			rest = strings.TrimLeftFunc(t.s, isSpace)
		}
		i = len(t.s) - len(rest)
	}
	if right {
		rest := strings.TrimRight(t.s, cut)
		if cut == "" {
			rest = strings.TrimRightFunc(t.s, isSpace)
		}
		j = max(i, len(rest))
	}
	return t.slice(i, j)
}

// isSpace is what Python strips.
func isSpace(r rune) bool {
	switch {
	case r <= ' ':
		return r == ' ' || '\t' <= r && r <= '\r' || 0x1C <= r && r <= 0x1F
	case r == 0x85 || r == 0xA0 || r == 0x1680 || 0x2000 <= r && r <= 0x200A:
		return true
	}
	return r == 0x2028 || r == 0x2029 || r == 0x202F || r == 0x205F || r == 0x3000
}

// split is Python's str.split: at sep, or at runs of white space if it is "". At most
// limit cuts are made, any number if it is negative.
func (t text) split(sep string, limit int) []text {
	var list []text
	if sep == "" {
		for t = t.trim("", true, false); t.s != ""; t = t.trim("", true, false) {
			n := strings.IndexFunc(t.s, isSpace)
			if n < 0 || limit == 0 {
				return append(list, t)
			}
			list, t = append(list, t.slice(0, n)), t.slice(n, len(t.s))
			limit--
		}
		return list
	}
	for ; limit != 0; limit-- {
		n := strings.Index(t.s, sep)
		if n < 0 {
			break
		}
		list, t = append(list, t.slice(0, n)), t.slice(n+len(sep), len(t.s))
	}
	return append(list, t)
}

// replace replaces up to limit times, always if it is negative.
func (t text) replace(old string, by text, limit int) text {
	if old == "" {
		return t
	}
	var b builder
	for i, part := range t.split(old, limit) {
		if i > 0 {
			b.add(by)
		}
		b.add(part)
	}
	return b.text()
}
