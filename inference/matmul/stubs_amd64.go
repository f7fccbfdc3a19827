//go:build amd64 && !noasm

package matmul

// The assembly functions, each with the Go function whose bits it gives. Pointers
// lead to as many elements as the loops below use; nothing else is read or
// written, and no alignment is needed. They do not let their arguments escape.

// rows1F32AVX2 is rowsF32 for 1 row and cols a multiple of 16; stride is not used.
//
//go:noescape
func rows1F32AVX2(y, w, x *float32, cols, stride int)

// rows1F16AVX2 is rowsF16 for 1 row and cols a multiple of 16; stride is not used.
//
//go:noescape
func rows1F16AVX2(y *float32, w *byte, x *float32, cols, stride int)

// rows1BF16AVX2 is rowsBF16 for 1 row and cols a multiple of 16; stride is not used.
//
//go:noescape
func rows1BF16AVX2(y *float32, w *byte, x *float32, cols, stride int)

// rows2F16AVX128 is rowsF16 for 2 rows, stride bytes apart, and cols a multiple of 16.
//
//go:noescape
func rows2F16AVX128(y *float32, w *byte, x *float32, cols, stride int)

// rows1F16AVX128 is rows2F16AVX128 for 1 row.
//
//go:noescape
func rows1F16AVX128(y *float32, w *byte, x *float32, cols, stride int)

// weighted32AVX2 is weighted for 32 columns of n rows, stride bytes apart.
//
//go:noescape
func weighted32AVX2(y, w, rows *float32, n, stride int)

// weighted8AVX2 is weighted32AVX2 for 8 columns.
//
//go:noescape
func weighted8AVX2(y, w, rows *float32, n, stride int)

// expSumAVX2 does, for n a multiple of 16, with the sum in rowsF32's order:
//
//	for i := range n { x[i] = Exp(x[i] - top); sum += x[i] }
//
//go:noescape
func expSumAVX2(x *float32, n int, top float32) (sum float32)

// swigluAVX2 is swiglu for n a multiple of 8.
//
//go:noescape
func swigluAVX2(gate, up *float32, n int)

// scaleAVX2 does, for n a multiple of 8:
//
//	for i := range n { x[i] *= f }
//
//go:noescape
func scaleAVX2(x *float32, n int, f float32)

// cpuid is the instruction of that name: it asks the processor (Intel SDM vol.
// 2A "CPUID", AMD APM vol. 3 "CPUID") for a leaf and sub-leaf.
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

// pause tells the processor that this is a loop that waits for memory to change, so
// that its other thread may go ahead (Intel SDM vol. 2B "PAUSE").
func pause()
