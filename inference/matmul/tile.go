package matmul

// float is the element type of a matrix product.
type float interface{ float32 | float64 }

// tile is everything a blocked matrix product and the vector functions beside it
// need of a processor, for one element type. The functions of this file say what
// each does; sums may run in another order and products may be fused.
type tile[T float] struct {
	rows, cols int
	// heights of panels of A that micro takes, highest first, beginning with rows.
	// All but the last panel of a block are rows high.
	heights []int

	micro      func(height, k, count int, alpha, beta T, a, b, c []T, ldc int)
	panel      func(dst, src []T, ld, n int) (finite bool)
	columns    func(dst, src []T, ld, n int)
	interleave func(dst []T, width int, src []T, ld, rows, n int)
	finite     func(v []T) bool

	dot   func(x, y []T) T
	dot4  func(w, x []T, ld int) [4]T
	axpy  func(alpha T, x, y []T)
	axpy4 func(f [4]T, rows, y []T, ld int)
}

// portableTile returns the tile in Go.
func portableTile[T float](rows, cols int) tile[T] {
	return tile[T]{
		rows: rows, cols: cols, heights: []int{rows},
		micro: func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
			micro(height, cols, k, count, alpha, beta, a, b, c, ldc)
		},
		panel:      func(dst, src []T, ld, n int) bool { return panel(dst, cols, src, ld, n) },
		columns:    func(dst, src []T, ld, n int) { panel(dst, rows, src, ld, n) },
		interleave: interleave[T],
		finite:     finite[T],
		dot:        dotAny[T], dot4: dot4Any[T], axpy: axpyAny[T], axpy4: axpy4Any[T],
	}
}

// micro computes c = alpha·a·b + beta·c on count tiles below each other, height x
// cols each. a is count panels of k columns of height elements, b is k rows of
// cols; c has rows ldc elements apart. With beta 0, c is not read.
func micro[T float](height, cols, k, count int, alpha, beta T, a, b, c []T, ldc int) {
	var acc [12 * 32]T
	for t := range count {
		tile := acc[:height*cols]
		clear(tile)
		for l := range k {
			bl := b[l*cols : (l+1)*cols]
			for r, f := range a[(t*k+l)*height : (t*k+l+1)*height] {
				row := tile[r*cols:][:len(bl)]
				for j, v := range bl {
					row[j] += f * v
				}
			}
		}
		for r := range height {
			row := c[(t*height+r)*ldc:][:cols]
			merge(row, tile[r*cols:], alpha, beta)
		}
	}
}

// merge computes c = alpha·x + beta·c. With beta 0, c is not read.
func merge[T float](c, x []T, alpha, beta T) {
	x = x[:len(c)]
	if beta == 0 {
		for j, v := range x {
			c[j] = alpha * v
		}
		return
	}
	for j, v := range x {
		c[j] = alpha*v + beta*c[j]
	}
}

// panel copies n rows of width elements, ld elements apart, to rows next to each
// other, and reports whether they are free of infinities and NaNs.
func panel[T float](dst []T, width int, src []T, ld, n int) bool {
	for l := range n {
		copy(dst[l*width:(l+1)*width], src[l*ld:])
	}
	return finite(dst[:n*width])
}

// finite reports whether v is free of infinities and NaNs.
func finite[T float](v []T) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return true
}

// interleave copies rows of n elements, ld elements apart, into columns width
// elements apart: dst[c*width+r] = src[r*ld+c].
func interleave[T float](dst []T, width int, src []T, ld, rows, n int) {
	for r := range rows {
		for c, v := range src[r*ld:][:n] {
			dst[c*width+r] = v
		}
	}
}

// dotAny computes Σ x[i]·y[i].
func dotAny[T float](x, y []T) T {
	y = y[:len(x)]
	var s [4]T
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s[0] += x[i] * y[i]
		s[1] += x[i+1] * y[i+1]
		s[2] += x[i+2] * y[i+2]
		s[3] += x[i+3] * y[i+3]
	}
	sum := s[0] + s[1] + s[2] + s[3]
	for ; i < len(x); i++ {
		sum += x[i] * y[i]
	}
	return sum
}

// dot4Any computes sum[r] = w[r]·x for 4 rows, ld elements apart.
func dot4Any[T float](w, x []T, ld int) (sum [4]T) {
	for r := range sum {
		sum[r] = dotAny(w[r*ld:][:len(x)], x)
	}
	return sum
}

// axpyAny computes y += alpha·x.
func axpyAny[T float](alpha T, x, y []T) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += alpha * v
	}
}

// axpy4Any computes y += Σ f[r]·rows[r] for 4 rows, ld elements apart.
func axpy4Any[T float](f [4]T, rows, y []T, ld int) {
	for r, v := range f {
		axpyAny(v, rows[r*ld:][:len(y)], y)
	}
}
