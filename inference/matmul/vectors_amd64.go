//go:build amd64 && !noasm

package matmul

// The functions of the tiles in assembly, for float32 and, the same, for float64.

func panelF32(dst, src []float32, ld, n int) bool {
	dst, src = dst[:n*16], src[:(n-1)*ld+16]
	return panel16F32AVX(&dst[0], &src[0], ld, n)
}

func columnsF32(dst, src []float32, ld, n int) {
	dst, src = dst[:n*6], src[:(n-1)*ld+6]
	columns6F32AVX(&dst[0], &src[0], ld, n)
}

func panel512F32(dst, src []float32, ld, n int) bool {
	dst, src = dst[:n*32], src[:(n-1)*ld+32]
	return panel32F32AVX(&dst[0], &src[0], ld, n)
}

func columns512F32(dst, src []float32, ld, n int) {
	dst, src = dst[:n*12], src[:(n-1)*ld+12]
	columns12F32AVX(&dst[0], &src[0], ld, n)
}

func interleaveF32(dst []float32, width int, src []float32, ld, rows, n int) {
	if n < 4 {
		interleave(dst, width, src, ld, rows, n)
		return
	}
	dst, src = dst[:(n-1)*width+rows], src[:(rows-1)*ld+n]
	whole, r := n&^3, 0
	for ; r+4 <= rows; r += 4 {
		interleave4F32AVX(&dst[r], &src[r*ld], width, ld, whole)
	}
	for ; r+2 <= rows; r += 2 {
		interleave2F32AVX(&dst[r], &src[r*ld], width, ld, whole)
	}
	if r < rows {
		interleave(dst[r:], width, src[r*ld:], ld, 1, whole)
	}
	if whole < n {
		interleave(dst[whole*width:], width, src[whole:], ld, rows, n-whole)
	}
}

func finiteF32(v []float32) bool {
	whole := len(v) &^ 7
	return (whole == 0 || finiteF32AVX(&v[0], whole)) && finite(v[whole:])
}

func dotF32(x, y []float32) float32 {
	y = y[:len(x)]
	whole := len(x) &^ 7
	var sum float32
	if whole > 0 {
		sum = dotF32FMA(&x[0], &y[0], whole)
	}
	for i := whole; i < len(x); i++ {
		sum += x[i] * y[i]
	}
	return sum
}

func dot4F32(w, x []float32, ld int) (sum [4]float32) {
	w = w[:3*ld+len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		dot4F32FMA(&sum[0], &w[0], &x[0], whole, ld)
	}
	for i := whole; i < len(x); i++ {
		for r := range sum {
			sum[r] += w[r*ld+i] * x[i]
		}
	}
	return sum
}

func axpyF32(alpha float32, x, y []float32) {
	y = y[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		axpy1F32FMA(&alpha, &x[0], &y[0], whole, 0)
	}
	for i := whole; i < len(x); i++ {
		y[i] += alpha * x[i]
	}
}

func axpy4F32(f [4]float32, rows, y []float32, ld int) {
	rows = rows[:3*ld+len(y)]
	whole := len(y) &^ 7
	if whole > 0 {
		axpy4F32FMA(&f[0], &rows[0], &y[0], whole, ld)
	}
	for i := whole; i < len(y); i++ {
		y[i] += f[0]*rows[i] + f[1]*rows[ld+i] + f[2]*rows[2*ld+i] + f[3]*rows[3*ld+i]
	}
}

func panelF64(dst, src []float64, ld, n int) bool {
	dst, src = dst[:n*8], src[:(n-1)*ld+8]
	return panel8F64AVX(&dst[0], &src[0], ld, n)
}

func columnsF64(dst, src []float64, ld, n int) {
	dst, src = dst[:n*6], src[:(n-1)*ld+6]
	columns6F64AVX(&dst[0], &src[0], ld, n)
}

func panel512F64(dst, src []float64, ld, n int) bool {
	dst, src = dst[:n*16], src[:(n-1)*ld+16]
	return panel16F64AVX(&dst[0], &src[0], ld, n)
}

func columns512F64(dst, src []float64, ld, n int) {
	dst, src = dst[:n*12], src[:(n-1)*ld+12]
	columns12F64AVX(&dst[0], &src[0], ld, n)
}

func interleaveF64(dst []float64, width int, src []float64, ld, rows, n int) {
	if n < 4 {
		interleave(dst, width, src, ld, rows, n)
		return
	}
	dst, src = dst[:(n-1)*width+rows], src[:(rows-1)*ld+n]
	whole, r := n&^3, 0
	for ; r+4 <= rows; r += 4 {
		interleave4F64AVX(&dst[r], &src[r*ld], width, ld, whole)
	}
	for ; r+2 <= rows; r += 2 {
		interleave2F64AVX(&dst[r], &src[r*ld], width, ld, whole)
	}
	if r < rows {
		interleave(dst[r:], width, src[r*ld:], ld, 1, whole)
	}
	if whole < n {
		interleave(dst[whole*width:], width, src[whole:], ld, rows, n-whole)
	}
}

func finiteF64(v []float64) bool {
	whole := len(v) &^ 3
	return (whole == 0 || finiteF64AVX(&v[0], whole)) && finite(v[whole:])
}

func dotF64(x, y []float64) float64 {
	y = y[:len(x)]
	whole := len(x) &^ 3
	var sum float64
	if whole > 0 {
		sum = dotF64FMA(&x[0], &y[0], whole)
	}
	for i := whole; i < len(x); i++ {
		sum += x[i] * y[i]
	}
	return sum
}

func dot4F64(w, x []float64, ld int) (sum [4]float64) {
	w = w[:3*ld+len(x)]
	whole := len(x) &^ 3
	if whole > 0 {
		dot4F64FMA(&sum[0], &w[0], &x[0], whole, ld)
	}
	for i := whole; i < len(x); i++ {
		for r := range sum {
			sum[r] += w[r*ld+i] * x[i]
		}
	}
	return sum
}

func axpyF64(alpha float64, x, y []float64) {
	y = y[:len(x)]
	whole := len(x) &^ 3
	if whole > 0 {
		axpy1F64FMA(&alpha, &x[0], &y[0], whole, 0)
	}
	for i := whole; i < len(x); i++ {
		y[i] += alpha * x[i]
	}
}

func axpy4F64(f [4]float64, rows, y []float64, ld int) {
	rows = rows[:3*ld+len(y)]
	whole := len(y) &^ 3
	if whole > 0 {
		axpy4F64FMA(&f[0], &rows[0], &y[0], whole, ld)
	}
	for i := whole; i < len(y); i++ {
		y[i] += f[0]*rows[i] + f[1]*rows[ld+i] + f[2]*rows[2*ld+i] + f[3]*rows[3*ld+i]
	}
}
