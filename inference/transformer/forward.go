package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// forward runs e.pieces, which have been checked.
func (e *Executor) forward() {
	m, T := e.m, e.prepare()
	dim, hidden := m.Dim, m.Hidden
	qRow, kvRow := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	x, h := e.x[:T*dim], e.h[:T*dim]

	// x (T, dim): one row of the embedding per token. cos, sin (T, pairs).
	e.start(T)
	if m.arch.gemma {
		scale(x, float32(math.Sqrt(float64(dim))))
	}

	for i := range m.layers {
		l := &m.layers[i]

		// q (T, heads*hd), k and v (T, kvHeads*hd) from the normalised x.
		norm(h, x, l.attnNorm, m.Epsilon)
		e.input(h, T, dim, &l.q, &l.k, &l.v)
		e.multiply(e.q, &l.q)
		e.multiply(e.k, &l.k)
		e.multiply(e.v, &l.v)
		addBias(e.q[:T*qRow], l.qBias)
		addBias(e.k[:T*kvRow], l.kBias)
		addBias(e.v[:T*kvRow], l.vBias)
		normInPlace(e.q[:T*qRow], l.qNorm, m.Epsilon)
		normInPlace(e.k[:T*kvRow], l.kNorm, m.Epsilon)
		e.remember(i, T)

		// att (T, heads*hd): every head looks back over its cache. x += att·Woᵀ.
		e.attention(i)
		e.input(e.att, T, qRow, &l.o)
		e.multiply(h, &l.o)
		normInPlace(h, l.attnPost, m.Epsilon)
		add(x, h)

		// x += (silu(h·Wgateᵀ) * (h·Wupᵀ))·Wdownᵀ
		norm(h, x, l.ffnNorm, m.Epsilon)
		e.input(h, T, dim, &l.gate, &l.up)
		e.multiply(e.gate, &l.gate)
		e.multiply(e.up, &l.up)
		if m.arch.gemma {
			geGLU(e.gate[:T*hidden], e.up[:T*hidden])
		} else {
			matmul.SwiGLU(e.gate[:T*hidden], e.up[:T*hidden])
		}
		e.input(e.gate, T, hidden, &l.down)
		e.multiply(h, &l.down)
		normInPlace(h, l.ffnPost, m.Epsilon)
		add(x, h)
	}
	for _, p := range e.pieces {
		p.Session.pos += len(p.Tokens)
	}
	e.results()
	e.release()
}

// start fills x with the tokens' rows of the embedding, and the angles of T positions.
func (e *Executor) start(T int) {
	m, pairs := e.m, e.m.RopeDims/2
	for i, p := range e.pieces {
		r := e.runs[i]
		for t, id := range p.Tokens {
			row := r.first + t
			m.embed.Row(e.x[row*m.Dim:(row+1)*m.Dim], int(id))
			for k := range m.rotations {
				at := (k*T + row) * pairs
				m.rotations[k].angles(e.cos[at:at+pairs], e.sin[at:at+pairs], r.pos+t)
			}
		}
	}
}

// remember rotates queries and keys by their positions, and keeps keys and values.
func (e *Executor) remember(layer, T int) {
	m, pairs := e.m, e.m.RopeDims/2
	qRow, kvRow := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	at := 0 // of the layer's rotation
	if !m.arch.global(layer) {
		at = T * pairs
	}
	for _, r := range e.runs {
		for t := r.first; t < r.first+r.n; t++ {
			cos, sin := e.cos[at+t*pairs:at+(t+1)*pairs], e.sin[at+t*pairs:at+(t+1)*pairs]
			q, k, v := e.q[t*qRow:(t+1)*qRow], e.k[t*kvRow:(t+1)*kvRow], e.v[t*kvRow:(t+1)*kvRow]
			rotate(q, m.HeadDim, m.arch.halves, cos, sin)
			rotate(k, m.HeadDim, m.arch.halves, cos, sin)
			r.cache.put(layer, r.pos+t-r.first, k, v)
		}
	}
}

// maxResults is how many tokens' logits are computed together.
const maxResults = 16

// results hands out what the pieces want of the last x.
func (e *Executor) results() {
	m, dim, n := e.m, e.m.Dim, 0
	var group [maxResults]struct{ piece, i int } // whose rows are in h
	logits := false
	flush := func() {
		if logits {
			if len(e.logits) < n*m.Vocab {
				e.logits = make([]float32, n*m.Vocab)
			}
			e.input(e.h, n, dim, &m.output)
			e.multiply(e.logits, &m.output)
		}
		for j, g := range group[:n] {
			p := &e.pieces[g.piece]
			if p.Hidden != nil {
				p.Hidden(g.i, e.h[j*dim:(j+1)*dim])
			}
			if p.Logits != nil {
				p.Logits(g.i, e.logits[j*m.Vocab:(j+1)*m.Vocab])
			}
		}
		n, logits = 0, false
	}
	for k, p := range e.pieces {
		if p.Hidden == nil && p.Logits == nil {
			continue
		}
		for i := p.From; i < len(p.Tokens); i++ {
			row := e.runs[k].first + i
			matmul.RMSNorm(e.h[n*dim:(n+1)*dim], e.x[row*dim:(row+1)*dim], m.norm, m.Epsilon)
			group[n] = struct{ piece, i int }{k, i}
			logits = logits || p.Logits != nil
			if n++; n == min(maxResults, e.rows) {
				flush()
			}
		}
	}
	if n > 0 {
		flush()
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
