package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// run is neighbouring rows of a step that belong to one session: rows [first, first+n)
// are its positions pos, pos+1, ...
type run struct {
	cache         *cache
	first, n, pos int
}

// attention computes e.att (T, heads*hd) for all rows of the step, whose keys and
// values are in their caches.
func (e *Executor) attention(layer int) {
	m, work, most := e.m, 0, 0
	for _, r := range e.runs {
		work += m.Heads * m.HeadDim * r.n * (r.pos + r.n) * 2
		most = max(most, r.cache.max)
	}
	if n := m.Heads * most; len(e.scores) < n {
		e.scores = make([]float32, n)
	}
	e.attend = attendTask{e: e, layer: layer, most: most}
	m.pool.run(&e.attend, m.Heads, work)
}

// attendTask is one layer's attention, cut by heads.
type attendTask struct {
	e     *Executor
	layer int
	most  int // scores of a head
}

// Do does heads [from, to).
func (a *attendTask) Do(_, from, to int) {
	e, m := a.e, a.e.m
	hd, group := m.HeadDim, m.Heads/m.KVHeads
	scale := float32(1 / math.Sqrt(float64(hd)))
	if m.arch.gemma && m.Layers == 62 { // 27B: query_pre_attn_scalar is 168, which no key says
		scale = float32(1 / math.Sqrt(float64(m.Dim)/float64(m.Heads)))
	}
	window := math.MaxInt
	if !m.arch.global(a.layer) {
		window = m.arch.window
	}
	for head := from; head < to; head++ {
		for _, r := range e.runs {
			start := r.cache.row(a.layer, head/group, 0)
			keys, values := r.cache.keys[start:start+r.cache.max*hd], r.cache.values[start:start+r.cache.max*hd]
			for t := range r.n {
				n := r.pos + t + 1        // positions so far, this token's own included
				first := max(0, n-window) // that it sees
				scores := e.scores[head*a.most:][:n-first]
				at := ((r.first+t)*m.Heads + head) * hd
				matmul.Rows(scores, keys[first*hd:], e.q[at:at+hd]) // (n) = K (n, hd) · q (hd)
				for i := range scores {
					scores[i] *= scale
				}
				matmul.Softmax(scores)
				matmul.Weighted(e.att[at:at+hd], scores, values[first*hd:], hd) // (hd) = Σ score·V row
			}
		}
	}
}
