//go:build amd64 && !noasm

package matmul

// As in native_amd64.go, the functions below check lengths by slicing, give whole
// vectors to assembly and the rest to Go.

func rowsF16AVX128(y []float32, w []byte, x []float32) {
	cols := len(x)
	w = w[:len(y)*2*cols]
	whole := cols &^ (lanes - 1)
	if whole == 0 {
		rowsF16(y, w, x)
		return
	}
	r := 0
	for ; r+2 <= len(y); r += 2 {
		rows2F16AVX128(&y[r], &w[2*r*cols], &x[0], whole, 2*cols)
	}
	if r < len(y) {
		rows1F16AVX128(&y[r], &w[2*r*cols], &x[0], whole, 0)
	}
	if whole == cols {
		return
	}
	for r := range y {
		for c := whole; c < cols; c++ {
			y[r] += float32(half(w[2*(r*cols+c):]) * x[c])
		}
	}
}
