package main

import "fmt"

// rowAddress returns the operand for row r of up to 8, at a byte offset:
// W + r*STRIDE with STRIDE3, 5 and 7 times STRIDE in registers.
func rowAddress(r, offset int) string {
	index := []string{"", "(STRIDE*1)", "(STRIDE*2)", "(STRIDE3*1)", "(STRIDE*4)", "(STRIDE5*1)", "(STRIDE3*2)", "(STRIDE7*1)"}[r]
	return fmt.Sprintf("%d(W)%s", offset, index)
}

// floats emits n rows of weights of one kind - F32, F16 or BF16 - times a vector, for
// columns in multiples of 16.
//
// Row r sums in Y2r (columns 0-7 of 16) and Y2r+1 (8-15); Y8, Y9 hold 16 columns
// of x; Y10, Y11 products. Products are not fused into sums: see package matmul.
func floats(o *out, n int, kind string) {
	name, size, weights := fmt.Sprintf("rows%d%sAVX2", n, kind), 4, "y, w, x *float32"
	if kind != "F32" {
		size, weights = 2, "y *float32, w *byte, x *float32"
	}
	def := []string{"Y", "DX", "W", "SI", "X", "DI", "COLS", "CX", "STRIDE", "R8", "STRIDE3", "R9"}
	o.text(name, 40, fmt.Sprintf("func %s(%s, cols, stride int)", name, weights), def...)
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("MOVQ", "w+8(FP)", "W")
	o.op("MOVQ", "x+16(FP)", "X")
	o.op("MOVQ", "cols+24(FP)", "COLS")
	o.op("MOVQ", "stride+32(FP)", "STRIDE")
	if n > 1 {
		o.op("LEAQ", "(STRIDE)(STRIDE*2)", "STRIDE3")
	}
	for i := range 2 * n {
		o.op("VXORPS", y(i), y(i), y(i))
	}
	o.op("SHRQ", "$4", "COLS")
	o.op("JZ", "fold")
	o.label("loop")
	if n == 1 { // one row after the other: prefetchers stop at a page's end
		o.op("PREFETCHT0", fmt.Sprintf("%d(W)", prefetchAhead))
	}
	o.op("VMOVUPS", "(X)", "Y8")
	o.op("VMOVUPS", "32(X)", "Y9")
	for r := range n {
		for v := range 2 {
			a := rowAddress(r, v*8*size)
			switch kind {
			case "F16":
				o.op("VCVTPH2PS", a, y(10+v))
				a = y(10 + v)
			case "BF16": // the upper half of a float32
				o.op("VPMOVZXWD", a, y(10+v))
				o.op("VPSLLD", "$16", y(10+v), y(10+v))
				a = y(10 + v)
			}
			o.op("VMULPS", a, y(8+v), y(10+v))
			o.op("VADDPS", y(10+v), y(2*r+v), y(2*r+v))
		}
	}
	o.op("ADDQ", fmt.Sprintf("$%d", 16*size), "W")
	o.op("ADDQ", "$64", "X")
	o.op("DECQ", "COLS")
	o.op("JNZ", "loop")
	o.label("fold")
	for r := range n {
		o.fold(2*r, 2*r+1)
		o.op("VMOVSS", x(2*r), fmt.Sprintf("%d(Y)", 4*r))
	}
	o.end(def...)
}

// fold adds the 16 partial sums in registers a and b, halves first, into the
// lowest element of a. It destroys b.
func (o *out) fold(a, b int) {
	o.op("VADDPS", y(b), y(a), y(a))
	o.op("VEXTRACTF128", "$1", y(a), x(b))
	o.op("VADDPS", x(b), x(a), x(a))
	o.op("VPERMILPS", "$0x4E", x(a), x(b)) // 2 3 0 1
	o.op("VADDPS", x(b), x(a), x(a))
	o.op("VPERMILPS", "$0xB1", x(a), x(b)) // 1 0 3 2
	o.op("VADDPS", x(b), x(a), x(a))
}

// weighted emits y = Σ w[i]·rows[i] for 8n columns, summed in Y0..Yn-1.
func weighted(o *out, n int) {
	name := fmt.Sprintf("weighted%dAVX2", 8*n)
	def := []string{"Y", "DX", "W", "SI", "ROWS", "DI", "COUNT", "CX", "STRIDE", "R8"}
	o.text(name, 40, fmt.Sprintf("func %s(y, w, rows *float32, n, stride int)", name), def...)
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("MOVQ", "w+8(FP)", "W")
	o.op("MOVQ", "rows+16(FP)", "ROWS")
	o.op("MOVQ", "n+24(FP)", "COUNT")
	o.op("MOVQ", "stride+32(FP)", "STRIDE")
	for i := range n {
		o.op("VXORPS", y(i), y(i), y(i))
	}
	o.op("TESTQ", "COUNT", "COUNT")
	o.op("JZ", "store")
	o.label("loop")
	o.op("VBROADCASTSS", "(W)", "Y8")
	for i := range n {
		o.op("VMULPS", fmt.Sprintf("%d(ROWS)", 32*i), "Y8", y(9+i))
		o.op("VADDPS", y(9+i), y(i), y(i))
	}
	o.op("ADDQ", "$4", "W")
	o.op("ADDQ", "STRIDE", "ROWS")
	o.op("DECQ", "COUNT")
	o.op("JNZ", "loop")
	o.label("store")
	for i := range n {
		o.op("VMOVUPS", y(i), fmt.Sprintf("%d(Y)", 32*i))
	}
	o.end(def...)
}
