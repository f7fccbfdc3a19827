package main

import "fmt"

// interleave emits the transposition of 4 or 2 rows, ld elements apart, into
// columns, width elements apart: dst[c*width+r] = src[r*ld+c], for n columns in
// multiples of 4 (2 rows of float64: of 2).
//
// Registers 0-3 hold 4 columns of the rows, 4-7 pairs of rows, 8-11 whole columns.
func interleave(o *out, elem, rows int) {
	_, _, ty, _ := suffix(elem)
	interleaveAs(o, elem, rows, fmt.Sprintf("interleave%dF%dAVX", rows, 8*elem), ty)
}

// interleavePairs emits the same for 4 rows of pairs of words.
func interleavePairs(o *out) { interleaveAs(o, 4, 4, "interleave4PairsAVX", "int16") }

func interleaveAs(o *out, elem, rows int, name, ty string) {
	def := []string{"DST", "DI", "SRC", "SI", "WIDTH", "R8", "LD", "R9", "N", "CX", "LD3", "R10", "W3", "R11"}
	cols := 4
	if elem == 8 && rows == 2 {
		cols = 2
	}
	signature := fmt.Sprintf("func %s(dst, src *%s, width, ld, n int)", name, ty)
	unit := ""
	if ty == "int16" {
		unit = ", elements being pairs"
	}
	o.declare(signature, fmt.Sprintf("%s is interleave for %d rows and n > 0, a multiple of %d%s.", name, rows, cols, unit))
	o.text(name, 40, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "width+16(FP)", "WIDTH")
	o.op("MOVQ", "ld+24(FP)", "LD")
	o.op("MOVQ", "n+32(FP)", "N")
	for _, r := range []string{"WIDTH", "LD"} {
		o.op("SHLQ", fmt.Sprintf("$%d", map[int]int{4: 2, 8: 3}[elem]), r)
	}
	o.op("LEAQ", "(LD)(LD*2)", "LD3")
	o.op("LEAQ", "(WIDTH)(WIDTH*2)", "W3")
	src := []string{"(SRC)", "(SRC)(LD*1)", "(SRC)(LD*2)", "(SRC)(LD3*1)"}
	dst := []string{"(DST)", "(DST)(WIDTH*1)", "(DST)(WIDTH*2)", "(DST)(W3*1)"}
	reg := "X"
	if elem == 8 && rows == 4 {
		reg = "Y"
	}
	v := func(i int) string { return fmt.Sprintf("%s%d", reg, i) }
	o.label("loop")
	for r := range rows {
		o.op("VMOVUPS", src[r], v(r))
	}
	switch {
	case elem == 4 && rows == 4:
		o.op("VUNPCKLPS", v(1), v(0), v(4)) // r0[0] r1[0] r0[1] r1[1]
		o.op("VUNPCKLPS", v(3), v(2), v(5))
		o.op("VUNPCKHPS", v(1), v(0), v(6)) // r0[2] r1[2] r0[3] r1[3]
		o.op("VUNPCKHPS", v(3), v(2), v(7))
		o.op("VUNPCKLPD", v(5), v(4), v(8))
		o.op("VUNPCKHPD", v(5), v(4), v(9))
		o.op("VUNPCKLPD", v(7), v(6), v(10))
		o.op("VUNPCKHPD", v(7), v(6), v(11))
		for c := range 4 {
			o.op("VMOVUPS", v(8+c), dst[c])
		}
	case elem == 4:
		o.op("VUNPCKLPS", v(1), v(0), v(4))
		o.op("VUNPCKHPS", v(1), v(0), v(5))
		for c := range 4 {
			o.op([]string{"VMOVLPS", "VMOVHPS"}[c%2], v(4+c/2), dst[c])
		}
	case rows == 4:
		o.op("VUNPCKLPD", v(1), v(0), v(4)) // r0[0] r1[0] r0[2] r1[2]
		o.op("VUNPCKHPD", v(1), v(0), v(5)) // r0[1] r1[1] r0[3] r1[3]
		o.op("VUNPCKLPD", v(3), v(2), v(6))
		o.op("VUNPCKHPD", v(3), v(2), v(7))
		for c := range 4 {
			o.op("VPERM2F128", []string{"$0x20", "$0x31"}[c/2], v(6+c%2), v(4+c%2), v(8+c))
			o.op("VMOVUPS", v(8+c), dst[c])
		}
	default:
		for c := range 2 {
			o.op([]string{"VUNPCKLPD", "VUNPCKHPD"}[c], v(1), v(0), v(4+c))
			o.op("VMOVUPS", v(4+c), dst[c])
		}
	}
	o.op("ADDQ", fmt.Sprintf("$%d", cols*elem), "SRC")
	o.op("LEAQ", fmt.Sprintf("(DST)(WIDTH*%d)", cols), "DST")
	o.op("SUBQ", fmt.Sprintf("$%d", cols), "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// panel emits the copy of n > 0 rows of size bytes, ld elements apart, to rows
// next to each other, and says whether they are free of infinities and NaNs:
// x-x is 0, all bits, for other numbers.
//
// Y0.. hold a row, Y4.. x-x, Y8 their union.
func panel(o *out, elem, size int) {
	p, _, ty, _ := suffix(elem)
	name := fmt.Sprintf("panel%dF%dAVX", size/elem, 8*elem)
	def := []string{"DST", "DI", "SRC", "SI", "LD", "R9", "N", "CX"}
	signature := fmt.Sprintf("func %s(dst, src *%s, ld, n int) (finite bool)", name, ty)
	o.declare(signature, fmt.Sprintf("%s is panel for a width of %d and n > 0.", name, size/elem))
	o.text(name, 33, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "ld+16(FP)", "LD")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("SHLQ", fmt.Sprintf("$%d", map[int]int{4: 2, 8: 3}[elem]), "LD")
	o.op("VXORPS", y(8), y(8), y(8))
	o.label("loop")
	for v := range size / 32 {
		o.op("VMOVUPS", fmt.Sprintf("%d(SRC)", 32*v), y(v))
		o.op("VSUB"+p, y(v), y(v), y(4+v))
		o.op("VORPS", y(4+v), y(8), y(8))
		o.op("VMOVUPS", y(v), fmt.Sprintf("%d(DST)", 32*v))
	}
	o.op("ADDQ", "LD", "SRC")
	o.op("ADDQ", fmt.Sprintf("$%d", size), "DST")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.op("VPTEST", y(8), y(8))
	o.op("SETEQ", "finite+32(FP)")
	o.end(def...)
}

// columns emits the copy of n > 0 rows of size bytes, ld elements apart, to rows
// next to each other: what A transposed needs. size is a multiple of 8.
func columns(o *out, elem, size int) {
	_, _, ty, _ := suffix(elem)
	name := fmt.Sprintf("columns%dF%dAVX", size/elem, 8*elem)
	def := []string{"DST", "DI", "SRC", "SI", "LD", "R9", "N", "CX"}
	signature := fmt.Sprintf("func %s(dst, src *%s, ld, n int)", name, ty)
	o.declare(signature, fmt.Sprintf("%s copies as panel does, a width of %d and n > 0.", name, size/elem))
	o.text(name, 32, signature, def...)
	o.op("MOVQ", "dst+0(FP)", "DST")
	o.op("MOVQ", "src+8(FP)", "SRC")
	o.op("MOVQ", "ld+16(FP)", "LD")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("SHLQ", fmt.Sprintf("$%d", map[int]int{4: 2, 8: 3}[elem]), "LD")
	o.label("loop")
	for at := 0; at < size; {
		switch {
		case size-at >= 32:
			o.op("VMOVUPS", fmt.Sprintf("%d(SRC)", at), "Y0")
			o.op("VMOVUPS", "Y0", fmt.Sprintf("%d(DST)", at))
			at += 32
		case size-at >= 16:
			o.op("VMOVUPS", fmt.Sprintf("%d(SRC)", at), "X0")
			o.op("VMOVUPS", "X0", fmt.Sprintf("%d(DST)", at))
			at += 16
		default:
			o.op("MOVQ", fmt.Sprintf("%d(SRC)", at), "AX")
			o.op("MOVQ", "AX", fmt.Sprintf("%d(DST)", at))
			at += 8
		}
	}
	o.op("ADDQ", "LD", "SRC")
	o.op("ADDQ", fmt.Sprintf("$%d", size), "DST")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// allFinite emits the check whether n > 0 elements, whole vectors of 256 bits, are
// free of infinities and NaNs, as panel does.
func allFinite(o *out, elem int) {
	p, _, ty, _ := suffix(elem)
	name := fmt.Sprintf("finiteF%dAVX", 8*elem)
	def := []string{"V", "SI", "N", "CX"}
	signature := fmt.Sprintf("func %s(v *%s, n int) bool", name, ty)
	o.declare(signature, fmt.Sprintf("%s is finite for n > 0, a multiple of %d.", name, 32/elem))
	o.text(name, 17, signature, def...)
	o.op("MOVQ", "v+0(FP)", "V")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VXORPS", y(8), y(8), y(8))
	o.label("loop")
	o.op("VMOVUPS", "(V)", y(0))
	o.op("VSUB"+p, y(0), y(0), y(4))
	o.op("VORPS", y(4), y(8), y(8))
	o.op("ADDQ", "$32", "V")
	o.op("SUBQ", fmt.Sprintf("$%d", 32/elem), "N")
	o.op("JNZ", "loop")
	o.op("VPTEST", y(8), y(8))
	o.op("SETEQ", "ret+16(FP)")
	o.end(def...)
}
