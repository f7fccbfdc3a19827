package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// level is the functions of one element type that are compared with gonum's.
type level[T float] struct {
	gemv func(tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, incX int, beta T, y []T, incY int)
	ger  func(m, n int, alpha T, x []T, incX int, y []T, incY int, a []T, lda int)
	syrk func(ul blas.Uplo, tA blas.Transpose, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int)
	trsm plainTrsm[T]
}

func levels[I interface {
	blas.Float32
	blas.Float64
}](i I) (level[float32], level[float64]) {
	return level[float32]{i.Sgemv, i.Sger, i.Ssyrk, i.Strsm}, level[float64]{i.Dgemv, i.Dger, i.Dsyrk, i.Dtrsm}
}

// TestLevels2And3EqualGonum compares at all small sizes and some larger, between
// guard bands.
func TestLevels2And3EqualGonum(t *testing.T) {
	r := newRand(t)
	ours32, ours64 := levels(Implementation{})
	theirs32, theirs64 := levels(gonum.Implementation{})
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for n := range 68 {
			for _, odd := range []bool{false, true} {
				testLevels(t, r, n, odd, ours32, theirs32)
				testLevels(t, r, n, odd, ours64, theirs64)
			}
		}
		testLevels(t, r, 150, false, ours32, theirs32)
		testLevels(t, r, 213, false, ours64, theirs64)
	})
}

// testLevels has sizes n and a random one; odd puts infinities and NaNs into A and x.
func testLevels[T float](t *testing.T, r *rand.Rand, n int, odd bool, ours, theirs level[T]) {
	t.Helper()
	m := r.IntN(70)
	trans := []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}[r.IntN(3)]
	ul := []blas.Uplo{blas.Upper, blas.Lower}[r.IntN(2)]
	alpha, beta := []T{1, -0.5, 2, 0}[r.IntN(4)], []T{0, 1, 0.25}[r.IntN(3)]
	shifts := 32 / elementSize[T]()
	make2 := func(rows, cols int) (guarded[T], int) {
		ld := max(1, cols+r.IntN(4))
		g := guard[T](r, max(0, (rows-1)*ld+cols), r.IntN(shifts))
		if odd && len(g.v) > 0 {
			g.v[r.IntN(len(g.v))] = []T{T(math.Inf(1)), T(math.NaN()), 0}[r.IntN(3)]
		}
		return g, ld
	}
	compare := func(name string, got guarded[T], terms int, run func(l level[T], v []T)) {
		t.Helper()
		want := append([]T(nil), got.v...)
		run(theirs, want)
		run(ours, got.v)
		if err := closeTo(got.v, want, 4*tolerance[T](terms)); err != nil {
			t.Fatalf("%s %dx%d, trans %c, uplo %c, alpha %v, beta %v: %v", name, m, n, trans, ul, alpha, beta, err)
		}
		got.check(t, name)
	}

	a, lda := make2(m, n)
	xn, yn := n, m
	if trans != blas.NoTrans {
		xn, yn = m, n
	}
	x, y := guard[T](r, xn, r.IntN(shifts)), guard[T](r, yn, r.IntN(shifts))
	if beta == 0 && yn > 0 {
		y.v[r.IntN(yn)] = T(math.NaN()) // is not read
	}
	if m > 0 && n > 0 {
		compare("gemv", y, m+n, func(l level[T], y []T) { l.gemv(trans, m, n, alpha, a.v, lda, x.v, 1, beta, y, 1) })
	}
	left, right := guard[T](r, m, r.IntN(shifts)), guard[T](r, n, r.IntN(shifts))
	compare("ger", a, 4, func(l level[T], a []T) { l.ger(m, n, alpha, left.v, 1, right.v, 1, a, lda) })

	rows, cols := n, m
	if trans != blas.NoTrans {
		rows, cols = m, n
	}
	a, lda = make2(rows, cols)
	c, ldc := make2(n, n)
	if beta == 0 { // gonum reads C all the same in one of the cases
		for i := range c.v {
			c.v[i] = 1
		}
	}
	compare("syrk", c, m, func(l level[T], c []T) { l.syrk(ul, trans, n, m, alpha, a.v, lda, beta, c, ldc) })

	side, diag := []blas.Side{blas.Left, blas.Right}[r.IntN(2)], []blas.Diag{blas.Unit, blas.NonUnit}[r.IntN(2)]
	bm, bn := n, m
	if side == blas.Right {
		bm, bn = m, n
	}
	b, ldb := make2(bm, bn)
	a, lda = make2(n, n)
	for i := range n { // well conditioned
		for j := range n {
			a.v[i*lda+j] /= T(n)
		}
		a.v[i*lda+i] = 1 + a.v[i*lda+i]/2
	}
	compare(fmt.Sprintf("trsm %c%c", side, diag), b, 4*n, func(l level[T], b []T) { l.trsm(side, ul, trans, diag, bm, bn, alpha, a.v, lda, b, ldb) })
}
