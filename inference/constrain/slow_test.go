package constrain

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// slow reads a text by trying everything: a recogniser that shares nothing with threads but the
// grammar. It is a set of stacks written out, without costs, tries or frames.
type slow struct {
	g *Grammar
	v *Vocabulary
}

// slowFrame is a rule that was called.
type slowFrame struct {
	node, count int32
	keys        string // names of undeclared members, each with a quote behind
}

type slowState struct {
	slowFrame
	name  string // of the member being read
	part  string // bytes of a character
	stack []slowFrame
}

// follows reports whether text begins a value.
func follows(g *Grammar, v *Vocabulary, text string) bool {
	s := slow{g, v}
	now := s.expand(slowState{slowFrame: slowFrame{node: g.start}}, nil)
	for i := 0; i < len(text); i++ {
		var next []slowState
		for _, st := range now {
			next = s.read(st, text[i], next)
		}
		now = next
	}
	return len(now) > 0
}

func (s slow) expand(st slowState, out []slowState) []slowState {
	if !s.g.alive[st.node] {
		return out
	}
	n := s.g.nodes[st.node]
	go1 := func(to int32) { st.node = to; out = s.expand(st, out) }
	switch n.op {
	case opSplit:
		other := st
		other.node = n.alt
		go1(n.next)
		return s.expand(other, out)
	case opReturn:
		if len(st.stack) == 0 {
			st.node = done
			return append(out, st)
		}
		top := st.stack[len(st.stack)-1]
		return s.expand(slowState{slowFrame: top, stack: st.stack[:len(st.stack)-1]}, out)
	case opCall:
		if len(st.stack) >= maxDepth-1 {
			return out
		}
		stack := append(append([]slowFrame(nil), st.stack...), slowFrame{n.next, st.count, st.keys})
		return s.expand(slowState{slowFrame: slowFrame{node: s.g.rules[n.alt]}, stack: stack}, out)
	case opMin:
		if st.count >= s.g.loops[n.loop].min {
			go1(n.next)
		}
	case opMax:
		if m := s.g.loops[n.loop].max; m < 0 || st.count < m {
			go1(n.next)
		}
	case opInc:
		st.count++
		go1(n.next)
	default:
		out = append(out, st)
	}
	return out
}

func (s slow) read(st slowState, b byte, out []slowState) []slowState {
	n := s.g.nodes[st.node]
	switch n.op {
	case opByte:
		if b < n.low || n.high < b {
			return out
		}
	case opSet:
		if !s.g.inSet(n.alt, b) {
			return out
		}
	case opString, opKey:
		l := s.g.loops[n.loop]
		if st.part != "" || b != '"' {
			part, ok := st.part+string([]byte{b}), false
			if st.part, ok = slowCharacter(part); !ok {
				return out
			}
			if n.op == opKey {
				if part[0] == '\\' {
					return out
				}
				st.name += string([]byte{b})
			} else {
				if l.max >= 0 && st.count >= l.max {
					return out
				}
				if st.part == "" {
					st.count++
				}
			}
			return append(out, st)
		}
		if n.op == opString && st.count < l.min {
			return out
		}
		if n.op == opKey {
			for rest := st.keys; rest != ""; {
				i := 0
				for rest[i] != '"' {
					i++
				}
				if rest[:i] == st.name {
					return out
				}
				rest = rest[i+1:]
			}
			for _, h := range l.names {
				if h == hashName(st.name) {
					return out
				}
			}
			st.keys, st.name = st.keys+st.name+`"`, ""
		}
	default:
		return out
	}
	st.node = n.next
	return s.expand(st, out)
}

// slowCharacter returns what is unfinished of the bytes of one character of a string, as encoding/json sees it:
// part is the beginning of a character if some of the endings make it one character.
func slowCharacter(part string) (rest string, ok bool) {
	if oneCharacter(part) {
		return "", true
	}
	for _, end := range []string{"\x80", "\xBF", "\x80\x80", "\xBF\x80", "\x80\x80\x80", "\xBF\x80\x80", "n", "u0000", "u0041", "000", "0000", "00", "0", "800\\udc00", "00\\udc00", "0\\udc00",
		"\\udc00", "udc00", "dc00", "c00"} {
		if oneCharacter(part + end) {
			return part, true
		}
	}
	return "", false
}

// oneCharacter reports whether b inside quotes is a JSON string of one character, taken as it was meant:
// encoding/json makes U+FFFD of what is not.
func oneCharacter(b string) bool {
	var s string
	if json.Unmarshal([]byte(`"`+b+`"`), &s) != nil || utf8.RuneCountInString(s) != 1 || !utf8.ValidString(b) {
		return false
	}
	return s != "\uFFFD" || strings.EqualFold(b, `\ufffd`) || b == "\uFFFD"
}
