package matmul

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is gonum's BLAS with what is faster here replaced: Sgemm,
// Sgemv and Sdot for unit increments. Arguments, panics and results are
// gonum's; results differ within rounding, since sums run in another order. One
// more difference: gonum skips zeros in A, so that 0·Inf and 0·NaN vanish where
// B is not transposed; here they give NaN as IEEE 754 says.
//
//	blas32.Use(matmul.Implementation{})
//
// It is safe for concurrent use. The zero value is ready.
type Implementation struct {
	gonum.Implementation
}

var (
	_ blas.Float32 = Implementation{}
	_ blas.Float64 = Implementation{}
)

// smallGemm is the number of products m·n·k below which packing does not pay.
const smallGemm = 8 * 8 * 8

// Sgemm computes one of
//
//	C = alpha * A * B + beta * C
//	C = alpha * Aᵀ * B + beta * C
//	C = alpha * A * Bᵀ + beta * C
//	C = alpha * Aᵀ * Bᵀ + beta * C
//
// where A is m×k or k×m, B is k×n or n×k, C is m×n, all row-major with rows lda,
// ldb, ldc elements apart. With beta 0, C is not read. It panics as gonum does.
func (i Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	at, aOK := transposed(tA)
	bt, bOK := transposed(tB)
	op := func(rows, cols int, t bool) (int, int) {
		if t {
			return cols, rows
		}
		return rows, cols
	}
	ar, ac := op(m, k, at)
	br, bc := op(k, n, bt)
	if !aOK || !bOK || alpha == 0 || !fits(a, ar, ac, lda) || !fits(b, br, bc, ldb) || !fits(c, m, n, ldc) || m*n < smallGemm/k {
		// Small, degenerate or wrong: gonum's business, panics included.
		i.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	scaleRows(c, m, n, ldc, beta)
	gemm(matrix{a, lda, at}, matrix{b, ldb, bt}, c, ldc, m, n, k, alpha)
}

// transposed reports whether t asks for the transpose, and whether t is valid.
func transposed(t blas.Transpose) (bool, bool) {
	return t == blas.Trans || t == blas.ConjTrans, t == blas.NoTrans || t == blas.Trans || t == blas.ConjTrans
}

// fits reports whether v holds a rows x cols matrix, neither of them zero.
func fits(v []float32, rows, cols, ld int) bool {
	return rows > 0 && cols > 0 && ld >= cols && len(v) >= cols && (len(v)-cols)/ld >= rows-1
}

// scaleRows computes c *= beta.
func scaleRows(c []float32, m, n, ldc int, beta float32) {
	if beta == 1 {
		return
	}
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row) // NaN in C does not survive
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

// Sgemv computes y = alpha * A * x + beta * y or y = alpha * Aᵀ * x + beta * y.
// A is m×n. It panics as gonum does.
func (i Implementation) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	t, ok := transposed(tA)
	xn, yn := n, m
	if t {
		xn, yn = m, n
	}
	if !ok || alpha == 0 || incX != 1 || incY != 1 || !fits(a, m, n, lda) || len(x) < xn || len(y) < yn || m*n < 64 {
		i.Implementation.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	scaleRows(y, 1, yn, yn, beta)
	k := active()
	if !t {
		for r := range m {
			y[r] += alpha * k.dot(a[r*lda:r*lda+n], x[:n])
		}
		return
	}
	g := gemmPool.Get().(*gemmState)
	defer gemmPool.Put(g)
	g.pb = grow(g.pb, n)
	k.weighted(g.pb, x[:m], a, lda)
	axpy(alpha, g.pb, y)
}

// Sdot computes Σ x[i]·y[i]. It panics as gonum does.
func (i Implementation) Sdot(n int, x []float32, incX int, y []float32, incY int) float32 {
	if n < 1 || incX != 1 || incY != 1 || len(x) < n || len(y) < n {
		return i.Implementation.Sdot(n, x, incX, y, incY)
	}
	return Dot(x[:n], y[:n])
}

// axpy computes y += alpha*x.
func axpy(alpha float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += alpha * v
	}
}
