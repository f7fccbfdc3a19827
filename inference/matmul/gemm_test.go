package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// gemmFunc is Sgemm or Dgemm.
type gemmFunc[T float] = plain[T]

// gemmSizes returns m, n, k with all sizes to 64 in each dimension, and the
// edges of the blocks.
func gemmSizes[T float](t *tile[T]) [][3]int {
	b := blockingFor(t)
	list := [][3]int{{b.mc, t.cols, b.kc}, {b.mc + 1, t.cols + 1, b.kc + 1}, {2*b.mc + 5, 100, 2*b.kc + 3}, {3, b.nc + 20, 40}, {301, 129, 64}, {b.chunk + 7, 20, 30}, {1, 1, 2000}}
	for s := range 65 {
		list = append(list, [3]int{s, 17, 9}, [3]int{7, s, 5}, [3]int{13, 33, s})
	}
	return list
}

// TestGemmEqualsGonum runs all transposes, odd leading dimensions, alphas and
// betas between guard bands.
func TestGemmEqualsGonum(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for _, s := range gemmSizes(k.single) {
			testGemm(t, r, "Sgemm", s[0], s[1], s[2], Implementation{}.Sgemm, gonum.Implementation{}.Sgemm)
			testGemm(t, r, "eager Sgemm", s[0], s[1], s[2], eager{}.Sgemm, gonum.Implementation{}.Sgemm)
		}
		for _, s := range gemmSizes(k.double) {
			testGemm(t, r, "Dgemm", s[0], s[1], s[2], Implementation{}.Dgemm, gonum.Implementation{}.Dgemm)
			testGemm(t, r, "eager Dgemm", s[0], s[1], s[2], eager{}.Dgemm, gonum.Implementation{}.Dgemm)
		}
	})
}

// gemmCase is random operands of a product between guard bands.
type gemmCase[T float] struct {
	tA, tB        blas.Transpose
	m, n, k       int
	lda, ldb, ldc int
	alpha, beta   T
	a, b, c       guarded[T]
}

func newGemmCase[T float](r *rand.Rand, m, n, k int) gemmCase[T] {
	g := gemmCase[T]{tA: blas.NoTrans, tB: blas.NoTrans, m: m, n: n, k: k}
	ar, ac, br, bc := m, k, k, n
	if r.IntN(2) == 0 {
		g.tA, ar, ac = blas.Trans, k, m
	}
	if r.IntN(2) == 0 {
		g.tB, br, bc = blas.ConjTrans, n, k
	}
	length := func(rows, cols, ld int) int { return max(0, (rows-1)*ld+cols) }
	g.lda, g.ldb, g.ldc = max(1, ac+r.IntN(4)), max(1, bc+r.IntN(4)), max(1, n+r.IntN(4))
	shifts := 32 / elementSize[T]()
	g.a, g.b = guard[T](r, length(ar, ac, g.lda), r.IntN(shifts)), guard[T](r, length(br, bc, g.ldb), r.IntN(shifts))
	g.c = guard[T](r, length(m, n, g.ldc), r.IntN(shifts))
	g.alpha, g.beta = []T{1, -0.5, 2, 0}[r.IntN(4)], []T{0, 1, 0.25}[r.IntN(3)]
	return g
}

func (g gemmCase[T]) run(f gemmFunc[T], c []T) {
	f(g.tA, g.tB, g.m, g.n, g.k, g.alpha, g.a.v, g.lda, g.b.v, g.ldb, g.beta, c, g.ldc)
}

func (g gemmCase[T]) String() string {
	return fmt.Sprintf("%c%c %dx%dx%d, alpha %v, beta %v", g.tA, g.tB, g.m, g.n, g.k, g.alpha, g.beta)
}

func testGemm[T float](t *testing.T, r *rand.Rand, name string, m, n, k int, ours, theirs gemmFunc[T]) {
	t.Helper()
	g := newGemmCase[T](r, m, n, k)
	want := append([]T(nil), g.c.v...)
	if g.beta == 0 && len(g.c.v) > 0 {
		g.c.v[0] = T(math.NaN()) // is not read
	}
	g.run(theirs, want)
	g.run(ours, g.c.v)
	if m > 0 && n > 0 && k > 0 || g.beta != 0 {
		if err := closeTo(g.c.v, want, tolerance[T](k)); err != nil {
			t.Fatalf("%s(%v): %v", name, g, err)
		}
	}
	g.c.check(t, "c")
}

// TestGemmHasGonumsInfinitiesAndNaNs puts some into all operands, and zeros into A.
func TestGemmHasGonumsInfinitiesAndNaNs(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for range 300 {
			m, n, depth := 8+r.IntN(60), 8+r.IntN(60), 8+r.IntN(60)
			testOdd(t, r, m, n, depth, Implementation{}.Sgemm, gonum.Implementation{}.Sgemm)
			testOdd(t, r, m, n, depth, Implementation{}.Dgemm, gonum.Implementation{}.Dgemm)
		}
		depth := blockingFor(k.double).kc * 3 // several blocks of B, one of them odd
		testOdd(t, r, 100, 100, depth, Implementation{}.Dgemm, gonum.Implementation{}.Dgemm)
	})
}

func testOdd[T float](t *testing.T, r *rand.Rand, m, n, k int, ours, theirs gemmFunc[T]) {
	t.Helper()
	g := newGemmCase[T](r, m, n, k)
	odd := []T{T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1)), 0, 0}
	for _, v := range [][]T{g.a.v, g.b.v, g.c.v} {
		for range r.IntN(4) {
			v[r.IntN(len(v))] = odd[r.IntN(len(odd))]
		}
	}
	for i := range g.a.v { // columns of zeros meet the odd rows of B
		if r.IntN(3) == 0 {
			g.a.v[i] = 0
		}
	}
	want := append([]T(nil), g.c.v...)
	g.run(theirs, want)
	g.run(ours, g.c.v)
	if err := closeTo(g.c.v, want, tolerance[T](k)); err != nil {
		t.Fatalf("%v: %v", g, err)
	}
}

// TestGemmByManyThreadsAtOnce has several products share the helpers.
func TestGemmByManyThreadsAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	r := newRand(t)
	var group sync.WaitGroup
	for range 4 {
		g := newGemmCase[float32](r, 150, 160, 200)
		g.alpha = 1
		want := append([]float32(nil), g.c.v...)
		g.run(gonum.Implementation{}.Sgemm, want)
		group.Go(func() {
			for range 20 {
				got := append([]float32(nil), g.c.v...)
				g.run(Implementation{}.Sgemm, got)
				if err := closeTo(got, want, tolerance[float32](g.k)); err != nil {
					t.Errorf("%v: %v", g, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// TestGemmGivesTheSameBitsByAnyNumberOfThreads: each element is summed by one
// thread, in the order that the blocks give.
func TestGemmGivesTheSameBitsByAnyNumberOfThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	r := newRand(t)
	g := newGemmCase[float32](r, 210, 230, 700)
	g.alpha, g.beta = 1, 0
	runtime.GOMAXPROCS(1)
	want := make([]float32, len(g.c.v))
	g.run(Implementation{}.Sgemm, want)
	for _, threads := range []int{2, 3, 8} {
		runtime.GOMAXPROCS(threads)
		got := make([]float32, len(g.c.v))
		g.run(Implementation{}.Sgemm, got)
		if !sameBits(got, want) {
			t.Errorf("%d threads give other bits than 1", threads)
		}
	}
}

func TestGemmAllocatesNothingOnceWarm(t *testing.T) {
	if raceEnabled {
		t.Skip("needs a test without -race: it has sync.Pool forget at random")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n := 64
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	run := func() { Implementation{}.Sgemm(blas.NoTrans, blas.Trans, n, n, n, 1, a, n, b, n, 0, c, n) }
	run()
	if got := testing.AllocsPerRun(100, run); got >= 1 {
		t.Errorf("%v allocations a product", got)
	}
}
