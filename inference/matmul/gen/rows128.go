package main

import "fmt"

// halves128 emits n rows of half weights, up to 2, times a vector, as floats does
// but with vectors of 4 and conversion by hand, which QEMU's software translation
// does faster than VCVTPH2PS.
//
// Row r sums in X4r..X4r+3 (columns 0-3, 4-7, 8-11, 12-15 of 16); X8..X11 hold 16
// columns of x; X12 weights and products; X13..X15 are widenF16's.
func halves128(o *out, n int) {
	const size = 2
	name, weights := fmt.Sprintf("rows%dF16AVX128", n), "y *float32, w *byte, x *float32"
	def := []string{"Y", "DX", "W", "SI", "X", "DI", "COLS", "CX", "STRIDE", "R8"}
	o.text(name, 40, fmt.Sprintf("func %s(%s, cols, stride int)", name, weights), def...)
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("MOVQ", "w+8(FP)", "W")
	o.op("MOVQ", "x+16(FP)", "X")
	o.op("MOVQ", "cols+24(FP)", "COLS")
	o.op("MOVQ", "stride+32(FP)", "STRIDE")
	for i := range 4 * n {
		o.op("VXORPS", x(i), x(i), x(i))
	}
	o.op("SHRQ", "$4", "COLS")
	o.op("JZ", "fold")
	o.label("loop")
	for v := range 4 {
		o.op("VMOVUPS", fmt.Sprintf("%d(X)", 16*v), x(8+v))
	}
	for r := range n {
		for v := range 4 {
			widenF16(o, rowAddress(r, v*4*size))
			o.op("VMULPS", "X12", x(8+v), "X12")
			o.op("VADDPS", "X12", x(4*r+v), x(4*r+v))
		}
	}
	o.op("ADDQ", fmt.Sprintf("$%d", 16*size), "W")
	o.op("ADDQ", "$64", "X")
	o.op("DECQ", "COLS")
	o.op("JNZ", "loop")
	o.label("fold")
	for r := range n {
		s := 4 * r
		o.op("VADDPS", x(s+2), x(s), x(s))
		o.op("VADDPS", x(s+3), x(s+1), x(s+1))
		o.op("VADDPS", x(s+1), x(s), x(s))
		o.op("VPERMILPS", "$0x4E", x(s), x(s+1)) // 2 3 0 1
		o.op("VADDPS", x(s+1), x(s), x(s))
		o.op("VPERMILPS", "$0xB1", x(s), x(s+1)) // 1 0 3 2
		o.op("VADDPS", x(s+1), x(s), x(s))
		o.op("VMOVSS", x(s), fmt.Sprintf("%d(Y)", 4*r))
	}
	o.end(def...)
}

// widenF16 emits the conversion of 4 halves to X12, operation by operation as
// half in half.go. It destroys X13..X15.
func widenF16(o *out, address string) {
	o.op("VPMOVSXWD", address, "X12")
	o.op("VPSLLD", "$13", "X12", "X12")
	o.op("VPAND", sym("halfBits"), "X12", "X13")
	o.op("VPAND", sym("signs"), "X12", "X14")
	o.op("VMULPS", sym("halfScale"), "X13", "X12")
	o.note("an infinity or NaN: exponent 255; the product that follows makes a NaN quiet")
	o.op("VPCMPGTD", sym("halfMax"), "X13", "X15")
	o.op("VPAND", sym("floatInf"), "X15", "X15")
	o.op("VPOR", "X15", "X12", "X12")
	o.op("VPOR", "X14", "X12", "X12")
}
