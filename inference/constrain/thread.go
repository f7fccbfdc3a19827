package constrain

// thread is one way to read what was read so far. Several are open where the schema has
// alternatives that begin alike.
type thread struct {
	node  int32
	count int32 // of the rule's loop
	frame int32 // in frames
	keys  int32 // in keys: undeclared members of the rule's object; -1: none
	hash  uint64
	sub   uint8 // what is to come of a character; see character.go
}

// frame is what a rule returns to.
type frame struct {
	node, count, keys int32
	up                int32 // the frame below, -1 for the last
	depth             int32
	cost              int32 // of this and the frames below
}

// keyLink is a member's name, hashed, and the one before it.
type keyLink struct {
	hash uint64
	prev int32
}

// maxThreads bounds the ways that are open at once. Any of them leads to a value that fits, so
// the dearest may be dropped.
const maxThreads = maxAlternatives

// threads moves threads along. frames and keys only grow while threads of a list share them.
type threads struct {
	*costs
	list   []thread
	from   int // where in list the threads begin that add adds
	work   int // states that add has seen
	seen   seen
	frames []frame
	keys   []keyLink
}

// reset makes the one thread that has read nothing.
func (t *threads) reset() {
	t.list, t.keys, t.from = t.list[:0], t.keys[:0], 0
	t.frames = append(t.frames[:0], frame{node: done, keys: -1, up: -1})
	t.add(thread{node: t.g.start, keys: -1})
}

// add appends to list what h leads to without reading.
func (t *threads) add(h thread) {
	for {
		t.work++
		if !t.g.alive[h.node] || t.node[h.node] < never && t.frames[max(h.frame, 0)].depth+t.need[h.node] >= maxDepth {
			return
		}
		switch n := &t.g.nodes[h.node]; n.op {
		case opSplit:
			first := h
			first.node = n.next
			t.add(first)
			h.node = n.alt
		case opReturn:
			f := &t.frames[h.frame]
			h = thread{node: f.node, count: f.count, keys: f.keys, frame: f.up}
		case opCall:
			up := &t.frames[h.frame]
			cost := plus(up.cost, t.at(n.next, h.count))
			t.frames = append(t.frames, frame{node: n.next, count: h.count, keys: h.keys, up: h.frame, depth: up.depth + 1, cost: cost})
			h = thread{node: t.g.rules[n.alt], keys: -1, frame: int32(len(t.frames) - 1)}
		case opMin:
			if h.count < t.g.loops[n.loop].min {
				return
			}
			h.node = n.next
		case opMax:
			if !t.room(n.loop, h.count) {
				return
			}
			h.node = n.next
		case opInc:
			h.count = t.more(n.loop, h.count)
			h.node = n.next
		default:
			t.put(h)
			return
		}
	}
}

// room reports whether the loop may count on.
func (t *threads) room(loop, count int32) bool {
	m := t.g.loops[loop].max
	return m < 0 || count < m
}

// more counts; without an upper bound only as far as it matters.
func (t *threads) more(loop, count int32) int32 {
	if l := &t.g.loops[loop]; l.max < 0 && count >= l.min {
		return count
	}
	return count + 1
}

// put appends h if it is new. Of too many the dearest goes.
func (t *threads) put(h thread) {
	list := t.list[t.from:]
	if t.seen.has(list, &h) {
		return
	}
	if len(list) < maxThreads {
		t.list = append(t.list, h)
		return
	}
	worst, cost := -1, t.cost(&h)
	for i := range list {
		if c := t.cost(&list[i]); c > cost {
			worst, cost = i, c
		}
	}
	if worst >= 0 {
		list[worst] = h
	}
}

// step appends to list what the thread h becomes by reading b.
func (t *threads) step(h thread, b byte) {
	n := &t.g.nodes[h.node]
	switch n.op {
	case opByte:
		if b < n.low || b > n.high {
			return
		}
	case opSet:
		if !t.g.inSet(n.alt, b) {
			return
		}
	case opString, opKey:
		if h.sub != subNone || b != '"' {
			t.inside(h, n, b)
			return
		}
		if n.op == opString && h.count < t.g.loops[n.loop].min || n.op == opKey && t.used(&h) {
			return
		}
		if n.op == opKey {
			t.keys = append(t.keys, keyLink{h.hash, h.keys})
			h.keys, h.hash = int32(len(t.keys)-1), 0
		}
	default:
		return
	}
	h.node = n.next
	t.add(h)
}

// inside reads a byte of a character of a string or name.
func (t *threads) inside(h thread, n *node, b byte) {
	ok, name := false, n.op == opKey
	if h.sub != subNone {
		h.sub, ok = proceed(h.sub, b)
	} else if h.sub, ok = begin(b); ok {
		ok = !(name && b == '\\') && (name || t.room(n.loop, h.count))
	}
	if !ok {
		return
	}
	if name {
		h.hash = hashByte(h.hash, b)
	} else if h.sub == subNone {
		h.count = t.more(n.loop, h.count)
	}
	t.put(h)
}

// used reports whether the name that h has read is that of a declared member or of one before.
func (t *threads) used(h *thread) bool {
	for _, name := range t.g.loops[t.g.nodes[h.node].loop].names {
		if name == h.hash {
			return true
		}
	}
	for i := h.keys; i >= 0; i = t.keys[i].prev {
		if t.keys[i].hash == h.hash {
			return true
		}
	}
	return false
}

// cost is how many tokens are kept for finishing the value: see costs.
func (t *threads) cost(h *thread) int32 {
	if h.frame < 0 {
		return 0 // done
	}
	n := &t.g.nodes[h.node]
	count, more := h.count, int32(0)
	switch n.op {
	case opString:
		if more = t.v.pending[h.sub]; h.sub != subNone {
			count++
		}
	case opKey:
		if more = t.v.pending[h.sub]; h.sub == subNone && t.used(h) {
			more = 1 // another character makes it a new name
		}
	}
	return plus(plus(t.at(h.node, count), more), t.frames[h.frame].cost)
}
