//go:build amd64 && !noasm

package matmul

import "golang.org/x/sys/cpu"

// avx2 needs AVX2 for integers, FMA for Sgemm and F16C for half precision.
var avx2 = kernels{
	name: "avx2",
	dot:  dotAVX2, rowsF32: rowsF32AVX2, rowsF16: rowsF16AVX2, rowsBF16: rowsBF16AVX2,
	weighted: weightedAVX2, softmax: softmaxAVX2, swiglu: swigluVectorAVX2,
	quantize: quantizeWordsAVX2, rowsWords: wordsAVX2,
	quantizeBytes: quantizeBytesBlocksAVX2, rowsBytes: bytesAVX2, batch: &batch256, floats: &floats256,
	attend: &attend256, vector: &vector256,
	single: &single256, double: &double256,
}

// avx512 is avx2 with 512-bit vectors in BLAS.
var avx512 = func() kernels {
	k := avx2
	k.name, k.floats, k.attend, k.single, k.double = "avx512", &floats512, &attend512, &single512, &double512
	return k
}()

// vnni is avx512 with instructions for products of bytes.
var vnni = func() kernels {
	k := avx512
	k.name, k.rowsWords, k.rowsBytes, k.batch = "vnni", wordsVNNI, bytesVNNI, &batch512
	return k
}()

// avx128 is avx2 for processors that are emulated, or that lack FMA: Sgemm has
// no fused products, F16 no VCVTPH2PS, and both have vectors of 4. TCG calls a
// function for each of these instructions; what it does for fused products,
// for conversions and for vectors of 8 takes longest (measured with QEMU 11).
var avx128 = kernels{
	name: "avx128",
	dot:  dotAVX2, rowsF32: rowsF32AVX2, rowsF16: rowsF16AVX128, rowsBF16: rowsBF16AVX2,
	weighted: weightedAVX2, softmax: softmaxAVX2, swiglu: swigluVectorAVX2,
	quantize: quantizeWordsAVX2, rowsWords: wordsAVX2,
	quantizeBytes: quantizeBytesBlocksAVX2, rowsBytes: bytesAVX2, batch: &batch256,
	attend: &attend256, vector: &vector256,
	single: &single128, double: &double128,
}

// native returns the kernels in assembly that this machine can run, best first.
// Package cpu asks CPUID, and XGETBV whether the system saves YMM registers and, for
// AVX-512, masks and ZMM registers.
func native() []*kernels {
	switch {
	case !cpu.X86.HasAVX2 || !cpu.X86.HasF16C:
		return nil
	case !cpu.X86.HasFMA:
		return []*kernels{&avx128}
	case emulated():
		return []*kernels{&avx128, &avx2}
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI:
		return []*kernels{&vnni, &avx512, &avx2, &avx128}
	case cpu.X86.HasAVX512F:
		return []*kernels{&avx512, &avx2, &avx128}
	}
	return []*kernels{&avx2, &avx128}
}

// emulated reports whether the processor is QEMU's software translation, TCG:
// the processor says that there is a hypervisor, and that its name is this.
func emulated() bool {
	const present = 1 << 31 // CPUID 1 ECX bit 31: never set by hardware, left to hypervisors
	if _, _, c, _ := cpuid(1, 0); c&present == 0 {
		return false
	}
	_, b, c, d := cpuid(0x40000000, 0)                                         // its name
	return [3]uint32{b, c, d} == [3]uint32{0x54474354, 0x43544743, 0x47435447} // "TCGTCGTCGTCG"
}

// The functions below check lengths by slicing, give whole vectors to assembly
// and the rest to Go.

func dotAVX2(x, y []float32) float32 {
	y = y[:len(x)]
	whole := len(x) &^ (lanes - 1)
	var sum float32
	if whole > 0 {
		rows1F32AVX2(&sum, &x[0], &y[0], whole, 0)
	}
	for i := whole; i < len(x); i++ {
		sum += float32(x[i] * y[i])
	}
	return sum
}

func rowsF32AVX2(y, w, x []float32) {
	cols := len(x)
	w = w[:len(y)*cols]
	whole := cols &^ (lanes - 1)
	if whole == 0 {
		rowsF32(y, w, x)
		return
	}
	for r := range y {
		rows1F32AVX2(&y[r], &w[r*cols], &x[0], whole, 4*cols)
	}
	if whole == cols {
		return
	}
	for r := range y {
		for c := whole; c < cols; c++ {
			y[r] += float32(w[r*cols+c] * x[c])
		}
	}
}

func rowsF16AVX2(y []float32, w []byte, x []float32) {
	cols := len(x)
	w = w[:len(y)*2*cols]
	whole := cols &^ (lanes - 1)
	if whole == 0 {
		rowsF16(y, w, x)
		return
	}
	for r := range y {
		rows1F16AVX2(&y[r], &w[2*r*cols], &x[0], whole, 2*cols)
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

func rowsBF16AVX2(y []float32, w []byte, x []float32) {
	cols := len(x)
	w = w[:len(y)*2*cols]
	whole := cols &^ (lanes - 1)
	if whole == 0 {
		rowsBF16(y, w, x)
		return
	}
	for r := range y {
		rows1BF16AVX2(&y[r], &w[2*r*cols], &x[0], whole, 2*cols)
	}
	if whole == cols {
		return
	}
	for r := range y {
		for c := whole; c < cols; c++ {
			y[r] += float32(brain(w[2*(r*cols+c):]) * x[c])
		}
	}
}

func weightedAVX2(y, w, rows []float32, stride int) {
	n := len(w)
	if n == 0 || len(y) == 0 {
		clear(y)
		return
	}
	rows = rows[:(n-1)*stride+len(y)]
	c := 0
	for ; c+32 <= len(y); c += 32 {
		weighted32AVX2(&y[c], &w[0], &rows[c], n, 4*stride)
	}
	for ; c+8 <= len(y); c += 8 {
		weighted8AVX2(&y[c], &w[0], &rows[c], n, 4*stride)
	}
	if c < len(y) {
		weighted(y[c:], w, rows[c:], stride)
	}
}

func softmaxAVX2(x []float32) {
	if len(x) < lanes {
		softmax(x)
		return
	}
	top := maximum(x)
	whole := len(x) &^ (lanes - 1)
	sum := expSumAVX2(&x[0], whole, top)
	for i := whole; i < len(x); i++ {
		x[i] = Exp(x[i] - top)
		sum += x[i]
	}
	inverse := 1 / sum
	scaleAVX2(&x[0], whole, inverse)
	for i := whole; i < len(x); i++ {
		x[i] *= inverse
	}
}

func swigluVectorAVX2(gate, up []float32) {
	up = up[:len(gate)]
	whole := len(gate) &^ 7
	if whole > 0 {
		swigluAVX2(&gate[0], &up[0], whole)
	}
	swiglu(gate[whole:], up[whole:])
}
