package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// forward runs e.pieces, which have been checked.
func (e *Executor) forward() {
	m, T := e.m, e.prepare()
	act := matmul.SwiGLU
	if m.arch.gemma {
		act = matmul.GeGLU
	}

	// x (T, dim): one row of the embedding per token. h: x normalised.
	first := &m.layers[0]
	e.eachRow(T, 0, (*Executor).start, &first.q, &first.k, &first.v)
	for i := range m.layers {
		l := &m.layers[i]

		// q (T, heads*hd), k and v (T, kvHeads*hd), rotated; k and v go into the caches.
		// att (T, heads*hd): every head looks back over its cache.
		e.multiply(product{e.q, &l.q}, product{e.k, &l.k}, product{e.v, &l.v})
		e.eachRow(T, i, (*Executor).remember)
		e.attention(i)

		// x += att·Woᵀ
		e.input(e.att, T, m.Heads*m.HeadDim, &l.o)
		e.multiply(product{e.h, &l.o})
		e.eachRow(T, i, (*Executor).afterAttention, &l.gate, &l.up)

		// x += (silu(h·Wgateᵀ) * (h·Wupᵀ))·Wdownᵀ
		e.gated(act, product{e.gate, &l.gate}, product{e.up, &l.up})
		e.input(e.gate, T, m.Hidden, &l.down)
		e.multiply(product{e.h, &l.down})
		if i+1 < len(m.layers) {
			next := &m.layers[i+1]
			e.eachRow(T, i, (*Executor).afterLayer, &next.q, &next.k, &next.v)
		}
	}
	e.eachRow(T, len(m.layers)-1, (*Executor).afterLayer)
	for _, p := range e.pieces {
		p.Session.pos += len(p.Tokens)
	}
	e.results()
	e.release()
}

// start fills row of x with its token's row of the embedding, and the angles of its
// position.
func (e *Executor) start(_, row int) {
	m, pairs := e.m, e.m.RopeDims/2
	at := &e.at[row]
	x := e.x[row*m.Dim : (row+1)*m.Dim]
	m.embed.Row(x, int(at.token))
	for k := range m.rotations {
		to := (k*e.rows + row) * pairs
		m.rotations[k].angles(e.cos[to:to+pairs], e.sin[to:to+pairs], at.pos)
	}
	if m.arch.gemma {
		scale(x, float32(math.Sqrt(float64(m.Dim))))
	}
	norm(e.h[row*m.Dim:(row+1)*m.Dim], x, m.layers[0].attnNorm, m.Epsilon)
}

// remember rotates queries and keys by their position, and keeps keys and values.
func (e *Executor) remember(layer, row int) {
	m, l, pairs := e.m, &e.m.layers[layer], e.m.RopeDims/2
	qRow, kvRow := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	q, k, v := e.q[row*qRow:(row+1)*qRow], e.k[row*kvRow:(row+1)*kvRow], e.v[row*kvRow:(row+1)*kvRow]
	addBias(q, l.qBias)
	addBias(k, l.kBias)
	addBias(v, l.vBias)
	normInPlace(q, l.qNorm, m.Epsilon)
	normInPlace(k, l.kNorm, m.Epsilon)
	from := row * pairs
	if !m.arch.global(layer) {
		from += e.rows * pairs // the second rotation
	}
	cos, sin := e.cos[from:from+pairs], e.sin[from:from+pairs]
	rotate(q, m.HeadDim, m.arch.halves, cos, sin)
	rotate(k, m.HeadDim, m.arch.halves, cos, sin)
	e.at[row].cache.put(layer, e.at[row].pos, k, v)
}

// afterAttention adds attention's result, in h, to x, and normalises that into h.
func (e *Executor) afterAttention(layer, row int) {
	l := &e.m.layers[layer]
	e.addAndNorm(row, l.attnPost, l.ffnNorm)
}

// afterLayer does the same with the feed-forward network's, for the next layer.
func (e *Executor) afterLayer(layer, row int) {
	next := e.m.norm
	if layer+1 < len(e.m.layers) {
		next = e.m.layers[layer+1].attnNorm
	}
	e.addAndNorm(row, e.m.layers[layer].ffnPost, next)
}

func (e *Executor) addAndNorm(row int, post, next []float32) {
	dim := e.m.Dim
	x, h := e.x[row*dim:(row+1)*dim], e.h[row*dim:(row+1)*dim]
	normInPlace(h, post, e.m.Epsilon)
	matmul.Add(x, h)
	norm(h, x, next, e.m.Epsilon)
}

// eachRow does do for each of T tokens. If there are matrices that h is multiplied with
// next, it makes h the input of products.
func (e *Executor) eachRow(T, layer int, do func(e *Executor, layer, row int), next ...*matmul.Matrix) {
	t := &e.each
	*t = rowTask{e: e, T: T, unit: 1, layer: layer, do: do}
	if T > matmul.Columns { // one thread puts what lies side by side in a cache
		t.unit = matmul.Columns
	}
	if len(next) > 0 {
		e.in.Start(e.h, T, e.m.Dim, quantized(next))
		t.unit, t.quantize = matmul.QuantizeUnit, true
	}
	e.m.pool.run(t, (T+t.unit-1)/t.unit, T*e.m.Dim*rowWork)
}

// rowWork is what a row's task costs for each element of x, in multiplications.
const rowWork = 16

// rowTask is what is done between products, cut by groups of tokens.
type rowTask struct {
	e        *Executor
	T, unit  int // tokens, and how many are a group
	layer    int
	do       func(e *Executor, layer, row int)
	quantize bool // h becomes the input
}

// Do does groups [from, to).
func (t *rowTask) Do(_, from, to int) {
	from, to = from*t.unit, min(to*t.unit, t.T)
	for row := from; row < to; row++ {
		t.do(t.e, t.layer, row)
	}
	if t.quantize {
		t.e.in.Quantize(from, to)
	}
}

// maxResults is how many tokens' logits are computed together, and maxLogits how many
// logits, unless one token has more: their memory stays.
const maxResults, maxLogits = 16, 1 << 20

// results hands out what the pieces want of h, the last norm's result.
func (e *Executor) results() {
	m, dim, n := e.m, e.m.Dim, 0
	var group [maxResults]struct{ piece, i int } // whose rows are the first of h
	most, logits := max(1, min(maxResults, maxLogits/m.Vocab)), false
	flush := func() {
		if logits {
			if len(e.logits) < n*m.Vocab {
				e.logits = make([]float32, n*m.Vocab)
			}
			e.input(e.h, n, dim, &m.output)
			e.multiply(product{e.logits, &m.output})
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
			copy(e.h[n*dim:(n+1)*dim], e.h[row*dim:(row+1)*dim]) // n <= row
			group[n] = struct{ piece, i int }{k, i}
			logits = logits || p.Logits != nil
			if n++; n == most {
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

// addBias computes x += b for each row of x; b nil is none.
func addBias(x, b []float32) {
	for ; len(b) > 0 && len(x) > 0; x = x[len(b):] {
		matmul.Add(x[:len(b)], b)
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
