package constrain

import (
	"fmt"
	"slices"
)

// Output is a value that is being generated. It must not be used by two goroutines at once.
type Output struct {
	threads
	state  []thread // after what was generated
	steps  int      // of threads, in one walk
	memory memory

	// Kept between calls of Next and Mask.
	text    []byte
	levels  []level
	fits    []fit
	byChars [256]int32 // cost after plain tokens of so many characters
	bits    []uint64
	saved   []float32
}

// New starts a value of g, to be written in tokens of v. It fails if the vocabulary cannot write one.
func New(g *Grammar, v *Vocabulary) (*Output, error) {
	c, err := newCosts(g, v)
	if err != nil {
		return nil, err
	}
	o := &Output{threads: threads{costs: c}, steps: maxSteps}
	o.reset()
	o.state = slices.Clone(o.list)
	return o, nil
}

// Least returns a number of tokens that is enough to complete the value from here. It is
// seldom the least number of all: literals count their fewest tokens, what lies between them one
// token a byte.
func (o *Output) Least() int {
	least := int32(never)
	for i := range o.state {
		least = min(least, o.cost(&o.state[i]))
	}
	return int(least)
}

// Complete reports whether what was generated is a value that fits.
func (o *Output) Complete() bool {
	return slices.ContainsFunc(o.state, func(h thread) bool { return h.node == done })
}

// Final reports whether it is, and nothing can follow.
func (o *Output) Final() bool {
	return !slices.ContainsFunc(o.state, func(h thread) bool { return h.node != done })
}

// Next takes the token that was chosen. It fails if that is none that Mask allows.
func (o *Output) Next(id int32) error {
	if id < 0 || int(id) >= o.v.n {
		return fmt.Errorf("constrain: token %d is not in the vocabulary of %d", id, o.v.n)
	}
	o.text = o.v.bytes(o.text[:0], id)
	o.list, o.from = append(o.list[:0], o.state...), 0
	end := len(o.list)
	for _, b := range o.text {
		o.advance(o.from, end, b)
		o.from, end = end, len(o.list)
	}
	if len(o.text) == 0 || o.from == end {
		return fmt.Errorf("constrain: token %d, %q, does not fit", id, o.text)
	}
	o.state = append(o.state[:0], o.list[o.from:]...)
	o.compact()
	return nil
}

// advance appends what the threads list[from:to] become by reading b.
func (o *Output) advance(from, to int, b byte) {
	o.from = to
	for i := from; i < to; i++ {
		o.step(o.list[i], b)
	}
}

// maxIdle is how many frames and keys there are before those not in use are dropped.
const maxIdle = 512

// compact drops frames and keys that no thread leads to.
func (o *Output) compact() {
	if len(o.frames)+len(o.keys) <= maxIdle {
		return
	}
	frames, keys := make([]int32, len(o.frames)), make([]int32, len(o.keys)) // where they go, plus one
	useKeys := func(k int32) {
		for ; k >= 0 && keys[k] == 0; k = o.keys[k].prev {
			keys[k] = 1
		}
	}
	for _, h := range o.state {
		useKeys(h.keys)
		for f := h.frame; f >= 0 && frames[f] == 0; f = o.frames[f].up {
			frames[f] = 1
			useKeys(o.frames[f].keys)
		}
	}
	n := int32(0)
	for i, used := range keys { // what leads to one comes before it
		if used != 0 {
			k := o.keys[i]
			k.prev = moved(keys, k.prev)
			o.keys[n], keys[i] = k, n+1
			n++
		}
	}
	o.keys = o.keys[:n]
	n = 0
	for i, used := range frames {
		if used != 0 {
			f := o.frames[i]
			f.up, f.keys = moved(frames, f.up), moved(keys, f.keys)
			o.frames[n], frames[i] = f, n+1
			n++
		}
	}
	o.frames = o.frames[:max(n, 1)] // the first is always there
	for i := range o.state {
		o.state[i].frame, o.state[i].keys = moved(frames, o.state[i].frame), moved(keys, o.state[i].keys)
	}
}

// moved returns where index i went, -1 for -1.
func moved(to []int32, i int32) int32 {
	if i < 0 {
		return -1
	}
	return to[i] - 1
}
