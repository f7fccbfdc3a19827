package matmul

import "gonum.org/v1/gonum/blas"

// Sgemv computes y = alpha·A·x + beta·y or y = alpha·Aᵀ·x + beta·y. A is m×n. With
// beta 0, y is not read. It panics as gonum does.
func (i Implementation) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	if incX != 1 || incY != 1 || !tryGemv(active().single, tA, m, n, alpha, a, lda, x, beta, y) {
		i.Implementation.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
	}
}

// Dgemv is Sgemv for float64.
func (i Implementation) Dgemv(tA blas.Transpose, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	if incX != 1 || incY != 1 || !tryGemv(active().double, tA, m, n, alpha, a, lda, x, beta, y) {
		i.Implementation.Dgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
	}
}

// tryGemv does it, unless it is small, degenerate or wrong.
func tryGemv[T float](t *tile[T], tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, beta T, y []T) bool {
	trans, ok := transposed(tA)
	xn, yn := n, m
	if trans {
		xn, yn = m, n
	}
	if !ok || alpha == 0 || !fits(a, m, n, lda) || len(x) < xn || len(y) < yn || m*n < 64 {
		return false
	}
	x, y = x[:xn], y[:yn]
	scale(y, beta)
	r := 0
	if trans {
		for ; r+4 <= m; r += 4 {
			t.axpy4([4]T{alpha * x[r], alpha * x[r+1], alpha * x[r+2], alpha * x[r+3]}, a[r*lda:], y, lda)
		}
		for ; r < m; r++ {
			t.axpy(alpha*x[r], a[r*lda:][:n], y)
		}
		return true
	}
	for ; r+4 <= m; r += 4 {
		for j, sum := range t.dot4(a[r*lda:], x, lda) {
			y[r+j] += alpha * sum
		}
	}
	for ; r < m; r++ {
		y[r] += alpha * t.dot(x, a[r*lda:])
	}
	return true
}

// scale computes y *= beta. With beta 0, y is not read.
func scale[T float](y []T, beta T) {
	switch beta {
	case 0:
		clear(y) // NaN does not survive
	case 1:
	default:
		for i := range y {
			y[i] *= beta
		}
	}
}

// Sger computes A += alpha·x·yᵀ. A is m×n. It panics as gonum does.
func (i Implementation) Sger(m, n int, alpha float32, x []float32, incX int, y []float32, incY int, a []float32, lda int) {
	if incX != 1 || incY != 1 || !tryGer(active().single, m, n, alpha, x, y, a, lda) {
		i.Implementation.Sger(m, n, alpha, x, incX, y, incY, a, lda)
	}
}

// Dger is Sger for float64.
func (i Implementation) Dger(m, n int, alpha float64, x []float64, incX int, y []float64, incY int, a []float64, lda int) {
	if incX != 1 || incY != 1 || !tryGer(active().double, m, n, alpha, x, y, a, lda) {
		i.Implementation.Dger(m, n, alpha, x, incX, y, incY, a, lda)
	}
}

func tryGer[T float](t *tile[T], m, n int, alpha T, x, y, a []T, lda int) bool {
	if alpha == 0 || !fits(a, m, n, lda) || len(x) < m || len(y) < n {
		return false
	}
	for r, v := range x[:m] {
		t.axpy(alpha*v, y[:n], a[r*lda:])
	}
	return true
}

// Sdot computes Σ x[i]·y[i]. It panics as gonum does.
func (i Implementation) Sdot(n int, x []float32, incX int, y []float32, incY int) float32 {
	if n < 1 || incX != 1 || incY != 1 || len(x) < n || len(y) < n {
		return i.Implementation.Sdot(n, x, incX, y, incY)
	}
	return active().single.dot(x[:n], y[:n])
}

// Ddot is Sdot for float64.
func (i Implementation) Ddot(n int, x []float64, incX int, y []float64, incY int) float64 {
	if n < 1 || incX != 1 || incY != 1 || len(x) < n || len(y) < n {
		return i.Implementation.Ddot(n, x, incX, y, incY)
	}
	return active().double.dot(x[:n], y[:n])
}

// Saxpy computes y += alpha·x. It panics as gonum does.
func (i Implementation) Saxpy(n int, alpha float32, x []float32, incX int, y []float32, incY int) {
	if n < 1 || alpha == 0 || incX != 1 || incY != 1 || len(x) < n || len(y) < n {
		i.Implementation.Saxpy(n, alpha, x, incX, y, incY)
		return
	}
	active().single.axpy(alpha, x[:n], y[:n])
}

// Daxpy is Saxpy for float64.
func (i Implementation) Daxpy(n int, alpha float64, x []float64, incX int, y []float64, incY int) {
	if n < 1 || alpha == 0 || incX != 1 || incY != 1 || len(x) < n || len(y) < n {
		i.Implementation.Daxpy(n, alpha, x, incX, y, incY)
		return
	}
	active().double.axpy(alpha, x[:n], y[:n])
}
