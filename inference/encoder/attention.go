package encoder

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Attention of one token over all T, itself included:
//
//	score[p]  = Σ q[d]/√hd · k[p][d]       d ascending
//	weight[p] = exp(score[p] - max)        see matmul.Soften
//	out[d]    = Σ weight[p]·v[p][d]        p ascending
//	out[d]   *= 1/Σ weight[p]
//
// Tokens go through it in tiles, with the same bits as one by one.

// maxTile is the tokens of a tile.
const maxTile = 16

// attend is a layer's attention, cut by heads.
type attend struct {
	r       *run
	T       int
	scratch []attendScratch // of each worker
}

type attendScratch struct {
	q      []float32 // (maxTile, hd) scaled
	keys   []float32 // (T/16, hd, 16) those of 16 tokens side by side, zeros after the last
	values []float32 // (T, hd rounded up to 16)
	scores []float32 // (maxTile, T rounded up to 16)
	out    []float32 // (maxTile, hd rounded up to 16)
}

// attendFloats returns how many elements a worker's scratch has for T tokens of hd elements.
func attendFloats(T, hd int) int {
	return maxTile*hd + roundUp(T)*hd + T*roundUp(hd) + maxTile*roundUp(T) + maxTile*roundUp(hd)
}

func newScratch(T, hd int) attendScratch {
	return attendScratch{make([]float32, maxTile*hd), make([]float32, roundUp(T)*hd), make([]float32, T*roundUp(hd)),
		make([]float32, maxTile*roundUp(T)), make([]float32, maxTile*roundUp(hd))}
}

// roundUp returns n rounded up to whole blocks.
func roundUp(n int) int { return (n + matmul.Columns - 1) &^ (matmul.Columns - 1) }

// attention computes r.att (T, dim) from r.q, r.k and r.v.
func (r *run) attention(T int) {
	r.attend.r, r.attend.T = r, T
	r.spread(&r.attend, r.m.Heads, 2*T*T*r.m.Dim)
}

// Do does heads [from, to).
func (a *attend) Do(worker, from, to int) {
	T, dim, s := a.T, a.r.m.Dim, &a.scratch[worker]
	hd := dim / a.r.m.Heads
	for at := from * hd; at < to*hd; at += hd { // of the head in a row
		wide := roundUp(hd)
		for t := range T {
			block := s.keys[t/matmul.Columns*hd*matmul.Columns+t%matmul.Columns:]
			for d, f := range a.r.k[t*dim+at:][:hd] {
				block[d*matmul.Columns] = f
			}
			copy(s.values[t*wide:], a.r.v[t*dim+at:][:hd])
			clear(s.values[t*wide+hd : (t+1)*wide])
		}
		for t := T; t < roundUp(T); t++ {
			block := s.keys[t/matmul.Columns*hd*matmul.Columns+t%matmul.Columns:]
			for d := range hd {
				block[d*matmul.Columns] = 0
			}
		}
		for t := 0; t < T; t += maxTile {
			a.tile(s, at, t, min(maxTile, T-t))
		}
	}
}

// tile does n tokens from first on, of the head at a row's element at.
func (a *attend) tile(s *attendScratch, at, first, n int) {
	T, dim := a.T, a.r.m.Dim
	hd := dim / a.r.m.Heads
	ld, wide, scale := roundUp(T), roundUp(hd), float32(1/math.Sqrt(float64(hd)))
	for i := range n {
		q := s.q[i*hd : (i+1)*hd]
		for d, f := range a.r.q[(first+i)*dim+at:][:hd] {
			q[d] = f * scale
		}
	}
	scores, out := s.scores[:n*ld], s.out[:n*wide]
	clear(scores)
	matmul.Ordered(scores, s.q, s.keys, matmul.Shape{Rows: n, N: hd, Blocks: ld / matmul.Columns,
		LdOut: ld, LdA: hd, LdB: matmul.Columns, Next: hd * matmul.Columns})
	var sums [maxTile]float32
	for i := range n {
		sums[i] = matmul.Soften(scores[i*ld:(i+1)*ld], T)
	}
	clear(out)
	matmul.Ordered(out, scores, s.values, matmul.Shape{Rows: n, N: T, Blocks: wide / matmul.Columns,
		LdOut: wide, LdA: ld, LdB: wide, Next: matmul.Columns})
	for i := range n {
		inverse, y := 1/sums[i], a.r.att[(first+i)*dim+at:][:hd]
		for d, f := range out[i*wide:][:hd] {
			y[d] = f * inverse
		}
	}
}
