//go:build amd64 && !noasm

package matmul

// The tiles in assembly. As in native_amd64.go, the functions below check lengths
// by slicing, give whole vectors to assembly and the rest to Go.

// microFunc is one of the functions of stubs_tile_amd64.go.
type microFunc[T float] func(k, count int, alpha, beta T, a, b, c *T, ldc int)

// microOf returns the micro function made of fs for panels of these heights.
func microOf[T float](heights []int, cols int, fs ...microFunc[T]) func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
	return func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
		for i, h := range heights {
			if h == height {
				a, b, c = a[:count*h*k], b[:k*cols], c[:(count*h-1)*ldc+cols]
				fs[i](k, count, alpha, beta, &a[0], &b[0], &c[0], ldc)
				return
			}
		}
		panic("matmul: no panel of that height")
	}
}

var (
	single128 = tile[float32]{
		rows: 6, cols: 16, heights: []int{6}, micro: microOf([]int{6}, 16, sgemm6x16AVX128),
		panel: panelF32, columns: columnsF32, interleave: interleaveF32, finite: finiteF32,
		dot: dotAVX2, dot4: dot4Any[float32], axpy: axpyAny[float32], axpy4: axpy4Any[float32],
	}
	double128 = tile[float64]{
		rows: 6, cols: 8, heights: []int{6}, micro: microOf([]int{6}, 8, dgemm6x8AVX128),
		panel: panelF64, columns: columnsF64, interleave: interleaveF64, finite: finiteF64,
		dot: dotAny[float64], dot4: dot4Any[float64], axpy: axpyAny[float64], axpy4: axpy4Any[float64],
	}

	heights256 = []int{6, 4, 2}
	single256  = tile[float32]{
		rows: 6, cols: 16, heights: heights256, micro: microOf(heights256, 16, sgemm6x16AVX2, sgemm4x16AVX2, sgemm2x16AVX2),
		panel: panelF32, columns: columnsF32, interleave: interleaveF32, finite: finiteF32,
		dot: dotF32, dot4: dot4F32, axpy: axpyF32, axpy4: axpy4F32,
	}
	double256 = tile[float64]{
		rows: 6, cols: 8, heights: heights256, micro: microOf(heights256, 8, dgemm6x8AVX2, dgemm4x8AVX2, dgemm2x8AVX2),
		panel: panelF64, columns: columnsF64, interleave: interleaveF64, finite: finiteF64,
		dot: dotF64, dot4: dot4F64, axpy: axpyF64, axpy4: axpy4F64,
	}

	heights512 = []int{12, 8, 4}
	single512  = tile[float32]{
		rows: 12, cols: 32, heights: heights512, micro: microOf(heights512, 32, sgemm12x32AVX512, sgemm8x32AVX512, sgemm4x32AVX512),
		panel: panel512F32, columns: columns512F32, interleave: interleaveF32, finite: finiteF32,
		dot: dotF32, dot4: dot4F32, axpy: axpyF32, axpy4: axpy4F32,
	}
	double512 = tile[float64]{
		rows: 12, cols: 16, heights: heights512, micro: microOf(heights512, 16, dgemm12x16AVX512, dgemm8x16AVX512, dgemm4x16AVX512),
		panel: panel512F64, columns: columns512F64, interleave: interleaveF64, finite: finiteF64,
		dot: dotF64, dot4: dot4F64, axpy: axpyF64, axpy4: axpy4F64,
	}
)
