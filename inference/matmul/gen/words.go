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
// 256 bits: Y0 the 8 float sums; Y3 to Y5 what words wants; Y7, Y8, Y13 weights; Y9 to
// Y12 products, added pair by pair; Y6, Y9, Y10 factors; Y15 blocks that the row has.
//
// 512 bits with VNNI: Z8 to Z15 products of a block each; Z20 to Z23 what wideWords wants;
// Z30 blocks that the row has.
//
// The weights of rows to come are fetched in time: prefetchers stop at a page's end.
func (k bytesKernel) rowsWords(o *out) {
	def := []string{"Y", "DX", "W", "SI", "X", "DI", "SCALE", "BX", "ROWS", "CX", "STRIDE", "R8", "SUM", "R9",
		"END", "R10", "LEFT", "R11", "NEXT", "R12", "AT", "R13", "TOTAL", "R15"}
	name := "rows" + k.format + "WordsAVX2"
	if k.wide {
		name = "rows" + k.format + "WordsVNNI"
	}
	signature := fmt.Sprintf("func %s(y *float32, w *byte, rows, stride, groups int, q *int16, scale, sum *float32, total *int32, mask *uint32, last int)", name)
	o.declare(signature, name+" is rowsWords for rows, groups > 0, the last group having last blocks, as mask says; rows are stride bytes apart.")
	o.frame(name, 0, 88, signature, def...)
	for i, r := range []string{"Y", "NEXT", "ROWS", "STRIDE", "END", "X", "SCALE", "SUM", "TOTAL"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"y", "w", "rows", "stride", "groups", "q", "scale", "sum", "total"}[i], 8*i), r)
	}
	o.op("SHLQ", "$5", "END")
	if k.wide {
		k.wideConstants(o)
	} else {
		k.wordsConstants(o)
	}
	o.label("row")
	o.op("MOVQ", "NEXT", "W")
	o.op("ADDQ", "STRIDE", "NEXT")
	o.op("MOVQ", "q+40(FP)", "X")
	o.op("XORQ", "AT", "AT")
	o.op("VXORPS", "Y0", "Y0", "Y0")
	all := "Y15"
	if k.wide {
		all = "Y6"
	}
	if k.blockwise() {
		o.op("VPCMPEQD", all, all, all)
		if k.wide {
			o.op("VMOVDQU64", "Z6", "Z30")
		}
	}
	o.label("group")
	if k.blockwise() {
		o.op("MOVQ", "$8", "LEFT")
		o.op("LEAQ", "32(AT)", "AX")
		o.op("CMPQ", "AX", "END")
		o.op("JNE", "whole")
		o.op("MOVQ", "mask+72(FP)", "AX")
		o.op("MOVQ", "last+80(FP)", "LEFT")
		if k.wide {
			o.op("VMOVDQU", "(AX)", "Y6")
			o.op("VMOVDQU64", "Z6", "Z30")
		} else {
			o.op("VMOVDQU", "(AX)", "Y15")
		}
		o.label("whole")
	}
	for at := 0; at < k.groupSize(); at += 64 {
		o.op("PREFETCHT0", fmt.Sprintf("%d(W)", prefetchAhead+at))
	}
	if k.wide {
		for j := range 8 {
			k.wideWords(o, j)
			dst := fmt.Sprintf("Z%d", 8+j)
			o.op("VPXORQ", dst, dst, dst)
			o.op("VPDPWSSD", fmt.Sprintf("%d(X)", 64*j), "Z7", dst)
		}
		o.sumWide(k.halved())
	} else {
		k.groupWords(o)
	}
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

// groupWords emits the integer sums of a group's blocks, to Y8.
func (k bytesKernel) groupWords(o *out) {
	product := func(j, dst int) {
		k.words(o, j, 0, false)
		o.op("VPMADDWD", fmt.Sprintf("%d(X)", 64*j), "Y7", y(dst))
		k.words(o, j, 1, false)
		o.op("VPMADDWD", fmt.Sprintf("%d(X)", 64*j+32), "Y7", "Y13")
		o.op("VPADDD", "Y13", y(dst), y(dst))
	}
	pair := func(j, a, b int) {
		product(j, a)
		product(j+1, b)
		o.op("VPHADDD", y(b), y(a), y(a))
	}
	leave := func(left int, label string) {
		if k.blockwise() {
			o.op("CMPQ", "LEFT", fmt.Sprintf("$%d", left))
			o.op("JLE", label)
		}
	}
	if k.halved() {
		k.groupHalves(o)
		return
	}
	pair(0, 9, 10)
	if k.blockwise() {
		o.op("VPXOR", "Y10", "Y10", "Y10")
	}
	leave(2, "two")
	pair(2, 10, 11)
	o.label("two")
	o.op("VPHADDD", "Y10", "Y9", "Y9")
	if k.blockwise() {
		o.op("VPXOR", "Y10", "Y10", "Y10")
	}
	leave(4, "four")
	pair(4, 10, 11)
	if k.blockwise() {
		o.op("VPXOR", "Y11", "Y11", "Y11")
	}
	leave(6, "six")
	pair(6, 11, 12)
	o.label("six")
	o.op("VPHADDD", "Y11", "Y10", "Y10")
	o.label("four")
	o.op("VPERM2I128", "$0x20", "Y10", "Y9", "Y11")
	o.op("VPERM2I128", "$0x31", "Y10", "Y9", "Y12")
	o.addHalves(false, 11, 12)
}

// halved is Format.halved.
func (k bytesKernel) halved() bool { return k.format == "Q6K" }

// groupHalves is groupWords with sums of halves of blocks of their own: Y9 to Y12 for the
// first ones, Y1, Y2, Y6, Y14 for the second.
func (k bytesKernel) groupHalves(o *out) {
	trees := [2][]int{{9, 10, 11, 12}, {1, 2, 6, 14}}
	at := 0 // how many registers of each tree are in use
	add := func() {
		at--
		for _, t := range trees {
			o.op("VPHADDD", y(t[at]), y(t[at-1]), y(t[at-1]))
		}
	}
	for j := range 8 {
		for h, t := range trees {
			k.words(o, j, h, false)
			o.op("VPMADDWD", fmt.Sprintf("%d(X)", 64*j+32*h), "Y7", y(t[at]))
		}
		at++
		if j%2 == 1 {
			add()
		}
		if j%4 == 3 {
			add()
		}
	}
	for i, t := range trees {
		o.op("VPERM2I128", "$0x20", y(t[1]), y(t[0]), "Y7")
		o.op("VPERM2I128", "$0x31", y(t[1]), y(t[0]), "Y8")
		o.op("VPADDD", "Y8", "Y7", y(11+i))
	}
	o.addHalves(true, 11, 12)
}

// addHalves makes Y8 the integers a + b or, for halves, float(a) + float(b).
func (o *out) addHalves(halved bool, a, b int) {
	if !halved {
		o.op("VPADDD", y(b), y(a), "Y8")
		return
	}
	o.op("VCVTDQ2PS", y(a), y(a))
	o.op("VCVTDQ2PS", y(b), y(b))
	o.op("VADDPS", y(b), y(a), "Y8")
}

// wordsConstants loads what words wants: Y3 0x000F (IQ4_NL: bytes), Y4 zero points or
// fifth bits, Y5 high bits or a table.
func (k bytesKernel) wordsConstants(o *out) {
	fill := func(value, reg int) {
		o.op("MOVL", fmt.Sprintf("$0x%08x", value), "AX")
		o.op("VMOVD", "AX", x(reg))
		o.op("VPBROADCASTD", x(reg), y(reg))
	}
	fill(0x000F000F, 3)
	switch k.format {
	case "Q40":
		fill(0x00080008, 4)
	case "Q5K":
		fill(0x00100010, 5)
	case "Q6K":
		fill(0x00200020, 4)
		fill(0x00300030, 5)
	case "Q50":
		fill(0xFFF0FFF0, 4)
		o.op("VMOVDQU", "bitOfWord<>(SB)", "Y5")
	case "Q51":
		fill(0x00100010, 4)
		o.op("VMOVDQU", "bitOfWord<>(SB)", "Y5")
	case "IQ4":
		fill(0x0F0F0F0F, 3)
		o.op("VMOVDQU", "nonLinear<>(SB)", "X5")
	}
}

// words puts half h of block j's weights into Y7, and with zero takes off zero points
// that all weights share, which cost less to take off sums. It destroys Y8.
func (k bytesKernel) words(o *out, j, h int, zero bool) {
	high := func(address string, bit int) { // of the bits from bit, to bits 4..
		o.op("VPMOVZXBW", address, "Y8")
		switch {
		case bit < 4:
			o.op("VPSLLW", fmt.Sprintf("$%d", 4-bit), "Y8", "Y8")
		case bit > 4:
			o.op("VPSRLW", fmt.Sprintf("$%d", bit-4), "Y8", "Y8")
		}
		o.op("VPAND", "Y5", "Y8", "Y8")
		o.op("VPOR", "Y8", "Y7", "Y7")
	}
	nibbles := func(address string, upper bool) {
		o.op("VPMOVZXBW", address, "Y7")
		if upper {
			o.op("VPSRLW", "$4", "Y7", "Y7")
		} else {
			o.op("VPAND", "Y3", "Y7", "Y7")
		}
	}
	switch k.format {
	case "Q8":
		o.op("VPMOVSXBW", fmt.Sprintf("%d(W)", k.size*j+2+16*h), "Y7")
	case "Q40", "Q41":
		nibbles(fmt.Sprintf("%d(W)", k.size*j+k.size-16), h == 1)
	case "Q50", "Q51":
		nibbles(fmt.Sprintf("%d(W)", k.size*j+k.size-16), h == 1)
		o.op("VPBROADCASTW", fmt.Sprintf("%d(W)", k.size*j+k.size-20+2*h), "Y8")
		o.op("VPAND", "Y5", "Y8", "Y8")
		o.op("VPCMPEQW", "Y5", "Y8", "Y8")
		if k.format == "Q50" { // 16 less where the bit is off
			o.op("VPANDN", "Y4", "Y8", "Y8")
		} else {
			o.op("VPAND", "Y4", "Y8", "Y8")
		}
		o.op("VPOR", "Y8", "Y7", "Y7")
	case "IQ4":
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", k.size*j+2), "X7")
		if h == 1 {
			o.op("VPSRLW", "$4", "X7", "X7")
		}
		o.op("VPAND", "X3", "X7", "X7")
		o.op("VPSHUFB", "X7", "X5", "X7")
		o.op("VPMOVSXBW", "X7", "Y7")
	case "Q4K", "Q5K":
		nibbles(fmt.Sprintf("%d(W)", k.size-128+32*(j/2)+16*h), j%2 == 1)
		if k.format == "Q5K" {
			high(fmt.Sprintf("%d(W)", 16+16*h), j)
		}
	case "Q6K":
		nibbles(fmt.Sprintf("%d(W)", 64*(j/4)+32*(j%2)+16*h), j%4 > 1)
		high(fmt.Sprintf("%d(W)", 128+32*(j/4)+16*h), 2*(j%4))
		o.op("VPSUBW", "Y4", "Y7", "Y7")
		o.op("VPBROADCASTB", fmt.Sprintf("%d(W)", 192+2*j+h), "X8")
		o.op("VPMOVSXBW", "X8", "Y8")
		o.op("VPMULLW", "Y8", "Y7", "Y7")
	}
	if zero && k.format == "Q40" {
		o.op("VPSUBW", "Y4", "Y7", "Y7")
	}
}

// wordsFactors turns the group's integer sums Y8 into floats and adds them to Y0.
func (k bytesKernel) wordsFactors(o *out) {
	if k.format == "Q40" {
		o.op("VMOVDQU", "(TOTAL)(AT*1)", "Y9")
		o.op("VPSLLD", "$3", "Y9", "Y9")
		o.op("VPSUBD", "Y9", "Y8", "Y8")
	}
	if !k.halved() {
		o.op("VCVTDQ2PS", "Y8", "Y8")
	}
	k.loadScale(o, 6)
	o.op("VMULPS", "(SCALE)(AT*1)", "Y6", "Y6")
	mask := func(reg string) {
		switch {
		case k.blockwise() && k.wide:
			o.op("VPANDQ", "Z30", "Z"+reg[1:], "Z"+reg[1:])
		case k.blockwise():
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
