package main

import "fmt"

// dots emits the products of a panel of rows of float weights with a panel of 4 vectors, 16
// columns at a time: the 16 partial sums of each row and vector lie side by side, as those
// of one vector do, so the bits are the same. What is loaded serves 4 vectors or all rows.
//
// Panels are read from one end to the other, (passes, chunks, rows or vectors, columns of a
// register): rows in places of their own, often as far apart as cache lines' multiples,
// would be loaded one a cycle, from one bank.
//
// SUMS are the partial sums, (rows, 4, 16). They are added to unless fresh is not 0, and
// if y is not nil they are folded and stored: y[ld*v+r].
//
// 256 bits: 3 rows; columns 0-7 of all 16s first, then 8-15. Y0..Y11 sums, row r and vector
// v in Y4r+v; Y12, Y13 weights of rows 0 and 1; Y14 a vector; Y15 products. 512 bits: 6
// rows, Z0..Z23 sums, Z24..Z27 vectors, Z28, Z29 weights, Z30, Z31 products.
func dots(o *out, wide bool) {
	name, rows, passes, reg, size := "dots3x4AVX2", 3, 2, "Y", 32
	if wide {
		name, rows, passes, reg, size = "dots6x4AVX512", 6, 1, "Z", 64
	}
	v := func(i int) string { return fmt.Sprintf("%s%d", reg, i) }
	def := []string{"Y", "DX", "LD", "R8", "LD3", "R9", "SUMS", "R13", "W", "SI", "X", "DI", "LEFT", "CX", "FRESH", "R11"}
	signature := fmt.Sprintf("func %s(y *float32, ld int, sums, w, x *float32, chunks, wnext, xnext, fresh int)", name)
	o.declare(signature, fmt.Sprintf("%s is floatKernel.dots for %d rows and chunks > 0; wnext and xnext are the bytes from\n// one pass to the next.", name, rows))
	o.frame(name, 0, 72, signature, def...)
	o.op("MOVQ", "sums+16(FP)", "SUMS")
	o.op("MOVQ", "w+24(FP)", "W")
	o.op("MOVQ", "x+32(FP)", "X")
	o.op("MOVQ", "fresh+64(FP)", "FRESH")
	for p := range passes {
		sums := func(i int) string { return fmt.Sprintf("%d(SUMS)", 64*i+32*p) }
		if p > 0 {
			o.op("MOVQ", "w+24(FP)", "W")
			o.op("MOVQ", "x+32(FP)", "X")
			o.op("ADDQ", "wnext+48(FP)", "W")
			o.op("ADDQ", "xnext+56(FP)", "X")
		}
		o.op("MOVQ", "chunks+40(FP)", "LEFT")
		for i := range rows * 4 {
			if wide {
				o.op("VPXORQ", v(i), v(i), v(i))
			} else {
				o.op("VXORPS", v(i), v(i), v(i))
			}
		}
		o.op("TESTQ", "FRESH", "FRESH")
		o.op("JNZ", fmt.Sprintf("loop%d", p))
		for i := range rows * 4 {
			o.op("VMOVUPS", sums(i), v(i))
		}
		o.label(fmt.Sprintf("loop%d", p))
		xs := func(i int) string { return fmt.Sprintf("%d(X)", size*i) }
		ws := func(i int) string { return fmt.Sprintf("%d(W)", size*i) }
		if wide {
			for j := range 4 {
				o.op("VMOVUPS", xs(j), v(24+j))
			}
			for r := range rows {
				o.op("VMOVUPS", ws(r), v(28+r%2))
				for j := range 4 {
					o.op("VMULPS", v(28+r%2), v(24+j), v(30+j%2))
					o.op("VADDPS", v(30+j%2), v(4*r+j), v(4*r+j))
				}
			}
		} else {
			o.op("VMOVUPS", ws(0), v(12))
			o.op("VMOVUPS", ws(1), v(13))
			for j := range 4 {
				o.op("VMOVUPS", xs(j), v(14))
				for r := range rows {
					w := ws(r)
					if r < 2 {
						w = v(12 + r)
					}
					o.op("VMULPS", w, v(14), v(15))
					o.op("VADDPS", v(15), v(4*r+j), v(4*r+j))
				}
			}
		}
		o.op("ADDQ", fmt.Sprintf("$%d", size*rows), "W")
		o.op("ADDQ", fmt.Sprintf("$%d", size*4), "X")
		o.op("DECQ", "LEFT")
		o.op("JNZ", fmt.Sprintf("loop%d", p))
		for i := range rows * 4 {
			o.op("VMOVUPS", v(i), sums(i))
		}
	}
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("TESTQ", "Y", "Y")
	o.op("JZ", "end")
	o.note("halves of the 16 sums are added until one is left")
	o.op("MOVQ", "ld+8(FP)", "LD")
	o.op("SHLQ", "$2", "LD")
	o.op("LEAQ", "(LD)(LD*2)", "LD3")
	for r := range rows {
		for j := range 4 {
			o.op("VMOVUPS", fmt.Sprintf("%d(SUMS)", 64*(4*r+j)), y(j))
			o.op("VADDPS", fmt.Sprintf("%d(SUMS)", 64*(4*r+j)+32), y(j), y(j))
		}
		for j := range 2 { // of vectors 2j, 2j+1
			o.op("VPERM2F128", "$0x20", y(2*j+1), y(2*j), y(4+j))
			o.op("VPERM2F128", "$0x31", y(2*j+1), y(2*j), y(6+j))
			o.op("VADDPS", y(6+j), y(4+j), y(4+j))
		}
		o.op("VUNPCKLPD", "Y5", "Y4", "Y6")
		o.op("VUNPCKHPD", "Y5", "Y4", "Y7")
		o.op("VADDPS", "Y7", "Y6", "Y6")
		o.op("VPERMILPS", "$0xB1", "Y6", "Y7")
		o.op("VADDPS", "Y7", "Y6", "Y6") // vectors 0, 2 in the lower 4, 1, 3 in the upper
		o.op("VEXTRACTF128", "$1", "Y6", "X7")
		o.op("VMOVSS", "X6", fmt.Sprintf("%d(Y)", 4*r))
		o.op("VMOVSS", "X7", fmt.Sprintf("%d(Y)(LD*1)", 4*r))
		o.op("VEXTRACTPS", "$2", "X6", fmt.Sprintf("%d(Y)(LD*2)", 4*r))
		o.op("VEXTRACTPS", "$2", "X7", fmt.Sprintf("%d(Y)(LD3*1)", 4*r))
	}
	o.label("end")
	o.end(def...)
}

// toPanel emits the copy of a row of weights, or of a vector, to its places in a panel, as
// float32: 16 elements at a time, 8 to DST and 8 to NEXT bytes behind it.
func toPanel(o *out, kind string) {
	name, size := "panel"+kind+"AVX2", 16
	if kind == "Float" {
		size = 32
	}
	def := []string{"DST", "DI", "SRC", "SI", "LEFT", "CX", "NEXT", "R8", "STEP", "R9"}
	signature := fmt.Sprintf("func %s(dst *float32, src *byte, chunks, next, step int)", name)
	if kind == "Float" {
		signature = fmt.Sprintf("func %s(dst, src *float32, chunks, next, step int)", name)
	}
	o.declare(signature, name+" is the panel function of floatKernel for chunks > 0; next is the bytes from the first\n// 8 of 16 elements to the others, step those to the next 16.")
	o.text(name, 40, signature, def...)
	for i, r := range []string{"DST", "SRC", "LEFT", "NEXT", "STEP"} {
		o.op("MOVQ", fmt.Sprintf("%s+%d(FP)", []string{"dst", "src", "chunks", "next", "step"}[i], 8*i), r)
	}
	o.label("loop")
	for i := range 2 {
		at := fmt.Sprintf("%d(SRC)", size*i)
		switch kind {
		case "F16":
			o.op("VCVTPH2PS", at, y(i))
		case "BF16": // the upper half of a float32
			o.op("VPMOVZXWD", at, y(i))
			o.op("VPSLLD", "$16", y(i), y(i))
		default:
			o.op("VMOVUPS", at, y(i))
		}
		o.op("VMOVUPS", y(i), []string{"(DST)", "(DST)(NEXT*1)"}[i])
	}
	o.op("ADDQ", fmt.Sprintf("$%d", 2*size), "SRC")
	o.op("ADDQ", "STEP", "DST")
	o.op("DECQ", "LEFT")
	o.op("JNZ", "loop")
	o.end(def...)
}
