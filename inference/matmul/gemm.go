package matmul

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Matrix products in the manner of Goto and van de Geijn ("Anatomy of
// High-Performance Matrix Multiplication", 2008). C is computed in tiles that
// stay in registers; both operands are first packed so that the micro-kernel
// reads them in order.
//
//	   k         n               kc          nc
//	  +---+    +-----+          +--+ mc     +------+
//	m | A |  k |  B  |   packed |A'| by     |  B'  | kc, by columns of a tile
//	  +---+    +-----+          +--+ rows   +------+
//
// A' is panels as high as a tile, each stored column after column; B' panels as
// wide as a tile, each stored row after row; both padded with zeros. A panel of B'
// stays in the first-level cache while a block of A' runs past, which stays in
// the second.
//
// Threads share the packing of a region, and then its products (team.go).

// parallelGemm is the number of products below which one thread does it all:
// some 20 µs of work.
const parallelGemm = 1 << 20

// operand is an operand as the caller stores it.
type operand[T float] struct {
	v          []T
	ld         int
	transposed bool
}

// from returns the operand without its first rows and cols, and how it is stored.
func (o operand[T]) from(row, col int) ([]T, blas.Transpose) {
	if o.transposed {
		return o.v[col*o.ld+row:], blas.Trans
	}
	return o.v[row*o.ld+col:], blas.NoTrans
}

// plain is gonum's Sgemm or Dgemm.
type plain[T float] func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)

// engine is what products of one element type share.
type engine[T float] struct {
	pool    sync.Pool // of *product[T]
	scratch sync.Pool // of *[]T
	plain   plain[T]
	trsm    plainTrsm[T]
}

var (
	singles = engine[float32]{plain: gonum.Implementation{}.Sgemm, trsm: gonum.Implementation{}.Strsm}
	doubles = engine[float64]{plain: gonum.Implementation{}.Dgemm, trsm: gonum.Implementation{}.Dtrsm}
)

// product is one matrix product in progress and its buffers, kept for the next.
type product[T float] struct {
	engine      *engine[T]
	tile        *tile[T]
	a, b        operand[T]
	c           []T
	ldc         int
	m, n, k     int
	alpha, beta T
	size        blocking
	threads     int

	pa, pb []T
	edges  [][]T        // a tile for each thread, for the edges of C
	odd    atomic.Int64 // which block of B' has infinities or NaNs, counted from 1

	region    region // in work
	computing bool   // it is packed
}

// gemm computes C = alpha·A·B + beta·C for m, n, k > 0 and operands that fit.
func gemm[T float](e *engine[T], t *tile[T], a, b operand[T], c []T, ldc, m, n, k int, alpha, beta T) {
	g, _ := e.pool.Get().(*product[T])
	if g == nil {
		g = new(product[T])
	}
	g.engine, g.tile, g.a, g.b, g.c, g.ldc, g.m, g.n, g.k, g.alpha, g.beta = e, t, a, b, c, ldc, m, n, k, alpha, beta
	g.threads = 1
	if m*n >= parallelGemm/k {
		g.threads = runtime.GOMAXPROCS(0)
	}
	g.size = blockingFor(t)
	g.pa = grow(g.pa, (min(g.size.chunk, m)+t.rows)*min(g.size.kc, k))
	g.pb = grow(g.pb, (min(g.size.nc, n)+t.cols)*min(g.size.kc, k))
	for len(g.edges) < g.threads {
		g.edges = append(g.edges, nil)
	}
	for i := range g.edges {
		g.edges[i] = grow(g.edges[i], t.rows*t.cols)
	}
	g.odd.Store(0)
	g.work()
	g.a, g.b, g.c = operand[T]{}, operand[T]{}, nil
	e.pool.Put(g)
}

// region is a part of the product: rows i0.. and columns j0.. of C, and columns
// l0.. of A, and how it is cut into tasks.
type region struct {
	number               int // of the block of B', from 1
	i0, j0, l0           int
	rows, cols, depth    int
	panels               int // of B'
	packA, packB, panelB int // tasks that pack; panels of B' in each
	high, wide           int // computing tasks: rows of C, panels of B'
	down, across         int // how many tasks
}

// work does the product, region by region.
func (g *product[T]) work() {
	b := &g.region
	*b = region{}
	for b.j0 = 0; b.j0 < g.n; b.j0 += b.cols {
		b.cols = even(g.n-b.j0, g.size.nc, g.tile.cols)
		for b.l0 = 0; b.l0 < g.k; b.l0 += b.depth {
			b.depth = even(g.k-b.l0, g.size.kc, 4)
			b.number++
			for b.i0 = 0; b.i0 < g.m; b.i0 += b.rows {
				b.rows = even(g.m-b.i0, g.size.chunk, g.tile.rows)
				g.cut(b)
				g.computing = false
				Spread(g, b.packA+b.packB, b.packA+b.packB, g.threads)
				g.computing = true
				Spread(g, b.down*b.across, b.down*b.across, g.threads)
			}
		}
	}
}

// Do does tasks [from, to) of the region.
func (g *product[T]) Do(thread, from, to int) {
	for task := from; task < to; task++ {
		if g.computing {
			g.compute(&g.region, thread, task)
		} else {
			g.pack(&g.region, task)
		}
	}
}

// even returns how much of n to do next, at most limit, so that the parts are
// about equal and multiples of unit.
func even(n, limit, unit int) int {
	parts := (n + limit - 1) / limit
	part := (n + parts - 1) / parts
	return min((part+unit-1)/unit*unit, n, limit)
}

// cut divides a block into tasks.
func (g *product[T]) cut(b *region) {
	t, panelsA := g.tile, (b.rows+g.tile.rows-1)/g.tile.rows
	b.panels = (b.cols + t.cols - 1) / t.cols
	b.high, b.wide, b.panelB = even(panelsA*t.rows, g.size.mc, t.rows), b.panels, b.panels
	b.packA = 1
	if g.threads > 1 { // as few panels as make a task worth a ticket
		work := b.high * t.cols * b.depth
		b.wide = max(1, min((b.panels+1)/2, (taskProducts+work-1)/work))
		b.packA = min(panelsA, 4*g.threads)
		b.panelB = (b.panels + 4*g.threads - 1) / (4 * g.threads)
	}
	b.down, b.across = (b.rows+b.high-1)/b.high, (b.panels+b.wide-1)/b.wide
	if b.packB = 0; b.i0 == 0 { // B' serves all rows
		b.packB = (b.panels + b.panelB - 1) / b.panelB
	}
}

// taskProducts is the least number of products in a task, some 10 µs.
const taskProducts = 1 << 19

// grow returns v with n elements, of any content. What it makes is large enough to
// begin at a page.
func grow[T float](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n, max(n, 16<<10))
	}
	return v[:n]
}
