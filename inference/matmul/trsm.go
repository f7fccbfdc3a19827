package matmul

import "gonum.org/v1/gonum/blas"

// Strsm solves one of
//
//	A·X = alpha·B    Aᵀ·X = alpha·B    X·A = alpha·B    X·Aᵀ = alpha·B
//
// for X, which replaces B. B is m×n; A is triangular, m×m or n×n, its other triangle
// is not read, nor its diagonal if that is said to be ones. It panics as gonum does.
func (i Implementation) Strsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float32, a []float32, lda int, b []float32, ldb int) {
	if !tryTrsm(&singles, active().single, s, ul, tA, d, m, n, alpha, a, lda, b, ldb) {
		i.Implementation.Strsm(s, ul, tA, d, m, n, alpha, a, lda, b, ldb)
	}
}

// Dtrsm is Strsm for float64.
func (i Implementation) Dtrsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float64, a []float64, lda int, b []float64, ldb int) {
	if !tryTrsm(&doubles, active().double, s, ul, tA, d, m, n, alpha, a, lda, b, ldb) {
		i.Implementation.Dtrsm(s, ul, tA, d, m, n, alpha, a, lda, b, ldb)
	}
}

// plainTrsm is gonum's Strsm or Dtrsm.
type plainTrsm[T float] func(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha T, a []T, lda int, b []T, ldb int)

// trsmBase is the size of a triangle that gonum solves.
const trsmBase = 32

// tryTrsm does it, unless it is small, degenerate or wrong.
func tryTrsm[T float](e *engine[T], t *tile[T], s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha T, a []T, lda int, b []T, ldb int) bool {
	trans, ok := transposed(tA)
	order := m
	if s == blas.Right {
		order = n
	}
	ok = ok && (s == blas.Left || s == blas.Right) && (ul == blas.Upper || ul == blas.Lower) && (d == blas.Unit || d == blas.NonUnit)
	if !ok || m < 4 || n < 4 || order <= trsmBase || alpha == 0 || alpha-alpha != 0 || !fits(a, order, order, lda) || !fits(b, m, n, ldb) {
		return false
	}
	x := trsm[T]{e, t, s, ul, tA, d, operand[T]{a, lda, trans}, b, ldb, m, n}
	x.solve(0, order, alpha)
	return true
}

// trsm is one such problem.
type trsm[T float] struct {
	e    *engine[T]
	t    *tile[T]
	side blas.Side
	ul   blas.Uplo
	tA   blas.Transpose
	diag blas.Diag
	a    operand[T]
	b    []T
	ldb  int
	m, n int
}

// solve solves for rows (columns, if A is on the right) i.. i+size of X, with that
// part of A's diagonal: one half, then the other less what the first contributes.
func (x *trsm[T]) solve(i, size int, alpha T) {
	if size <= trsmBase {
		m, n := size, x.n
		if x.side == blas.Right {
			m, n = x.m, size
		}
		x.e.trsm(x.side, x.ul, x.tA, x.diag, m, n, alpha, x.a.v[i*x.a.ld+i:], x.a.ld, x.part(i), x.ldb)
		return
	}
	half := (size/2 + trsmBase - 1) / trsmBase * trsmBase
	// op(A) is lower triangular, so that on the left the first rows do not depend on
	// the others; on the right it is the other way round.
	lower := (x.ul == blas.Lower) != x.a.transposed
	first, firstSize, second, secondSize := i, half, i+half, size-half
	if lower != (x.side == blas.Left) {
		first, firstSize, second, secondSize = second, secondSize, first, firstSize
	}
	x.solve(first, firstSize, alpha)
	done, rest := operand[T]{x.part(first), x.ldb, false}, x.part(second)
	if x.side == blas.Left {
		v, _ := x.a.from(second, first)
		gemm(x.e, x.t, operand[T]{v, x.a.ld, x.a.transposed}, done, rest, x.ldb, secondSize, x.n, firstSize, -1, alpha)
	} else {
		v, _ := x.a.from(first, second)
		gemm(x.e, x.t, done, operand[T]{v, x.a.ld, x.a.transposed}, rest, x.ldb, x.m, secondSize, firstSize, -1, alpha)
	}
	x.solve(second, secondSize, 1)
}

// part returns rows or columns i.. of B.
func (x *trsm[T]) part(i int) []T {
	if x.side == blas.Left {
		return x.b[i*x.ldb:]
	}
	return x.b[i:]
}
