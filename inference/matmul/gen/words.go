package main

import "fmt"

// wordsKernels is the formats that multiply with vectors of 16 bits.
var wordsKernels = append(append([]bytesKernel(nil), bytesKernels...),
	bytesKernel{format: "Q50", size: 22}, bytesKernel{format: "Q51", size: 24}, bytesKernel{format: "IQ4", size: 18})

// rowsWords emits rows of weights in one of the block formats times a vector of 16-bit
// blocks, as rowsBlocks in words.go defines it, bit by bit. As in the kernels for bytes,
// the loop takes a group of 8 blocks at a time; of a row's last group it leaves out pairs
// of blocks that the row does not have.
//
// Y0 is the 8 float sums; Y3 zero; Y4, Y5, Y14 what weights wants; Y7, Y12, Y13
// weights; Y9, Y10, Y11, Y1 products, added pair by pair; Y6, Y9, Y10 factors; Y15 blocks
// that the row has.
//
// With VNNI one instruction multiplies and adds. Registers of 512 bits would not be faster:
// a block of 32 words is one, and 8 of them take longer to add up (llvm-mca, znver4: 40
// cycles a group instead of 32).
//
// The weights of rows to come are fetched in time: prefetchers stop at a page's end.
func (k bytesKernel) rowsWords(o *out) {
	def := []string{"Y", "DX", "W", "SI", "X", "DI", "SCALE", "BX", "ROWS", "CX", "STRIDE", "R8", "SUM", "R9",
		"END", "R10", "LEFT", "R11", "NEXT", "R12", "AT", "R13", "FIRST", "R15"}
	name := "rows" + k.format + "WordsAVX2"
	if k.wide {
		name = "rows" + k.format + "WordsVNNI"
	}
	signature := fmt.Sprintf("func %s(y *float32, w *byte, rows, stride, groups int, q *int16, scale, sum *float32, first, second *int32, mask *uint32, last int)", name)
	o.declare(signature, name+" is rowsWords for rows, groups > 0, the last group having last blocks, as mask says; rows are stride bytes apart.")
	o.frame(name, 0, 96, signature, def...)
	for i, r := range []string{"Y", "NEXT", "ROWS", "STRIDE", "END", "X", "SCALE", "SUM", "FIRST"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"y", "w", "rows", "stride", "groups", "q", "scale", "sum", "first"}[i], 8*i), r)
	}
	o.op("SHLQ", "$5", "END")
	o.op("VPXOR", "Y3", "Y3", "Y3")
	k.weightConstants(o)
	o.label("row")
	o.op("MOVQ", "NEXT", "W")
	o.op("ADDQ", "STRIDE", "NEXT")
	o.op("MOVQ", "q+40(FP)", "X")
	o.op("XORQ", "AT", "AT")
	o.op("VXORPS", "Y0", "Y0", "Y0")
	if k.blockwise() {
		o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	}
	o.label("group")
	if k.blockwise() {
		o.op("MOVQ", "$8", "LEFT")
		o.op("LEAQ", "32(AT)", "AX")
		o.op("CMPQ", "AX", "END")
		o.op("JNE", "whole")
		o.op("MOVQ", "mask+80(FP)", "AX")
		o.op("MOVQ", "last+88(FP)", "LEFT")
		o.op("VMOVDQU", "(AX)", "Y15")
		o.label("whole")
	}
	for at := 0; at < k.groupSize(); at += 64 {
		o.op("PREFETCHT0", fmt.Sprintf("%d(W)", prefetchAhead+at))
	}
	k.groupWords(o)
	k.groupFloats(o)
	k.wordsFactors(o)
	o.op("ADDQ", fmt.Sprintf("$%d", k.groupSize()), "W")
	o.op("ADDQ", "$512", "X")
	o.op("ADDQ", "$32", "AT")
	o.op("CMPQ", "AT", "END")
	o.op("JNE", "group")
	o.fold8(0, 1)
	o.op("VMOVSS", "X0", "(Y)")
	o.op("ADDQ", "$4", "Y")
	o.op("DECQ", "ROWS")
	o.op("JNZ", "row")
	o.end(def...)
}

// prefetchAhead is how far ahead of use weights are fetched, in bytes.
const prefetchAhead = 2048

// groupWords emits the integer sums of a group's blocks: those of the first halves of
// the 8 blocks, with the zero point's, to Y11, and of the second halves to Y8.
//
// Weights become words in each 128 bits, so a block's words are in the order in which
// vector has its integers.
func (k bytesKernel) groupWords(o *out) {
	product := func(j, dst int) {
		k.weights(o, j)
		o.op("VPUNPCKLBW", "Y3", "Y7", "Y13")
		o.op("VPUNPCKHBW", "Y3", "Y7", "Y7")
		o.op("VPMADDWD", fmt.Sprintf("%d(X)", 64*j), "Y13", y(dst))
		if k.wide {
			o.op("VPDPWSSD", fmt.Sprintf("%d(X)", 64*j+32), "Y7", y(dst))
			return
		}
		o.op("VPMADDWD", fmt.Sprintf("%d(X)", 64*j+32), "Y7", "Y7")
		o.op("VPADDD", "Y7", y(dst), y(dst))
	}
	pair := func(j, a, b int) {
		product(j, a)
		product(j+1, b)
		o.op("VPHADDD", y(b), y(a), y(a))
	}
	leave := func(left int, label string, zero int) {
		if k.blockwise() {
			o.op("VPXOR", y(zero), y(zero), y(zero))
			o.op("CMPQ", "LEFT", fmt.Sprintf("$%d", left))
			o.op("JLE", label)
		}
	}
	pair(0, 9, 10)
	leave(2, "two", 10)
	pair(2, 10, 11)
	o.label("two")
	o.op("VPHADDD", "Y10", "Y9", "Y9")
	leave(4, "four", 10)
	pair(4, 10, 11)
	leave(6, "six", 11)
	pair(6, 11, 1)
	o.label("six")
	o.op("VPHADDD", "Y11", "Y10", "Y10")
	o.label("four")
	o.op("VPERM2I128", "$0x20", "Y10", "Y9", "Y11")
	o.op("VPERM2I128", "$0x31", "Y10", "Y9", "Y8")
}

// halved is Format.halved.
func (k bytesKernel) halved() bool { return k.format == "Q6K" }

// zeroShift is by how many bits sums of x are shifted to be what zero points add: those
// of the format, or those that weights has because its bytes have no sign.
func (k bytesKernel) zeroShift() string {
	return map[string]string{"Q8": "$7", "Q40": "$3", "Q50": "$4", "IQ4": "$7", "Q6K": "$5"}[k.format]
}

// groupFloats turns sums of first halves in Y11, of second ones in Y8, into floats in Y8.
func (k bytesKernel) groupFloats(o *out) {
	if k.halved() {
		o.note("each half less its zero points, times its scale")
		o.op("MOVQ", "second+72(FP)", "AX")
		for i, reg := range []string{"Y11", "Y8"} {
			o.op("VMOVDQU", []string{"(FIRST)(AT*1)", "(AX)(AT*1)"}[i], "Y9")
			o.op("VPSLLD", k.zeroShift(), "Y9", "Y9")
			o.op("VPSUBD", "Y9", reg, reg)
			if i == 0 {
				o.op("VMOVDQU", "192(W)", "X9")
				o.op("VPSHUFB", "evenBytes<>(SB)", "X9", "X10") // even ones to the lower half, odd to the upper
				o.op("VPMOVSXBD", "X10", "Y9")
			} else {
				o.op("VPSRLDQ", "$8", "X10", "X10")
				o.op("VPMOVSXBD", "X10", "Y9")
			}
			o.op("VPMULLD", "Y9", reg, reg)
			o.op("VCVTDQ2PS", reg, reg)
		}
		o.op("VADDPS", "Y8", "Y11", "Y8")
		return
	}
	o.op("VPADDD", "Y8", "Y11", "Y8")
	if shift := k.zeroShift(); shift != "" {
		o.op("MOVQ", "second+72(FP)", "AX")
		o.op("VMOVDQU", "(FIRST)(AT*1)", "Y9")
		o.op("VPADDD", "(AX)(AT*1)", "Y9", "Y9")
		o.op("VPSLLD", shift, "Y9", "Y9")
		o.op("VPSUBD", "Y9", "Y8", "Y8")
	}
	o.op("VCVTDQ2PS", "Y8", "Y8")
}

// wordsFactors multiplies the group's sums Y8 with scales and adds them to Y0.
func (k bytesKernel) wordsFactors(o *out) {
	k.loadScale(o, 6)
	o.op("VMULPS", "(SCALE)(AT*1)", "Y6", "Y6")
	mask := func(reg string) {
		if k.blockwise() {
			o.op("VANDPS", "Y15", reg, reg)
		}
	}
	mask("Y6")
	o.op("VMULPS", "Y6", "Y8", "Y8")
	o.op("VADDPS", "Y8", "Y0", "Y0")
	switch k.format {
	case "Q41", "Q51":
		o.halves(k.size, 2, 9)
		mask("Y9")
		o.op("VMULPS", "(SUM)(AT*1)", "Y9", "Y9")
		o.op("VADDPS", "Y9", "Y0", "Y0")
	case "Q4K", "Q5K":
		k.sixBits(o, 2, "8(W)", 9)
		o.op("VMULPS", "(SUM)(AT*1)", "Y9", "Y9")
		o.op("VSUBPS", "Y9", "Y0", "Y0")
	}
}

// loadScale loads the scales of a group's blocks into Y reg.
func (k bytesKernel) loadScale(o *out, reg int) {
	switch k.format {
	case "Q4K", "Q5K":
		k.sixBits(o, 0, "4(W)", reg)
	case "Q6K":
		o.op("MOVWLZX", "208(W)", "AX")
		o.op("VMOVD", "AX", x(reg))
		o.op("VCVTPH2PS", x(reg), x(reg))
		o.op("VBROADCASTSS", x(reg), y(reg))
	default:
		o.halves(k.size, 0, reg)
	}
}
