package constrain

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A pattern is a regular expression of ECMA-262 (JSON Schema 2020-12 validation §6.3.3), of which
// this is the part that is regular and means the same in RE2: characters, escapes, . and
// classes, groups, |, * + ? {m,n}, and ^ and $ at the ends. Where dialects differ (\s, .), what is
// generated fits both.

// expr is a parsed expression.
type expr struct {
	op       exprOp
	ranges   []runes // exprRunes
	subs     []*expr // exprSeq, exprAny, and the one of exprRepeat
	min, max int     // exprRepeat; max -1: no bound
}

type exprOp uint8

const (
	exprRunes exprOp = iota // one character of ranges
	exprSeq
	exprAny // one of subs
	exprRepeat
	exprStart // ^
	exprEnd   // $
)

const (
	maxGroups = 32   // nested
	maxRepeat = 1000 // the largest number in {m,n}
)

// patternReader parses an expression.
type patternReader struct {
	s     string
	i     int
	depth int
}

var errPattern = errors.New("not supported or not a regular expression")

func parsePattern(s string) (*expr, error) {
	p := &patternReader{s: s}
	e, err := p.alternatives()
	if err == nil && p.i < len(s) {
		err = errPattern // a closing parenthesis
	}
	if err != nil {
		return nil, fmt.Errorf("pattern %s: byte %d: %w", quote(s), p.i, err)
	}
	return e, nil
}

func (p *patternReader) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// take steps over c if it is next.
func (p *patternReader) take(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *patternReader) alternatives() (*expr, error) {
	any := &expr{op: exprAny}
	for {
		seq := &expr{op: exprSeq}
		for p.i < len(p.s) && p.peek() != '|' && p.peek() != ')' {
			e, err := p.repeated()
			if err != nil {
				return nil, err
			}
			seq.subs = append(seq.subs, e)
		}
		any.subs = append(any.subs, seq)
		if !p.take('|') {
			return any, nil
		}
	}
}

// repeated reads an atom and its quantifier.
func (p *patternReader) repeated() (*expr, error) {
	e, err := p.atom()
	if err != nil {
		return nil, err
	}
	r := &expr{op: exprRepeat, subs: []*expr{e}, max: -1}
	switch {
	case p.take('*'):
	case p.take('+'):
		r.min = 1
	case p.take('?'):
		r.max = 1
	case p.take('{'):
		if err := p.counts(r); err != nil {
			return nil, err
		}
	default:
		return e, nil
	}
	if e.op == exprStart || e.op == exprEnd {
		return nil, errPattern
	}
	p.take('?') // lazy: the same strings
	if c := p.peek(); c == '*' || c == '+' || c == '?' || c == '{' {
		return nil, errPattern
	}
	return r, nil
}

// counts reads the rest of {m}, {m,} or {m,n}.
func (p *patternReader) counts(r *expr) error {
	number := func() (int, bool) {
		n := digits(p.s[p.i:])
		v, err := strconv.Atoi(p.s[p.i : p.i+n])
		p.i += n
		return v, err == nil && v <= maxRepeat
	}
	var ok bool
	if r.min, ok = number(); !ok {
		return errPattern
	}
	r.max = r.min
	if p.take(',') {
		if r.max = -1; p.peek() != '}' {
			if r.max, ok = number(); !ok || r.max < r.min {
				return errPattern
			}
		}
	}
	if !p.take('}') {
		return errPattern
	}
	return nil
}

func (p *patternReader) atom() (*expr, error) {
	switch c := p.peek(); c {
	case '^':
		p.i++
		return &expr{op: exprStart}, nil
	case '$':
		p.i++
		return &expr{op: exprEnd}, nil
	case '.':
		p.i++
		return &expr{ranges: invert(lineEnds)}, nil
	case '[':
		p.i++
		return p.class()
	case '(':
		return p.group()
	case '\\':
		p.i++
		ranges, err := p.escape(false)
		return &expr{ranges: ranges}, err
	case '*', '+', '?', '{', '}', ']':
		return nil, errPattern
	}
	r, n := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += n
	return &expr{ranges: []runes{{r, r}}}, nil
}

// group reads ( ), (?: ) or (?<name> ).
func (p *patternReader) group() (*expr, error) {
	p.i++
	if p.take('?') {
		switch {
		case p.take(':'):
		case p.take('<') && p.peek() != '=' && p.peek() != '!':
			for p.i < len(p.s) && p.peek() != '>' {
				p.i++
			}
			p.i++
		default:
			return nil, errPattern
		}
	}
	if p.depth++; p.depth > maxGroups || p.i > len(p.s) {
		return nil, errPattern
	}
	e, err := p.alternatives()
	if err == nil && !p.take(')') {
		err = errPattern
	}
	p.depth--
	return e, err
}

// class reads the rest of [ ].
func (p *patternReader) class() (*expr, error) {
	negated := p.take('^')
	var ranges []runes
	if p.peek() == ']' { // dialects differ
		return nil, errPattern
	}
	for !p.take(']') {
		from, err := p.member(negated)
		if err != nil {
			return nil, err
		}
		if p.peek() != '-' || p.i+1 < len(p.s) && p.s[p.i+1] == ']' {
			ranges = append(ranges, from...)
			continue
		}
		p.i++
		to, err := p.member(negated)
		if err != nil || len(from) != 1 || len(to) != 1 || from[0].low != from[0].high || to[0].low != to[0].high || to[0].low < from[0].low {
			return nil, errPattern
		}
		ranges = append(ranges, runes{from[0].low, to[0].low})
	}
	if negated {
		ranges = invert(ranges)
	}
	if len(cut(ranges)) == 0 { // [^\s\S]
		return nil, errPattern
	}
	return &expr{ranges: ranges}, nil
}

// member reads a character or an escape of a class.
func (p *patternReader) member(negated bool) ([]runes, error) {
	if p.i >= len(p.s) || p.peek() == '[' {
		return nil, errPattern
	}
	if p.take('\\') {
		if p.take('b') {
			return []runes{{'\b', '\b'}}, nil
		}
		return p.escape(negated)
	}
	r, n := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += n
	return []runes{{r, r}}, nil
}

// escape reads what follows a backslash. wide says that the answer will be inverted.
func (p *patternReader) escape(wide bool) ([]runes, error) {
	c := p.peek()
	p.i++
	switch c {
	case 'd':
		return []runes{{'0', '9'}}, nil
	case 'D':
		return invert([]runes{{'0', '9'}}), nil
	case 'w':
		return wordRunes, nil
	case 'W':
		return invert(wordRunes), nil
	case 's':
		if wide {
			return spaces, nil
		}
		return fewSpaces, nil
	case 'S':
		if wide {
			return invert(fewSpaces), nil
		}
		return invert(spaces), nil
	case 'f', 'n', 'r', 't', 'v':
		r := map[byte]rune{'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}[c]
		return []runes{{r, r}}, nil
	case 'x', 'u':
		n := 2
		if c == 'u' {
			n = 4
		}
		if p.i+n > len(p.s) {
			return nil, errPattern
		}
		u, err := strconv.ParseUint(p.s[p.i:p.i+n], 16, 16)
		if p.i += n; err != nil || 0xD800 <= u && u <= 0xDFFF {
			return nil, errPattern
		}
		return []runes{{rune(u), rune(u)}}, nil
	case '^', '$', '\\', '.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '/', '-', '"', '\'', '#', ' ', ',', ':', ';', '=', '!', '@', '%', '&', '<', '>', '~', '`', '_':
		return []runes{{rune(c), rune(c)}}, nil
	}
	return nil, errPattern // references, \b, \p and others
}

// lengths returns how many characters a pattern's strings have at least and, if that is bounded, at
// most; -1 is no bound.
func lengths(e *expr) (low, high int) {
	for i, seq := range e.subs {
		l, h := extent(seq)
		if n := len(seq.subs); n == 0 || seq.subs[0].op != exprStart || seq.subs[n-1].op != exprEnd {
			h = -1
		}
		if i == 0 {
			low, high = l, h
		}
		low, high = min(low, l), longer(high, h)
	}
	return low, high
}

// longer returns the greater of two lengths, where -1 is no bound.
func longer(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}

// extent is lengths for any expression.
func extent(e *expr) (low, high int) {
	switch e.op {
	case exprRunes:
		return 1, 1
	case exprSeq:
		for _, sub := range e.subs {
			l, h := extent(sub)
			low = min(low+l, maxCount)
			if high >= 0 && h >= 0 {
				high = min(high+h, maxCount)
			} else {
				high = -1
			}
		}
	case exprAny:
		for i, sub := range e.subs {
			l, h := extent(sub)
			if i == 0 {
				low, high = l, h
			}
			low, high = min(low, l), longer(high, h)
		}
	case exprRepeat:
		l, h := extent(e.subs[0])
		low, high = min(l*e.min, maxCount), min(max(h, -1)*e.max, maxCount)
		if h < 0 || e.max < 0 {
			high = -1
		}
	}
	return low, high
}
