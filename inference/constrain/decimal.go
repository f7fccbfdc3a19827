package constrain

import (
	"errors"
	"strconv"
	"strings"
)

// decimal is an exact number: digits of its whole part without leading zeros, and
// of its fraction without trailing ones. Zero has neither and is not negative.
type decimal struct {
	negative    bool
	whole, frac string
}

func numberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// validNumber reports whether s is a number of RFC 8259 §6.
func validNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	n := digits(s)
	if n == 0 || n > 1 && s[0] == '0' {
		return false
	}
	s = s[n:]
	if strings.HasPrefix(s, ".") {
		if n = digits(s[1:]); n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if n = digits(s); n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

// maxShift bounds exponents in a schema: beyond, float64 has no such number.
const maxShift = 330

var errLarge = errors.New("number is too large or too small")

// toDecimal reads a valid number.
func toDecimal(s string) (decimal, error) {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	shift := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > maxShift || e < -maxShift {
			return d, errLarge
		}
		s, shift = s[:i], e
	}
	whole, frac, _ := strings.Cut(s, ".")
	if shift > 0 {
		frac += strings.Repeat("0", max(shift-len(frac), 0))
		whole, frac = whole+frac[:shift], frac[shift:]
	} else if shift < 0 {
		whole = strings.Repeat("0", max(-shift-len(whole), 0)) + whole
		n := len(whole) + shift
		whole, frac = whole[:n], whole[n:]+frac
	}
	d.whole, d.frac = strings.TrimLeft(whole, "0"), strings.TrimRight(frac, "0")
	if d.zero() {
		d.negative = false
	}
	return d, nil
}

// String returns d in plain notation.
func (d decimal) String() string {
	s := d.whole
	if s == "" {
		s = "0"
	}
	if d.frac != "" {
		s += "." + d.frac
	}
	if d.negative {
		return "-" + s
	}
	return s
}

func (d decimal) zero() bool { return d.whole == "" && d.frac == "" }

func (d decimal) minus() decimal {
	d.negative = !d.negative && !d.zero()
	return d
}

// compare returns -1, 0 or 1 as d is less than, equal to or greater than e.
func (d decimal) compare(e decimal) int {
	if d.negative != e.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	c := len(d.whole) - len(e.whole)
	if c == 0 {
		c = strings.Compare(d.whole, e.whole)
	}
	if c == 0 { // a fraction that begins the other is the lesser
		c = strings.Compare(d.frac, e.frac)
	}
	c = max(-1, min(c, 1))
	if d.negative {
		return -c
	}
	return c
}

// bound is an end of a range of numbers.
type bound struct {
	at   decimal
	open bool // at itself is outside
}

// tighter returns the lower of two upper bounds, or with sign -1 the higher of two lower ones; nil
// is no bound.
func tighter(a, b *bound, sign int) *bound {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	switch c := a.at.compare(b.at) * sign; {
	case c < 0 || c == 0 && a.open:
		return a
	}
	return b
}

// holds reports whether d is on the right side of b: sign 1 for an upper bound, -1 for a lower.
func (b *bound) holds(d decimal, sign int) bool {
	if b == nil {
		return true
	}
	c := d.compare(b.at) * sign
	return c < 0 || c == 0 && !b.open
}
