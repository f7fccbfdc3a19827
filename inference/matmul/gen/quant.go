package main

import "fmt"

// quantize emits the quantization of input vectors. It stops at the first block
// that is tiny or not finite, which Go handles.
//
// Y0..Y3 hold a block; Y15 the mask that clears signs.
func quantize(o *out) {
	def := []string{"Q", "DI", "SCALE", "BX", "SUM", "R8", "FIRST", "R12", "SECOND", "R9", "X", "SI", "BLOCKS", "CX", "DONE", "DX", "TOP", "AX"}
	signature := "func quantizeAVX2(q *int16, scale, sum *float32, first, second *int32, x *float32, blocks int) (done int)"
	o.WriteString("\nDATA qMax<>+0(SB)/4, $0x46fffe00 // 32767\nGLOBL qMax<>(SB), RODATA|NOPTR, $4\n")
	o.declare(signature, "quantizeAVX2 is quantize for blocks blocks, but stops at the first whose\n// largest value is below tinyBlock or not finite. It returns how many it did.")
	o.text("quantizeAVX2", 64, signature, def...)
	for i, r := range []string{"Q", "SCALE", "SUM", "FIRST", "SECOND", "X", "BLOCKS"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"q", "scale", "sum", "first", "second", "x", "blocks"}[i], 8*i), r)
	}
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
	o.note("integers = x * (qMax/largest), scale = largest/qMax")
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
	o.op("VPERMQ", "$0xD8", "Y0", "Y0")
	o.op("VPERMQ", "$0xD8", "Y2", "Y2")
	o.note("integers 0-7, 16-23; 8-15, 24-31")
	o.op("VPERM2I128", "$0x20", "Y2", "Y0", "Y1")
	o.op("VPERM2I128", "$0x31", "Y2", "Y0", "Y3")
	o.op("VMOVDQU", "Y1", "(Q)")
	o.op("VMOVDQU", "Y3", "32(Q)")
	o.note("sums of halves, and of all times scale")
	o.op("VPHADDD", "Y6", "Y4", "Y4") // lanes: 2 of the first half, 2 of the second, twice
	o.op("VEXTRACTI128", "$1", "Y4", "X5")
	o.op("VPADDD", "X5", "X4", "X4")
	o.op("VPHADDD", "X4", "X4", "X4") // first half, second half, ...
	o.op("VMOVD", "X4", "TOP")
	o.op("MOVL", "TOP", "(FIRST)")
	o.op("VPEXTRD", "$1", "X4", "(SECOND)")
	o.op("VPHADDD", "X4", "X4", "X4")
	o.op("VCVTDQ2PS", "X4", "X4")
	o.op("VMULSS", "X12", "X4", "X4")
	o.op("VMOVSS", "X4", "(SUM)")
	o.op("ADDQ", "$128", "X")
	o.op("ADDQ", "$64", "Q")
	o.op("ADDQ", "$4", "SCALE")
	o.op("ADDQ", "$4", "SUM")
	o.op("ADDQ", "$4", "FIRST")
	o.op("ADDQ", "$4", "SECOND")
	o.op("INCQ", "DONE")
	o.op("JMP", "loop")
	o.label("end")
	o.op("MOVQ", "DONE", "done+56(FP)")
	o.end(def...)
}
