package encoder

import (
	"context"
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// maxBatch is how many tokens are multiplied with a matrix at once: enough to use each
// weight often while it is in cache, few enough to keep what is between two matrices
// small.
const maxBatch = 64

// run is the memory of one text on its way through the layers, T tokens.
type run struct {
	m *Model

	x       []float32 // (T, dim) residual stream
	q, k, v []float32 // (T, dim)
	att     []float32 // (T, dim) attention's result
	h       []float32 // (maxBatch, dim) on its way to x
	up      []float32 // (maxBatch, hidden)
	in      *matmul.Input

	quantize quantize
	product  product
	attend   attend
	settle   settle
	activ    activate
}

func newRun(m *Model) *run { return &run{m: m, in: matmul.NewInput(0, 0)} }

// ScratchBytes returns about what the memory of a text of T tokens takes.
func (m *Model) ScratchBytes(T int) int64 {
	batch := int64(min(T, maxBatch))
	wide := int64(max(m.Dim, m.Hidden))
	return 4 * (5*int64(T)*int64(m.Dim) + int64(m.threads)*int64(attendFloats(T, m.Dim/m.Heads)) + batch*(int64(m.Dim)+2*wide))
}

// Threads returns how many threads work is spread over.
func (m *Model) Threads() int { return m.threads }

// grow makes room for T tokens.
func (r *run) grow(T int) {
	dim := r.m.Dim
	if len(r.x) >= T*dim {
		return
	}
	for _, buf := range []*[]float32{&r.x, &r.q, &r.k, &r.v, &r.att} {
		*buf = make([]float32, T*dim)
	}
	batch := min(T, maxBatch)
	r.h, r.up = make([]float32, batch*dim), make([]float32, batch*r.m.Hidden)
	r.in = matmul.NewInput(batch, max(dim, r.m.Hidden))
	r.attend.scratch = r.attend.scratch[:0]
	for range r.m.threads {
		r.attend.scratch = append(r.attend.scratch, newScratch(T, dim/r.m.Heads))
	}
}

// forward leaves the last layer's result for the tokens in r.x.
func (r *run) forward(ctx context.Context, tokens []int32) error {
	m := r.m
	T, dim := len(tokens), m.Dim
	r.grow(T)
	x := r.x[:T*dim]

	// x (T, dim) = LayerNorm(embedding + position + type)
	for t, id := range tokens {
		row, other := x[t*dim:(t+1)*dim], r.h[:dim]
		m.embed.Row(row, int(id))
		m.types.Row(other, 0)
		matmul.Add(row, other)
		m.position.Row(other, t)
		matmul.Add(row, other)
		layerNorm(row, m.norm, m.Epsilon)
	}

	for i := range m.layers {
		l := &m.layers[i]
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for t := 0; t < T; t += maxBatch {
			from, n := t*dim, min(maxBatch, T-t)
			r.input(x[from:], n, dim, &l.q, &l.k, &l.v)
			r.multiply(r.q[from:], &l.q)
			r.multiply(r.k[from:], &l.k)
			r.multiply(r.v[from:], &l.v)
		}
		r.attention(T)
		for t := 0; t < T; t += maxBatch {
			from, n := t*dim, min(maxBatch, T-t)
			batch, h, up := x[from:from+n*dim], r.h[:n*dim], r.up[:n*m.Hidden]

			// x = LayerNorm(x + att·Woᵀ + bo)
			r.input(r.att[from:], n, dim, &l.o)
			r.multiply(h, &l.o)
			r.add(batch, h, l.attnNorm)

			// x = LayerNorm(x + gelu(x·Wupᵀ + bup)·Wdownᵀ + bdown)
			r.input(batch, n, dim, &l.up)
			r.multiply(up, &l.up)
			r.gelu(up)
			r.input(up, n, m.Hidden, &l.down)
			r.multiply(h, &l.down)
			r.add(batch, h, l.ffnNorm)
		}
	}
	return nil
}

// layerNorm computes x = (x - mean)/sqrt(variance + eps)·w + b (arXiv 1607.06450).
// Sums run in float64, in order.
func layerNorm(x []float32, a affine, eps float32) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean, squares := sum/float64(len(x)), 0.0
	for _, v := range x {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	inverse := 1 / math.Sqrt(squares/float64(len(x))+float64(eps))
	w, b := a.w[:len(x)], a.b[:len(x)]
	for i, v := range x {
		x[i] = float32(float32((float64(v)-mean)*inverse)*w[i]) + b[i]
	}
}
