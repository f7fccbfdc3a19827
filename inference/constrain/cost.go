package constrain

import (
	"errors"
	"fmt"
	"slices"
)

// costs says for each state of a grammar how many tokens finish the value from there: not
// the least number, which would take a search over all tokens, but one that the tokens of the vocabulary
// can keep. Wherever it is n > 0, some token leads to where it is at most n-1. So a
// generation that goes only where the cost is within what is left always gets done.
//
// It is the sum of what the state's own rule costs, what its loops still owe, and what the
// frames on the stack cost.
type costs struct {
	g *Grammar
	v *Vocabulary

	node []int32 // to the end of the rule, loops not counted
	need []int32 // levels of nesting on the way
	unit []int32 // of a loop: one more round
	far  []int32 // of a loop: levels of nesting of a round

	edges  []int32 // where the tokens lead that a state of a literal can read
	starts []int32 // of each state's edges
	visits int     // of states, to find all this
}

// never is the cost where no token leads on.
const never = 1 << 28

// maxVisits bounds the work of finding costs: about a second's.
const maxVisits = 1 << 24

func plus(a, b int32) int32 { return min(a+b, never) }

// maxDepth is how many levels a value may have, those of arrays, objects and what is in them.
const maxDepth = 64

func newCosts(g *Grammar, v *Vocabulary) (*costs, error) {
	n := len(g.nodes)
	c := &costs{g: g, v: v, node: make([]int32, n), need: make([]int32, n), unit: make([]int32, len(g.loops)), far: make([]int32, len(g.loops))}
	c.findEdges()
	for i := range c.node {
		c.node[i] = never
	}
	for changed := true; changed; {
		if c.visits += len(g.order); c.visits > maxVisits {
			return nil, errors.New("constrain: the schema refers to itself in too many ways")
		}
		changed = false
		for _, i := range g.order {
			if l := g.nodes[i].loop; l >= 0 {
				c.round(int(l))
			}
			if cost, need := c.through(i); cost < c.node[i] {
				c.node[i], c.need[i], changed = cost, need, true
			}
		}
	}
	switch {
	case c.node[g.start] >= never:
		return nil, errors.New("constrain: the model has no tokens for what the schema wants, or too many are wanted")
	case c.need[g.start] >= maxDepth:
		return nil, fmt.Errorf("constrain: the schema's values are nested more than %d deep", maxDepth)
	}
	return c, nil
}

// findEdges finds, for each state that reads one certain byte, the tokens that it and those
// after it spell.
func (c *costs) findEdges() {
	c.starts = make([]int32, len(c.g.nodes)+1)
	all := &c.v.all
	var roots [256]int32
	for b := range roots {
		roots[b] = -1
	}
	for i := int32(0); i < int32(len(all.b)); i = all.end[i] {
		roots[all.b[i]] = i
	}
	for i := range c.g.nodes {
		at, n := int32(-1), &c.g.nodes[i]
		for first := true; n.op == opByte && n.low == n.high; n = &c.g.nodes[n.next] {
			if first {
				at = roots[n.low]
			} else {
				at = all.child(at+1, all.end[at], n.low)
			}
			if first = false; at < 0 {
				break
			}
			if all.token[at] >= 0 {
				c.edges = append(c.edges, n.next)
			}
		}
		c.starts[i+1] = int32(len(c.edges))
	}
}

// round works out what a round of loop i costs.
func (c *costs) round(i int) {
	l, quote := &c.g.loops[i], c.byteCost('"')
	switch {
	case l.item < 0:
		return // see charCost
	case l.member: // , "x": with the least of names
		c.unit[i] = plus(plus(c.byteCost(','), plus(quote, quote)), plus(c.byteCost(':'), c.charCost(1)))
	default:
		c.unit[i] = c.byteCost(',')
	}
	rule := c.g.rules[l.item]
	c.unit[i], c.far[i] = plus(c.unit[i], c.node[rule]), 1+c.need[rule]
}

func (c *costs) byteCost(b byte) int32 {
	if c.v.single[b] {
		return 1
	}
	return never
}

// charCost is the cost of n more characters of a string: the longest plain tokens, and single
// ones for the rest.
func (c *costs) charCost(n int32) int32 {
	if n <= 0 {
		return 0
	}
	if !c.v.single['a'] {
		return never
	}
	k := int32(c.v.longest)
	return n/k + n%k
}

// through works out the cost of node i, and its need, from those it leads to.
func (c *costs) through(i int32) (cost, need int32) {
	n := &c.g.nodes[i]
	cost = never
	to := func(target, more int32) {
		if t := plus(c.node[target], more); t < cost {
			cost, need = t, c.need[target]
		}
	}
	switch n.op {
	case opReturn, opDone:
		return 0, 0
	case opByte:
		if n.low == n.high {
			for _, target := range c.edges[c.starts[i]:c.starts[i+1]] {
				to(target, 1)
			}
			break
		}
		if slices.Contains(c.v.single[n.low:int(n.high)+1], true) {
			to(n.next, 1)
		}
	case opSet:
		for b := range 256 {
			if c.v.single[b] && c.g.inSet(n.alt, byte(b)) {
				to(n.next, 1)
				break
			}
		}
	case opSplit:
		to(n.next, 0)
		to(n.alt, 0)
	case opCall:
		rule := c.g.rules[n.alt]
		to(n.next, c.node[rule])
		need = max(need, 1+c.need[rule])
	case opMin, opMax, opInc:
		to(n.next, 0)
	case opString, opKey:
		to(n.next, c.byteCost('"'))
	}
	if n.loop < 0 || cost >= never {
		return cost, need
	}
	l := &c.g.loops[n.loop]
	if n.owes == owesAll {
		cost = plus(cost, c.rounds(n.loop, l.min))
	}
	if l.min > 0 && l.item >= 0 {
		need = max(need, c.far[n.loop])
	}
	return cost, need
}

// rounds is the cost of n rounds of a loop.
func (c *costs) rounds(loop, n int32) int32 {
	switch {
	case n <= 0:
		return 0
	case c.g.loops[loop].item < 0:
		return c.charCost(n)
	}
	return int32(min(int64(n)*int64(c.unit[loop]), never))
}

// at is the cost of a node to the end of its rule where its loop has counted so far.
func (c *costs) at(node, count int32) int32 {
	cost, n := c.node[node], &c.g.nodes[node]
	if n.loop < 0 || n.owes == owesAll {
		return cost
	}
	owed := c.g.loops[n.loop].min - count
	if n.owes == owesAfter {
		owed--
	}
	return plus(cost, c.rounds(n.loop, owed))
}
