package main

import "fmt"

// The functions of BLAS levels 1 and 2. They take whole vectors of 256 bits; Go
// does the rest. Products are fused.

func shiftOf(elem int) string { return map[int]string{4: "$2", 8: "$3"}[elem] }

// foldFused adds the lanes of Y a into its lowest. It destroys Y b.
func (o *out) foldFused(elem, a, b int) {
	p, _, _, _ := suffix(elem)
	o.op("VEXTRACTF128", "$1", y(a), x(b))
	o.op("VADD"+p, x(b), x(a), x(a))
	if elem == 4 {
		o.op("VPERMILPS", "$0x4E", x(a), x(b)) // 2 3 0 1
		o.op("VADDPS", x(b), x(a), x(a))
		o.op("VPERMILPS", "$0xB1", x(a), x(b)) // 1 0 3 2
	} else {
		o.op("VPERMILPD", "$1", x(a), x(b))
	}
	o.op("VADD"+p, x(b), x(a), x(a))
}

// dotFused emits Σ x[i]·y[i] in Y0..Y3.
func dotFused(o *out, elem int) {
	p, s, ty, _ := suffix(elem)
	name := fmt.Sprintf("dotF%dFMA", 8*elem)
	def := []string{"X", "SI", "Y", "DI", "N", "CX"}
	signature := fmt.Sprintf("func %s(x, y *%s, n int) (sum %s)", name, ty, ty)
	o.declare(signature, fmt.Sprintf("%s is dotAny for n a multiple of %d.", name, 32/elem))
	o.text(name, 24+elem, signature, def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "y+8(FP)", "Y")
	o.op("MOVQ", "n+16(FP)", "N")
	o.op("SHLQ", shiftOf(elem), "N")
	for i := range 4 {
		o.op("VXORPS", y(i), y(i), y(i))
	}
	o.op("SUBQ", "$128", "N")
	o.op("JLT", "tail")
	o.label("loop")
	for i := range 4 {
		o.op("VMOVU"+p, fmt.Sprintf("%d(X)", 32*i), y(4+i))
		o.op("VFMADD231"+p, fmt.Sprintf("%d(Y)", 32*i), y(4+i), y(i))
	}
	o.op("ADDQ", "$128", "X")
	o.op("ADDQ", "$128", "Y")
	o.op("SUBQ", "$128", "N")
	o.op("JGE", "loop")
	o.label("tail")
	o.op("ADDQ", "$128", "N")
	o.op("JZ", "fold")
	o.label("one")
	o.op("VMOVU"+p, "(X)", "Y4")
	o.op("VFMADD231"+p, "(Y)", "Y4", "Y0")
	o.op("ADDQ", "$32", "X")
	o.op("ADDQ", "$32", "Y")
	o.op("SUBQ", "$32", "N")
	o.op("JNZ", "one")
	o.label("fold")
	o.op("VADD"+p, "Y1", "Y0", "Y0")
	o.op("VADD"+p, "Y3", "Y2", "Y2")
	o.op("VADD"+p, "Y2", "Y0", "Y0")
	o.foldFused(elem, 0, 1)
	o.op("VMOV"+s, "X0", "sum+24(FP)")
	o.end(def...)
}

// dot4Fused emits 4 rows times a vector: row r sums in Y2r and Y2r+1.
func dot4Fused(o *out, elem int) {
	p, s, ty, _ := suffix(elem)
	name := fmt.Sprintf("dot4F%dFMA", 8*elem)
	def := []string{"SUM", "DX", "W", "SI", "X", "DI", "N", "CX", "STRIDE", "R8", "STRIDE3", "R9"}
	signature := fmt.Sprintf("func %s(sum, w, x *%s, n, stride int)", name, ty)
	o.declare(signature, fmt.Sprintf("%s is dot4Any for n a multiple of %d; rows are stride elements apart.", name, 32/elem))
	o.text(name, 40, signature, def...)
	o.op("MOVQ", "sum+0(FP)", "SUM")
	o.op("MOVQ", "w+8(FP)", "W")
	o.op("MOVQ", "x+16(FP)", "X")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("MOVQ", "stride+32(FP)", "STRIDE")
	o.op("SHLQ", shiftOf(elem), "N")
	o.op("SHLQ", shiftOf(elem), "STRIDE")
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "STRIDE3")
	for i := range 8 {
		o.op("VXORPS", y(i), y(i), y(i))
	}
	o.op("SUBQ", "$64", "N")
	o.op("JLT", "tail")
	o.label("loop")
	for v := range 2 {
		o.op("VMOVU"+p, fmt.Sprintf("%d(X)", 32*v), y(8+v))
	}
	for r := range 4 {
		for v := range 2 {
			o.op("VFMADD231"+p, rowAddress(r, 32*v), y(8+v), y(2*r+v))
		}
	}
	o.op("ADDQ", "$64", "W")
	o.op("ADDQ", "$64", "X")
	o.op("SUBQ", "$64", "N")
	o.op("JGE", "loop")
	o.label("tail")
	o.op("ADDQ", "$64", "N")
	o.op("JZ", "fold")
	o.op("VMOVU"+p, "(X)", "Y8")
	for r := range 4 {
		o.op("VFMADD231"+p, rowAddress(r, 0), "Y8", y(2*r))
	}
	o.label("fold")
	for r := range 4 {
		o.op("VADD"+p, y(2*r+1), y(2*r), y(2*r))
		o.foldFused(elem, 2*r, 2*r+1)
		o.op("VMOV"+s, x(2*r), fmt.Sprintf("%d(SUM)", elem*r))
	}
	o.end(def...)
}

// axpyFused emits y += Σ f[r]·rows[r] for 1 or 4 rows. Y0.. hold the factors,
// Y8..Y11 vectors of y.
func axpyFused(o *out, elem, rows int) {
	p, s, ty, _ := suffix(elem)
	name := fmt.Sprintf("axpy%dF%dFMA", rows, 8*elem)
	def := []string{"F", "DX", "W", "SI", "Y", "DI", "N", "CX", "STRIDE", "R8", "STRIDE3", "R9"}
	signature := fmt.Sprintf("func %s(f, rows, y *%s, n, stride int)", name, ty)
	equal := map[int]string{1: "axpyAny", 4: "axpy4Any"}[rows]
	o.declare(signature, fmt.Sprintf("%s is %s for n a multiple of %d; rows are stride elements apart.", name, equal, 32/elem))
	o.text(name, 40, signature, def...)
	o.op("MOVQ", "f+0(FP)", "F")
	o.op("MOVQ", "rows+8(FP)", "W")
	o.op("MOVQ", "y+16(FP)", "Y")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("MOVQ", "stride+32(FP)", "STRIDE")
	o.op("SHLQ", shiftOf(elem), "N")
	o.op("SHLQ", shiftOf(elem), "STRIDE")
	o.op("LEAQ", "(STRIDE)(STRIDE*2)", "STRIDE3")
	for r := range rows {
		o.op("VBROADCAST"+s, fmt.Sprintf("%d(F)", elem*r), y(r))
	}
	o.op("SUBQ", "$128", "N")
	o.op("JLT", "tail")
	o.label("loop")
	for v := range 4 {
		o.op("VMOVU"+p, fmt.Sprintf("%d(Y)", 32*v), y(8+v))
	}
	for r := range rows {
		for v := range 4 {
			o.op("VFMADD231"+p, rowAddress(r, 32*v), y(r), y(8+v))
		}
	}
	for v := range 4 {
		o.op("VMOVU"+p, y(8+v), fmt.Sprintf("%d(Y)", 32*v))
	}
	o.op("ADDQ", "$128", "W")
	o.op("ADDQ", "$128", "Y")
	o.op("SUBQ", "$128", "N")
	o.op("JGE", "loop")
	o.label("tail")
	o.op("ADDQ", "$128", "N")
	o.op("JZ", "end")
	o.label("one")
	o.op("VMOVU"+p, "(Y)", "Y8")
	for r := range rows {
		o.op("VFMADD231"+p, rowAddress(r, 0), y(r), "Y8")
	}
	o.op("VMOVU"+p, "Y8", "(Y)")
	o.op("ADDQ", "$32", "W")
	o.op("ADDQ", "$32", "Y")
	o.op("SUBQ", "$32", "N")
	o.op("JNZ", "one")
	o.label("end")
	o.end(def...)
}
