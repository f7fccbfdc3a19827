package main

import "fmt"

// normalize emits y = x·inverse·w, for a multiple of 8.
func normalize(o *out) {
	def := []string{"Y", "DI", "X", "SI", "W", "DX", "N", "CX"}
	signature := "func normalizeAVX2(y, x, w *float32, n int, inverse float32)"
	o.declare(signature, "normalizeAVX2 is normalize for n a multiple of 8, at least 8.")
	o.text("normalizeAVX2", 36, signature, def...)
	o.op("MOVQ", "y+0(FP)", "Y")
	o.op("MOVQ", "x+8(FP)", "X")
	o.op("MOVQ", "w+16(FP)", "W")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("VBROADCASTSS", "inverse+32(FP)", "Y1")
	o.label("loop")
	o.op("VMULPS", "(X)", "Y1", "Y0")
	o.op("VMULPS", "(W)", "Y0", "Y0")
	o.op("VMOVUPS", "Y0", "(Y)")
	for _, p := range []string{"X", "W", "Y"} {
		o.op("ADDQ", "$32", p)
	}
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// sum emits x += y, for a multiple of 8.
func sum(o *out) {
	def := []string{"X", "DI", "Y", "SI", "N", "CX"}
	signature := "func addAVX2(x, y *float32, n int)"
	o.declare(signature, "addAVX2 is add for n a multiple of 8, at least 8.")
	o.text("addAVX2", 24, signature, def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "y+8(FP)", "Y")
	o.op("MOVQ", "n+16(FP)", "N")
	o.label("loop")
	o.op("VMOVUPS", "(X)", "Y0")
	o.op("VADDPS", "(Y)", "Y0", "Y0")
	o.op("VMOVUPS", "Y0", "(X)")
	o.op("ADDQ", "$32", "X")
	o.op("ADDQ", "$32", "Y")
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// rotatePairs emits the rotation of neighbours, 4 pairs at a time: Y0 is a b a b ...,
// Y1 cosines and Y2 sines, each twice, Y3 is b a b a ...; VADDSUBPS subtracts in even
// lanes and adds in odd ones.
func rotatePairs(o *out) {
	def := []string{"V", "DI", "COS", "SI", "SIN", "DX", "N", "CX"}
	signature := "func rotatePairsAVX2(v, cos, sin *float32, n int)"
	o.declare(signature, "rotatePairsAVX2 is rotatePairs for n pairs, a multiple of 4, at least 4.")
	o.WriteString("\n")
	for i := range uint64(4) { // elements 0 0 1 1 of the lower half, 2 2 3 3 of the upper
		fmt.Fprintf(o, "DATA twice<>+%d(SB)/8, $0x%016x\n", 8*i, i<<32|i)
	}
	fmt.Fprintf(o, "GLOBL twice<>(SB), RODATA|NOPTR, $32\n")
	o.text("rotatePairsAVX2", 32, signature, def...)
	o.op("MOVQ", "v+0(FP)", "V")
	o.op("MOVQ", "cos+8(FP)", "COS")
	o.op("MOVQ", "sin+16(FP)", "SIN")
	o.op("MOVQ", "n+24(FP)", "N")
	o.op("VMOVUPS", sym("twice"), "Y4")
	o.label("loop")
	o.op("VMOVUPS", "(V)", "Y0")
	o.op("VBROADCASTF128", "(COS)", "Y1")
	o.op("VBROADCASTF128", "(SIN)", "Y2")
	o.op("VPERMILPS", "Y4", "Y1", "Y1")
	o.op("VPERMILPS", "Y4", "Y2", "Y2")
	o.op("VPERMILPS", "$0xB1", "Y0", "Y3")
	o.op("VMULPS", "Y1", "Y0", "Y0")
	o.op("VMULPS", "Y2", "Y3", "Y3")
	o.op("VADDSUBPS", "Y3", "Y0", "Y0")
	o.op("VMOVUPS", "Y0", "(V)")
	o.op("ADDQ", "$32", "V")
	o.op("ADDQ", "$16", "COS")
	o.op("ADDQ", "$16", "SIN")
	o.op("SUBQ", "$4", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// rotateHalves emits the rotation of vectors a and b, 8 pairs at a time.
func rotateHalves(o *out) {
	def := []string{"A", "DI", "B", "R8", "COS", "SI", "SIN", "DX", "N", "CX"}
	signature := "func rotateHalvesAVX2(a, b, cos, sin *float32, n int)"
	o.declare(signature, "rotateHalvesAVX2 is rotateHalves for n pairs, a multiple of 8, at least 8.")
	o.text("rotateHalvesAVX2", 40, signature, def...)
	o.op("MOVQ", "a+0(FP)", "A")
	o.op("MOVQ", "b+8(FP)", "B")
	o.op("MOVQ", "cos+16(FP)", "COS")
	o.op("MOVQ", "sin+24(FP)", "SIN")
	o.op("MOVQ", "n+32(FP)", "N")
	o.label("loop")
	o.op("VMOVUPS", "(A)", "Y0")
	o.op("VMOVUPS", "(B)", "Y1")
	o.op("VMOVUPS", "(COS)", "Y2")
	o.op("VMOVUPS", "(SIN)", "Y3")
	o.op("VMULPS", "Y2", "Y0", "Y4")
	o.op("VMULPS", "Y3", "Y1", "Y5")
	o.op("VSUBPS", "Y5", "Y4", "Y4")
	o.op("VMOVUPS", "Y4", "(A)")
	o.op("VMULPS", "Y3", "Y0", "Y4")
	o.op("VMULPS", "Y2", "Y1", "Y5")
	o.op("VADDPS", "Y5", "Y4", "Y4")
	o.op("VMOVUPS", "Y4", "(B)")
	for _, p := range []string{"A", "B", "COS", "SIN"} {
		o.op("ADDQ", "$32", p)
	}
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// geluTable is the constants of geglu in vector.go.
var geluTable = []constant{{"geluCube", f32(0.044715)}, {"geluScale", f32(-1.5957691216057308)}}

// geglu emits gate = gate/(1+exp(-2u)) * up, operation by operation as in vector.go,
// for a multiple of 8.
func geglu(o *out) {
	def := []string{"GATE", "DI", "UP", "SI", "N", "CX"}
	signature := "func gegluAVX2(gate, up *float32, n int)"
	o.declare(signature, "gegluAVX2 is geglu for n a multiple of 8, at least 8.")
	o.text("gegluAVX2", 24, signature, def...)
	o.op("MOVQ", "gate+0(FP)", "GATE")
	o.op("MOVQ", "up+8(FP)", "UP")
	o.op("MOVQ", "n+16(FP)", "N")
	o.label("loop")
	o.op("VMOVUPS", "(GATE)", "Y4")
	o.op("VMULPS", "Y4", "Y4", "Y0")
	o.op("VMULPS", "Y4", "Y0", "Y0")
	o.op("VMULPS", sym("geluCube"), "Y0", "Y0")
	o.op("VADDPS", "Y4", "Y0", "Y0")
	o.op("VMULPS", sym("geluScale"), "Y0", "Y0")
	exp(o, 0, 1, 2, 3)
	o.op("VADDPS", sym("one"), "Y0", "Y0")
	o.op("VDIVPS", "Y0", "Y4", "Y4")
	o.op("VMULPS", "(UP)", "Y4", "Y4")
	o.op("VMOVUPS", "Y4", "(GATE)")
	o.op("ADDQ", "$32", "GATE")
	o.op("ADDQ", "$32", "UP")
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}

// erfTable is the constants of gelu in vector.go.
var erfTable = []constant{
	{"magnitude", 0x7FFFFFFF}, {"geluRoot", f32(0.7071067811865476)}, {"geluHalf", f32(0.5)},
	{"geluP", f32(0.3275911)}, {"geluA5", f32(1.061405429)}, {"geluA4", f32(-1.453152027)},
	{"geluA3", f32(1.421413741)}, {"geluA2", f32(-0.284496736)}, {"geluA1", f32(0.254829592)},
}

// gelu emits x = gelu(x), operation by operation as in vector.go, for a multiple of 8.
// Y4 is x, Y5 u, Y6 t, Y7 c.
func gelu(o *out) {
	def := []string{"X", "DI", "N", "CX"}
	signature := "func geluAVX2(x *float32, n int)"
	o.declare(signature, "geluAVX2 is geluAll for n a multiple of 8, at least 8.")
	o.text("geluAVX2", 16, signature, def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VXORPS", "Y9", "Y9", "Y9")
	o.label("loop")
	o.op("VMOVUPS", "(X)", "Y4")
	o.op("VANDPS", sym("magnitude"), "Y4", "Y5")
	o.op("VMULPS", sym("geluRoot"), "Y5", "Y5")
	o.op("VMULPS", sym("geluP"), "Y5", "Y6")
	o.op("VMOVUPS", sym("one"), "Y0")
	o.op("VADDPS", "Y0", "Y6", "Y6")
	o.op("VDIVPS", "Y6", "Y0", "Y6")
	o.op("VMULPS", sym("geluA5"), "Y6", "Y7")
	for i := 4; i > 0; i-- {
		o.op("VADDPS", sym(fmt.Sprintf("geluA%d", i)), "Y7", "Y7")
		o.op("VMULPS", "Y6", "Y7", "Y7")
	}
	o.op("VMULPS", "Y5", "Y5", "Y0")
	o.op("VXORPS", sym("signs"), "Y0", "Y0")
	exp(o, 0, 1, 2, 3)
	o.op("VMULPS", "Y0", "Y7", "Y7")
	o.op("VMULPS", sym("geluHalf"), "Y7", "Y7")
	o.op("VMULPS", "Y7", "Y4", "Y7")
	o.op("VSUBPS", "Y7", "Y4", "Y0")
	o.op("VCMPPS", "$1", "Y9", "Y4", "Y4") // less than 0
	o.op("VBLENDVPS", "Y4", "Y7", "Y0", "Y0")
	o.op("VMOVUPS", "Y0", "(X)")
	o.op("ADDQ", "$32", "X")
	o.op("SUBQ", "$8", "N")
	o.op("JNZ", "loop")
	o.end(def...)
}
