package matmul

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is gonum's BLAS with what is faster here replaced, for float32
// and float64: Gemm, Syrk and Trsm, and for unit increments Gemv, Ger, Dot and
// Axpy. Arguments, panics and results are gonum's; results differ within
// rounding, since sums run in another order. Infinities and NaNs come out as
// gonum's do, those that beta 0 hides and those that zeros in A hide included.
//
//	blas32.Use(matmul.Implementation{})
//	blas64.Use(matmul.Implementation{})
//
// Level 3 uses all processors. It is safe for concurrent use. The zero value is ready.
type Implementation struct {
	gonum.Implementation
}

var (
	_ blas.Float32 = Implementation{}
	_ blas.Float64 = Implementation{}
)

// Sgemm computes C = alpha·op(A)·op(B) + beta·C, with op(X) either X or Xᵀ.
//
// op(A) is m×k, op(B) is k×n, C is m×n, all row-major with rows lda, ldb, ldc
// elements apart. With beta 0, C is not read. It panics as gonum does.
func (i Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if !tryGemm(&singles, active().single, tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) {
		i.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	}
}

// Dgemm is Sgemm for float64.
func (i Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	if !tryGemm(&doubles, active().double, tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) {
		i.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	}
}

// smallGemm is the number of products m·n·k below which packing does not pay.
const smallGemm = 8 * 8 * 8

// tryGemm does a product, unless it is small, degenerate or wrong: then that is
// gonum's business, panics included.
func tryGemm[T float](e *engine[T], t *tile[T], tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) bool {
	at, aOK := transposed(tA)
	bt, bOK := transposed(tB)
	if !aOK || !bOK || m < 1 || n < 1 || k < 1 || alpha == 0 || alpha-alpha != 0 || m*n < smallGemm/k {
		return false
	}
	ar, ac, br, bc := m, k, k, n
	if at {
		ar, ac = k, m
	}
	if bt {
		br, bc = n, k
	}
	if !fits(a, ar, ac, lda) || !fits(b, br, bc, ldb) || !fits(c, m, n, ldc) {
		return false
	}
	gemm(e, t, operand[T]{a, lda, at}, operand[T]{b, ldb, bt}, c, ldc, m, n, k, alpha, beta)
	return true
}

// transposed reports whether t asks for the transpose, and whether t is valid.
func transposed(t blas.Transpose) (bool, bool) {
	return t == blas.Trans || t == blas.ConjTrans, t == blas.NoTrans || t == blas.Trans || t == blas.ConjTrans
}

// fits reports whether v holds a rows x cols matrix, neither of them zero.
func fits[T float](v []T, rows, cols, ld int) bool {
	return rows > 0 && cols > 0 && ld >= cols && len(v) >= cols && (len(v)-cols)/ld >= rows-1
}
