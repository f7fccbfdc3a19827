package canonical

import (
	"slices"
	"sync"
	"unicode/utf8"
)

// mapping is what a character stands for.
type mapping struct{ from, first, second rune }

// classSpan is characters with one combining class.
type classSpan struct {
	from, to rune
	class    uint8
}

// Hangul syllables are numbered by their parts.
const (
	syllableFirst, syllableLast = 0xAC00, 0xD7A3
	leadFirst, vowelFirst       = 0x1100, 0x1161
	tailBefore                  = 0x11A7 // of the first
	leadCount                   = 19
	vowelCount, tailCount       = 21, 28
)

// firstMark is the first character that combines with others, and the first that a text
// of form C may not have, or not everywhere. Its UTF-8 begins with firstByte.
const firstMark, firstByte = 0x300, 0xCC

// Decompose calls put with the characters that r stands for, r itself if it stands for
// no other. They are not put in order.
func Decompose(r rune, put func(rune)) {
	if syllableFirst <= r && r <= syllableLast {
		s := r - syllableFirst
		put(leadFirst + s/(vowelCount*tailCount))
		put(vowelFirst + s/tailCount%vowelCount)
		if t := s % tailCount; t > 0 {
			put(tailBefore + t)
		}
		return
	}
	i, ok := slices.BinarySearchFunc(mappings[:], r, func(m mapping, r rune) int { return int(m.from - r) })
	if !ok {
		put(r)
		return
	}
	Decompose(mappings[i].first, put)
	if mappings[i].second != 0 {
		Decompose(mappings[i].second, put)
	}
}

// class returns the combining class of r: 0 for those that others combine with.
func class(r rune) uint8 {
	if r < firstMark {
		return 0
	}
	i, ok := slices.BinarySearchFunc(classes[:], r, func(c classSpan, r rune) int {
		switch {
		case c.to < r:
			return -1
		case c.from > r:
			return 1
		}
		return 0
	})
	if !ok {
		return 0
	}
	return classes[i].class
}

// composites is the characters that two others become.
var composites = sync.OnceValue(func() map[[2]rune]rune {
	m := make(map[[2]rune]rune, len(mappings)/2)
	for _, p := range mappings {
		if _, not := slices.BinarySearch(excluded[:], p.from); p.second != 0 && !not {
			m[[2]rune{p.first, p.second}] = p.from
		}
	}
	return m
})

// join returns the character that a and b become, if there is one.
func join(a, b rune) (rune, bool) {
	switch lead, vowel, tail := a-leadFirst, b-vowelFirst, b-tailBefore; {
	case 0 <= lead && lead < leadCount && 0 <= vowel && vowel < vowelCount:
		return syllableFirst + (lead*vowelCount+vowel)*tailCount, true
	case syllableFirst <= a && a <= syllableLast && (a-syllableFirst)%tailCount == 0 && 0 < tail && tail < tailCount:
		return a + tail, true
	}
	r, ok := composites()[[2]rune{a, b}]
	return r, ok
}

// Compose returns text in normalization form C. It takes time n log n and memory in
// proportion to the length of text; none for text without characters from U+0300 on.
func Compose(text string) string {
	at := 0
	for at < len(text) && text[at] < firstByte {
		at++
	}
	if at == len(text) {
		return text
	}
	c := composer{out: make([]byte, 0, len(text)+len(text)/8)}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			c.flush()
			c.out = append(c.out, text[i])
		case r < utf8.RuneSelf:
			c.add(r)
		default:
			Decompose(r, c.add)
		}
		i += n
	}
	c.flush()
	return string(c.out)
}

// composer puts a text together: what is written, a starter that may still become
// another, and the marks that follow it.
type composer struct {
	out     []byte
	starter rune
	started bool // there is a starter
	marks   []mark
}

type mark struct {
	r     rune
	class uint8
}

// add takes the next character, decomposed.
func (c *composer) add(r rune) {
	if k := class(r); k != 0 {
		c.marks = append(c.marks, mark{r, k})
		return
	}
	c.settle()
	if c.started && len(c.marks) == 0 {
		if both, ok := join(c.starter, r); ok {
			c.starter = both
			return
		}
	}
	c.write()
	c.starter, c.started = r, true
}

// settle orders the marks, and lets the starter take those that it can: each that no
// other of its class or a higher one lies before.
func (c *composer) settle() {
	if len(c.marks) == 0 {
		return
	}
	if len(c.marks) > 1 {
		slices.SortStableFunc(c.marks, func(a, b mark) int { return int(a.class) - int(b.class) })
	}
	if !c.started {
		return
	}
	left, last := c.marks[:0], uint8(0)
	for _, m := range c.marks {
		if m.class > last {
			if both, ok := join(c.starter, m.r); ok {
				c.starter = both
				continue
			}
		}
		left, last = append(left, m), m.class
	}
	c.marks = left
}

// flush ends a stretch of characters.
func (c *composer) flush() {
	c.settle()
	c.write()
}

// write writes what has been settled.
func (c *composer) write() {
	if c.started {
		c.out = utf8.AppendRune(c.out, c.starter)
	}
	for _, m := range c.marks {
		c.out = utf8.AppendRune(c.out, m.r)
	}
	c.started, c.marks = false, c.marks[:0]
}
