//go:build amd64 && !noasm

package matmul

// The functions below check lengths by slicing, and give everything to assembly.

// orderedFunc is a kernel for some rows and a multiple of some blocks.
type orderedFunc func(out, a, b *float32, n, blocks, ldo, lda, ldb, next int)

// orderedBy returns ordered by kernels for 1 to 4 rows, of which those in many take
// many[rows] blocks at once, and those in one, one.
func orderedBy(many, one [5]orderedFunc) func(out, a, b []float32, s Shape) {
	each := [5]int{1: 4, 2: 2, 3: 1, 4: 1}
	return func(out, a, b []float32, s Shape) {
		out = out[:(s.Rows-1)*s.LdOut+s.Blocks*Columns]
		a = a[:(s.Rows-1)*s.LdA+s.N]
		b = b[:(s.Blocks-1)*s.Next+(s.N-1)*s.LdB+Columns]
		for r := 0; r < s.Rows; r += 4 {
			rows := min(4, s.Rows-r)
			whole := s.Blocks / each[rows] * each[rows]
			if whole > 0 {
				many[rows](&out[r*s.LdOut], &a[r*s.LdA], &b[0], s.N, whole, 4*s.LdOut, 4*s.LdA, 4*s.LdB, 4*s.Next)
			}
			if rest := s.Blocks - whole; rest > 0 {
				one[rows](&out[r*s.LdOut+whole*Columns], &a[r*s.LdA], &b[whole*s.Next], s.N, rest, 4*s.LdOut, 4*s.LdA, 4*s.LdB, 4*s.Next)
			}
		}
	}
}

var (
	orderedAVX2 = orderedBy([5]orderedFunc{nil, ordered1x4AVX2, ordered2x2AVX2, ordered3x1AVX2, ordered4x1AVX2},
		[5]orderedFunc{nil, ordered1x1AVX2, ordered2x1AVX2, ordered3x1AVX2, ordered4x1AVX2})
	orderedAVX512 = orderedBy([5]orderedFunc{nil, ordered1x4AVX512, ordered2x2AVX512, ordered3x1AVX512, ordered4x1AVX512},
		[5]orderedFunc{nil, ordered1x1AVX512, ordered2x1AVX512, ordered3x1AVX512, ordered4x1AVX512})
)

// attend256 and attend512 are what AVX2 with F16C, and AVX-512 have.
var (
	attend256 = attendKernel{orderedAVX2, softenRowAVX2, widenHalvesAVX2, narrowHalvesAVX2, widenColumnBlocksAVX2, widenRowBlocksAVX2}
	attend512 = attendKernel{orderedAVX512, softenRowAVX2, widenHalvesAVX2, narrowHalvesAVX2, widenColumnBlocksAVX2, widenRowBlocksAVX2}
)

func softenRowAVX2(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	return softenAVX2(&x[0], len(x), topAVX2(&x[0], len(x)))
}

func widenHalvesAVX2(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	whole := len(src) &^ 15
	if whole > 0 {
		widenAVX2(&dst[0], &src[0], whole)
	}
	widenHalves(dst[whole:], src[whole:])
}

func narrowHalvesAVX2(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	whole := len(src) &^ 7
	if whole > 0 {
		narrowAVX2(&dst[0], &src[0], whole)
	}
	narrowHalves(dst[whole:], src[whole:])
}

func widenColumnBlocksAVX2(dst []float32, src []int8, scale []float32) {
	if n := len(scale) / Columns; n > 0 {
		dst, src = dst[:n*BlockSize*Columns], src[:n*BlockSize*Columns]
		widenColumnsAVX2(&dst[0], &src[0], &scale[0], n)
	}
}

func widenRowBlocksAVX2(dst []float32, src []int8, scale []float32) {
	if n := len(scale); n > 0 {
		dst, src = dst[:n*BlockSize], src[:n*BlockSize]
		widenRowsAVX2(&dst[0], &src[0], &scale[0], n)
	}
}
