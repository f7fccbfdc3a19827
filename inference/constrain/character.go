package constrain

// Inside a string a character is read byte by byte; sub says what is still to come of it.
const (
	subNone  uint8 = iota
	subOne         // continuation bytes of UTF-8 (Unicode 15 table 3-7)
	subTwo         //
	subThree       //
	subE0          // the second byte is A0..BF, then one
	subED          // 80..9F: no surrogates
	subF0          // 90..BF, then two
	subF4          // 80..8F: nothing above U+10FFFF

	subEscape // behind a backslash (RFC 8259 §7)
	subHex4   // behind \u
	subHex3   //
	subHex2   //
	subHex1   //
	subHexD   // behind \uD: a surrogate or not
	subHigh2  // behind \uD8 to \uDB
	subHigh1  //
	subLow    // a low surrogate must follow: \uDC00 to \uDFFF
	subLowU   //
	subLowD   //
	subLowC   //

	subCount
)

// begin is what byte b, the first of a character, leaves to come. It is not ok for bytes that no
// character begins with, and for the quote.
func begin(b byte) (sub uint8, ok bool) {
	switch {
	case b == '\\':
		return subEscape, true
	case b < 0x20 || b == '"':
		return 0, false
	case b < 0x80:
		return subNone, true
	case b < 0xC2 || b > 0xF4:
		return 0, false
	case b < 0xE0:
		return subOne, true
	case b == 0xE0:
		return subE0, true
	case b == 0xED:
		return subED, true
	case b < 0xF0:
		return subTwo, true
	case b == 0xF0:
		return subF0, true
	case b == 0xF4:
		return subF4, true
	}
	return subThree, true
}

// proceed is what byte b leaves of what sub wants.
func proceed(sub uint8, b byte) (next uint8, ok bool) {
	in := func(low, high byte) bool { return low <= b && b <= high }
	lower := b | 0x20
	hex := in('0', '9') || 'a' <= lower && lower <= 'f'
	switch sub {
	case subOne, subTwo, subThree:
		return sub - 1, in(0x80, 0xBF)
	case subE0:
		return subOne, in(0xA0, 0xBF)
	case subED:
		return subOne, in(0x80, 0x9F)
	case subF0:
		return subTwo, in(0x90, 0xBF)
	case subF4:
		return subTwo, in(0x80, 0x8F)
	case subEscape:
		switch b {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			return subNone, true
		}
		return subHex4, b == 'u'
	case subHex4:
		if lower == 'd' {
			return subHexD, true
		}
		return subHex3, hex
	case subHex3, subHex2, subHigh2, subHigh1:
		return sub + 1, hex
	case subHex1:
		return subNone, hex
	case subHexD:
		if '8' <= b && b <= '9' || lower == 'a' || lower == 'b' {
			return subHigh2, true
		}
		return subHex2, in('0', '7')
	case subLow:
		return subLowU, b == '\\'
	case subLowU:
		return subLowD, b == 'u'
	case subLowD:
		return subLowC, lower == 'd'
	case subLowC:
		return subHex2, 'c' <= lower && lower <= 'f'
	}
	return 0, false
}

// findPending fills in pending: how many tokens of one byte finish a character from each sub.
func (v *Vocabulary) findPending() {
	for sub := range v.pending {
		v.pending[sub] = never
	}
	v.pending[subNone] = 0
	for changed := true; changed; {
		changed = false
		for sub := subNone + 1; sub < subCount; sub++ {
			for b := range 256 {
				next, ok := proceed(sub, byte(b))
				if ok && v.single[b] && v.pending[next]+1 < v.pending[sub] {
					v.pending[sub], changed = v.pending[next]+1, true
				}
			}
		}
	}
}

// hashName and hashByte hash the bytes of a member's name (FNV-1a, from 0).
func hashName(name string) (h uint64) {
	for _, b := range []byte(name) {
		h = hashByte(h, b)
	}
	return h
}

func hashByte(h uint64, b byte) uint64 { return (h ^ uint64(b)) * 0x100000001B3 }
