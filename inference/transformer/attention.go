package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Attention of a query at a position, over the positions that it sees:
//
//	score[p]  = Σ q[d]/√headDim · k[p][d]     d ascending
//	weight[p] = exp(score[p] - max)            see matmul.Soften
//	out[d]    = Σ weight[p]·v[p][d]            p ascending
//	out[d]   *= 1/Σ weight[p]
//
// So the bits do not depend on which queries are computed together. Those that share
// keys and values, of a few positions and of the heads that have one key head, are a
// tile: keys and values are read once for it.

// run is neighbouring rows of a step that belong to one session: rows [first, first+n)
// are its positions pos, pos+1, ...
type run struct {
	cache         *cache
	first, n, pos int
}

// maxTile is the queries of a tile, at most.
const maxTile = 16

// attendScratch is one worker's memory, for tiles.
type attendScratch struct {
	q      []float32 // (maxTile, headDim)
	scores []float32 // (maxTile, positions)
	out    []float32 // (maxTile, dim of the cache)
	room   []float32 // (chunk, dim of the cache)
}

// attention computes e.att (T, heads*hd) for all rows of the step, whose keys and
// values are in their caches.
func (e *Executor) attention(layer int) {
	m, work, most := e.m, 0, 0
	for _, r := range e.runs {
		work += m.Heads * m.HeadDim * r.n * (r.pos + r.n) * 2
		most = max(most, r.pos+r.n)
	}
	a := &e.attend
	a.e, a.layer, a.tile = e, layer, maxTile
	units := a.units()
	for a.tile > 1 && units < 2*m.pool.size && m.pool.size > 1 { // small tiles, but for all threads
		a.tile /= 2
		units = a.units()
	}
	a.prepare(most)
	m.pool.run(a, units, work)
}

// attendTask is one layer's attention. Its units are tiles: run by run, head by head.
type attendTask struct {
	e       *Executor
	layer   int
	tile    int // queries of a tile
	scratch []attendScratch
}

// tiles returns how many tiles one key head of a run has.
func (a *attendTask) tiles(r *run) int {
	m := a.e.m
	return (m.Heads/m.KVHeads*r.n + a.tile - 1) / a.tile
}

func (a *attendTask) units() int {
	n := 0
	for i := range a.e.runs {
		n += a.e.m.KVHeads * a.tiles(&a.e.runs[i])
	}
	return n
}

// prepare makes room for tiles of most positions. Rows of scores begin at a multiple of
// 16 positions, and have room for as many beyond what they begin and end with.
func (a *attendTask) prepare(most int) {
	m := a.e.m
	if a.scratch == nil {
		a.scratch = make([]attendScratch, m.pool.size)
	}
	dim := m.cacheDim(CacheQ8) // the largest
	need := maxTile * (roundUp(most, matmul.Columns) + 2*matmul.Columns)
	for i := range a.scratch {
		s := &a.scratch[i]
		if s.q == nil {
			s.q, s.out, s.room = make([]float32, maxTile*m.HeadDim), make([]float32, maxTile*dim), make([]float32, chunk*dim)
		}
		if len(s.scores) < need {
			s.scores = make([]float32, need+need/2)
		}
	}
}

// Do does tiles [from, to).
func (a *attendTask) Do(worker, from, to int) {
	m, s := a.e.m, &a.scratch[worker]
	for i := range a.e.runs {
		r := &a.e.runs[i]
		tiles, queries := a.tiles(r), m.Heads/m.KVHeads*r.n
		n := m.KVHeads * tiles
		for unit := max(from, 0); unit < min(to, n); unit++ {
			first := unit % tiles * a.tile
			a.attend(s, r, unit/tiles, first, min(first+a.tile, queries))
		}
		from, to = from-n, to-n
	}
}

// attend computes queries [from, to) of a key head: query i is of position i/group of
// the run and head i%group of the group.
func (a *attendTask) attend(s *attendScratch, r *run, head, from, to int) {
	m, c := a.e.m, r.cache
	hd, group := m.HeadDim, m.Heads/m.KVHeads
	if c.odd.Load() && (to-1)/group > from/group { // 0·Inf is no 0: see only what is seen
		for i := from; i < to; i++ {
			a.attend(s, r, head, i, i+1)
		}
		return
	}
	window := m.window(a.layer)
	seen := func(i int) (first, n int) { // positions [first, n)
		n = r.pos + i/group + 1
		return max(0, n-window), n
	}
	row := func(i int) int { return ((r.first+i/group)*m.Heads + head*group + i%group) * hd }

	// q (queries, hd)
	size, scale := to-from, m.scale()
	for i := range size {
		q := s.q[i*hd : (i+1)*hd]
		for d, f := range a.e.q[row(from+i):][:hd] {
			q[d] = f * scale
		}
	}

	// scores (queries, positions from first on)
	first, _ := seen(from)
	first &^= matmul.Columns - 1
	_, last := seen(to - 1)
	ld := roundUp(last-first, matmul.Columns) + matmul.Columns
	scores := s.scores[:size*ld]
	clear(scores)
	step := chunk
	if c.kind == CacheF32 {
		step = roundUp(last-first, matmul.Columns)
	}
	for p := first; p < last; p += step {
		blocks := (min(step, last-p) + matmul.Columns - 1) / matmul.Columns
		keys := c.keysAt(a.layer, head, p, blocks, s.room)
		matmul.Ordered(scores[p-first:], s.q, keys, matmul.Shape{Rows: size, N: hd, Blocks: blocks,
			LdOut: ld, LdA: hd, LdB: matmul.Columns, Next: matmul.Columns * c.dim})
	}

	// weights, 0 for positions that a query does not see
	var sums [maxTile]float32
	for i := range size {
		begin, end := seen(from + i)
		line := scores[i*ld : (i+1)*ld]
		clear(line[:begin-first])
		used := begin - first + roundUp(end-begin, matmul.Columns)
		sums[i] = matmul.Soften(line[begin-first:used], end-begin)
		clear(line[used:])
	}

	// values (queries, dim)
	out := s.out[:size*c.dim]
	clear(out)
	begin := first
	if c.odd.Load() {
		begin, _ = seen(from)
	}
	for p := begin; p < last; p += step {
		n := min(step, last-p)
		values := c.valuesAt(a.layer, head, p, n, s.room)
		matmul.Ordered(out, scores[p-first:], values, matmul.Shape{Rows: size, N: n, Blocks: c.dim / matmul.Columns,
			LdOut: c.dim, LdA: ld, LdB: c.dim, Next: matmul.Columns})
	}
	for i := range size {
		inverse, y := 1/sums[i], a.e.att[row(from+i):][:hd]
		for d, f := range out[i*c.dim:][:hd] {
			y[d] = f * inverse
		}
	}
}

// window returns how many positions a layer's queries see.
func (m *Model) window(layer int) int {
	if m.arch.global(layer) {
		return math.MaxInt
	}
	return m.arch.window
}

// scale returns what products of queries and keys are multiplied with.
func (m *Model) scale() float32 {
	if m.arch.gemma && m.Layers == 62 { // 27B: query_pre_attn_scalar is 168, which no key says
		return float32(1 / math.Sqrt(float64(m.Dim)/float64(m.Heads)))
	}
	return float32(1 / math.Sqrt(float64(m.HeadDim)))
}
