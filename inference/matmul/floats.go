package matmul

import "sync"

// Products of float weights with many vectors at once. Weights become float32 once for
// all vectors; then a tile of rows and 4 vectors keeps all partial sums in registers. They
// are the sums of rowsF32, so the results have its bits.
//
// A panel is the rows of a tile, or its vectors, in the order of use, a register's columns
// at a time: (passes, chunks of 16 columns, rows or vectors, 16/passes columns). If a
// register has 8 elements, columns 0-7 of every 16 come first, and then the others.
const (
	floatWide = 4 // vectors of a tile
	floatRows = 6 // rows of a tile, at most

	// floatDepth is how many columns a tile takes at a time: one pass over its panels then
	// stays in the first-level cache.
	floatDepth = 1536

	// floatWeights is how many weights, at most, are widened at a time, if they are more
	// than one tile's rows. They stay in the second-level cache.
	floatWeights = 32 << 10
)

// floatSums is the partial sums of a tile.
type floatSums [floatRows * floatWide * lanes]float32

// floatKernel is the functions for many vectors.
type floatKernel struct {
	rows, passes int // of a tile

	// dots adds the products of a panel of rows and one of vectors, over chunks times 16
	// columns, to sums, of which nothing is read if fresh. If y is not nil, it gets the
	// folded sums: row r and vector v to y[ld*v+r].
	dots func(y []float32, ld int, sums *floatSums, w, x []float32, chunks int, fresh bool)

	// panelF32, panelF16 and panelBF16 put row i of n, chunks times 16 elements, into a
	// panel.
	panelF32            func(dst []float32, i, n int, row []float32, chunks int)
	panelF16, panelBF16 func(dst []float32, i, n int, row []byte, chunks int)
}

// floatScratch is panels of weights, and the sums of tiles.
type floatScratch struct {
	w    []float32
	sums []floatSums
}

var floatPool sync.Pool // of *floatScratch

// floatPanels is an Input's vectors in panels of 4, as many as there are.
type floatPanels struct {
	kernel *floatKernel
	count  int       // of panels
	v      []float32 // for each: panels of floatDepth columns and one of the rest
}

// start makes room for panels of in's vectors.
func (p *floatPanels) start(in *Input) {
	p.kernel, p.count = active().floats, 0
	if cols := in.cols &^ (lanes - 1); p.kernel != nil && cols > 0 {
		p.count = in.count / floatWide
		if n := p.count * floatWide * cols; len(p.v) < n {
			p.v = make([]float32, n)
		}
	}
}

// fill fills panel i.
func (p *floatPanels) fill(in *Input, i int) {
	cols := in.cols &^ (lanes - 1)
	for c := 0; c < cols; c += floatDepth {
		depth := min(floatDepth, cols-c)
		dst := p.v[(i*cols+c)*floatWide:][:depth*floatWide]
		for v := range floatWide {
			p.kernel.panelF32(dst, v, floatWide, in.floats[(i*floatWide+v)*in.cols+c:][:depth], depth/lanes)
		}
	}
}

// mul computes rows [from, to) of y for as many vectors as panels have, and returns how
// many vectors that is. With fewer rows than a tile has it does none.
func (k *floatKernel) mul(y []float32, w *Matrix, x *Input, from, to int) (vectors int) {
	cols := w.Cols &^ (lanes - 1)
	vectors = x.panels.count * floatWide
	if to-from < k.rows || vectors == 0 || x.panels.kernel != k {
		return 0
	}
	s, _ := floatPool.Get().(*floatScratch)
	if s == nil {
		s = new(floatScratch)
	}
	most := max(1, floatWeights/cols/k.rows) * k.rows
	if len(s.sums) < most/k.rows {
		s.sums = make([]floatSums, most/k.rows)
	}
	if len(s.w) < most*cols {
		s.w = make([]float32, most*cols)
	}
	for r := from; r < to; {
		r = min(r, to-k.rows) // some of the last rows are done once more
		n := min(most, (to-r)/k.rows*k.rows)
		for i := 0; i < n; i += k.rows {
			k.widen(s.w[i*cols:], w, r+i, cols)
		}
		for p := range x.panels.count {
			k.tiles(s, y[p*floatWide*w.Rows+r:], w.Rows, n, x.panels.v[p*cols*floatWide:], cols)
		}
		r += n
	}
	floatPool.Put(s)
	if cols < w.Cols {
		k.rest(y, w, x, from, to, vectors, cols)
	}
	return vectors
}

// widen puts a tile's rows of w, from r, into panels.
func (k *floatKernel) widen(dst []float32, w *Matrix, r, cols int) {
	for c := 0; c < cols; c += floatDepth {
		depth := min(floatDepth, cols-c)
		panel := dst[c*k.rows:][:depth*k.rows]
		for i := range k.rows {
			switch w.Format {
			case F32:
				k.panelF32(panel, i, k.rows, w.floats[(r+i)*w.Cols+c:][:depth], depth/lanes)
			case F16:
				k.panelF16(panel, i, k.rows, w.bytes[(r+i)*w.rowSize+2*c:][:2*depth], depth/lanes)
			default:
				k.panelBF16(panel, i, k.rows, w.bytes[(r+i)*w.rowSize+2*c:][:2*depth], depth/lanes)
			}
		}
	}
}

// tiles computes n rows, whose panels s has, for a panel of vectors.
func (k *floatKernel) tiles(s *floatScratch, y []float32, ldy, n int, x []float32, cols int) {
	for c := 0; c < cols; c += floatDepth {
		depth := min(floatDepth, cols-c)
		for i := 0; i < n; i += k.rows {
			var out []float32
			if c+depth == cols {
				out = y[i:]
			}
			k.dots(out, ldy, &s.sums[i/k.rows], s.w[i*cols+c*k.rows:], x[c*floatWide:], depth/lanes, c == 0)
		}
	}
}

// rest adds the columns from cols on, one by one, as rowsF32 does.
func (k *floatKernel) rest(y []float32, w *Matrix, x *Input, from, to, vectors, cols int) {
	for r := from; r < to; r++ {
		for c := cols; c < w.Cols; c++ {
			var f float32
			switch w.Format {
			case F32:
				f = w.floats[r*w.Cols+c]
			case F16:
				f = half(w.bytes[r*w.rowSize+2*c:])
			default:
				f = brain(w.bytes[r*w.rowSize+2*c:])
			}
			for v := range vectors {
				y[v*w.Rows+r] += float32(f * x.floats[v*x.cols+c])
			}
		}
	}
}
