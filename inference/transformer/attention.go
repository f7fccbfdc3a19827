package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// cacheRow returns where the keys and values of a head at a position start.
func (s *Session) cacheRow(layer, kvHead, pos int) int {
	return ((layer*s.m.KVHeads+kvHead)*s.max + pos) * s.m.HeadDim
}

// attention computes s.att (T, heads*hd) for the T tokens at s.pos and up, whose
// keys and values are in the cache.
func (s *Session) attention(layer, T int) {
	s.attend = attendTask{s: s, layer: layer, tokens: T}
	work := s.m.Heads * s.m.HeadDim * T * (s.pos + T) * 2
	s.m.pool.run(&s.attend, s.m.Heads, work)
}

// attendTask is one layer's attention, cut by heads.
type attendTask struct {
	s      *Session
	layer  int
	tokens int
}

// part does heads [from, to).
func (a *attendTask) part(from, to int) {
	s, m := a.s, a.s.m
	hd, group := m.HeadDim, m.Heads/m.KVHeads
	scale := float32(1 / math.Sqrt(float64(hd)))
	if m.arch.gemma && m.Layers == 62 { // 27B: query_pre_attn_scalar is 168, which no key says
		scale = float32(1 / math.Sqrt(float64(m.Dim)/float64(m.Heads)))
	}
	window := s.max
	if !m.arch.global(a.layer) {
		window = m.arch.window
	}
	for head := from; head < to; head++ {
		start := s.cacheRow(a.layer, head/group, 0)
		keys, values := s.keys[start:start+s.max*hd], s.values[start:start+s.max*hd]
		for t := range a.tokens {
			n := s.pos + t + 1        // positions so far, this token's own included
			first := max(0, n-window) // that it sees
			scores := s.scores[head*s.max:][:n-first]
			at := (t*m.Heads + head) * hd
			matmul.Rows(scores, keys[first*hd:], s.q[at:at+hd]) // (n) = K (n, hd) · q (hd)
			for i := range scores {
				scores[i] *= scale
			}
			matmul.Softmax(scores)
			matmul.Weighted(s.att[at:at+hd], scores, values[first*hd:], hd) // (hd) = Σ score·V row
		}
	}
}
