//go:build amd64 && !noasm

package matmul

// floats256 needs AVX2 and F16C.
var floats256 = floatsBy(3, 2, dots3x4AVX2)

// floats512 needs AVX-512 too.
var floats512 = floatsBy(6, 1, dots6x4AVX512)

// dotsFunc is one of the functions dots... of stubs_floats_amd64.go.
type dotsFunc func(y *float32, ld int, sums, w, x *float32, chunks, wnext, xnext, fresh int)

// floatsBy returns the kernel of assembly for a tile of rows and a number of passes. Its
// functions check lengths.
func floatsBy(rows, passes int, do dotsFunc) floatKernel {
	width := lanes / passes // of a register
	// place checks a panel, and returns where its row i begins, and the bytes to the second
	// 8 of 16 elements and to the next 16.
	place := func(dst []float32, i, n, chunks int) (first *float32, next, step int) {
		if dst = dst[:n*chunks*lanes]; i >= n || chunks < 1 {
			panic("matmul: no such row of a panel")
		}
		if passes == 2 {
			return &dst[i*width], 4 * width * n * chunks, 4 * width * n
		}
		return &dst[i*width], 32, 4 * width * n
	}
	bytes := func(do func(dst *float32, src *byte, chunks, next, step int)) func(dst []float32, i, n int, row []byte, chunks int) {
		return func(dst []float32, i, n int, row []byte, chunks int) {
			first, next, step := place(dst, i, n, chunks)
			do(first, &row[:2*chunks*lanes][0], chunks, next, step)
		}
	}
	return floatKernel{
		rows: rows, passes: passes,
		dots: func(y []float32, ld int, sums *floatSums, w, x []float32, chunks int, fresh bool) {
			_, _ = w[:rows*chunks*lanes], x[:floatWide*chunks*lanes]
			if chunks < 1 {
				panic("matmul: no such tile")
			}
			var out *float32
			if y != nil {
				out = &y[:(floatWide-1)*ld+rows][0]
			}
			var begin int
			if fresh {
				begin = 1
			}
			do(out, ld, &sums[0], &w[0], &x[0], chunks, 4*width*rows*chunks, 4*width*floatWide*chunks, begin)
		},
		panelF32: func(dst []float32, i, n int, row []float32, chunks int) {
			first, next, step := place(dst, i, n, chunks)
			panelFloatAVX2(first, &row[:chunks*lanes][0], chunks, next, step)
		},
		panelF16: bytes(panelF16AVX2), panelBF16: bytes(panelBF16AVX2),
	}
}
