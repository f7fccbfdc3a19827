package constrain

import (
	"fmt"
	"slices"
)

// formats are the values of format that are generated exactly, as patterns: RFC 3339 §5.6 (leap
// seconds are left out), RFC 4122 §3, RFC 2673 §3.2.
var formats = map[string]string{
	"date":      "^" + datePattern + "$",
	"time":      "^" + timePattern + "$",
	"date-time": "^" + datePattern + "T" + timePattern + "$",
	"uuid":      "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
	"ipv4":      `^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$`,
}

const (
	datePattern = `(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)|\d{4}-(0[13578]|1[02])-31|` +
		`(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)`
	timePattern = `([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`
)

// patterned reads a string with a pattern or a format.
func (c *compiler) patterned(sh *shape) (int32, error) {
	if sh.pattern != nil && sh.format != nil {
		return dead, fmt.Errorf("%s: a pattern beside a format is not supported", sh.pattern.at())
	}
	v, text := sh.pattern, ""
	if v != nil {
		text = v.text
	} else {
		v = sh.format
		var ok bool
		if text, ok = formats[v.text]; !ok {
			return dead, fmt.Errorf("%s: format %s is not supported", v.at(), quote(v.text))
		}
	}
	e, err := parsePattern(text)
	if err != nil {
		return dead, fmt.Errorf("%s: %w", v.at(), err)
	}
	r := &regular{c: c, states: []letter{{}}, min: sh.minLength, max: sh.maxLength, closures: make(map[int32][]int32)}
	first, err := r.whole(e)
	r.seen = make([]int32, len(r.states))
	if err != nil {
		return dead, fmt.Errorf("%s: %w", v.at(), err)
	}
	low, high := lengths(e)
	if low >= r.min {
		r.min = 0
	}
	if high >= 0 && r.max >= high {
		r.max = -1
	}
	return r.emit(first), nil
}

// letter is a state that reads a character, or goes to two others without.
type letter struct {
	ranges    []runes // nil: none is read
	next, alt int32
}

// regular turns an expression into states: first into letters, which read characters, then into
// nodes, which read bytes and know how many characters came before, as far as that matters.
type regular struct {
	c        *compiler
	states   []letter // the first is the end
	min, max int      // characters; max -1: no bound

	built    int               // calls of build
	closures map[int32][]int32 // letters that a state leads to without reading
	seen     []int32           // by states: the closure that was last there, plus one
	listed   int               // elements of closures and of places' keys
	starts   map[string]int32  // nodes of places, by their keys
	work     []place
	effort   int // steps of moves
}

// place is letters, sorted, one of which is to be read, and how many characters came before.
type place struct {
	states []int32
	count  int
}

// key tells places apart.
func (p place) key() string {
	b := make([]byte, 0, 4*len(p.states)+4)
	for _, s := range append(slices.Clip(p.states), int32(p.count)) {
		b = append(b, byte(s), byte(s>>8), byte(s>>16), byte(s>>24))
	}
	return string(b)
}

// Bounds of one pattern: its letters, the expressions that they are made of (an empty group has no letter,
// however often it is repeated), and the elements of lists of them.
const (
	maxLetters = 8 << 10
	maxBuilt   = 16 * maxLetters
	maxListed  = 1 << 20
)

func (r *regular) letter(l letter) (int32, error) {
	if len(r.states) >= maxLetters {
		return 0, fmt.Errorf("pattern of more than %d states", maxLetters)
	}
	r.states = append(r.states, l)
	return int32(len(r.states) - 1), nil
}

// anywhere reads any characters and then goes to next.
func (r *regular) anywhere(next int32) (int32, error) {
	return r.build(&expr{op: exprRepeat, max: -1, subs: []*expr{{ranges: everyRune}}}, next)
}

// whole builds a pattern: each alternative may begin and end anywhere in the string where it has no
// ^ or $.
func (r *regular) whole(e *expr) (first int32, err error) {
	first = -1
	for _, seq := range e.subs {
		subs, next := seq.subs, int32(0)
		if n := len(subs); n > 0 && subs[n-1].op == exprEnd {
			subs = subs[:n-1]
		} else if next, err = r.anywhere(0); err != nil {
			return 0, err
		}
		start := len(subs) > 0 && subs[0].op == exprStart
		if start {
			subs = subs[1:]
		}
		if next, err = r.build(&expr{op: exprSeq, subs: subs}, next); err == nil && !start {
			next, err = r.anywhere(next)
		}
		if err == nil && first >= 0 {
			next, err = r.letter(letter{next: first, alt: next})
		}
		if err != nil {
			return 0, err
		}
		first = next
	}
	return first, nil
}

// build returns the state that reads e and goes to next.
func (r *regular) build(e *expr, next int32) (int32, error) {
	if r.built++; r.built > maxBuilt {
		return 0, fmt.Errorf("pattern of more than %d parts", maxBuilt)
	}
	var err error
	switch e.op {
	case exprRunes:
		return r.letter(letter{ranges: e.ranges, next: next})
	case exprSeq:
		for i := len(e.subs) - 1; i >= 0 && err == nil; i-- {
			next, err = r.build(e.subs[i], next)
		}
		return next, err
	case exprAny:
		first := int32(-1)
		for _, sub := range e.subs {
			start, err := r.build(sub, next)
			if err == nil && first >= 0 {
				start, err = r.letter(letter{next: first, alt: start})
			}
			if err != nil {
				return 0, err
			}
			first = start
		}
		return first, nil
	case exprRepeat:
		return r.repeat(e, next)
	}
	return 0, fmt.Errorf("^ and $ are supported at the ends of a pattern and its alternatives only")
}

func (r *regular) repeat(e *expr, next int32) (start int32, err error) {
	sub := e.subs[0]
	start = next
	if e.max < 0 {
		if start, err = r.letter(letter{alt: next}); err != nil {
			return 0, err
		}
		again, err := r.build(sub, start)
		if err != nil {
			return 0, err
		}
		r.states[start].next = again
	}
	for range e.max - e.min {
		var one int32
		if one, err = r.build(sub, start); err == nil {
			start, err = r.letter(letter{next: one, alt: next})
		}
		if err != nil {
			return 0, err
		}
	}
	for range e.min {
		if start, err = r.build(sub, start); err != nil {
			return 0, err
		}
	}
	return start, nil
}

// closure returns what reads a character, and the end, among what a state leads to without reading.
func (r *regular) closure(state int32) []int32 {
	if list, ok := r.closures[state]; ok || r.c.err != nil {
		return list
	}
	list, stack := []int32{}, []int32{state}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if r.seen[s] == state+1 {
			continue
		}
		r.seen[s] = state + 1
		if l := &r.states[s]; s == 0 || l.ranges != nil {
			list = append(list, s)
		} else {
			stack = append(stack, l.next, l.alt)
		}
	}
	slices.Sort(list)
	r.list(len(list))
	r.closures[state] = list
	return list
}

// list counts elements that are kept. Beyond maxListed the schema is refused.
func (r *regular) list(n int) {
	if r.listed += n; r.listed > maxListed && r.c.err == nil {
		r.c.err = fmt.Errorf("pattern with too many parts that can be left out")
	}
}

// emit makes the nodes of a string that begins at first. Letters that can be read at the same place are put
// together, so that one way is open and not several, unless that makes too much of the pattern.
func (r *regular) emit(first int32) int32 {
	nodes := len(r.c.g.nodes)
	start, ok := r.places(first, true)
	if !ok {
		r.c.g.nodes = r.c.g.nodes[:nodes]
		start, _ = r.places(first, false)
	}
	return r.c.bytes('"', '"', start)
}

const (
	maxPlaces = 2048      // that letters are put together for
	maxMerge  = 256 << 10 // steps of work for that
)

// places makes the nodes of all places. ok is false if there are too many, or too much work, to put
// letters together.
func (r *regular) places(first int32, together bool) (start int32, ok bool) {
	r.starts, r.work, r.effort = make(map[string]int32), r.work[:0], 0
	closing := r.c.bytes('"', '"', ret)
	start = r.node(place{r.closure(first), 0})
	for len(r.work) > 0 && r.c.err == nil {
		if together && len(r.starts) > maxPlaces {
			return dead, false
		}
		at := r.work[len(r.work)-1]
		r.work = r.work[:len(r.work)-1]
		var all []int32
		if at.states[0] == 0 && at.count >= r.min {
			all = append(all, closing)
		}
		if r.max < 0 || at.count < r.max {
			moves := r.moves(at.states, together)
			if together && r.effort > maxMerge {
				return dead, false
			}
			for _, m := range moves {
				if r.c.err != nil {
					return dead, true
				}
				all = append(all, r.c.character(m.ranges, r.node(place{m.to, r.count(at.count)})))
			}
		}
		r.c.g.nodes[r.starts[at.key()]].next = r.c.union(all)
	}
	return start, true
}

// move is what reading a character leads to.
type move struct {
	ranges []runes
	to     []int32
}

// moves returns where the states lead: each for itself, or together, where every character is in one
// move only: not all of them if effort is beyond maxMerge then.
func (r *regular) moves(states []int32, together bool) (list []move) {
	var cuts []rune
	for _, s := range states {
		l := &r.states[s]
		if s == 0 {
			continue
		}
		if !together {
			list = append(list, move{l.ranges, r.closure(l.next)})
			continue
		}
		if r.effort += len(l.ranges); r.effort > maxMerge {
			break
		}
		for _, c := range l.ranges {
			cuts = append(cuts, c.low, c.high+1)
		}
	}
	if !together || r.effort > maxMerge {
		return list
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	index := make(map[string]int)
	for i, low := range cuts {
		var to []int32
		for _, s := range states {
			l := &r.states[s]
			r.effort += 1 + len(l.ranges)
			if s != 0 && slices.ContainsFunc(l.ranges, func(c runes) bool { return c.low <= low && low <= c.high }) {
				to = append(to, r.closure(l.next)...)
			}
		}
		if r.effort += len(to); r.effort > maxMerge {
			break
		}
		if to == nil {
			continue
		}
		slices.Sort(to)
		to = slices.Compact(to)
		key := place{states: to}.key()
		at, ok := index[key]
		if !ok {
			at = len(list)
			index[key], list = at, append(list, move{to: to})
		}
		list[at].ranges = append(list[at].ranges, runes{low, cuts[i+1] - 1})
	}
	return list
}

// count is what one more character makes of n.
func (r *regular) count(n int) int {
	if r.max < 0 {
		return min(n+1, r.min)
	}
	return n + 1
}

// node returns the node of a place, which places fills in.
func (r *regular) node(at place) int32 {
	if r.c.err != nil {
		return dead
	}
	key := at.key()
	n, ok := r.starts[key]
	if !ok {
		r.list(len(at.states))
		n = r.c.node(node{op: opSplit, next: dead, alt: dead, loop: -1})
		r.starts[key] = n
		r.work = append(r.work, at)
	}
	return n
}
