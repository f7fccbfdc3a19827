package main

import "fmt"

// quantized emits 8 rows of block-quantized weights times one quantized vector.
//
// Per block: Y0..Y7 get each row's integer products, 8 partial sums; horizontal
// adds turn them into one register of 8 sums, a row in each lane; Y12 collects
// float sums, a row in each lane, so every row is summed block after block.
// Y8, Y9 hold the vector's 32 integers; Y10, Y11 weights; Y13 the rows' scales;
// Y14 a mask for nibbles; Y15 the vector's scale.
func quantized(o *out, name string, widen func(*out, int), bias bool) {
	def := []string{"Y", "DX", "W", "SI", "Q", "DI", "SCALE", "BX", "BIAS", "R12", "BLOCKS", "CX",
		"STRIDE", "R8", "STRIDE3", "R9", "STRIDE5", "R10", "STRIDE7", "R11"}
	sig, frame, size := "y *float32, w *byte, q *int16, scale *float32, blocks, stride int", 48, 34
	if bias {
		sig, frame, size = "y *float32, w *byte, q *int16, scale *float32, bias *int32, blocks, stride int", 56, 18
	}
	o.text(name, frame, fmt.Sprintf("func %s(%s)", name, sig), def...)
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("MOVQ", "w+8(FP)", "W")
	o.op("MOVQ", "q+16(FP)", "Q")
	o.op("MOVQ", "scale+24(FP)", "SCALE")
	if bias {
		o.op("MOVQ", "bias+32(FP)", "BIAS")
		o.op("VPCMPEQW", "Y14", "Y14", "Y14")
		o.op("VPSRLW", "$12", "Y14", "Y14")
	}
	o.op("MOVQ", fmt.Sprintf("blocks+%d(FP)", frame-16), "BLOCKS")
	o.op("MOVQ", fmt.Sprintf("stride+%d(FP)", frame-8), "STRIDE")
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "STRIDE3")
	o.op("LEAQ", "(STRIDE)(STRIDE*4)", "STRIDE5")
	o.op("LEAQ", "(STRIDE3)(STRIDE*4)", "STRIDE7")
	o.op("VXORPS", "Y12", "Y12", "Y12")
	o.op("TESTQ", "BLOCKS", "BLOCKS")
	o.op("JZ", "store")
	o.label("loop")
	o.op("VMOVDQU", "(Q)", "Y8")
	o.op("VMOVDQU", "32(Q)", "Y9")
	o.note("scales of the 8 rows")
	o.op("VPXOR", "X13", "X13", "X13")
	for r := range 8 {
		o.op("VPINSRW", fmt.Sprintf("$%d", r), rowAddress(r, 0), "X13", "X13")
	}
	for r := range 8 {
		widen(o, r)
		o.op("VPMADDWD", "Y8", "Y10", "Y10")
		o.op("VPMADDWD", "Y9", "Y11", "Y11")
		o.op("VPADDD", "Y11", "Y10", y(r))
	}
	o.note("8 registers of partial sums -> one of 8 sums")
	for _, p := range [][2]int{{0, 1}, {2, 3}, {4, 5}, {6, 7}, {0, 2}, {4, 6}} {
		o.op("VPHADDD", y(p[1]), y(p[0]), y(p[0]))
	}
	o.op("VPERM2I128", "$0x20", "Y4", "Y0", "Y1")
	o.op("VPERM2I128", "$0x31", "Y4", "Y0", "Y2")
	o.op("VPADDD", "Y2", "Y1", "Y0")
	if bias {
		o.op("VPBROADCASTD", "(BIAS)", "Y1")
		o.op("VPSUBD", "Y1", "Y0", "Y0")
		o.op("ADDQ", "$4", "BIAS")
	}
	o.note("sum += float(sum) * (dw*dx)")
	o.op("VCVTDQ2PS", "Y0", "Y0")
	o.op("VCVTPH2PS", "X13", "Y13")
	o.op("VBROADCASTSS", "(SCALE)", "Y15")
	o.op("VMULPS", "Y15", "Y13", "Y13")
	o.op("VMULPS", "Y13", "Y0", "Y0")
	o.op("VADDPS", "Y0", "Y12", "Y12")
	o.op("ADDQ", fmt.Sprintf("$%d", size), "W")
	o.op("ADDQ", "$64", "Q")
	o.op("ADDQ", "$4", "SCALE")
	o.op("DECQ", "BLOCKS")
	o.op("JNZ", "loop")
	o.label("store")
	o.op("VMOVUPS", "Y12", "(Y)")
	o.end(def...)
}

// widenQ8 puts the 32 integers of row r's block into Y10 and Y11 as 16 bits.
func widenQ8(o *out, r int) {
	o.op("VPMOVSXBW", rowAddress(r, 2), "Y10")
	o.op("VPMOVSXBW", rowAddress(r, 18), "Y11")
}

// widenQ4 does that for nibbles: the low ones are elements 0-15.
func widenQ4(o *out, r int) {
	o.op("VPMOVZXBW", rowAddress(r, 2), "Y10")
	o.op("VPSRLW", "$4", "Y10", "Y11")
	o.op("VPAND", "Y14", "Y10", "Y10")
}

// quantize emits the quantization of input vectors. It stops at the first block
// that is tiny or not finite, which Go handles.
//
// Y0..Y3 hold a block; Y15 the mask that clears signs.
func quantize(o *out) {
	def := []string{"Q", "DI", "SCALE", "BX", "BIAS", "R12", "X", "SI", "BLOCKS", "CX", "DONE", "DX", "TOP", "AX"}
	o.text("quantizeAVX2", 48, "func quantizeAVX2(q *int16, scale *float32, bias *int32, x *float32, blocks int) (done int)", def...)
	o.op("MOVQ", "q+0(FP)", "Q")
	o.op("MOVQ", "scale+8(FP)", "SCALE")
	o.op("MOVQ", "bias+16(FP)", "BIAS")
	o.op("MOVQ", "x+24(FP)", "X")
	o.op("MOVQ", "blocks+32(FP)", "BLOCKS")
	o.op("XORQ", "DONE", "DONE")
	o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	o.op("VPSRLD", "$1", "Y15", "Y15")
	o.op("VMOVSS", "qMax<>(SB)", "X14")
	o.label("loop")
	o.op("CMPQ", "DONE", "BLOCKS")
	o.op("JGE", "end")
	for i := range 4 {
		o.op("VMOVUPS", fmt.Sprintf("%d(X)", 32*i), y(i))
		o.op("VPAND", "Y15", y(i), y(4+i))
	}
	o.note("largest absolute value; as bits they order as unsigned integers")
	o.op("VPMAXUD", "Y5", "Y4", "Y4")
	o.op("VPMAXUD", "Y7", "Y6", "Y6")
	o.op("VPMAXUD", "Y6", "Y4", "Y4")
	o.op("VEXTRACTI128", "$1", "Y4", "X5")
	o.op("VPMAXUD", "X5", "X4", "X4")
	o.op("VPSHUFD", "$0x4E", "X4", "X5")
	o.op("VPMAXUD", "X5", "X4", "X4")
	o.op("VPSHUFD", "$0xB1", "X4", "X5")
	o.op("VPMAXUD", "X5", "X4", "X4")
	o.op("VMOVD", "X4", "TOP")
	o.op("CMPL", "TOP", "$0x0D800000") // tinyBlock
	o.op("JCS", "end")
	o.op("CMPL", "TOP", "$0x7F7FFFFF") // MaxFloat32
	o.op("JHI", "end")
	o.note("integers = x * (32767/largest), scale = largest/32767")
	o.op("VDIVSS", "X4", "X14", "X5")
	o.op("VDIVSS", "X14", "X4", "X6")
	o.op("VMOVSS", "X6", "(SCALE)")
	o.op("VBROADCASTSS", "X5", "Y5")
	for i := range 4 {
		o.op("VMULPS", "Y5", y(i), y(i))
		o.op("VCVTPS2DQ", y(i), y(i))
	}
	o.op("VPADDD", "Y1", "Y0", "Y4")
	o.op("VPADDD", "Y3", "Y2", "Y6")
	o.op("VPADDD", "Y6", "Y4", "Y4")
	o.op("VPACKSSDW", "Y1", "Y0", "Y0")
	o.op("VPACKSSDW", "Y3", "Y2", "Y2")
	o.op("VPERMQ", "$0xD8", "Y0", "Y0")
	o.op("VPERMQ", "$0xD8", "Y2", "Y2")
	o.op("VMOVDQU", "Y0", "(Q)")
	o.op("VMOVDQU", "Y2", "32(Q)")
	o.note("bias = 8 * their sum")
	o.op("VEXTRACTI128", "$1", "Y4", "X5")
	o.op("VPADDD", "X5", "X4", "X4")
	o.op("VPSHUFD", "$0x4E", "X4", "X5")
	o.op("VPADDD", "X5", "X4", "X4")
	o.op("VPSHUFD", "$0xB1", "X4", "X5")
	o.op("VPADDD", "X5", "X4", "X4")
	o.op("VPSLLD", "$3", "X4", "X4")
	o.op("VMOVD", "X4", "TOP")
	o.op("MOVL", "TOP", "(BIAS)")
	o.op("ADDQ", "$128", "X")
	o.op("ADDQ", "$64", "Q")
	o.op("ADDQ", "$4", "SCALE")
	o.op("ADDQ", "$4", "BIAS")
	o.op("INCQ", "DONE")
	o.op("JMP", "loop")
	o.label("end")
	o.op("MOVQ", "DONE", "done+40(FP)")
	o.end(def...)
}
