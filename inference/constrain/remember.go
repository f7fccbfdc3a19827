package constrain

import "slices"

// What may follow depends on the state alone, but for the tokens that are left, and states come
// again: inside strings, between the items of a list, in the loops of a pattern. So answers are
// kept for a while.

// maxKept bounds what is kept, in bytes.
const maxKept = 256 << 10

// memory is the answers.
type memory struct {
	answers map[uint64]*answer // by the hash of their keys
	size    int                // bytes of all of them
	key     []int32            // of the state that was asked for last
	hash    uint64             // of key; 0 if its answer is not kept
}

// answer is what may follow a state.
type answer struct {
	key  []int32
	fits []fit    // tokens, if they are few; of a state inside a string the rough ones
	bits []uint64 // else a bit for each token
	most int32    // the highest cost of a token in bits
}

// recall returns what is known about the state, nil if nothing is. inside: only rough tokens matter.
func (o *Output) recall(inside bool) *answer {
	m := &o.memory
	m.key, m.hash = m.key[:0], 0
	if inside {
		m.key = append(m.key, -1)
	}
	for _, h := range o.state {
		if h.keys >= 0 || h.hash != 0 { // names that may not come again: too many states
			return nil
		}
		m.key = append(m.key, h.node, o.counted(&h), int32(h.sub))
		for f := h.frame; f >= 0; f = o.frames[f].up {
			fr := &o.frames[f]
			if m.key = append(m.key, fr.node, fr.count); fr.keys >= 0 {
				return nil
			}
		}
	}
	hash := uint64(1)
	for _, k := range m.key {
		hash = (hash ^ uint64(uint32(k))) * 0x9E3779B97F4A7C15
		hash ^= hash >> 29
	}
	m.hash = max(hash, 1)
	if a := m.answers[m.hash]; a != nil && slices.Equal(a.key, m.key) {
		return a
	}
	return nil
}

// counted is the count of h as far as it matters for the next token: no token reaches the end of a
// string that has much room left.
func (o *Output) counted(h *thread) int32 {
	n := &o.g.nodes[h.node]
	if n.op != opString {
		return h.count
	}
	if l := &o.g.loops[n.loop]; h.count >= l.min && l.max-h.count > o.v.reach {
		return l.min
	}
	return h.count
}

// note keeps the answer to the last recall, in place of all before if there are too many.
func (o *Output) note(a *answer) {
	m := &o.memory
	size := 100 + 4*len(m.key) + 8*len(a.fits) + 8*len(a.bits)
	if m.hash == 0 || size > maxKept/4 {
		return
	}
	if m.size += size; m.size > maxKept || m.answers == nil {
		m.answers, m.size = make(map[uint64]*answer), size
	}
	a.key, a.fits, a.bits = slices.Clone(m.key), slices.Clone(a.fits), slices.Clone(a.bits)
	m.answers[m.hash] = a
}
