package constrain

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// fit is a token that may follow, and the cost of completing the value after it.
type fit struct{ id, cost int32 }

// level is a node of the trie that the walk is below.
type level struct {
	end          int32 // of the node's descendants
	from, to     int   // threads there, in list
	frames, keys int   // how many there were before
}

// Mask sets the logits to -Inf of all tokens that may not come next, if left more tokens may
// come, the next one among them. May come: tokens that the value can go on with so that what is left is
// enough to complete it; where there are none, because there were too few from the start,
// those that come nearest. Tokens that end the text may come if the value is complete.
//
// logits has one for each token of the vocabulary. Mask allocates nothing after its first calls.
func (o *Output) Mask(logits []float32, left int) {
	logits = logits[:o.v.n]
	budget := int32(min(max(left, 1)-1, never-1)) // what completing may cost after the token
	inside, all := o.plain(budget)
	known := o.recall(inside)
	if known != nil && known.bits != nil && known.most <= budget && (all || !inside) {
		maskBits(logits, known.bits)
		return
	}
	switch {
	case known != nil && known.bits == nil:
		o.fits = append(o.fits[:0], known.fits...)
	case !o.walk(inside):
		o.thin()
		o.Mask(logits, left)
		return
	}
	low, high := int32(never), int32(0)
	for _, f := range o.fits {
		low, high = min(low, f.cost), max(high, f.cost)
	}
	if inside {
		for _, cost := range o.byChars[1 : o.v.longest+1] {
			low, high = min(low, cost), max(high, cost)
		}
	}
	few := len(o.fits) < o.v.n/128 // then a list is smaller than a bit for each
	if known == nil && few && (!inside || !all) {
		o.note(&answer{fits: o.fits})
	}
	limit := min(max(low, budget), never-1)
	if !inside && few {
		o.maskFew(logits, limit)
		return
	}
	o.setBits(inside, all, limit)
	maskBits(logits, o.bits)
	if high <= budget && (all || !few) && known == nil {
		o.note(&answer{bits: o.bits, most: high})
	}
}

// plain tells what plain tokens do inside a string, without walking over them: there are ten times
// as many of them as of others. It fills in byChars and reports whether it says everything about
// plain tokens; all: that it allows all of them.
func (o *Output) plain(budget int32) (ok, all bool) {
	for i := range o.state {
		h := &o.state[i]
		n := &o.g.nodes[h.node]
		if h.sub != subNone || n.op != opString && n.op != opKey {
			continue
		}
		l, worst := &o.g.loops[n.loop], int32(0)
		for chars := range int32(o.v.longest + 1) {
			after := *h
			if n.op == opString {
				after.count += chars
				if l.max >= 0 && after.count > l.max {
					worst, o.byChars[chars] = never, never
					continue
				}
			}
			cost := o.cost(&after)
			if n.op == opKey {
				cost = plus(cost, 1) // it may be a name that is used
			}
			o.byChars[chars] = cost
			worst = max(worst, cost)
		}
		switch {
		case worst <= budget:
			return true, true // whatever else could be read
		case len(o.state) == 1 && n.op == opString:
			return true, false
		}
	}
	return false, false
}

// maxSteps bounds the steps of threads in one walk, and the states that they lead to, maxThin the
// threads that go on when that is reached, to the end. Schemas that are not made to be slow stay far below.
const (
	maxSteps = 4 << 20
	maxThin  = 8
)

// thin drops all but the cheapest ways. Each leads to a value that fits; what is lost is choice.
func (o *Output) thin() {
	slices.SortStableFunc(o.state, func(a, b thread) int { return cmp.Compare(o.cost(&a), o.cost(&b)) })
	o.state = o.state[:maxThin]
}

// walk finds the tokens, or the rough ones alone, that some thread can read to the end, and their costs. It
// gives up, and returns false, if there are too many threads for that.
func (o *Output) walk(rough bool) (ok bool) {
	t, steps, work := &o.v.all, 0, o.work
	if rough {
		t = &o.v.rough
	}
	o.fits = o.fits[:0]
	o.list, o.from = append(o.list[:0], o.state...), 0
	frames, keys := len(o.frames), len(o.keys)
	ok = true
	levels := append(o.levels[:0], level{end: int32(len(t.b)), to: len(o.list), frames: frames, keys: keys})
	for i := int32(0); i < int32(len(t.b)); {
		top := &levels[len(levels)-1]
		if i >= top.end {
			levels = levels[:len(levels)-1]
			continue
		}
		o.list, o.frames, o.keys = o.list[:top.to], o.frames[:top.frames], o.keys[:top.keys]
		if steps += top.to - top.from; steps+o.work-work > o.steps && len(o.state) > maxThin {
			ok = false
			break
		}
		o.advance(top.from, top.to, t.b[i])
		if len(o.list) == top.to {
			i = t.end[i]
			continue
		}
		if id := t.token[i]; id >= 0 {
			o.fit(t, id, o.list[top.to:])
		}
		if t.end[i] > i+1 {
			levels = append(levels, level{t.end[i], top.to, len(o.list), len(o.frames), len(o.keys)})
		}
		i++
	}
	o.levels = levels[:0]
	o.frames, o.keys = o.frames[:frames], o.keys[:keys]
	return ok
}

// fit notes token id, after which the ways are open.
func (o *Output) fit(t *trie, id int32, ways []thread) {
	cost := int32(never)
	for i := range ways {
		cost = min(cost, o.cost(&ways[i]))
	}
	if cost >= never {
		return
	}
	o.fits = append(o.fits, fit{id, cost})
	if t.twins != nil {
		for _, twin := range t.twins[id] {
			o.fits = append(o.fits, fit{twin, cost})
		}
	}
}

var none = float32(math.Inf(-1))

// maskFew leaves the logits of the tokens in fits.
func (o *Output) maskFew(logits []float32, limit int32) {
	allowed := o.fits[:0]
	for _, f := range o.fits {
		if f.cost <= limit {
			allowed = append(allowed, f)
		}
	}
	if o.Complete() {
		for _, id := range o.v.ends {
			allowed = append(allowed, fit{id: id})
		}
	}
	o.fits, o.saved = allowed, o.saved[:0]
	for _, f := range allowed {
		o.saved = append(o.saved, logits[f.id])
	}
	for i := range logits {
		logits[i] = none
	}
	for i, f := range allowed {
		logits[f.id] = o.saved[i]
	}
}

// setBits marks the tokens that are allowed: those in fits, and inside a string plain ones by byChars, or all of
// them.
func (o *Output) setBits(inside, all bool, limit int32) {
	o.bits = append(o.bits[:0], o.v.plain...)
	if !inside {
		clear(o.bits)
	} else if !all {
		for w, word := range o.v.plain {
			for ; word != 0; word &= word - 1 {
				if id := w<<6 + bits.TrailingZeros64(word); o.byChars[o.v.chars[id]] > limit {
					o.bits[w] &^= 1 << (id & 63)
				}
			}
		}
	}
	for _, f := range o.fits {
		if f.cost <= limit {
			o.bits[f.id>>6] |= 1 << (f.id & 63)
		}
	}
	if o.Complete() {
		for _, id := range o.v.ends {
			o.bits[id>>6] |= 1 << (id & 63)
		}
	}
}

// maskBits leaves the logits of the tokens in bits.
func maskBits(logits []float32, set []uint64) {
	for w, word := range set {
		for word = ^word; word != 0; word &= word - 1 {
			id := w<<6 + bits.TrailingZeros64(word)
			if id >= len(logits) {
				return
			}
			logits[id] = none
		}
	}
}
