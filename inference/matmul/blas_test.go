package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
)

// single lends the float32 functions to gonum's tests, which exist for float64
// only. The numbers of those tests are small and exact in float32. With packed
// set, products too small to be worth packing are packed all the same.
type single struct{ packed bool }

func narrow(v []float64) []float32 {
	s := make([]float32, len(v))
	for i := range v {
		s[i] = float32(v[i])
	}
	return s
}

func widen(dst []float64, v []float32) {
	for i := range dst {
		dst[i] = float64(v[i])
	}
}

func (s single) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	af, bf, cf := narrow(a), narrow(b), narrow(c)
	if s.packed && m > 0 && n > 0 && k > 0 && alpha != 0 {
		scaleRows(cf, m, n, ldc, float32(beta))
		gemm(matrix{af, lda, tA == blas.Trans}, matrix{bf, ldb, tB == blas.Trans}, cf, ldc, m, n, k, float32(alpha))
	} else {
		Implementation{}.Sgemm(tA, tB, m, n, k, float32(alpha), af, lda, bf, ldb, float32(beta), cf, ldc)
	}
	widen(c, cf)
}

func (single) Ddot(n int, x []float64, incX int, y []float64, incY int) float64 {
	return float64(Implementation{}.Sdot(n, narrow(x), incX, narrow(y), incY))
}

// useKernel makes k active for one test.
func useKernel(t testing.TB, k *kernels) {
	before := active().name
	if err := Use(k.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Use(before) })
}

func TestGonumTestsPass(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		testblas.TestDgemm(t, single{})
		testblas.TestDgemm(t, single{packed: true})
		testblas.DdotTest(t, single{})
	})
}

// near reports whether got equals want within the rounding of k products of
// numbers of size about 1.
func near(got, want []float32, k int) error {
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 2e-6*(1+float64(k))) {
			return fmt.Errorf("element %d is %v, want %v", i, got[i], want[i])
		}
	}
	return nil
}

// gemmSizes returns m, n, k with all sizes to 64 in each dimension, and the
// edges of the blocks.
func gemmSizes() [][3]int {
	list := [][3]int{{mc, nr, kc}, {mc + 1, nr + 1, kc + 1}, {2*mc + 5, 100, 2*kc + 3}, {3, nc + 20, 40}, {301, 129, 64}}
	for s := 1; s <= 64; s++ {
		list = append(list, [3]int{s, 17, 9}, [3]int{7, s, 5}, [3]int{13, 33, s})
	}
	return list
}

// TestSgemmEqualsGonum runs all transposes, odd leading dimensions, alphas and
// betas between guard bands.
func TestSgemmEqualsGonum(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for _, s := range gemmSizes() {
			testSgemm(t, r, s[0], s[1], s[2])
		}
	})
}

func testSgemm(t *testing.T, r *rand.Rand, m, n, k int) {
	tA, tB := blas.NoTrans, blas.NoTrans
	ar, ac, br, bc := m, k, k, n
	if r.IntN(2) == 0 {
		tA, ar, ac = blas.Trans, k, m
	}
	if r.IntN(2) == 0 {
		tB, br, bc = blas.ConjTrans, n, k
	}
	lda, ldb, ldc := ac+r.IntN(4), bc+r.IntN(4), n+r.IntN(4)
	a, b := floatsGuarded((ar-1)*lda+ac, r.IntN(8)), floatsGuarded((br-1)*ldb+bc, r.IntN(8))
	c := floatsGuarded((m-1)*ldc+n, r.IntN(8))
	fill(r, a.v)
	fill(r, b.v)
	fill(r, c.v)
	alpha, beta := []float32{1, -0.5, 2}[r.IntN(3)], []float32{0, 1, 0.25}[r.IntN(3)]
	want := append([]float32(nil), c.v...)
	if beta == 0 {
		c.v[0] = float32(math.NaN()) // is not read
	}
	gonum.Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a.v, lda, b.v, ldb, beta, want, ldc)
	Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a.v, lda, b.v, ldb, beta, c.v, ldc)
	if err := near(c.v, want, k); err != nil {
		t.Fatalf("Sgemm(%c%c %dx%dx%d, alpha %v, beta %v): %v", tA, tB, m, n, k, alpha, beta, err)
	}
	c.check(t, "c")
}

func TestSgemvEqualsGonum(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for trial := range 300 {
			m, n := 1+r.IntN(64), 1+r.IntN(64)
			tA, xn, yn := blas.NoTrans, n, m
			if trial%2 == 0 {
				tA, xn, yn = blas.Trans, m, n
			}
			lda := n + r.IntN(3)
			a, x, y := floatsGuarded((m-1)*lda+n, 0), floatsGuarded(xn, r.IntN(8)), floatsGuarded(yn, r.IntN(8))
			fill(r, a.v)
			fill(r, x.v)
			fill(r, y.v)
			beta := []float32{0, 1, 0.5}[r.IntN(3)]
			want := append([]float32(nil), y.v...)
			gonum.Implementation{}.Sgemv(tA, m, n, 1.5, a.v, lda, x.v, 1, beta, want, 1)
			Implementation{}.Sgemv(tA, m, n, 1.5, a.v, lda, x.v, 1, beta, y.v, 1)
			if err := near(y.v, want, xn); err != nil {
				t.Fatalf("Sgemv(%c %dx%d, beta %v): %v", tA, m, n, beta, err)
			}
			y.check(t, "y")
		}
	})
}

// TestSgemmPanicsAsGonum gives both the same wrong arguments.
func TestSgemmPanicsAsGonum(t *testing.T) {
	message := func(f func()) (msg any) {
		defer func() { msg = recover() }()
		f()
		return nil
	}
	v := make([]float32, 400)
	for _, c := range []struct {
		name                   string
		tA                     blas.Transpose
		m, n, k, lda, ldb, ldc int
		short                  int // length of C
	}{
		{"transpose", 'x', 9, 9, 9, 9, 9, 9, 400},
		{"negative m", blas.NoTrans, -1, 9, 9, 9, 9, 9, 400},
		{"lda", blas.NoTrans, 9, 9, 9, 8, 9, 9, 400},
		{"ldb", blas.Trans, 9, 9, 9, 9, 8, 9, 400},
		{"short a", blas.NoTrans, 99, 9, 9, 9, 9, 9, 400},
		{"short c", blas.NoTrans, 9, 9, 9, 9, 9, 9, 80},
	} {
		run := func(impl blas.Float32Level3) any {
			return message(func() {
				impl.Sgemm(c.tA, blas.NoTrans, c.m, c.n, c.k, 1, v, c.lda, v, c.ldb, 1, v[:c.short], c.ldc)
			})
		}
		got, want := run(Implementation{}), run(gonum.Implementation{})
		if got != want || want == nil {
			t.Errorf("%s: panic %v, want %v", c.name, got, want)
		}
	}
}
