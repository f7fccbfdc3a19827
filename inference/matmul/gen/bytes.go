package main

import "fmt"

// bytesKernel emits rows of weights in one of the block formats times a vector of
// 8-bit blocks, as rowsBytes in bytes.go defines it, bit by bit.
//
// The loop takes a group, 8 blocks of 32 weights of one row, at a time: integer
// products become one register of 8 sums, a block in each lane, and then floats.
//
// 256 bits, one block at a time:
//
//	Y0       the 8 float sums
//	Y3       16-bit ones        Y4  0x0F bytes      Y5  shifts, or bytes for the fifth and sixth bits
//	Y7, Y12  weights            Y8..Y11  products of blocks, added pair by pair
//	Y6, Y9   factors            Y13 (Q6_K) spreads a pair of scales    Y14 (Q6_K) scales
//	Y15      lanes of blocks that the row has
//
// 512 bits with VNNI, a pair of blocks at a time: Z8..Z11 products of pairs; Z16..Z19
// choose the pairs' scales (Q6_K); Z20 0x0F (Q8_0: 0x80) bytes, Z21 shifts or
// rotations, Z22 bytes for high bits, Z23 rotations, Z24 high bits; Y5 the order of sums.
type bytesKernel struct {
	format string
	size   int // bytes of a block, for formats with 256 weights a group
	wide   bool
}

// bytesKernels is the formats.
var bytesKernels = []bytesKernel{{format: "Q8", size: 34}, {format: "Q40", size: 18}, {format: "Q41", size: 20},
	{format: "Q4K", size: 144}, {format: "Q5K", size: 176}, {format: "Q6K", size: 210}}

func (k bytesKernel) name() string {
	if k.wide {
		return "rows" + k.format + "VNNI"
	}
	return "rows" + k.format + "Bytes"
}

// blockwise reports whether each 32 weights have their own block.
func (k bytesKernel) blockwise() bool { return k.size < 64 }

func (k bytesKernel) groupSize() int {
	if k.blockwise() {
		return 8 * k.size
	}
	return k.size
}

func (k bytesKernel) emit(o *out) {
	def := []string{"Y", "DX", "W", "SI", "X", "DI", "SCALE", "BX", "ROWS", "CX", "STRIDE", "R8", "SUM", "R9",
		"END", "R10", "MASK", "R11", "NEXT", "R12", "AT", "R13", "HALVES", "R15"}
	signature := fmt.Sprintf("func %s(y *float32, w *byte, rows, stride, groups int, q *int8, scale, sum *float32, halves *int16, mask *uint32)", k.name())
	o.declare(signature, k.name()+" is rowsBytes for rows, groups > 0, the last group reading as mask says; rows are stride bytes apart.")
	locals := 0
	if k.format == "Q6K" && !k.wide {
		locals = 32
	}
	o.frame(k.name(), locals, 80, signature, def...)
	for i, r := range []string{"Y", "NEXT", "ROWS", "STRIDE", "END", "X", "SCALE", "SUM", "HALVES", "MASK"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"y", "w", "rows", "stride", "groups", "q", "scale", "sum", "halves", "mask"}[i], 8*i), r)
	}
	o.op("SHLQ", "$5", "END")
	k.constants(o)
	o.label("row")
	o.op("MOVQ", "NEXT", "W")
	o.op("ADDQ", "STRIDE", "NEXT")
	o.op("XORQ", "AT", "AT")
	o.op("VXORPS", "Y0", "Y0", "Y0")
	if k.blockwise() {
		o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	}
	o.label("group")
	if k.blockwise() {
		o.op("LEAQ", "32(AT)", "AX")
		o.op("CMPQ", "AX", "END")
		o.op("JNE", "whole")
		o.op("VMOVDQU", "(MASK)", "Y15")
		o.label("whole")
	}
	if k.format == "Q6K" {
		k.smallScales(o)
	}
	if k.wide {
		for p := range 4 {
			k.pair(o, p, fmt.Sprintf("Z%d", 8+p))
		}
		o.sumPairs()
	} else {
		for j := range 8 {
			k.block(o, j, y([]int{8, 9, 9, 10, 9, 10, 10, 11}[j]))
			for _, add := range [][2]int{1: {8, 9}, 3: {9, 10}, 5: {9, 10}, 7: {10, 11}}[j : j+1] {
				if add[1] > 0 {
					o.op("VPHADDD", y(add[1]), y(add[0]), y(add[0]))
				}
			}
			switch j {
			case 3:
				o.op("VPHADDD", "Y9", "Y8", "Y8")
			case 7:
				o.op("VPHADDD", "Y10", "Y9", "Y9")
			}
		}
		o.op("VPERM2I128", "$0x20", "Y9", "Y8", "Y10")
		o.op("VPERM2I128", "$0x31", "Y9", "Y8", "Y11")
		o.op("VPADDD", "Y11", "Y10", "Y8")
	}
	k.factors(o)
	o.op("ADDQ", fmt.Sprintf("$%d", k.groupSize()), "W")
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

// constants loads what stays in registers.
func (k bytesKernel) constants(o *out) {
	if k.wide {
		if k.format == "Q6K" {
			for p := range 4 {
				o.op("VMOVDQU64", fmt.Sprintf("chooseHalf<>+%d(SB)", 64*p), fmt.Sprintf("Z%d", 16+p))
			}
		}
		o.op("VMOVDQU", "packedWords<>(SB)", "Y5")
		o.op("VPCMPEQW", "Y3", "Y3", "Y3")
		o.op("VPSRLW", "$15", "Y3", "Y3")
		low := "0x0F0F0F0F"
		if k.format == "Q8" {
			low = "0x80808080"
		}
		fill := func(value, reg string) {
			o.op("MOVL", "$"+value, "AX")
			o.op("VMOVD", "AX", "X7")
			o.op("VPBROADCASTD", "X7", reg)
		}
		fill(low, "Z20")
		switch k.format {
		case "Q40", "Q41":
			o.op("VMOVDQU64", "shiftQ4<>(SB)", "Z21")
		case "Q4K":
			o.op("VMOVDQU64", "shiftQ4K<>(SB)", "Z21")
		case "Q5K":
			o.op("VMOVDQU64", "shiftQ4K<>(SB)", "Z21")
			o.op("VMOVDQU64", "rotateQ5K<>(SB)", "Z23")
			fill("0x10101010", "Z22")
		case "Q6K":
			o.op("VMOVDQU64", "rotateQ6K<>(SB)", "Z21")
			fill("0x30303030", "Z22")
		}
		return
	}
	o.op("VPCMPEQW", "Y3", "Y3", "Y3")
	o.op("VPSRLW", "$15", "Y3", "Y3")
	k.weightConstants(o)
	if k.format == "Q6K" {
		o.op("VMOVDQU", "spreadWords<>(SB)", "Y13")
	}
}

// weightConstants loads what weights wants: Y4, Y5 and Y14.
func (k bytesKernel) weightConstants(o *out) {
	fill := func(value string, reg int) {
		o.op("MOVL", "$"+value, "AX")
		o.op("VMOVD", "AX", x(reg))
		o.op("VPBROADCASTD", x(reg), y(reg))
	}
	if k.format == "Q8" {
		fill("0x80808080", 4)
		return
	}
	fill("0x0F0F0F0F", 4)
	switch k.format {
	case "Q40", "Q41", "Q50", "Q51", "IQ4":
		o.op("VMOVDQU", "shiftQ4<>(SB)", "Y5")
	case "Q5K":
		fill("0x10101010", 5)
	case "Q6K":
		fill("0x30303030", 5)
	}
	switch k.format {
	case "Q50", "Q51":
		o.op("VMOVDQU", "bitOfByte<>(SB)", "Y14")
	case "IQ4":
		o.op("VMOVDQU", "nonLinear<>(SB)", "Y14")
	}
}

// factors turns the group's integer sums Y8 into floats and adds them to Y0.
func (k bytesKernel) factors(o *out) {
	// What a zero point other than 0 takes off, exactly: Σ x times a power of two.
	shift := map[string]string{"Q40": "$3", "Q6K": "$5"}[k.format]
	if k.wide && k.format == "Q8" {
		shift = "$7" // weights had 128 added
	}
	if shift != "" {
		words := "Y3"
		if k.format == "Q6K" {
			words = "Y14"
			o.op("VPMOVSXBW", "192(W)", "Y14")
		}
		o.op("VPMADDWD", "(HALVES)(AT*1)", words, "Y9")
		o.op("VPSLLD", shift, "Y9", "Y9")
		o.op("VPSUBD", "Y9", "Y8", "Y8")
	}
	o.op("VCVTDQ2PS", "Y8", "Y8")
	switch k.format {
	case "Q8", "Q40", "Q41":
		o.halves(k.size, 0, 6)
	case "Q4K", "Q5K":
		k.sixBits(o, 0, "4(W)", 6)
	case "Q6K":
		o.op("MOVWLZX", "208(W)", "AX")
		o.op("VMOVD", "AX", "X6")
		o.op("VCVTPH2PS", "X6", "X6")
		o.op("VBROADCASTSS", "X6", "Y6")
	}
	o.op("VMULPS", "(SCALE)(AT*1)", "Y6", "Y6")
	if k.blockwise() {
		o.op("VANDPS", "Y15", "Y6", "Y6")
	}
	o.op("VMULPS", "Y6", "Y8", "Y8")
	o.op("VADDPS", "Y8", "Y0", "Y0")
	switch k.format {
	case "Q41":
		o.halves(k.size, 2, 9)
		o.op("VANDPS", "Y15", "Y9", "Y9")
		o.op("VMULPS", "(SUM)(AT*1)", "Y9", "Y9")
		o.op("VADDPS", "Y9", "Y0", "Y0")
	case "Q4K", "Q5K":
		k.sixBits(o, 2, "8(W)", 9)
		o.op("VMULPS", "(SUM)(AT*1)", "Y9", "Y9")
		o.op("VSUBPS", "Y9", "Y0", "Y0")
	}
}

// smallScales prepares Q6_K's 16 scales: as words on the stack, as doublewords in Z14.
func (k bytesKernel) smallScales(o *out) {
	if k.wide {
		o.op("VPMOVSXBD", "192(W)", "Z14")
		return
	}
	o.op("VPMOVSXBW", "192(W)", "Y14")
	o.op("VMOVDQU", "Y14", "a-32(SP)")
}

// halves loads a half-precision number of each of 8 blocks into Y reg.
func (o *out) halves(size, at, reg int) {
	o.op("VPXOR", x(reg), x(reg), x(reg))
	for j := range 8 {
		o.op("VPINSRW", fmt.Sprintf("$%d", j), fmt.Sprintf("%d(W)", size*j+at), x(reg), x(reg))
	}
	o.op("VCVTPH2PS", x(reg), y(reg))
}

// sixBits loads 8 numbers of 6 bits, times a half at d(W), into Y reg. They lie in 12
// bytes: first (the word's address) the low 4 with their 6 bits and the high 2 bits of
// the others, and at 12(W) the low 4 bits of the others - scales low, offsets high.
func (k bytesKernel) sixBits(o *out, d int, word string, reg int) {
	o.op("MOVL", word, "AX")
	o.op("MOVL", "AX", "R11")
	o.op("ANDL", "$0x3F3F3F3F", "AX")
	o.op("VMOVD", "AX", x(reg))
	o.op("SHRL", "$6", "R11")
	o.op("ANDL", "$0x03030303", "R11")
	o.op("SHLL", "$4", "R11")
	o.op("MOVL", "12(W)", "AX")
	if d != 0 {
		o.op("SHRL", "$4", "AX")
	}
	o.op("ANDL", "$0x0F0F0F0F", "AX")
	o.op("ORL", "R11", "AX")
	o.op("VPINSRD", "$1", "AX", x(reg), x(reg))
	o.op("VPMOVZXBD", x(reg), y(reg))
	o.op("VCVTDQ2PS", y(reg), y(reg))
	o.op("MOVWLZX", fmt.Sprintf("%d(W)", d), "AX")
	o.op("VMOVD", "AX", "X10")
	o.op("VCVTPH2PS", "X10", "X10")
	o.op("VBROADCASTSS", "X10", "Y10")
	o.op("VMULPS", "Y10", y(reg), y(reg))
}

// block emits block j of a group: weights to unsigned bytes, and 8 sums of products to
// register dst.
func (k bytesKernel) block(o *out, j int, dst string) {
	xs := fmt.Sprintf("%d(X)(AT*8)", 32*j)
	if k.format == "Q8" {
		o.note("|w| * (x with w's sign)")
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", k.size*j+2), "Y12")
		o.op("VMOVDQU", xs, "Y13")
		o.op("VPABSB", "Y12", "Y7")
		o.op("VPSIGNB", "Y12", "Y13", "Y13")
		xs = "Y13"
	} else {
		k.weights(o, j)
	}
	o.op("VPMADDUBSW", xs, "Y7", "Y7")
	ones := "Y3"
	if k.format == "Q6K" {
		o.note("instead of ones the scales: of 16 weights, of the next 16")
		o.op("VPBROADCASTD", fmt.Sprintf("a-%d(SP)", 32-4*j), "Y12")
		o.op("VPSHUFB", "Y13", "Y12", "Y12")
		ones = "Y12"
	}
	o.op("VPMADDWD", ones, "Y7", dst)
}

// weights puts block j's weights into Y7, 32 unsigned bytes in order: more by the zero
// point than they stand for. It destroys Y12.
func (k bytesKernel) weights(o *out, j int) {
	switch k.format {
	case "Q8":
		o.op("VPXOR", fmt.Sprintf("%d(W)", k.size*j+2), "Y4", "Y7")
	case "Q40", "Q41", "Q50", "Q51", "IQ4":
		o.op("VBROADCASTI128", fmt.Sprintf("%d(W)", k.size*j+k.size-16), "Y7")
		o.op("VPSRLVQ", "Y5", "Y7", "Y7")
		o.op("VPAND", "Y4", "Y7", "Y7")
		switch k.format {
		case "Q50", "Q51":
			o.note("fifth bits: byte i of 32 takes its byte of 4, and bit i of that")
			o.op("VPBROADCASTD", fmt.Sprintf("%d(W)", k.size*j+k.size-20), "Y12")
			o.op("VPSHUFB", "spreadBytes<>(SB)", "Y12", "Y12")
			o.op("VPAND", "Y14", "Y12", "Y12")
			o.op("VPCMPEQB", "Y14", "Y12", "Y12")
			o.op("VPAND", "sixteens<>(SB)", "Y12", "Y12")
			o.op("VPOR", "Y12", "Y7", "Y7")
		case "IQ4":
			o.op("VPSHUFB", "Y7", "Y14", "Y7")
		}
	case "Q4K", "Q5K":
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", k.size-128+32*(j/2)), "Y7")
		if j%2 == 1 {
			o.op("VPSRLW", "$4", "Y7", "Y7")
		}
		o.op("VPAND", "Y4", "Y7", "Y7")
		if k.format == "Q5K" {
			o.highBits("16(W)", j-4)
		}
	case "Q6K":
		h, q := j/4, j%4
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", 64*h+32*(q%2)), "Y7")
		if q > 1 {
			o.op("VPSRLW", "$4", "Y7", "Y7")
		}
		o.op("VPAND", "Y4", "Y7", "Y7")
		o.highBits(fmt.Sprintf("%d(W)", 128+32*h), 2*q-4)
	}
}

// highBits adds to Y7 the bits that Y5 selects after a shift to the right.
func (o *out) highBits(address string, right int) {
	o.op("VMOVDQU", address, "Y12")
	switch {
	case right > 0:
		o.op("VPSRLW", fmt.Sprintf("$%d", right), "Y12", "Y12")
	case right < 0:
		o.op("VPSLLW", fmt.Sprintf("$%d", -right), "Y12", "Y12")
	}
	o.op("VPAND", "Y5", "Y12", "Y12")
	o.op("VPOR", "Y12", "Y7", "Y7")
}

// fold8 adds the 8 lanes of register a, halves first, into the lowest. It destroys b.
func (o *out) fold8(a, b int) {
	o.op("VEXTRACTF128", "$1", y(a), x(b))
	o.op("VADDPS", x(b), x(a), x(a))
	o.op("VPERMILPS", "$0x4E", x(a), x(b)) // 2 3 0 1
	o.op("VADDPS", x(b), x(a), x(a))
	o.op("VPERMILPS", "$0xB1", x(a), x(b)) // 1 0 3 2
	o.op("VADDPS", x(b), x(a), x(a))
}
