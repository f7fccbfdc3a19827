package main

import "fmt"

// ordered emits products whose sums run in order, for q queries (rows of A) and w
// blocks of 16 columns at a time, w a divisor of blocks. Nothing is fused.
//
// Register map for 256 bits; 512 have one register where 256 have two:
//
//	0 .. 2qw-1   C, row r and block c in 2(rw+c) and the next
//	8, 9         16 columns of a row of B
//	10           an element of A in all lanes
//	11, 12       products
func ordered(o *out, q, w int, wide bool) {
	set, reg, vecs, size := "AVX2", "Y", 2, 32
	if wide {
		set, reg, vecs, size = "AVX512", "Z", 1, 64
	}
	v := func(n int) string { return fmt.Sprintf("%s%d", reg, n) }
	name := fmt.Sprintf("ordered%dx%d%s", q, w, set)
	def := []string{"OUT", "DX", "A", "SI", "B", "DI", "COUNT", "CX", "BLOCKS", "R8", "LDO", "R9", "LDA", "R10", "LDB", "R11", "NEXT", "R12", "THIRD", "R13", "AT", "AX", "ROW", "BX", "LEFT", "R15"}
	signature := fmt.Sprintf("func %s(out, a, b *float32, n, blocks, ldo, lda, ldb, next int)", name)
	o.declare(signature, fmt.Sprintf("%s is ordered for %d rows and a multiple of %d blocks; rows and blocks are\n// so many bytes apart.", name, q, w))
	o.text(name, 72, signature, def...)
	for _, arg := range [][2]string{{"out+0", "OUT"}, {"a+8", "A"}, {"b+16", "B"}, {"n+24", "COUNT"}, {"blocks+32", "BLOCKS"}, {"ldo+40", "LDO"}, {"lda+48", "LDA"}, {"ldb+56", "LDB"}, {"next+64", "NEXT"}} {
		o.op("MOVQ", arg[0]+"(FP)", arg[1])
	}
	if q == 4 {
		o.op("LEAQ", "(LDA)(LDA*2)", "THIRD")
	} else if w == 4 {
		o.op("LEAQ", "(NEXT)(NEXT*2)", "THIRD")
	}
	at := func(base, step string, i, offset int) string { // row or block i
		s := fmt.Sprintf("%d(%s)", offset, base)
		switch i {
		case 1, 2:
			s += fmt.Sprintf("(%s*%d)", step, i)
		case 3:
			s += "(THIRD*1)"
		}
		return s
	}
	rows := func(move func(acc int, row string)) { // of C
		o.op("MOVQ", "OUT", "ROW")
		for r := range q {
			for i := range w * vecs {
				move(r*w*vecs+i, fmt.Sprintf("%d(ROW)", i*size))
			}
			if r < q-1 {
				o.op("ADDQ", "LDO", "ROW")
			}
		}
	}
	o.label("blocks")
	rows(func(acc int, row string) { o.op("VMOVUPS", row, v(acc)) })
	o.op("MOVQ", "A", "AT")
	o.op("MOVQ", "B", "ROW")
	o.op("MOVQ", "COUNT", "LEFT")
	o.label("loop")
	for r := range q {
		if w == 1 && r == 0 {
			for i := range vecs {
				o.op("VMOVUPS", fmt.Sprintf("%d(ROW)", i*size), v(8+i))
			}
		}
		o.op("VBROADCASTSS", at("AT", "LDA", r, 0), v(10))
		for c := range w {
			for i := range vecs {
				b := v(8 + i)
				if w > 1 {
					b = at("ROW", "NEXT", c, i*size)
				}
				o.op("VMULPS", b, v(10), v(11+i))
			}
			for i := range vecs {
				acc := v((r*w+c)*vecs + i)
				o.op("VADDPS", v(11+i), acc, acc)
			}
		}
	}
	o.op("ADDQ", "$4", "AT")
	o.op("ADDQ", "LDB", "ROW")
	o.op("DECQ", "LEFT")
	o.op("JNZ", "loop")
	rows(func(acc int, row string) { o.op("VMOVUPS", v(acc), row) })
	o.op("ADDQ", fmt.Sprintf("$%d", 64*w), "OUT")
	for range w {
		o.op("ADDQ", "NEXT", "B")
	}
	o.op("SUBQ", fmt.Sprintf("$%d", w), "BLOCKS")
	o.op("JNZ", "blocks")
	o.end(def...)
}

// top emits the largest of n numbers, a multiple of 16, that is not NaN.
func top(o *out) {
	def := []string{"X", "SI", "N", "CX"}
	signature := "func topAVX2(x *float32, n int) float32"
	o.declare(signature, "topAVX2 is maximum for n a multiple of 16, at least 16.")
	o.text("topAVX2", 20, signature, def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VBROADCASTSS", sym("lowest"), "Y0")
	o.op("VMOVAPS", "Y0", "Y1")
	o.op("SHRQ", "$4", "N")
	o.label("loop")
	for v := range 2 {
		o.op("VMOVUPS", fmt.Sprintf("%d(X)", 32*v), y(2+v))
		o.op("VMAXPS", y(v), y(2+v), y(v)) // a NaN gives the second operand: what was
	}
	o.op("ADDQ", "$64", "X")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.op("VMAXPS", "Y1", "Y0", "Y0")
	o.op("VEXTRACTF128", "$1", "Y0", "X1")
	o.op("VMAXPS", "X1", "X0", "X0")
	o.op("VPERMILPS", "$0x4E", "X0", "X1")
	o.op("VMAXPS", "X1", "X0", "X0")
	o.op("VPERMILPS", "$0xB1", "X0", "X1")
	o.op("VMAXPS", "X1", "X0", "X0")
	o.op("VMOVSS", "X0", "ret+16(FP)")
	o.end(def...)
}

// soften emits x = exp(x-top), 0 where that is below expLow, and its sum, for a
// multiple of 16. Y8, Y9 hold the 16 partial sums, Y10 top, Y11 expLow.
func soften(o *out) {
	def := []string{"X", "SI", "N", "CX"}
	signature := "func softenAVX2(x *float32, n int, top float32) (sum float32)"
	o.declare(signature, "softenAVX2 is the sum of soften for n a multiple of 16, at least 16.")
	o.text("softenAVX2", 28, signature, def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VBROADCASTSS", "top+16(FP)", "Y10")
	o.op("VMOVUPS", sym("expLow"), "Y11")
	o.op("VXORPS", "Y8", "Y8", "Y8")
	o.op("VXORPS", "Y9", "Y9", "Y9")
	o.op("SHRQ", "$4", "N")
	o.label("loop")
	for v := range 2 {
		o.op("VMOVUPS", fmt.Sprintf("%d(X)", 32*v), "Y0")
		o.op("VSUBPS", "Y10", "Y0", "Y0")
		o.op("VCMPPS", "$5", "Y11", "Y0", "Y4") // not less than, so NaN too
		exp(o, 0, 1, 2, 3)
		o.op("VANDPS", "Y4", "Y0", "Y0")
		o.op("VMOVUPS", "Y0", fmt.Sprintf("%d(X)", 32*v))
		o.op("VADDPS", "Y0", y(8+v), y(8+v))
	}
	o.op("ADDQ", "$64", "X")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.fold(8, 9)
	o.op("VMOVSS", "X8", "sum+24(FP)")
	o.end(def...)
}

// attendTable is the constants of this file's functions beside those of Exp.
var attendTable = []constant{{"lowest", 0xFF800000}, {"halfHigh", f32(65504)}, {"halfLow", f32(-65504)}}

// widen emits dst = src, halves, for a multiple of 16.
func widen(o *out) {
	def := []string{"DST", "DI", "SRC", "SI", "N", "CX"}
	signature := "func widenAVX2(dst *float32, src *uint16, n int)"
	o.declare(signature, "widenAVX2 is widenHalves for n a multiple of 16, at least 16.")
	o.text("widenAVX2", 24, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "n+16(FP)", "N")
	o.label("loop")
	for v := range 2 {
		o.op("VCVTPH2PS", fmt.Sprintf("%d(SRC)", 16*v), y(v))
		o.op("VMOVUPS", y(v), fmt.Sprintf("%d(DST)", 32*v))
	}
	o.op("ADDQ", "$32", "SRC")
	o.op("ADDQ", "$64", "DST")
	o.op("SUBQ", "$16", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// narrow emits dst = src in halves, the nearest that are finite, for a multiple of 8.
func narrow(o *out) {
	def := []string{"DST", "DI", "SRC", "SI", "N", "CX"}
	signature := "func narrowAVX2(dst *uint16, src *float32, n int)"
	o.declare(signature, "narrowAVX2 is narrowHalves for n a multiple of 8, at least 8.")
	o.text("narrowAVX2", 24, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "n+16(FP)", "N")
	o.op("VMOVUPS", sym("halfHigh"), "Y2")
	o.op("VMOVUPS", sym("halfLow"), "Y3")
	o.label("loop")
	o.op("VMOVUPS", "(SRC)", "Y0")
	o.op("VMINPS", "Y0", "Y2", "Y0") // the operand order lets NaN through
	o.op("VMAXPS", "Y0", "Y3", "Y0")
	o.op("VCVTPS2PH", "$0", "Y0", "X0")
	o.op("VMOVUPS", "X0", "(DST)")
	o.op("ADDQ", "$32", "SRC")
	o.op("ADDQ", "$16", "DST")
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// widenBytes emits dst = src·scale for blocks of 32 times 16 bytes, where lane i has
// scale[i] (columns), or of 32 bytes with a scale.
func widenBytes(o *out, columns bool) {
	name, rows, doc := "widenRowsAVX2", 2, "widenRowsAVX2 is widenRows."
	if columns {
		name, rows, doc = "widenColumnsAVX2", 32, "widenColumnsAVX2 is widenColumns."
	}
	def := []string{"DST", "DI", "SRC", "SI", "SCALE", "DX", "N", "CX", "LEFT", "AX"}
	signature := fmt.Sprintf("func %s(dst *float32, src *int8, scale *float32, blocks int)", name)
	o.declare(signature, doc)
	o.text(name, 32, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "scale+16(FP)", "SCALE")
	o.op("MOVQ", "blocks+24(FP)", "N")
	o.label("blocks")
	if columns {
		o.op("VMOVUPS", "(SCALE)", "Y2")
		o.op("VMOVUPS", "32(SCALE)", "Y3")
		o.op("ADDQ", "$64", "SCALE")
	} else {
		o.op("VBROADCASTSS", "(SCALE)", "Y2")
		o.op("VMOVAPS", "Y2", "Y3")
		o.op("ADDQ", "$4", "SCALE")
	}
	o.op("MOVQ", fmt.Sprintf("$%d", rows), "LEFT")
	o.label("loop")
	for v := range 2 {
		o.op("VPMOVSXBD", fmt.Sprintf("%d(SRC)", 8*v), y(v))
		o.op("VCVTDQ2PS", y(v), y(v))
		o.op("VMULPS", y(v), y(2+v), y(v))
		o.op("VMOVUPS", y(v), fmt.Sprintf("%d(DST)", 32*v))
	}
	o.op("ADDQ", "$16", "SRC")
	o.op("ADDQ", "$64", "DST")
	o.op("DECQ", "LEFT")
	o.op("JNZ", "loop")
	o.op("DECQ", "N")
	o.op("JNZ", "blocks")
	o.end(def...)
}
