package main

import "fmt"

// batch emits the product of 4 rows of unpacked weights and a tile of 16 vectors whose
// elements lie side by side: a pair of elements of each vector in 64 bytes. Integer
// sums of a block are exact, so they are those of the kernels for one vector; what
// floats they become and where they are added follows rowsBlocks in words.go.
//
// 256 bits: Y0..Y7 sums of row r in Y2r (vectors 0-7) and Y2r+1 (8-15), Y8, Y9 a pair
// of elements of the vectors, Y10, Y11 a pair of weights in all lanes, Y12..Y15
// products. 512 bits with VNNI: Z0..Z3 sums of even pairs, Z4..Z7 of odd ones, Z8, Z9
// vectors, Z12, Z13 factors.
//
// With halved, sums of a block's first half become floats in Z16..Z19, or on the stack,
// and those of the second are added.
//
// SUMS are 4 x 16 floats for each of 8 blocks. FROM is where a block's sums are before
// it, relative to SUMS: zeros for the first 8 blocks.
func batch(o *out, wide, halved bool) {
	name := "batch4x16"
	locals := 0
	if halved {
		name += "Halved"
		if !wide {
			locals = 256
		}
	}
	if wide {
		name += "VNNI"
	} else {
		name += "AVX2"
	}
	def := []string{"SUMS", "DI", "W", "SI", "STRIDE", "R8", "SCALE", "BX", "LEAST", "R9", "SCALES", "R10", "BLOCKS", "CX",
		"X", "DX", "XSCALE", "R11", "XSUM", "R12", "TURN", "AX", "W3", "R13", "FROM", "R15"}
	signature := fmt.Sprintf("func %s(y *float32, ld int, q *int16, scale, least *float32, stride, blocks int, x *int16, xscale, xsum, sums, zero *float32)", name)
	o.declare(signature, name+" is batchKernel.rows for 4 rows, blocks > 0. Rows have room for stride blocks. zero is 8 x 64 zeros.")
	o.frame(name, locals, 96, signature, def...)
	for i, r := range []string{"W", "SCALE", "LEAST", "SCALES", "BLOCKS", "X", "XSCALE", "XSUM", "SUMS", "FROM"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"q", "scale", "least", "stride", "blocks", "x", "xscale", "xsum", "sums", "zero"}[i], 16+8*i), r)
	}
	o.op("SUBQ", "SUMS", "FROM")
	o.op("MOVQ", "$8", "TURN")
	o.op("MOVQ", "SCALES", "STRIDE")
	o.op("SHLQ", "$6", "STRIDE") // bytes of a row's weights
	o.op("SHLQ", "$2", "SCALES") // bytes of a row's scales
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "W3")
	rows := []string{"(W)", "(W)(STRIDE*1)", "(W)(STRIDE*2)", "(W)(W3*1)"}
	at := func(address string, offset int) string { return fmt.Sprintf("%d%s", offset, address) }
	o.label("block")
	if wide {
		for i := range 8 {
			o.op("VPXORQ", fmt.Sprintf("Z%d", i), fmt.Sprintf("Z%d", i), fmt.Sprintf("Z%d", i))
		}
	}
	for i := range 16 {
		u := i
		if halved { // elements 0-7, 8-15; then 16-23, 24-31
			u = i&^12 | i&8>>1 | i&4<<1
			if i == 8 {
				batchHalf(o, wide)
			}
		}
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
				if i == 0 || halved && i == 8 {
					o.op("VPMADDWD", y(8+v), w, y(2*r+v))
					continue
				}
				o.op("VPMADDWD", y(8+v), w, y(12+r%2*2+v))
				o.op("VPADDD", y(12+r%2*2+v), y(2*r+v), y(2*r+v))
			}
		}
	}
	o.op("ADDQ", "$64", "W")
	o.op("ADDQ", "$1024", "X")
	o.note("sums += float(sum) * (scale of weights * scale of vector), and -= least weight * sum of vector")
	o.op("TESTQ", "LEAST", "LEAST")
	o.op("JZ", "plain")
	batchSums(o, wide, halved, true)
	o.op("ADDQ", "$4", "LEAST")
	o.op("ADDQ", "$64", "XSUM")
	o.op("JMP", "next")
	o.label("plain")
	batchSums(o, wide, halved, false)
	o.label("next")
	o.op("ADDQ", "$4", "SCALE")
	o.op("ADDQ", "$64", "XSCALE")
	o.op("ADDQ", "$256", "SUMS")
	o.op("DECQ", "TURN")
	o.op("JNZ", "same")
	o.op("MOVQ", "$8", "TURN")
	o.op("SUBQ", "$2048", "SUMS")
	o.op("XORQ", "FROM", "FROM")
	o.label("same")
	o.op("DECQ", "BLOCKS")
	o.op("JNZ", "block")
	batchEnd(o, wide)
	o.end(def...)
}

// batchHalf emits what becomes of the sums of a block's first half.
func batchHalf(o *out, wide bool) {
	for i := range 8 {
		if !wide {
			o.op("VCVTDQ2PS", y(i), y(i))
			o.op("VMOVUPS", y(i), fmt.Sprintf("half-%d(SP)", 256-32*i))
			continue
		}
		z := fmt.Sprintf("Z%d", i)
		if i < 4 {
			o.op("VPADDD", fmt.Sprintf("Z%d", 4+i), z, z)
			o.op("VCVTDQ2PS", z, fmt.Sprintf("Z%d", 16+i))
		}
		o.op("VPXORQ", z, z, z)
	}
}

// batchSums emits what becomes of a block's integer sums.
func batchSums(o *out, wide, halved, least bool) {
	reg, n, size := "Y", 2, 32
	if wide {
		reg, n, size = "Z", 1, 64
	}
	v := func(i int) string { return fmt.Sprintf("%s%d", reg, i) }
	rows := func(first string) []string {
		return []string{"(" + first + ")", "(" + first + ")(SCALES*1)", "(" + first + ")(SCALES*2)"}
	}
	for r := range 4 {
		if r == 3 { // SCALES*3 has no register of its own: W3 is 16 times that, and not used here
			o.op("LEAQ", "(SCALES)(SCALES*2)", "W3")
		}
		address := func(first string) string {
			if r == 3 {
				return "(" + first + ")(W3*1)"
			}
			return rows(first)[r]
		}
		o.op("VBROADCASTSS", address("SCALE"), v(12))
		if least {
			o.op("VBROADCASTSS", address("LEAST"), v(14))
		}
		for i := range n {
			sum := v(n*r + i)
			if wide {
				o.op("VPADDD", v(4+r), sum, sum)
			}
			o.op("VMULPS", fmt.Sprintf("%d(XSCALE)", size*i), v(12), v(13))
			o.op("VCVTDQ2PS", sum, sum)
			switch {
			case halved && wide:
				o.op("VADDPS", v(16+r), sum, sum)
			case halved:
				o.op("VADDPS", fmt.Sprintf("half-%d(SP)", 256-32*(n*r+i)), sum, sum)
			}
			o.op("VMULPS", v(13), sum, sum)
			o.op("VADDPS", fmt.Sprintf("%d(SUMS)(FROM*1)", 64*r+size*i), sum, sum)
			if least {
				o.op("VMULPS", fmt.Sprintf("%d(XSUM)", size*i), v(14), v(15))
				o.op("VSUBPS", v(15), sum, sum)
			}
			o.op("VMOVUPS", sum, fmt.Sprintf("%d(SUMS)", 64*r+size*i))
		}
	}
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "W3")
}

// batchEnd emits the end of the sums, upper half to the lower until one is left, and
// stores 4 rows of each vector side by side.
func batchEnd(o *out, wide bool) {
	reg, n, size := "Y", 2, 32
	if wide {
		reg, n, size = "Z", 1, 64
	}
	v := func(i int) string { return fmt.Sprintf("%s%d", reg, i) }
	o.op("MOVQ", "sums+80(FP)", "SUMS")
	o.op("MOVQ", "y+0(FP)", "W")
	o.op("MOVQ", "ld+8(FP)", "STRIDE")
	o.op("SHLQ", "$2", "STRIDE")
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "W3")
	out := []string{"(W)", "(W)(STRIDE*1)", "(W)(STRIDE*2)", "(W)(W3*1)"}
	for h := range n {
		for r := range 4 {
			at := func(i int) string { return fmt.Sprintf("%d(SUMS)", 256*i+64*r+size*h) }
			for i := range 4 {
				o.op("VMOVUPS", at(i), v(4+i))
				o.op("VADDPS", at(i+4), v(4+i), v(4+i))
			}
			o.op("VADDPS", v(6), v(4), v(4))
			o.op("VADDPS", v(7), v(5), v(5))
			o.op("VADDPS", v(5), v(4), v(r))
		}
		o.note("4 rows of vectors -> vectors of 4 rows, a vector in each quarter")
		o.op("VUNPCKLPS", v(1), v(0), v(4))
		o.op("VUNPCKHPS", v(1), v(0), v(5))
		o.op("VUNPCKLPS", v(3), v(2), v(6))
		o.op("VUNPCKHPS", v(3), v(2), v(7))
		o.op("VUNPCKLPD", v(6), v(4), v(8))
		o.op("VUNPCKHPD", v(6), v(4), v(9))
		o.op("VUNPCKLPD", v(7), v(5), v(10))
		o.op("VUNPCKHPD", v(7), v(5), v(11))
		for quarter := range size / 16 {
			for i := range 4 {
				switch {
				case quarter == 0:
					o.op("VMOVUPS", x(8+i), out[i])
				case wide:
					o.op("VEXTRACTF32X4", fmt.Sprintf("$%d", quarter), v(8+i), out[i])
				default:
					o.op("VEXTRACTF128", "$1", v(8+i), out[i])
				}
			}
			o.op("LEAQ", "(W)(STRIDE*4)", "W")
		}
	}
}

// unpack emits the unpacking of one row: weights less their zero point, times 8-bit
// scales, as words; scales and least weights as floats.
//
// Y4, Y5, Y14 are what weights wants, Y3 zero, Y2 zero points, words; Y15 as in rows; Y1
// (Q6_K) spreads a pair of scales.
func (k bytesKernel) unpack(o *out) {
	name := "unpack" + k.format + "AVX2"
	def := []string{"Q", "DI", "W", "SI", "SCALE", "BX", "LEAST", "R9", "GROUPS", "CX", "MASK", "R8"}
	signature := fmt.Sprintf("func %s(q *int16, scale, least *float32, w *byte, groups int, mask *uint32)", name)
	o.declare(signature, name+" is unpackRow for groups > 0, the last group reading as mask says.")
	locals := 0
	if k.halved() {
		locals = 32
	}
	o.frame(name, locals, 48, signature, def...)
	for i, r := range []string{"Q", "SCALE", "LEAST", "W", "GROUPS", "MASK"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"q", "scale", "least", "w", "groups", "mask"}[i], 8*i), r)
	}
	o.op("VPXOR", "Y3", "Y3", "Y3")
	k.weightConstants(o)
	if zero := map[string]int{"Q8": 0x00800080, "Q40": 0x00080008, "Q50": 0x00100010, "IQ4": 0x00800080, "Q6K": 0x00200020}[k.format]; zero != 0 {
		o.op("MOVL", fmt.Sprintf("$0x%08x", zero), "AX")
		o.op("VMOVD", "AX", "X2")
		o.op("VPBROADCASTD", "X2", "Y2")
	}
	if k.halved() {
		o.op("VMOVDQU", "spreadWords<>(SB)", "Y1")
	}
	o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	o.label("group")
	if k.blockwise() {
		o.op("CMPQ", "GROUPS", "$1")
		o.op("JNE", "whole")
		o.op("VMOVDQU", "(MASK)", "Y15")
		o.label("whole")
	}
	if k.halved() {
		k.smallScales(o)
	}
	for j := range 8 {
		k.weights(o, j)
		o.op("VPUNPCKLBW", "Y3", "Y7", "Y8")
		o.op("VPUNPCKHBW", "Y3", "Y7", "Y7")
		if k.halved() {
			o.op("VPBROADCASTD", fmt.Sprintf("a-%d(SP)", 32-4*j), "Y12")
			o.op("VPSHUFB", "Y1", "Y12", "Y12")
		}
		for i, reg := range []string{"Y8", "Y7"} {
			if k.zeroShift() != "" {
				o.op("VPSUBW", "Y2", reg, reg)
			}
			if k.halved() {
				o.op("VPMULLW", "Y12", reg, reg)
			}
			o.op("VMOVDQU", reg, fmt.Sprintf("%d(Q)", 64*j+32*i))
		}
	}
	k.loadScale(o, 6)
	o.op("VXORPS", "Y9", "Y9", "Y9")
	if k.blockwise() {
		o.op("VANDPS", "Y15", "Y6", "Y6")
	}
	switch k.format {
	case "Q41", "Q51":
		o.halves(k.size, 2, 8)
		o.op("VANDPS", "Y15", "Y8", "Y8")
		o.note("the least weight counts negative")
		o.op("VPCMPEQD", "Y9", "Y9", "Y9")
		o.op("VPSLLD", "$31", "Y9", "Y9")
		o.op("VXORPS", "Y8", "Y9", "Y9")
	case "Q4K", "Q5K":
		k.sixBits(o, 2, "8(W)", 9)
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
