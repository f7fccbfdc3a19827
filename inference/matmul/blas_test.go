package matmul

import (
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
)

// narrowed lends the float32 functions to gonum's tests, which exist for float64
// only. The numbers of those tests are small and exact in float32.
type narrowed struct{ impl blas.Float32 }

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

func (s narrowed) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	cf := narrow(c)
	s.impl.Sgemm(tA, tB, m, n, k, float32(alpha), narrow(a), lda, narrow(b), ldb, float32(beta), cf, ldc)
	widen(c, cf)
}

func (s narrowed) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	cf := narrow(c)
	s.impl.Ssyrk(ul, tA, n, k, float32(alpha), narrow(a), lda, float32(beta), cf, ldc)
	widen(c, cf)
}

func (s narrowed) Ddot(n int, x []float64, incX int, y []float64, incY int) float64 {
	return float64(s.impl.Sdot(n, narrow(x), incX, narrow(y), incY))
}

func (s narrowed) Daxpy(n int, alpha float64, x []float64, incX int, y []float64, incY int) {
	yf := narrow(y)
	s.impl.Saxpy(n, float32(alpha), narrow(x), incX, yf, incY)
	widen(y, yf)
}

// eager is Implementation without gonum: products too small for packing are packed
// all the same, where gonum would not panic or return at once.
type eager struct{ Implementation }

func (e eager) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	if m > 0 && n > 0 && k > 0 && alpha != 0 {
		at, _ := transposed(tA)
		bt, _ := transposed(tB)
		gemm(&doubles, active().double, operand[float64]{a, lda, at}, operand[float64]{b, ldb, bt}, c, ldc, m, n, k, alpha, beta)
		return
	}
	e.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (e eager) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if m > 0 && n > 0 && k > 0 && alpha != 0 {
		at, _ := transposed(tA)
		bt, _ := transposed(tB)
		gemm(&singles, active().single, operand[float32]{a, lda, at}, operand[float32]{b, ldb, bt}, c, ldc, m, n, k, alpha, beta)
		return
	}
	e.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// useKernel makes k active for one test.
func useKernel(t testing.TB, k *kernels) {
	before := active().name
	if err := Use(k.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Use(before) })
}

// TestGonumTestsPass runs gonum's own tests of all that is replaced.
func TestGonumTestsPass(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		impl, single := Implementation{}, narrowed{Implementation{}}
		t.Run("gemm", func(t *testing.T) {
			testblas.TestDgemm(t, impl)
			testblas.TestDgemm(t, eager{})
			testblas.TestDgemm(t, single)
			testblas.TestDgemm(t, narrowed{eager{}})
		})
		t.Run("gemv", func(t *testing.T) { testblas.DgemvTest(t, impl) })
		t.Run("ger", func(t *testing.T) { testblas.DgerTest(t, impl) })
		t.Run("syrk", func(t *testing.T) { testblas.DsyrkTest(t, impl); testblas.DsyrkTest(t, single) })
		t.Run("trsm", func(t *testing.T) { testblas.DtrsmTest(t, impl) })
		t.Run("dot", func(t *testing.T) { testblas.DdotTest(t, impl); testblas.DdotTest(t, single) })
		t.Run("axpy", func(t *testing.T) { testblas.DaxpyTest(t, impl); testblas.DaxpyTest(t, single) })
	})
}

// TestGonumTestsOfTheRestPass runs gonum's tests of what is not replaced, once: they
// call what is.
func TestGonumTestsOfTheRestPass(t *testing.T) {
	impl := Implementation{}
	testblas.DsymmTest(t, impl)
	testblas.Dsyr2kTest(t, impl)
	testblas.DtrmmTest(t, impl)
	testblas.DtrsvTest(t, impl)
	testblas.DtrmvTest(t, impl)
	testblas.DsymvTest(t, impl)
	testblas.DsyrTest(t, impl)
	testblas.Dnrm2Test(t, impl)
	testblas.DasumTest(t, impl)
	testblas.DscalTest(t, impl)
}

// TestPanicsAreGonums gives both the same wrong arguments.
func TestPanicsAreGonums(t *testing.T) {
	message := func(f func()) (msg any) {
		defer func() { msg = recover() }()
		f()
		return nil
	}
	v, w := make([]float32, 400), make([]float64, 400)
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
		for _, f := range []struct {
			name string
			run  func(impl interface {
				blas.Float32
				blas.Float64
			})
		}{
			{"Sgemm", func(impl interface {
				blas.Float32
				blas.Float64
			}) {
				impl.Sgemm(c.tA, blas.NoTrans, c.m, c.n, c.k, 1, v, c.lda, v, c.ldb, 1, v[:c.short], c.ldc)
			}},
			{"Dgemm", func(impl interface {
				blas.Float32
				blas.Float64
			}) {
				impl.Dgemm(c.tA, blas.NoTrans, c.m, c.n, c.k, 1, w, c.lda, w, c.ldb, 1, w[:c.short], c.ldc)
			}},
		} {
			got, want := message(func() { f.run(Implementation{}) }), message(func() { f.run(gonum.Implementation{}) })
			if got != want || want == nil {
				t.Errorf("%s, %s: panic %v, want %v", f.name, c.name, got, want)
			}
		}
	}
	for _, n := range []int{-1, 9, 500} {
		for name, run := range map[string]func(impl blas.Float32){
			"Sdot":  func(impl blas.Float32) { impl.Sdot(n, v[:8], 1, v, 1) },
			"Saxpy": func(impl blas.Float32) { impl.Saxpy(n, 2, v[:8], 1, v, 1) },
			"Sger":  func(impl blas.Float32) { impl.Sger(n, 9, 2, v[:8], 1, v, 1, v, 9) },
			"Sgemv": func(impl blas.Float32) { impl.Sgemv(blas.NoTrans, n, n, 2, v, 9, v[:8], 1, 1, v, 1) },
		} {
			got, want := message(func() { run(Implementation{}) }), message(func() { run(gonum.Implementation{}) })
			if got != want || want == nil {
				t.Errorf("%s(%d): panic %v, want %v", name, n, got, want)
			}
		}
	}
}
