package main

import "fmt"

// batch emits the product of 4 rows of unpacked weights and a tile of 16 vectors whose
// elements lie side by side: a pair of elements of each vector in 64 bytes. Integer
// sums of a block are exact, so they are those of the kernels for one vector; what
// floats they become and where they are added follows batchRows in batch.go.
//
// 256 bits: Y0..Y7 sums of row r in Y2r (vectors 0-7) and Y2r+1 (8-15), Y8, Y9 a pair
// of elements of the vectors, Y10, Y11 a pair of weights in all lanes, Y12, Y13
// products. 512 bits with VNNI: Z0..Z3 sums of even pairs, Z4..Z7 of odd ones, Z8, Z9
// vectors, Z12, Z13 factors.
//
// SUMS are 4 x 16 floats for each of 8 blocks, or of one where OFFSET does not move.
func batch(o *out, wide bool) {
	name := "batch4x16AVX2"
	if wide {
		name = "batch4x16VNNI"
	}
	def := []string{"SUMS", "DI", "W", "SI", "STRIDE", "R8", "SCALE", "BX", "LEAST", "R9", "SCALES", "R10", "BLOCKS", "CX",
		"X", "DX", "XSCALE", "R11", "XSUM", "R12", "OFFSET", "AX", "W3", "R13", "PAIRS", "R15"}
	signature := fmt.Sprintf("func %s(sums *float32, q *int16, scale, least *float32, stride, blocks int, x *int16, xscale, xsum *float32)", name)
	o.declare(signature, name+" is batchRows for 4 rows, blocks > 0. Rows have room for stride blocks. If least is nil, all\n// blocks go to the same sums.")
	o.frame(name, 0, 72, signature, def...)
	for i, r := range []string{"SUMS", "W", "SCALE", "LEAST", "SCALES", "BLOCKS", "X", "XSCALE", "XSUM"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"sums", "q", "scale", "least", "stride", "blocks", "x", "xscale", "xsum"}[i], 8*i), r)
	}
	o.op("MOVQ", "SCALES", "STRIDE")
	o.op("SHLQ", "$6", "STRIDE") // bytes of a row's weights
	o.op("SHLQ", "$2", "SCALES") // bytes of a row's scales
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "W3")
	o.op("XORQ", "OFFSET", "OFFSET")
	rows := []string{"(W)", "(W)(STRIDE*1)", "(W)(STRIDE*2)", "(W)(W3*1)"}
	at := func(address string, offset int) string { return fmt.Sprintf("%d%s", offset, address) }
	o.label("block")
	for i := range 8 {
		if wide {
			o.op("VPXORQ", fmt.Sprintf("Z%d", i), fmt.Sprintf("Z%d", i), fmt.Sprintf("Z%d", i))
		} else {
			o.op("VPXOR", y(i), y(i), y(i))
		}
	}
	const unroll = 4
	o.op("MOVQ", fmt.Sprintf("$%d", 16/unroll), "PAIRS")
	o.label("pairs")
	for u := range unroll {
		if wide {
			z := fmt.Sprintf("Z%d", 8+u%2)
			o.op("VMOVDQU64", fmt.Sprintf("%d(X)", 64*u), z)
			for r := range 4 {
				o.op("VPDPWSSD.BCST", at(rows[r], 4*u), z, fmt.Sprintf("Z%d", u%2*4+r))
			}
			continue
		}
		o.op("VMOVDQU", fmt.Sprintf("%d(X)", 64*u), "Y8")
		o.op("VMOVDQU", fmt.Sprintf("%d(X)", 64*u+32), "Y9")
		for r := range 4 {
			w := y(10 + r%2)
			o.op("VPBROADCASTD", at(rows[r], 4*u), w)
			for v := range 2 {
				o.op("VPMADDWD", y(8+v), w, y(12+v))
				o.op("VPADDD", y(12+v), y(2*r+v), y(2*r+v))
			}
		}
	}
	o.op("ADDQ", fmt.Sprintf("$%d", 4*unroll), "W")
	o.op("ADDQ", fmt.Sprintf("$%d", 64*unroll), "X")
	o.op("DECQ", "PAIRS")
	o.op("JNZ", "pairs")
	o.note("sums += float(sum) * (scale of weights * scale of vector)")
	o.op("MOVQ", "SCALE", "PAIRS")
	for r := range 4 {
		batchScale(o, wide, r, false)
		o.op("ADDQ", "SCALES", "PAIRS")
	}
	o.op("TESTQ", "LEAST", "LEAST")
	o.op("JZ", "next")
	o.note("sums -= least weight * sum of vector")
	o.op("MOVQ", "LEAST", "PAIRS")
	for r := range 4 {
		batchScale(o, wide, r, true)
		o.op("ADDQ", "SCALES", "PAIRS")
	}
	o.op("ADDQ", "$4", "LEAST")
	o.op("ADDQ", "$64", "XSUM")
	o.op("ADDQ", "$256", "OFFSET")
	o.op("ANDQ", "$0x7FF", "OFFSET")
	o.label("next")
	o.op("ADDQ", "$4", "SCALE")
	o.op("ADDQ", "$64", "XSCALE")
	o.op("DECQ", "BLOCKS")
	o.op("JNZ", "block")
	o.op("TESTQ", "LEAST", "LEAST")
	o.op("JZ", "end")
	o.note("upper half of the 8 sums to the lower, until one is left")
	o.op("MOVQ", "$8", "PAIRS")
	o.label("fold")
	for i := range 8 {
		o.op("VMOVUPS", fmt.Sprintf("%d(SUMS)", 256*i), y(i))
	}
	for n := 4; n > 0; n /= 2 {
		for i := range n {
			o.op("VADDPS", y(i+n), y(i), y(i))
		}
	}
	o.op("VMOVUPS", "Y0", "(SUMS)")
	o.op("ADDQ", "$32", "SUMS")
	o.op("DECQ", "PAIRS")
	o.op("JNZ", "fold")
	o.label("end")
	o.end(def...)
}

// batchScale emits what becomes of row r's integer sums, or of its least weights.
func batchScale(o *out, wide bool, r int, least bool) {
	vectors, size := "XSCALE", 32
	if least {
		vectors = "XSUM"
	}
	reg, n := "Y", 2
	if wide {
		reg, n, size = "Z", 1, 64
	}
	v := func(i int) string { return fmt.Sprintf("%s%d", reg, i) }
	o.op("VBROADCASTSS", "(PAIRS)", v(12))
	for i := range n {
		sums := fmt.Sprintf("%d(SUMS)(OFFSET*1)", 64*r+size*i)
		o.op("VMULPS", fmt.Sprintf("%d(%s)", size*i, vectors), v(12), v(13))
		if least {
			o.op("VMOVUPS", sums, v(10))
			o.op("VSUBPS", v(13), v(10), v(10))
			o.op("VMOVUPS", v(10), sums)
			continue
		}
		sum := v(n*r + i)
		if wide {
			o.op("VPADDD", v(4+r), sum, sum)
		}
		o.op("VCVTDQ2PS", sum, sum)
		o.op("VMULPS", v(13), sum, sum)
		o.op("VADDPS", sums, sum, sum)
		o.op("VMOVUPS", sum, sums)
	}
}

// unpack emits the unpacking of one row: weights less their zero point, times 8-bit
// scales, as words; scales and least weights as floats.
//
// Y3 0x0F (or 0x000F) and Y4 zero points, words; Y5 bytes for high bits; Y15 as in rows.
func (k bytesKernel) unpack(o *out) {
	name := "unpack" + k.format + "AVX2"
	def := []string{"Q", "DI", "W", "SI", "SCALE", "BX", "LEAST", "R9", "GROUPS", "CX", "MASK", "R8"}
	signature := fmt.Sprintf("func %s(q *int16, scale, least *float32, w *byte, groups int, mask *uint32)", name)
	o.declare(signature, name+" is unpackRow for groups > 0, the last group reading as mask says.")
	o.frame(name, 0, 48, signature, def...)
	for i, r := range []string{"Q", "SCALE", "LEAST", "W", "GROUPS", "MASK"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"q", "scale", "least", "w", "groups", "mask"}[i], 8*i), r)
	}
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
	}
	o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	o.label("group")
	if k.blockwise() {
		o.op("CMPQ", "GROUPS", "$1")
		o.op("JNE", "whole")
		o.op("VMOVDQU", "(MASK)", "Y15")
		o.label("whole")
	}
	for j := range 8 {
		for h := range 2 {
			k.words(o, j, h)
			o.op("VMOVDQU", "Y7", fmt.Sprintf("%d(Q)", 64*j+32*h))
		}
	}
	o.op("VXORPS", "Y9", "Y9", "Y9")
	switch k.format {
	case "Q8", "Q40", "Q41":
		o.halves(k.size, 0, 6)
		o.op("VANDPS", "Y15", "Y6", "Y6")
		if k.format == "Q41" {
			o.halves(k.size, 2, 8)
			o.op("VANDPS", "Y15", "Y8", "Y8")
			o.note("the least weight counts negative")
			o.op("VPCMPEQD", "Y9", "Y9", "Y9")
			o.op("VPSLLD", "$31", "Y9", "Y9")
			o.op("VXORPS", "Y8", "Y9", "Y9")
		}
	case "Q4K", "Q5K":
		k.sixBits(o, 0, "4(W)", 6)
		k.sixBits(o, 2, "8(W)", 9)
	case "Q6K":
		o.op("MOVWLZX", "208(W)", "AX")
		o.op("VMOVD", "AX", "X6")
		o.op("VCVTPH2PS", "X6", "X6")
		o.op("VBROADCASTSS", "X6", "Y6")
	}
	o.op("VMOVUPS", "Y6", "(SCALE)")
	o.op("VMOVUPS", "Y9", "(LEAST)")
	o.op("ADDQ", "$512", "Q")
	o.op("ADDQ", "$32", "SCALE")
	o.op("ADDQ", "$32", "LEAST")
	o.op("ADDQ", fmt.Sprintf("$%d", k.groupSize()), "W")
	o.op("DECQ", "GROUPS")
	o.op("JNZ", "group")
	o.end(def...)
}

// words puts half h of block j's weights into Y7.
func (k bytesKernel) words(o *out, j, h int) {
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
	case "Q4K", "Q5K":
		nibbles(fmt.Sprintf("%d(W)", k.size-128+32*(j/2)+16*h), j%2 == 1)
		if k.format == "Q5K" {
			high(fmt.Sprintf("%d(W)", 16+16*h), j)
		}
	case "Q6K":
		nibbles(fmt.Sprintf("%d(W)", 64*(j/4)+32*(j%2)+16*h), j%4 > 1)
		high(fmt.Sprintf("%d(W)", 128+32*(j/4)+16*h), 2*(j%4))
	}
	if k.format == "Q40" || k.format == "Q6K" {
		o.op("VPSUBW", "Y4", "Y7", "Y7")
	}
	if k.format == "Q6K" {
		o.op("VPBROADCASTB", fmt.Sprintf("%d(W)", 192+2*j+h), "X8")
		o.op("VPMOVSXBW", "X8", "Y8")
		o.op("VPMULLW", "Y8", "Y7", "Y7")
	}
}
