package main

import "fmt"

// quantizeBytes emits the quantization of vectors to 8 bits. Like quantize it stops
// at the first block that is tiny or not finite.
//
// Y0..Y3 hold a block; Y13 the order of its words after packing; Y15 the mask that
// clears signs.
func quantizeBytes(o *out) {
	def := []string{"Q", "DI", "SCALE", "BX", "SUM", "R12", "HALVES", "R8", "X", "SI", "BLOCKS", "CX", "DONE", "DX", "TOP", "AX"}
	signature := "func quantizeBytesAVX2(q *int8, scale, sum *float32, halves *int16, x *float32, blocks int) (done int)"
	o.WriteString("\nDATA bytesMax<>+0(SB)/4, $0x42fe0000 // 127\nGLOBL bytesMax<>(SB), RODATA|NOPTR, $4\n")
	o.declare(signature, "quantizeBytesAVX2 is quantizeBytes for blocks blocks, but stops at the first whose\n// largest value is below tinyBlock or not finite. It returns how many it did.")
	o.text("quantizeBytesAVX2", 56, signature, def...)
	for i, r := range []string{"Q", "SCALE", "SUM", "HALVES", "X", "BLOCKS"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"q", "scale", "sum", "halves", "x", "blocks"}[i], 8*i), r)
	}
	o.op("XORQ", "DONE", "DONE")
	o.op("VPCMPEQD", "Y15", "Y15", "Y15")
	o.op("VPSRLD", "$1", "Y15", "Y15")
	o.op("VMOVDQU", "packedWords<>(SB)", "Y13")
	o.op("VMOVSS", "bytesMax<>(SB)", "X14")
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
	o.note("integers = x * (127/largest), scale = largest/127")
	o.op("VDIVSS", "X4", "X14", "X5")
	o.op("VDIVSS", "X14", "X4", "X12")
	o.op("VMOVSS", "X12", "(SCALE)")
	o.op("VBROADCASTSS", "X5", "Y5")
	for i := range 4 {
		o.op("VMULPS", "Y5", y(i), y(i))
		o.op("VCVTPS2DQ", y(i), y(i))
	}
	o.op("VPADDD", "Y1", "Y0", "Y4")
	o.op("VPADDD", "Y3", "Y2", "Y6")
	o.op("VPACKSSDW", "Y1", "Y0", "Y0")
	o.op("VPACKSSDW", "Y3", "Y2", "Y2")
	o.op("VPACKSSWB", "Y2", "Y0", "Y0")
	o.op("VPERMD", "Y0", "Y13", "Y0")
	o.op("VMOVDQU", "Y0", "(Q)")
	o.note("sums of halves, and of all times scale")
	o.op("VPHADDD", "Y6", "Y4", "Y4") // lanes: 2 of the first half, 2 of the second, twice
	o.op("VEXTRACTI128", "$1", "Y4", "X5")
	o.op("VPADDD", "X5", "X4", "X4")
	o.op("VPHADDD", "X4", "X4", "X4") // first half, second half, ...
	o.op("VPHADDD", "X4", "X4", "X5") // all
	o.op("VPACKSSDW", "X4", "X4", "X4")
	o.op("VMOVD", "X4", "TOP")
	o.op("MOVL", "TOP", "(HALVES)")
	o.op("VCVTDQ2PS", "X5", "X5")
	o.op("VMULSS", "X12", "X5", "X5")
	o.op("VMOVSS", "X5", "(SUM)")
	for _, step := range [][2]string{{"$128", "X"}, {"$32", "Q"}, {"$4", "SCALE"}, {"$4", "SUM"}, {"$4", "HALVES"}} {
		o.op("ADDQ", step[0], step[1])
	}
	o.op("INCQ", "DONE")
	o.op("JMP", "loop")
	o.label("end")
	o.op("MOVQ", "DONE", "done+48(FP)")
	o.end(def...)
}
