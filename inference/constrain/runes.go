package constrain

import (
	"math/bits"
	"slices"
	"unicode/utf8"
)

// runes is the characters from low to high.
type runes struct{ low, high rune }

// Classes of ECMA-262: "CharacterClassEscape", "WhiteSpace", "LineTerminator". RE2's \s is fewSpaces.
var (
	lineEnds  = []runes{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}
	wordRunes = []runes{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	fewSpaces = []runes{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}
	spaces    = []runes{{'\t', '\r'}, {' ', ' '}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
		{0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}}
	everyRune = []runes{{0, 0xD7FF}, {0xE000, utf8.MaxRune}}
)

// tidy sorts ranges and joins those that touch.
func tidy(ranges []runes) []runes {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b runes) int { return int(a.low) - int(b.low) })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r.low <= out[n-1].high+1 {
			out[n-1].high = max(out[n-1].high, r.high)
			continue
		}
		out = append(out, r)
	}
	return out
}

// invert returns the characters that are not in ranges; surrogates are none.
func invert(ranges []runes) (out []runes) {
	next := rune(0)
	for _, r := range append(tidy(ranges), runes{utf8.MaxRune + 1, utf8.MaxRune + 1}) {
		if next < r.low {
			out = append(out, runes{next, r.low - 1})
		}
		next = r.high + 1
	}
	return cut(out)
}

// cut takes the surrogates out of ranges.
func cut(ranges []runes) (out []runes) {
	for _, r := range ranges {
		for _, e := range everyRune {
			if low, high := max(r.low, e.low), min(r.high, e.high); low <= high {
				out = append(out, runes{low, high})
			}
		}
	}
	return out
}

// character returns the states that read one of ranges inside a JSON string and lead to next. What must be
// escaped is, by the shortest escape; nothing else is.
func (c *compiler) character(ranges []runes, next int32) int32 {
	if next == dead {
		return dead
	}
	all := dead
	var plain [4]uint64
	for _, r := range tidy(cut(ranges)) {
		for ; r.low <= min(r.high, utf8.RuneSelf-1); r.low++ {
			if b := byte(r.low); b < 0x20 || b == '"' || b == '\\' {
				all = c.split(c.literal(string(appendEscaped(nil, b)), next), all)
			} else {
				plain[b>>6] |= 1 << (b & 63)
			}
		}
		if r.low <= r.high {
			all = c.split(c.utf8(r.low, r.high, next), all)
		}
	}
	ones := 0
	for _, word := range plain {
		ones += bits.OnesCount64(word)
	}
	switch {
	case ones == 0:
		return all
	case ones == 1: // what costs knows how to read as part of a longer token
		b := byte(bits.TrailingZeros64(plain[0]))
		if plain[1] != 0 {
			b = byte(64 + bits.TrailingZeros64(plain[1]))
		}
		return c.split(c.bytes(b, b, next), all)
	}
	set, ok := c.sets[plain]
	if !ok {
		set = int32(len(c.g.sets))
		c.sets[plain] = set
		c.g.sets = append(c.g.sets, plain)
	}
	return c.split(c.node(node{op: opSet, alt: set, next: next, loop: -1}), all)
}

// utf8 reads the UTF-8 of a character from low to high, neither ASCII nor a surrogate.
//
// The range is cut until each part has one length, and all of a byte's values where the bytes
// before differ: then a part is a range of each byte.
func (c *compiler) utf8(low, high rune, next int32) int32 {
	for _, most := range []rune{0x7FF, 0xFFFF} { // of two and three bytes
		if low <= most && most < high {
			return c.split(c.utf8(low, most, next), c.utf8(most+1, high, next))
		}
	}
	for i := 1; i < utf8.RuneLen(low); i++ {
		rest := rune(1)<<(6*i) - 1 // what the last i bytes say
		if low&^rest == high&^rest {
			continue
		}
		if low&rest != 0 {
			return c.split(c.utf8(low, low|rest, next), c.utf8(low|rest+1, high, next))
		}
		if high&rest != rest {
			return c.split(c.utf8(low, high&^rest-1, next), c.utf8(high&^rest, high, next))
		}
	}
	var a, b [utf8.UTFMax]byte
	n := utf8.EncodeRune(a[:], low)
	utf8.EncodeRune(b[:], high)
	for i := n - 1; i >= 0; i-- {
		next = c.bytes(a[i], b[i], next)
	}
	return next
}
