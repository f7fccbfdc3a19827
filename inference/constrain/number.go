package constrain

import "fmt"

// Numbers are generated in plain notation, and with an exponent only where no bound is set:
//
//	-? ( 0 | 1..9 digit* ) ( . digit+ )? ( e -? digit digit? )?
//
// Zero is not negative. Bounds hold exactly: states know how what was read compares with the
// digits of both.
const (
	maxWhole    = 15 // digits of a whole part: float64 holds each such integer
	maxWholeFor = 18 // the same if a bound is longer
	maxFrac     = 16 // digits of a fraction
)

// number reads the numbers of sh.
func (c *compiler) number(sh *shape) int32 {
	key := "i"
	if sh.kinds&kindFraction != 0 {
		key = "n"
	}
	for _, b := range []*bound{sh.low, sh.high} {
		if b != nil {
			key += fmt.Sprint(b.at, b.open)
		}
		key += ";"
	}
	start, ok := c.numbers[key]
	if !ok {
		start = c.split(c.positive(sh.low, sh.high, sh.kinds, false), c.negative(sh))
		c.numbers[key] = start
	}
	return start
}

// negative reads a minus sign and what is above zero then.
func (c *compiler) negative(sh *shape) int32 {
	mirror := func(b *bound) *bound {
		if b == nil {
			return nil
		}
		return &bound{b.at.minus(), b.open}
	}
	low := tighter(mirror(sh.high), &bound{open: true}, -1)
	return c.bytes('-', '-', c.positive(low, mirror(sh.low), sh.kinds, sh.low == nil && sh.high == nil))
}

// span makes the states of numbers from low to high, neither below zero.
type span struct {
	c         *compiler
	low, high *bound
	longest   int // digits of the whole part
	frac      bool
	exponent  int32 // what may follow the digits: dead or an exponent
	memo      map[spot]int32
}

// spot is where in a number a state is: after pos digits of the whole part or of the
// fraction. low and high say how what was read compares with as many digits of the bounds: -1
// less, 0 equal, 1 greater.
type spot struct {
	fraction  bool
	pos       int
	low, high int8
}

// positive reads a number from low to high that has no sign.
func (c *compiler) positive(low, high *bound, k kinds, signed bool) int32 {
	if high != nil && (high.at.negative || high.at.zero() && high.open) {
		return dead
	}
	if low != nil && low.at.negative {
		low = nil
	}
	s := &span{c: c, longest: maxWhole, frac: k&kindFraction != 0, memo: make(map[spot]int32)}
	s.low, s.high = s.digitsOf(low), s.digitsOf(high)
	if s.frac && high == nil && (low == nil || signed) {
		two := c.split(ret, c.bytes('0', '9', ret))
		digits := c.bytes('0', '9', two)
		s.exponent = c.bytes('e', 'e', c.split(c.bytes('-', '-', digits), digits))
	}
	// A zero first is the whole part.
	start := c.bytes('0', '0', s.wholeEnd(s.step(spot{}, '0')))
	return c.split(start, s.digits(spot{}, '1', s.whole))
}

// after returns how the digits before, which compare as was, and then b compare with a bound's digits, of
// which b meets d.
func after(was int8, b, d byte) int8 {
	switch {
	case was != 0 || b == d:
		return was
	case b < d:
		return -1
	}
	return 1
}

// digit returns digit i of s, zero beyond its end.
func digit(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return '0'
}

// digitsOf returns b with the zero of a whole part that is nothing else.
func (s *span) digitsOf(b *bound) *bound {
	if b == nil {
		return nil
	}
	s.longest = max(s.longest, min(len(b.at.whole), maxWholeFor))
	with := *b
	if with.at.whole == "" {
		with.at.whole = "0"
	}
	return &with
}

// step returns the spot behind digit b.
func (s *span) step(at spot, b byte) spot {
	next := spot{fraction: at.fraction, pos: at.pos + 1, low: at.low, high: at.high}
	compare := func(bd *bound, was int8) int8 {
		if bd == nil {
			return 0
		}
		if at.fraction {
			return after(was, b, digit(bd.at.frac, at.pos))
		}
		if at.pos < len(bd.at.whole) {
			return after(was, b, bd.at.whole[at.pos])
		}
		return was
	}
	next.low, next.high = compare(s.low, at.low), compare(s.high, at.high)
	return next
}

// digits reads a digit from first on and then what then says, with one state for neighbours that
// lead to the same.
func (s *span) digits(at spot, first byte, then func(spot) int32) int32 {
	all := dead
	for b := first; b <= '9'; {
		next := s.step(at, b)
		end := b
		for end < '9' && s.step(at, end+1) == next {
			end++
		}
		all = s.c.split(s.c.bytes(b, end, then(next)), all)
		b = end + 1
	}
	return all
}

// whole is after a digit of the whole part that is not a lone zero.
func (s *span) whole(at spot) int32 {
	if n, ok := s.memo[at]; ok {
		return n
	}
	n := s.wholeEnd(at)
	if at.pos < s.longest {
		n = s.c.split(n, s.digits(at, '0', s.whole))
	}
	s.memo[at] = n
	return n
}

// wholeEnd is where the whole part ends: it is now known how it compares as a number.
func (s *span) wholeEnd(at spot) int32 {
	compare := func(b *bound, digits int8) int8 {
		if b == nil {
			return 0
		}
		switch n := len(b.at.whole); {
		case at.pos < n:
			return -1
		case at.pos > n:
			return 1
		}
		return digits
	}
	next := spot{fraction: true, low: compare(s.low, at.low), high: compare(s.high, at.high)}
	if s.low != nil && next.low < 0 || s.high != nil && next.high > 0 {
		return dead
	}
	n := s.end(next)
	if s.frac {
		n = s.c.split(n, s.c.bytes('.', '.', s.digits(next, '0', s.fraction)))
	}
	return n
}

// fraction is after a digit of the fraction.
func (s *span) fraction(at spot) int32 {
	if n, ok := s.memo[at]; ok {
		return n
	}
	n := s.end(at)
	if at.pos < maxFrac {
		n = s.c.split(n, s.digits(at, '0', s.fraction))
	}
	s.memo[at] = n
	return n
}

// end is where a number may end.
func (s *span) end(at spot) int32 {
	fits := func(b *bound, compared int8, sign int8) bool {
		if b == nil {
			return true
		}
		if compared == 0 && at.pos < len(b.at.frac) {
			compared = -1 // more digits of the bound, the last of them not zero
		}
		return compared == sign || compared == 0 && !b.open
	}
	if !fits(s.low, at.low, 1) || !fits(s.high, at.high, -1) {
		return dead
	}
	return s.c.split(ret, s.exponent)
}
