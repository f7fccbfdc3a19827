package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// forward runs T tokens, 1 to maxBatch, at positions s.pos and up. There is room
// for them. With last set it leaves the logits after the last one in s.logits.
func (s *Session) forward(tokens []int32, last bool) {
	m := s.m
	T, dim, hidden := len(tokens), m.Dim, m.Hidden
	qRow, kvRow := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	pairs := m.RopeDims / 2
	x, h := s.x[:T*dim], s.h[:T*dim]

	// x (T, dim): one row of the embedding per token. cos, sin (T, pairs).
	for t, id := range tokens {
		m.embed.Row(x[t*dim:(t+1)*dim], int(id))
		for k := range m.rotations {
			at := (k*T + t) * pairs
			m.rotations[k].angles(s.cos[at:at+pairs], s.sin[at:at+pairs], s.pos+t)
		}
	}
	if m.arch.gemma {
		scale(x, float32(math.Sqrt(float64(dim))))
	}

	for i := range m.layers {
		l := &m.layers[i]

		// q (T, heads*hd), k and v (T, kvHeads*hd) from the normalised x.
		norm(h, x, l.attnNorm, m.Epsilon)
		s.input(h, T, dim, &l.q, &l.k, &l.v)
		s.multiply(s.q, &l.q)
		s.multiply(s.k, &l.k)
		s.multiply(s.v, &l.v)
		addBias(s.q[:T*qRow], l.qBias)
		addBias(s.k[:T*kvRow], l.kBias)
		addBias(s.v[:T*kvRow], l.vBias)
		normInPlace(s.q[:T*qRow], l.qNorm, m.Epsilon)
		normInPlace(s.k[:T*kvRow], l.kNorm, m.Epsilon)

		// Rotate by position, and remember k and v: (kvHeads, max, hd) per layer.
		at := 0 // of the layer's rotation
		if !m.arch.global(i) {
			at = T * pairs
		}
		for t := range T {
			pos := s.pos + t
			cos, sin := s.cos[at+t*pairs:at+(t+1)*pairs], s.sin[at+t*pairs:at+(t+1)*pairs]
			q, k, v := s.q[t*qRow:(t+1)*qRow], s.k[t*kvRow:(t+1)*kvRow], s.v[t*kvRow:(t+1)*kvRow]
			rotate(q, m.HeadDim, m.arch.halves, cos, sin)
			rotate(k, m.HeadDim, m.arch.halves, cos, sin)
			for head := range m.KVHeads {
				to := s.cacheRow(i, head, pos)
				copy(s.keys[to:to+m.HeadDim], k[head*m.HeadDim:])
				copy(s.values[to:to+m.HeadDim], v[head*m.HeadDim:])
			}
		}

		// att (T, heads*hd): every head looks back over the cache. x += att·Woᵀ.
		s.attention(i, T)
		s.input(s.att, T, qRow, &l.o)
		s.multiply(h, &l.o)
		normInPlace(h, l.attnPost, m.Epsilon)
		add(x, h)

		// x += (silu(h·Wgateᵀ) * (h·Wupᵀ))·Wdownᵀ
		norm(h, x, l.ffnNorm, m.Epsilon)
		s.input(h, T, dim, &l.gate, &l.up)
		s.multiply(s.gate, &l.gate)
		s.multiply(s.up, &l.up)
		if m.arch.gemma {
			geGLU(s.gate[:T*hidden], s.up[:T*hidden])
		} else {
			matmul.SwiGLU(s.gate[:T*hidden], s.up[:T*hidden])
		}
		s.input(s.gate, T, hidden, &l.down)
		s.multiply(h, &l.down)
		normInPlace(h, l.ffnPost, m.Epsilon)
		add(x, h)
	}
	s.pos += T

	// logits (vocab), only where somebody will look at them.
	if last {
		end := x[(T-1)*dim:]
		matmul.RMSNorm(h[:dim], end, m.norm, m.Epsilon)
		s.input(h, 1, dim, &m.output)
		s.multiply(s.logits, &m.output)
	}
}

// norm computes y = RMSNorm(x) row by row; w is (dim), x and y are (T, dim).
func norm(y, x, w []float32, eps float32) {
	for dim := len(w); len(x) > 0; x, y = x[dim:], y[dim:] {
		matmul.RMSNorm(y[:dim], x[:dim], w, eps)
	}
}

// add computes x += y.
func add(x, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] += y[i]
	}
}

// addBias computes x += b for each row of x; b nil is none.
func addBias(x, b []float32) {
	for ; len(b) > 0 && len(x) > 0; x = x[len(b):] {
		add(x[:len(b)], b)
	}
}

// normInPlace computes x = RMSNorm(x) for each row of x as long as w; w nil is none.
func normInPlace(x, w []float32, eps float32) {
	if w != nil {
		norm(x, x, w, eps)
	}
}

// scale computes x *= f.
func scale(x []float32, f float32) {
	for i := range x {
		x[i] *= f
	}
}

// geGLU computes gate = gelu(gate) * up, GELU by its approximation with tanh
// (arXiv 1606.08415 §2).
func geGLU(gate, up []float32) {
	up = up[:len(gate)]
	for i, g := range gate {
		v := float64(g)
		act := float64(0.5*v) * (1 + math.Tanh(0.7978845608028654*float64(v+float64(0.044715*float64(v*float64(v*v))))))
		gate[i] = float32(act) * up[i]
	}
}
