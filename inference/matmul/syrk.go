package matmul

import "gonum.org/v1/gonum/blas"

// Ssyrk computes C = alpha·A·Aᵀ + beta·C, or C = alpha·Aᵀ·A + beta·C if tA asks for
// the transpose, for one triangle of C, which is n×n; the other is not touched. A is
// n×k or k×n. With beta 0, C is not read. It panics as gonum does.
func (i Implementation) Ssyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int) {
	if !trySyrk(&singles, active().single, ul, tA, n, k, alpha, a, lda, beta, c, ldc) {
		i.Implementation.Ssyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
	}
}

// Dsyrk is Ssyrk for float64.
func (i Implementation) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	if !trySyrk(&doubles, active().double, ul, tA, n, k, alpha, a, lda, beta, c, ldc) {
		i.Implementation.Dsyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
	}
}

// syrkBase is the size of a triangle below which a whole square is computed, and
// half of it used.
const syrkBase = 64

// trySyrk does it, unless it is small, degenerate or wrong.
func trySyrk[T float](e *engine[T], t *tile[T], ul blas.Uplo, tA blas.Transpose, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int) bool {
	trans, ok := transposed(tA)
	if !ok || ul != blas.Upper && ul != blas.Lower || n < 16 || k < 4 || alpha == 0 || alpha-alpha != 0 {
		return false
	}
	rows, cols := n, k
	if trans {
		rows, cols = k, n
	}
	if !fits(a, rows, cols, lda) || !fits(c, n, n, ldc) {
		return false
	}
	square, _ := e.scratch.Get().(*[]T)
	if square == nil {
		square = new([]T)
	}
	*square = grow(*square, syrkBase*syrkBase)
	s := syrk[T]{e, t, ul, operand[T]{a, lda, trans}, k, alpha, beta, c, ldc, *square}
	s.triangle(0, n)
	e.scratch.Put(square)
	return true
}

// syrk is one such product.
type syrk[T float] struct {
	e           *engine[T]
	t           *tile[T]
	ul          blas.Uplo
	a           operand[T] // n×k
	k           int
	alpha, beta T
	c           []T
	ldc         int
	square      []T
}

// triangle computes rows and columns i.. i+n of C: the triangles of both halves, and
// the square between them.
func (s *syrk[T]) triangle(i, n int) {
	if n > syrkBase {
		half := (n/2 + syrkBase - 1) / syrkBase * syrkBase
		s.triangle(i, half)
		s.triangle(i+half, n-half)
		if s.ul == blas.Lower {
			s.product(s.c[(i+half)*s.ldc+i:], s.ldc, i+half, n-half, i, half, s.beta)
		} else {
			s.product(s.c[i*s.ldc+i+half:], s.ldc, i, half, i+half, n-half, s.beta)
		}
		return
	}
	s.product(s.square, n, i, n, i, n, 0)
	for r := range n {
		from, to := 0, r+1
		if s.ul == blas.Upper {
			from, to = r, n
		}
		merge(s.c[(i+r)*s.ldc+i:][from:to], s.square[r*n+from:], 1, s.beta)
	}
}

// product computes c = alpha·(m rows of A from i)·(n rows of A from j)ᵀ + beta·c.
func (s *syrk[T]) product(c []T, ldc, i, m, j, n int, beta T) {
	left, _ := s.a.from(i, 0)
	right, _ := s.a.from(j, 0)
	gemm(s.e, s.t, operand[T]{left, s.a.ld, s.a.transposed}, operand[T]{right, s.a.ld, !s.a.transposed}, c, ldc, m, n, s.k, s.alpha, beta)
}
