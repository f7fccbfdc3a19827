package main

import "fmt"

// tile is one micro-kernel of matrix products: rows x columns of C that stay in
// registers while a panel of A and one of B run past.
//
// Register map, with V the vectors a row of the tile takes (2 everywhere):
//
//	0 .. rows*V-1    C, row r in V*r .. V*r+V-1
//	then V (512 bits: 2V, in turns)    one row of B
//	then 2 (512 bits: 4), in turns     one element of A in all lanes, so that a
//	                 broadcast overlaps the products before it
//
// With 256 bits and 6 rows a column of A takes 2 loads, 6 broadcasts and 12 fused
// products, with 512 bits and 12 rows 2, 12 and 24: the two FMA ports are the
// limit, not the load ports.
//
// 128-bit tiles are for processors in software: products are not fused, and the
// tile is computed in parts that fit in 16 registers. Their last two registers
// hold an element of A and then products.
type tile struct {
	set    string // AVX128, AVX2, AVX512
	elem   int    // bytes
	rows   int
	cols   int
	reg    string // X, Y, Z
	lanes  int
	vecs   int // of a part of the tile
	bsets  int // sets of registers for B
	bcasts int
}

// newTile returns the tile of a vector size in bytes.
func newTile(set string, elem, rows int) tile {
	switch set {
	case "AVX512":
		return tile{set, elem, rows, 128 / elem, "Z", 64 / elem, 2, 2, 4}
	case "AVX2":
		return tile{set, elem, rows, 64 / elem, "Y", 32 / elem, 2, 1, 2}
	}
	return tile{set, elem, rows, 64 / elem, "X", 16 / elem, 2, 1, 2}
}

// suffix is what instructions for the elements end in, and ty their Go type.
func suffix(elem int) (p, s, ty, letter string) {
	if elem == 4 {
		return "PS", "SS", "float32", "s"
	}
	return "PD", "SD", "float64", "d"
}

func (t tile) name() string {
	_, _, _, letter := suffix(t.elem)
	return fmt.Sprintf("%sgemm%dx%d%s", letter, t.rows, t.cols, t.set)
}

func (t tile) acc(r, v int) string { return fmt.Sprintf("%s%d", t.reg, r*t.vecs+v) }
func (t tile) b(u, v int) string   { return fmt.Sprintf("%s%d", t.reg, t.firstB()+u%t.bsets*t.vecs+v) }
func (t tile) bcast(i int) string {
	return fmt.Sprintf("%s%d", t.reg, t.firstB()+t.bsets*t.vecs+i%t.bcasts)
}
func (t tile) vec() int { return t.lanes * t.elem }
func (t tile) firstB() int {
	if t.reg == "Z" {
		return 24
	}
	return 12
}

// emit writes
//
//	func name(k, count int, alpha, beta T, a, b, c *T, ldc int)
//
// which computes count tiles below each other: c = alpha·a·b + beta·c. The panels
// of A follow each other in memory. With beta 0, c is not read.
func (t tile) emit(o *out) {
	const unroll = 4
	p, _, ty, _ := suffix(t.elem)
	def := []string{"K", "CX", "A", "SI", "B", "DI", "C", "DX", "LDC", "R8", "COUNT", "BX", "ROW", "R9", "KEEP", "R10", "B0", "R11", "BYTES", "AX", "PART", "R12"}
	args := 16 + 2*t.elem // after k, count, alpha and beta
	signature := fmt.Sprintf("func %s(k, count int, alpha, beta %s, a, b, c *%s, ldc int)", t.name(), ty, ty)
	fused := "products are fused"
	if t.reg == "X" {
		fused = "products are rounded before they are added"
	}
	o.declare(signature, fmt.Sprintf("%s is micro for height %d, cols %d and k, count > 0; %s.", t.name(), t.rows, t.cols, fused))
	o.text(t.name(), args+32, signature, def...)
	o.op("MOVQ", "b+"+fmt.Sprint(args+8)+"(FP)", "B0")
	o.op("MOVQ", "ldc+"+fmt.Sprint(args+24)+"(FP)", "LDC")
	o.op("SHLQ", fmt.Sprintf("$%d", map[int]int{4: 2, 8: 3}[t.elem]), "LDC")
	o.note("KEEP is 0 if beta is: the bits but for the sign")
	beta := fmt.Sprintf("beta+%d(FP)", 16+t.elem)
	if t.elem == 4 {
		o.op("MOVL", beta, "KEEP")
	} else {
		o.op("MOVQ", beta, "KEEP")
	}
	o.op(map[int]string{4: "SHLL", 8: "SHLQ"}[t.elem], "$1", "KEEP")
	parts := t.cols / (t.lanes * t.vecs)
	if parts > 1 {
		o.op("XORQ", "PART", "PART")
		o.label("part")
	}
	o.op("MOVQ", "count+8(FP)", "COUNT")
	o.op("MOVQ", fmt.Sprintf("a+%d(FP)", args), "A")
	o.op("MOVQ", fmt.Sprintf("c+%d(FP)", args+16), "C")
	if parts > 1 {
		o.op("ADDQ", "PART", "C")
	}
	o.label("tile")
	o.op("MOVQ", "B0", "B")
	o.op("MOVQ", "C", "ROW")
	for r := range t.rows {
		o.op("PREFETCHT0", "(ROW)")
		if t.cols*t.elem > 64 {
			o.op("PREFETCHT0", "64(ROW)")
		}
		if r < t.rows-1 {
			o.op("ADDQ", "LDC", "ROW")
		}
	}
	for r := range t.rows {
		for v := range t.vecs {
			x := t.acc(r, v)
			o.op(map[bool]string{true: "VPXORQ", false: "VXORPS"}[t.reg == "Z"], x, x, x)
		}
	}
	step := func(u int) {
		for v := range t.vecs {
			o.op("VMOVU"+p, fmt.Sprintf("%d(B)", u*t.cols*t.elem+v*t.vec()), t.b(u, v))
		}
		for r := range t.rows {
			t.row(o, u, r)
		}
	}
	o.op("MOVQ", "k+0(FP)", "K")
	o.op("SUBQ", fmt.Sprintf("$%d", unroll), "K")
	o.op("JLT", "tail")
	o.label("loop")
	for line := 0; line < t.rows*t.elem*unroll; line += 64 {
		o.op("PREFETCHT0", fmt.Sprintf("%d(A)", 768+line))
	}
	for u := range unroll {
		step(u)
	}
	o.op("ADDQ", fmt.Sprintf("$%d", t.rows*t.elem*unroll), "A")
	o.op("ADDQ", fmt.Sprintf("$%d", t.cols*t.elem*unroll), "B")
	o.op("SUBQ", fmt.Sprintf("$%d", unroll), "K")
	o.op("JGE", "loop")
	o.label("tail")
	o.op("ADDQ", fmt.Sprintf("$%d", unroll), "K")
	o.op("JZ", "store")
	o.label("one")
	step(0)
	o.op("ADDQ", fmt.Sprintf("$%d", t.rows*t.elem), "A")
	o.op("ADDQ", fmt.Sprintf("$%d", t.cols*t.elem), "B")
	o.op("DECQ", "K")
	o.op("JNZ", "one")
	o.label("store")
	t.store(o, beta)
	o.op("DECQ", "COUNT")
	o.op("JNZ", "tile")
	if parts > 1 {
		o.op("ADDQ", fmt.Sprintf("$%d", t.vecs*t.vec()), "PART")
		o.op("ADDQ", fmt.Sprintf("$%d", t.vecs*t.vec()), "B0")
		o.op("CMPQ", "PART", fmt.Sprintf("$%d", t.cols*t.elem))
		o.op("JNE", "part")
	}
	o.end(def...)
}

// row emits the products of row r with row u of B, of those in the loop.
func (t tile) row(o *out, u, r int) {
	p, s, _, _ := suffix(t.elem)
	a := fmt.Sprintf("%d(A)", (u*t.rows+r)*t.elem)
	if t.reg == "X" {
		tmp, other := t.bcast(0), t.bcast(1)
		if t.elem == 8 {
			o.op("VMOVDDUP", a, tmp) // AVX has no VBROADCASTSD of 128 bits
		} else {
			o.op("VBROADCASTSS", a, tmp)
		}
		o.op("VMUL"+p, tmp, t.b(u, 0), other)
		o.op("VMUL"+p, tmp, t.b(u, 1), tmp)
		o.op("VADD"+p, other, t.acc(r, 0), t.acc(r, 0))
		o.op("VADD"+p, tmp, t.acc(r, 1), t.acc(r, 1))
		return
	}
	f := t.bcast(u*t.rows + r)
	o.op("VBROADCAST"+s, a, f)
	for v := range t.vecs {
		o.op("VFMADD231"+p, f, t.b(u, v), t.acc(r, v))
	}
}

// store emits c = alpha·tile + beta·c, and moves C below the tile.
func (t tile) store(o *out, betaArg string) {
	p, s, _, _ := suffix(t.elem)
	alpha, beta := t.b(0, 0), t.b(0, 1)
	for _, load := range [][2]string{{"alpha+16(FP)", alpha}, {betaArg, beta}} {
		if t.reg == "X" && t.elem == 8 {
			o.op("VMOVDDUP", load[0], load[1])
		} else {
			o.op("VBROADCAST"+s, load[0], load[1])
		}
	}
	o.op("TESTQ", "KEEP", "KEEP")
	o.op("JZ", "overwrite")
	for _, overwrite := range []bool{false, true} {
		if overwrite {
			o.label("overwrite")
		}
		for r := range t.rows {
			for v := range t.vecs {
				x, c := t.acc(r, v), fmt.Sprintf("%d(C)", t.vec()*v)
				o.op("VMUL"+p, alpha, x, x)
				switch {
				case overwrite:
				case t.reg == "X":
					o.op("VMUL"+p, c, beta, t.bcast(0))
					o.op("VADD"+p, t.bcast(0), x, x)
				default:
					o.op("VFMADD231"+p, c, beta, x)
				}
				o.op("VMOVU"+p, x, c)
			}
			o.op("ADDQ", "LDC", "C")
		}
		if !overwrite {
			o.op("JMP", "next")
		}
	}
	o.label("next")
}
