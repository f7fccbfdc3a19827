package constrain

// Grammar is a compiled schema: an automaton with a stack that reads the bytes of a value. It is
// read-only and safe for concurrent use.
//
// A rule reads one value. A call pushes where to go on and what the rule had counted; opReturn pops
// it. Several ways may be open at once (see threads), each on a stack of its own.
type Grammar struct {
	nodes []node
	sets  [][4]uint64 // of opSet, a bit per byte
	loops []loop
	rules []int32 // their first nodes
	start int32

	// order is the nodes that start leads to, each behind those that it leads to, but for cycles.
	order []int32
	// alive says of each node whether a value can be finished from there, byte for byte.
	alive []bool
}

type op uint8

const (
	opDead   op = iota // nothing can follow
	opDone             // the value of the whole is complete
	opReturn           // of a rule, to where the frame says
	opByte             // reads a byte of low..high
	opSet              // reads a byte of sets[alt]
	opSplit            // goes to next and to alt
	opCall             // rule alt, then next
	opMin              // goes on if the loop's count has reached min
	opMax              // goes on if it has not reached max
	opInc              // counts
	opString           // reads the characters of a string and its closing quote
	opKey              // the same of a member's name, which must be new; no escapes
)

// node is one state.
type node struct {
	op        op
	owes      owes
	low, high byte
	next, alt int32
	loop      int32 // in loops, or -1
}

// owes says what a state inside a loop has to read before its rule can end: see costs.
type owes uint8

const (
	owesRest  owes = iota // as many rounds as count is short of min
	owesAfter             // one less: the next opInc is on the way
	owesAll               // min rounds: count is 0 here
)

// Nodes that every grammar has.
const (
	dead int32 = iota
	done
	ret
)

// loop is what is counted: items of an array, members of an object, characters of a string.
type loop struct {
	min, max int32    // max -1: no bound
	item     int32    // rule of an item or member; -1: characters
	names    []uint64 // of an object's declared members, hashed
	member   bool
}

func newGrammar() *Grammar {
	return &Grammar{nodes: []node{dead: {op: opDead, loop: -1}, done: {op: opDone, loop: -1}, ret: {op: opReturn, loop: -1}}}
}

// States returns how many states the automaton has.
func (g *Grammar) States() int { return len(g.nodes) }

func (g *Grammar) inSet(i int32, b byte) bool { return g.sets[i][b>>6]>>(b&63)&1 != 0 }

// findOrder fills in order, without recursion: chains are as long as there are nodes.
func (g *Grammar) findOrder() {
	type visit struct{ node, next int32 }
	seen := make([]bool, len(g.nodes))
	stack := []visit{{node: g.start}, {node: done}} // what start returns to
	seen[g.start], seen[done] = true, true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		to, ok := g.target(top.node, top.next)
		if !ok {
			g.order = append(g.order, top.node)
			stack = stack[:len(stack)-1]
			continue
		}
		if top.next++; !seen[to] {
			seen[to] = true
			stack = append(stack, visit{node: to})
		}
	}
}

// target returns node i's k-th among those that it leads to; ok is false if there are not so many.
func (g *Grammar) target(i, k int32) (to int32, ok bool) {
	n := &g.nodes[i]
	switch k {
	case 0: // dead for those that lead nowhere
		return n.next, true
	case 1:
		switch n.op {
		case opSplit:
			return n.alt, true
		case opCall:
			return g.rules[n.alt], true
		}
		return dead, true
	case 2:
		if n.loop >= 0 && g.loops[n.loop].item >= 0 {
			return g.rules[g.loops[n.loop].item], true
		}
	}
	return dead, false
}

// findAlive fills in alive: the least solution, by going over the nodes until nothing changes.
func (g *Grammar) findAlive() {
	g.findOrder()
	g.alive = make([]bool, len(g.nodes))
	for changed := true; changed; {
		changed = false
		for _, i := range g.order {
			if !g.alive[i] && g.leads(&g.nodes[i]) {
				g.alive[i], changed = true, true
			}
		}
	}
}

func (g *Grammar) leads(n *node) bool {
	switch n.op {
	case opDead:
		return false
	case opDone, opReturn:
		return true
	case opSplit:
		if !g.alive[n.next] && !g.alive[n.alt] {
			return false
		}
	case opCall:
		if !g.alive[g.rules[n.alt]] || !g.alive[n.next] {
			return false
		}
	default:
		if !g.alive[n.next] {
			return false
		}
	}
	if n.loop < 0 {
		return true
	}
	l := &g.loops[n.loop]
	return l.min == 0 || (l.max < 0 || l.max >= l.min) && (l.item < 0 || g.alive[g.rules[l.item]])
}
