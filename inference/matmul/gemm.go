package matmul

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Sgemm in the manner of Goto and van de Geijn ("Anatomy of High-Performance
// Matrix Multiplication", 2008). C is computed in tiles of mr x nr that stay in
// registers; a block of A stays in the second-level cache and one of B in the
// third; both are first packed so that the micro-kernel reads them in order.
//
//	   k         n               kc          nc
//	  +---+    +-----+          +--+ mc     +------+
//	m | A |  k |  B  |   packed |A'| by mr  |  B'  | kc, by nr
//	  +---+    +-----+          +--+        +------+
//
// A' is panels of mr rows, each stored column after column; B' panels of nr
// columns, each stored row after row; both padded with zeros.
const (
	mr = 6
	nr = 16

	mc = 144  // rows of A': mc*kc*4 = 144 KiB
	kc = 256  // depth: a panel of B', nr*kc*4 = 16 KiB, stays in the first level
	nc = 2048 // columns of B': kc*nc*4 = 2 MiB
)

// parallelGemm is the number of products below which one thread does it all:
// about 50 µs of work.
const parallelGemm = 1 << 21

// matrix is an operand of Sgemm as the caller stores it.
type matrix struct {
	v          []float32
	ld         int
	transposed bool
}

// gemm computes C += alpha·A·B for m, n, k > 0 and operands that fit.
func gemm(a, b matrix, c []float32, ldc, m, n, k int, alpha float32) {
	g := gemmPool.Get().(*gemmState)
	defer gemmPool.Put(g)
	threads := runtime.GOMAXPROCS(0)
	if m*n < parallelGemm/k {
		threads = 1
	}
	g.micro, g.a, g.b, g.c, g.ldc, g.m, g.alpha = active().micro, a, b, c, ldc, m, alpha
	for g.j0 = 0; g.j0 < n; g.j0 += nc {
		g.cols = min(nc, n-g.j0)
		g.panels = (g.cols + nr - 1) / nr
		for g.l0 = 0; g.l0 < k; g.l0 += kc {
			g.depth = min(kc, k-g.l0)
			g.pb = grow(g.pb, g.panels*nr*g.depth)
			g.cut(threads)
			g.spread(threads, g.panels, (*gemmState).packPanel)
			g.spread(threads, g.blocks*g.groups, (*gemmState).computeBlock)
		}
	}
	g.a, g.b, g.c, g.micro = matrix{}, matrix{}, nil, nil
}

// gemmState is one product in progress and its buffers, kept for the next.
type gemmState struct {
	micro   func(k int, alpha float32, a, b, c []float32, ldc int)
	a, b    matrix
	c       []float32
	ldc, m  int
	alpha   float32
	j0, l0  int // where the block of B' starts in B
	cols    int // of B'
	depth   int // of A' and B'
	panels  int // of B'
	blocks  int // of rows of C
	rows    int // in each of them, a multiple of mr
	groups  int // of panels, each a task of its own for every block of rows
	pb      []float32
	workers []worker
	next    atomic.Int64
}

// worker is one thread's buffers.
type worker struct {
	pa   []float32
	tile [mr * nr]float32
}

var gemmPool = sync.Pool{New: func() any { return new(gemmState) }}

// cut chooses how C is divided among threads: by rows, and if those are too
// few, by groups of panels too.
func (g *gemmState) cut(threads int) {
	g.rows = min(mc, (g.m+threads*mr-1)/(threads*mr)*mr)
	g.blocks = (g.m + g.rows - 1) / g.rows
	g.groups = 1
	if g.blocks < threads {
		g.groups = min(g.panels, (threads+g.blocks-1)/g.blocks)
	}
}

// spread calls f for every task 0..n-1 on several threads.
func (g *gemmState) spread(threads, n int, f func(g *gemmState, w *worker, task int)) {
	for len(g.workers) < threads {
		g.workers = append(g.workers, worker{})
	}
	if threads = min(threads, n); threads < 2 {
		for task := range n {
			f(g, &g.workers[0], task)
		}
		return
	}
	g.next.Store(0)
	var group sync.WaitGroup
	for t := range threads {
		group.Go(func() {
			for task := int(g.next.Add(1)) - 1; task < n; task = int(g.next.Add(1)) - 1 {
				f(g, &g.workers[t], task)
			}
		})
	}
	group.Wait()
}

// computeBlock adds one block of rows times one group of panels to C.
func (g *gemmState) computeBlock(w *worker, task int) {
	i0 := task / g.groups * g.rows
	rows := min(g.rows, g.m-i0)
	w.pa = grow(w.pa, (rows+mr-1)/mr*mr*g.depth)
	packA(w.pa, g.a, i0, g.l0, rows, g.depth)
	per := (g.panels + g.groups - 1) / g.groups
	from := task % g.groups * per
	for p := from; p < min(from+per, g.panels); p++ {
		pb := g.pb[p*nr*g.depth : (p+1)*nr*g.depth]
		cols := min(nr, g.cols-p*nr)
		for i := 0; i < rows; i += mr {
			pa := w.pa[i*g.depth : (i+mr)*g.depth]
			c := g.c[(i0+i)*g.ldc+g.j0+p*nr:]
			if cols == nr && i+mr <= rows {
				g.micro(g.depth, g.alpha, pa, pb, c, g.ldc)
				continue
			}
			clear(w.tile[:]) // at the edge C has no room for a whole tile
			g.micro(g.depth, g.alpha, pa, pb, w.tile[:], nr)
			for r := range min(mr, rows-i) {
				axpy(1, w.tile[r*nr:r*nr+cols], c[r*g.ldc:])
			}
		}
	}
}

// grow returns v with n elements, of any content.
func grow(v []float32, n int) []float32 {
	if cap(v) < n {
		return make([]float32, n)
	}
	return v[:n]
}
