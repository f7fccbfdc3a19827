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
