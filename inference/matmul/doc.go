// Package matmul is the arithmetic of inference: products of quantized weights
// with vectors, the few vector functions a transformer needs beside them, and a
// BLAS backend in gonum's shape.
//
// # Parts
//
// Mul multiplies a Matrix, weights as they lie in a model file (F32, F16, BF16, Q8_0,
// Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, Q4_K, Q5_K, Q6_K), with an Input, one or more vectors.
// Weights are read in place.
//
// Implementation is a blas.Float32 and a blas.Float64: gonum's, with what is faster
// here replaced. blas32.Use(matmul.Implementation{}) speeds up a gonum program.
// Command bench measures it beside gonum and OpenBLAS.
//
// Ordered and Soften are what attention is made of (attend.go); RMSNorm, Rotate, SwiGLU
// and others are the vector functions (vector.go).
//
// Spread shares work between processors, for products of Implementation and for who
// divides other work, by MulRows for one (team.go).
//
// # Same numbers everywhere
//
// Each kernel exists in Go, which is its definition, and in assembly. For Mul
// and the vector functions both give the same bits: the order of float32
// operations is part of the definition, no product is fused into a sum, and
// integer sums are exact. So tokens do not depend on the machine, on the kernel
// or on the number of threads. BLAS promises gonum's results within rounding; they
// do not depend on the number of threads either.
//
// # Quantized products
//
// Input vectors are quantized to 16 bits in blocks of 32, not to the 8 bits
// that other engines use: VPMADDWD takes 16-bit factors, weights are widened on the way,
// and the error becomes 2^-16 of the block's largest value instead of 2^-8: below that of
// float32 attention, and far below that of the weights. It is why greedy tokens equal those
// of a float64 engine. One definition serves all formats (rowsBlocks in words.go):
//
//	block of weights:  scale dw, least m, 32 integers    sum = Σ wq[i]·xq[i], exact in int32
//	block of x:        scale dx (float), 32 int16        s[b mod 8] += float32(sum) · (dw·dx) - m·Σx
//
// Eight sums let a kernel read one row after the other, as memory likes best: 8 blocks are
// a register, and prefetches run ahead of it over the ends of pages.
//
// Where an input has many vectors, weights are unpacked once for all of them, and the
// vectors lie side by side (batch.go; floats.go for weights that are floats). The results
// have the same bits.
//
// SetBytes quantizes an input to 8 bits instead, for who wants it. Integer sums are exact
// there too, and every kernel gives the bits of rowsBytes in bytes.go.
//
// # Kernels
//
// The processor is asked once, with CPUID and XGETBV (the system must save the
// wide registers too). Kernel names what was chosen; the environment variable
// UNIKAI_KERNEL or Use forces another. The build tag noasm leaves only Go.
//
//	vnni      avx512, and its instructions for products of bytes and words
//	avx512    avx2, but BLAS with 512 bits
//	avx2      256-bit vectors, fused products in BLAS
//	avx128    avx2, but BLAS and F16 with 128 bits, and without fused products or
//	          F16C: best where QEMU emulates the processor (TCG); needs no FMA
//	portable  Go
//
// Assembly is written by gen/, run with go generate. Tests run what a processor lacks
// in a machine of their own (machine_test.go).
package matmul

//go:generate go run ./gen
