package mcp

import "math/bits"

// Text is scanned eight bytes at a time: most of a long message is a few long strings.
// A word holds the bytes in the order of the text, the first lowest. A step computes for all eight
// bytes whether they end a run, in the top bit of each; borrows of the subtractions may
// set bits above the first true one only, and that is the one that counts (Warren,
// Hacker's Delight, "Find First 0-Byte").
const (
	eachOne   = 0x0101010101010101
	eachTop   = 0x8080808080808080
	eachSpace = 0x20 * eachOne
	eachQuote = '"' * eachOne
	eachSlash = '\\' * eachOne
)

// specials returns the top bit of each byte of x that is a quote, a backslash or below 0x20.
// Bytes from 0x80 on are none of these.
func specials(x uint64) uint64 {
	return ((x - eachSpace) | ((x ^ eachQuote) - eachOne) | ((x ^ eachSlash) - eachOne)) &^ x & eachTop
}

// load8 returns the first eight bytes of s, by one instruction.
func load8[S string | []byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// skipText returns the first place at or behind i of a byte that JSON does not take for
// itself in a string: a quote, a backslash or a control character; len(b) if there is none.
func skipText(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := specials(load8(b[i : i+8])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// skipASCII is skipText that stops at bytes from 0x80 on, too.
func skipASCII[S string | []byte](s S, i int) int {
	for ; i+8 <= len(s); i += 8 {
		x := load8(s[i : i+8])
		if m := specials(x) | x&eachTop; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x80 && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}
