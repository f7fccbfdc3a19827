package main

import "fmt"

// bytesKernel emits rows of weights in one of the block formats times a vector of
// 8-bit blocks, as rowsBytes in bytes.go defines it, bit by bit.
//
// The loop takes a group, 8 blocks of 32 weights of one row, at a time. What the
// blocks' products are multiplied with, A (8 floats; Q6_K: 16, one for 16 weights),
// is computed for the whole group, and so are the offsets' sums.
//
// 256 bits, one block at a time:
//
//	Y0, Y1   the 16 float sums: of even blocks, of odd ones
//	Y2       the 8 sums of offsets
//	Y3       16-bit ones        Y4  0x0F bytes      Y5  shifts, or bytes for the fifth and sixth bits
//	Y6       A, then on the stack for broadcasts; Q6_K: Y6, Y14
//	Y7..Y13  weights, products  Y15 lanes of blocks that the row has
//
// 512 bits with VNNI, a pair of blocks at a time: Z0 all sums, Z2 as Y2; Z16..Z19
// choose A's elements for each pair; Z20 0x0F (Q8_0: 0x80) bytes, Z21 shifts or
// rotations, Z22 bytes for high bits; Z6 A.
type bytesKernel struct {
	format string
	size   int // bytes of a block, for formats with 256 weights a group
	wide   bool
}

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
		"END", "R10", "MASK", "R11", "NEXT", "R12", "AT", "R13"}
	signature := fmt.Sprintf("func %s(y *float32, w *byte, rows, stride, groups int, q *int8, scale, sum *float32, mask *uint32)", k.name())
	o.declare(signature, k.name()+" is rowsBytes for rows, groups > 0, the last group reading as mask says; rows are stride bytes apart.")
	o.frame(k.name(), 64, 72, signature, def...)
	for i, r := range []string{"Y", "NEXT", "ROWS", "STRIDE", "END", "X", "SCALE", "SUM", "MASK"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"y", "w", "rows", "stride", "groups", "q", "scale", "sum", "mask"}[i], 8*i), r)
	}
	o.op("SHLQ", "$5", "END")
	k.constants(o)
	o.label("row")
	o.op("MOVQ", "NEXT", "W")
	o.op("ADDQ", "STRIDE", "NEXT")
	o.op("XORQ", "AT", "AT")
	for i := range 3 {
		o.op("VXORPS", y(i), y(i), y(i))
	}
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
	k.factors(o)
	if k.wide {
		for p := range 4 {
			k.pair(o, p)
		}
	} else {
		for j := range 8 {
			k.block(o, j)
		}
	}
	o.op("ADDQ", fmt.Sprintf("$%d", k.groupSize()), "W")
	o.op("ADDQ", "$32", "AT")
	o.op("CMPQ", "AT", "END")
	o.op("JNE", "group")
	if k.wide {
		o.op("VEXTRACTF64X4", "$1", "Z0", "Y1")
	}
	o.fold(0, 1)
	if k.format != "Q8" {
		o.fold8(2, 1)
		o.op("VADDSS", "X2", "X0", "X0")
	}
	o.op("VMOVSS", "X0", "(Y)")
	o.op("ADDQ", "$4", "Y")
	o.op("DECQ", "ROWS")
	o.op("JNZ", "row")
	o.end(def...)
}

// constants loads what stays in registers.
func (k bytesKernel) constants(o *out) {
	if k.wide {
		table := "choosePair"
		if k.format == "Q6K" {
			table = "chooseHalf"
		}
		for p := range 4 {
			o.op("VMOVDQU64", fmt.Sprintf("%s<>+%d(SB)", table, 64*p), fmt.Sprintf("Z%d", 16+p))
		}
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
	o.op("MOVL", "$0x0F0F0F0F", "AX")
	o.op("VMOVD", "AX", "X4")
	o.op("VPBROADCASTD", "X4", "Y4")
	switch k.format {
	case "Q40", "Q41":
		o.op("VMOVDQU", "shiftQ4<>(SB)", "Y5")
	case "Q5K", "Q6K":
		o.op("MOVL", map[string]string{"Q5K": "$0x10101010", "Q6K": "$0x30303030"}[k.format], "AX")
		o.op("VMOVD", "AX", "X5")
		o.op("VPBROADCASTD", "X5", "Y5")
	}
}

// factors computes A for a group and adds the offsets' sums.
func (k bytesKernel) factors(o *out) {
	switch k.format {
	case "Q8", "Q40":
		o.halves(k.size, 0, 7)
		if k.format == "Q40" {
			o.note("offsets are 8 * scale")
			o.op("VMULPS", sym("eight"), "Y7", "Y8")
			o.op("VANDPS", "Y15", "Y8", "Y8")
			o.op("VMULPS", "(SUM)(AT*1)", "Y8", "Y8")
			o.op("VSUBPS", "Y8", "Y2", "Y2")
		}
		o.op("VMULPS", "(SCALE)(AT*1)", "Y7", "Y6")
		o.op("VANDPS", "Y15", "Y6", "Y6")
	case "Q41":
		o.halves(k.size, 2, 8)
		o.op("VANDPS", "Y15", "Y8", "Y8")
		o.op("VMULPS", "(SUM)(AT*1)", "Y8", "Y8")
		o.op("VADDPS", "Y8", "Y2", "Y2")
		o.halves(k.size, 0, 7)
		o.op("VMULPS", "(SCALE)(AT*1)", "Y7", "Y6")
		o.op("VANDPS", "Y15", "Y6", "Y6")
	case "Q4K", "Q5K":
		k.sixBits(o)
	case "Q6K":
		o.op("MOVWLZX", "208(W)", "AX")
		o.op("VMOVD", "AX", "X9")
		o.op("VCVTPH2PS", "X9", "X9")
		o.op("VBROADCASTSS", "X9", "Y9")
		for i, a := range []string{"Y6", "Y14"} {
			o.op("VPMOVSXBD", fmt.Sprintf("%d(W)", 192+8*i), "Y7")
			o.op("VCVTDQ2PS", "Y7", "Y7")
			o.op("VMULPS", "Y9", "Y7", "Y7")
			o.op("VMULPS", sym("thirtyTwo"), "Y7", "Y8")
			o.op("VMULPS", fmt.Sprintf("%d(SUM)(AT*2)", 32*i), "Y8", "Y8")
			o.op("VSUBPS", "Y8", "Y2", "Y2")
			o.note("each scale of the vector serves two")
			o.op("VMOVUPS", fmt.Sprintf("%d(SCALE)(AT*1)", 16*i), "X8")
			o.op("VMOVDQU", "twice<>(SB)", "Y10")
			o.op("VPERMPS", "Y8", "Y10", "Y8")
			o.op("VMULPS", "Y8", "Y7", a)
		}
	}
	if k.wide {
		if k.format == "Q6K" {
			o.op("VINSERTF64X4", "$1", "Y14", "Z6", "Z6")
		}
		return
	}
	o.op("VMOVUPS", "Y6", "a-64(SP)")
	if k.format == "Q6K" {
		o.op("VMOVUPS", "Y14", "a-32(SP)")
	}
}

// halves loads a half-precision number of each of 8 blocks into Y reg.
func (o *out) halves(size, at, reg int) {
	o.op("VPXOR", x(reg), x(reg), x(reg))
	for j := range 8 {
		o.op("VPINSRW", fmt.Sprintf("$%d", j), fmt.Sprintf("%d(W)", size*j+at), x(reg), x(reg))
	}
	o.op("VCVTPH2PS", x(reg), y(reg))
}

// sixBits does factors for scales and offsets of 6 bits, in 12 bytes:
//
//	bytes 0-3    scales 0-3, and the high 2 bits of scales 4-7
//	bytes 4-7    offsets 0-3, and the high 2 bits of offsets 4-7
//	bytes 8-11   the low 4 bits of scales 4-7, and of offsets 4-7
func (k bytesKernel) sixBits(o *out) {
	for i, p := range []struct {
		word string // low 4 and high 2 bits
		nib  string
	}{{"4(W)", ""}, {"8(W)", "$4"}} {
		o.op("MOVL", p.word, "AX")
		o.op("MOVL", "AX", "R11")
		o.op("ANDL", "$0x3F3F3F3F", "AX")
		o.op("VMOVD", "AX", "X7")
		o.op("SHRL", "$6", "R11")
		o.op("ANDL", "$0x03030303", "R11")
		o.op("SHLL", "$4", "R11")
		o.op("MOVL", "12(W)", "AX")
		if p.nib != "" {
			o.op("SHRL", p.nib, "AX")
		}
		o.op("ANDL", "$0x0F0F0F0F", "AX")
		o.op("ORL", "R11", "AX")
		o.op("VPINSRD", "$1", "AX", "X7", "X7")
		o.op("VPMOVZXBD", "X7", "Y7")
		o.op("VCVTDQ2PS", "Y7", "Y7")
		o.op("MOVWLZX", fmt.Sprintf("%d(W)", 2*i), "AX")
		o.op("VMOVD", "AX", "X9")
		o.op("VCVTPH2PS", "X9", "X9")
		o.op("VBROADCASTSS", "X9", "Y9")
		o.op("VMULPS", "Y9", "Y7", "Y7")
		if i == 0 {
			o.op("VMULPS", "(SCALE)(AT*1)", "Y7", "Y6")
		} else {
			o.op("VMULPS", "(SUM)(AT*1)", "Y7", "Y7")
			o.op("VSUBPS", "Y7", "Y2", "Y2")
		}
	}
}

// block emits block j of a group: weights to unsigned bytes, products, sums.
func (k bytesKernel) block(o *out, j int) {
	xs := fmt.Sprintf("%d(X)(AT*8)", 32*j)
	switch k.format {
	case "Q8":
		o.note("|w| * (x with w's sign)")
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", k.size*j+2), "Y8")
		o.op("VMOVDQU", xs, "Y9")
		o.op("VPABSB", "Y8", "Y7")
		o.op("VPSIGNB", "Y8", "Y9", "Y9")
		xs = "Y9"
	case "Q40", "Q41":
		o.op("VBROADCASTI128", fmt.Sprintf("%d(W)", k.size*j+k.size-16), "Y7")
		o.op("VPSRLVQ", "Y5", "Y7", "Y7")
		o.op("VPAND", "Y4", "Y7", "Y7")
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
	o.op("VPMADDUBSW", xs, "Y7", "Y7")
	o.op("VPMADDWD", "Y3", "Y7", "Y7")
	o.op("VCVTDQ2PS", "Y7", "Y7")
	if k.format == "Q6K" {
		o.op("VBROADCASTSS", fmt.Sprintf("a-%d(SP)", 64-8*j), "Y8")
		o.op("VBROADCASTSS", fmt.Sprintf("a-%d(SP)", 60-8*j), "Y9")
		o.op("VBLENDPS", "$0xF0", "Y9", "Y8", "Y8")
	} else {
		o.op("VBROADCASTSS", fmt.Sprintf("a-%d(SP)", 64-4*j), "Y8")
	}
	o.op("VMULPS", "Y8", "Y7", "Y7")
	o.op("VADDPS", "Y7", y(j%2), y(j%2))
}

// highBits adds to Y7 the bits that Y5 selects after a shift to the right.
func (o *out) highBits(address string, right int) {
	o.op("VMOVDQU", address, "Y8")
	switch {
	case right > 0:
		o.op("VPSRLW", fmt.Sprintf("$%d", right), "Y8", "Y8")
	case right < 0:
		o.op("VPSLLW", fmt.Sprintf("$%d", -right), "Y8", "Y8")
	}
	o.op("VPAND", "Y5", "Y8", "Y8")
	o.op("VPOR", "Y8", "Y7", "Y7")
}

// pair emits blocks 2p and 2p+1 of a group.
func (k bytesKernel) pair(o *out, p int) {
	xs := fmt.Sprintf("%d(X)(AT*8)", 64*p)
	high := func() {
		o.op("VPANDQ", "Z22", "Z24", "Z8")
		o.op("VPORQ", "Z8", "Z7", "Z7")
	}
	switch k.format {
	case "Q8":
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", 2*k.size*p+2), "Y7")
		o.op("VINSERTI64X4", "$1", fmt.Sprintf("%d(W)", 2*k.size*p+k.size+2), "Z7", "Z7")
		o.op("VPXORQ", "Z20", "Z7", "Z7")
	case "Q40", "Q41":
		at := 2*k.size*p + k.size - 16
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", at), "X7")
		o.op("VINSERTI128", "$1", fmt.Sprintf("%d(W)", at+k.size), "Y7", "Y7")
		o.op("VSHUFI64X2", "$0x50", "Z7", "Z7", "Z7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
	case "Q4K", "Q5K":
		o.op("VBROADCASTI64X4", fmt.Sprintf("%d(W)", k.size-128+32*p), "Z7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
		if k.format == "Q5K" {
			if p == 0 {
				o.op("VBROADCASTI64X4", "16(W)", "Z24")
				o.op("VPRORVQ", "Z23", "Z24", "Z24")
			} else {
				o.op("VPRORQ", "$2", "Z24", "Z24")
			}
			high()
		}
	case "Q6K":
		o.op("VMOVDQU64", fmt.Sprintf("%d(W)", 64*(p/2)), "Z7")
		if p%2 == 0 {
			o.op("VBROADCASTI64X4", fmt.Sprintf("%d(W)", 128+32*(p/2)), "Z24")
			o.op("VPRORVQ", "Z21", "Z24", "Z24")
		} else {
			o.op("VPSRLQ", "$4", "Z7", "Z7")
			o.op("VPRORQ", "$4", "Z24", "Z24")
		}
		o.op("VPANDQ", "Z20", "Z7", "Z7")
		high()
	}
	o.op("VPXORQ", "Z9", "Z9", "Z9")
	o.op("VPDPBUSD", xs, "Z7", "Z9")
	if k.format == "Q8" { // less 128 times the sum of x
		o.op("VPXORQ", "Z10", "Z10", "Z10")
		o.op("VPDPBUSD", xs, "Z20", "Z10")
		o.op("VPSUBD", "Z10", "Z9", "Z9")
	}
	o.op("VCVTDQ2PS", "Z9", "Z9")
	o.op("VPERMPS", "Z6", fmt.Sprintf("Z%d", 16+p), "Z10")
	o.op("VMULPS", "Z10", "Z9", "Z9")
	o.op("VADDPS", "Z9", "Z0", "Z0")
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

// bytesTables emits the constants of these kernels.
func bytesTables(o *out) {
	quads := func(name string, v ...uint64) {
		o.WriteByte('\n')
		for i, q := range v {
			fmt.Fprintf(o, "DATA %s<>+%d(SB)/8, $0x%016x\n", name, 8*i, q)
		}
		fmt.Fprintf(o, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", name, 8*len(v))
	}
	lanes := func(name string, v ...uint64) {
		var q []uint64
		for i := 0; i < len(v); i += 2 {
			q = append(q, v[i]|v[i+1]<<32)
		}
		quads(name, q...)
	}
	quads("shiftQ4", 0, 0, 4, 4, 0, 0, 4, 4)
	quads("shiftQ4K", 0, 0, 0, 0, 4, 4, 4, 4)
	quads("rotateQ5K", 60, 60, 60, 60, 61, 61, 61, 61)
	quads("rotateQ6K", 60, 60, 60, 60, 62, 62, 62, 62)
	lanes("twice", 0, 0, 1, 1, 2, 2, 3, 3)
	lanes("packedWords", 0, 4, 1, 5, 2, 6, 3, 7)
	var pair, half []uint64
	for p := range uint64(4) {
		for l := range uint64(16) {
			pair = append(pair, 2*p+l/8)
			half = append(half, 4*p+l/4)
		}
	}
	lanes("choosePair", pair...)
	lanes("chooseHalf", half...)
	for _, c := range []struct {
		name  string
		value float64
	}{{"eight", 8}, {"thirtyTwo", 32}} {
		lanes(c.name, repeat(uint64(f32(c.value)), 8)...)
	}
}

func repeat(v uint64, n int) (s []uint64) {
	for range n {
		s = append(s, v)
	}
	return s
}
