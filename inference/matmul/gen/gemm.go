package main

import "fmt"

// micro emits the 6x16 tile of Sgemm.
//
// Y0..Y11 hold C, row r in Y2r and Y2r+1; Y12, Y13 one row of B; Y14, Y15 one
// element of A each, in turns, so that a broadcast overlaps the products before.
// Per column of A: 2 loads, 6 broadcasts, 12 fused products - the two FMA ports
// are the limit.
func micro(o *out) {
	const rows, unroll = 6, 4
	def := []string{"K", "CX", "A", "SI", "B", "DI", "C", "DX", "LDC", "R8", "COUNT", "BX"}
	o.text("micro6x16AVX2", 48, "func micro6x16AVX2(k int, alpha float32, a, b, c *float32, ldc int)", def...)
	o.op("MOVQ", "k+0(FP)", "K")
	o.op("MOVQ", "a+16(FP)", "A")
	o.op("MOVQ", "b+24(FP)", "B")
	o.op("MOVQ", "c+32(FP)", "C")
	o.op("MOVQ", "ldc+40(FP)", "LDC")
	o.op("SHLQ", "$2", "LDC")
	for i := range 2 * rows {
		o.op("VXORPS", y(i), y(i), y(i))
	}
	column := func(u int) {
		o.op("VMOVUPS", fmt.Sprintf("%d(B)", u*64), "Y12")
		o.op("VMOVUPS", fmt.Sprintf("%d(B)", u*64+32), "Y13")
		for r := range rows {
			f := y(14 + r%2)
			o.op("VBROADCASTSS", fmt.Sprintf("%d(A)", (u*rows+r)*4), f)
			o.op("VFMADD231PS", f, "Y12", y(2*r))
			o.op("VFMADD231PS", f, "Y13", y(2*r+1))
		}
	}
	o.op("MOVQ", "K", "COUNT")
	o.op("SHRQ", "$2", "COUNT")
	o.op("JZ", "tail")
	o.label("loop")
	o.op("PREFETCHT0", "512(B)")
	for u := range unroll {
		column(u)
	}
	o.op("ADDQ", fmt.Sprintf("$%d", rows*4*unroll), "A")
	o.op("ADDQ", fmt.Sprintf("$%d", 64*unroll), "B")
	o.op("DECQ", "COUNT")
	o.op("JNZ", "loop")
	o.label("tail")
	o.op("ANDQ", "$3", "K")
	o.op("JZ", "store")
	o.label("one")
	column(0)
	o.op("ADDQ", fmt.Sprintf("$%d", rows*4), "A")
	o.op("ADDQ", "$64", "B")
	o.op("DECQ", "K")
	o.op("JNZ", "one")
	o.label("store")
	o.note("c += alpha * tile")
	o.op("VBROADCASTSS", "alpha+8(FP)", "Y12")
	for r := range rows {
		for v := range 2 {
			o.op("VFMADD213PS", fmt.Sprintf("%d(C)", 32*v), "Y12", y(2*r+v))
			o.op("VMOVUPS", y(2*r+v), fmt.Sprintf("%d(C)", 32*v))
		}
		if r < rows-1 {
			o.op("ADDQ", "LDC", "C")
		}
	}
	o.end(def...)
}

// microAVX128 emits the tile for processors in software: products are not fused,
// and vectors have 4 elements.
//
// The tile is computed in two halves of 8 columns: X0..X11 hold 6 rows of them,
// row r in X2r and X2r+1; X12, X13 half a row of B; X14 an element of A and then
// a product, X15 the other product.
func microAVX128(o *out) {
	const rows = 6
	def := []string{"K", "CX", "A", "SI", "B", "DI", "C", "DX", "LDC", "R8", "HALF", "R9"}
	o.text("micro6x16AVX128", 48, "func micro6x16AVX128(k int, alpha float32, a, b, c *float32, ldc int)", def...)
	o.op("MOVQ", "ldc+40(FP)", "LDC")
	o.op("SHLQ", "$2", "LDC")
	o.op("XORQ", "HALF", "HALF")
	o.label("half")
	o.op("MOVQ", "k+0(FP)", "K")
	o.op("MOVQ", "a+16(FP)", "A")
	o.op("MOVQ", "b+24(FP)", "B")
	o.op("MOVQ", "c+32(FP)", "C")
	o.op("ADDQ", "HALF", "B")
	o.op("ADDQ", "HALF", "C")
	for i := range 2 * rows {
		o.op("VXORPS", x(i), x(i), x(i))
	}
	o.label("loop")
	o.op("VMOVUPS", "(B)", "X12")
	o.op("VMOVUPS", "16(B)", "X13")
	for r := range rows {
		o.op("VBROADCASTSS", fmt.Sprintf("%d(A)", r*4), "X14")
		o.op("VMULPS", "X14", "X12", "X15")
		o.op("VMULPS", "X14", "X13", "X14")
		o.op("VADDPS", "X15", x(2*r), x(2*r))
		o.op("VADDPS", "X14", x(2*r+1), x(2*r+1))
	}
	o.op("ADDQ", fmt.Sprintf("$%d", rows*4), "A")
	o.op("ADDQ", "$64", "B")
	o.op("DECQ", "K")
	o.op("JNZ", "loop")
	o.note("c += alpha * tile")
	o.op("VBROADCASTSS", "alpha+8(FP)", "X12")
	for r := range rows {
		for v := range 2 {
			tile, c := x(2*r+v), fmt.Sprintf("%d(C)", 16*v)
			o.op("VMULPS", "X12", tile, tile)
			o.op("VADDPS", c, tile, tile)
			o.op("VMOVUPS", tile, c)
		}
		if r < rows-1 {
			o.op("ADDQ", "LDC", "C")
		}
	}
	o.op("ADDQ", "$32", "HALF")
	o.op("CMPQ", "HALF", "$64")
	o.op("JNE", "half")
	o.end(def...)
}
