package main

import (
	"fmt"
	"math"
)

// table is the constants of Exp in vector.go, in the order of its code, and of
// half in half.go.
var table = []constant{
	{"expHigh", f32(88)}, {"expLow", f32(-87)}, {"expLog2E", f32(1.44269504088896341)}, {"expRound", f32(0x1.8p23)},
	{"expLn2Hi", f32(0.693359375)}, {"expLn2Lo", f32(-2.12194440e-4)},
	{"expC0", f32(1.9875691500e-4)}, {"expC1", f32(1.3981999507e-3)}, {"expC2", f32(8.3334519073e-3)},
	{"expC3", f32(4.1665795894e-2)}, {"expC4", f32(1.6666665459e-1)}, {"expC5", f32(5.0000001201e-1)},
	{"one", f32(1)}, {"bias127", 127}, {"signs", 1 << 31},
	{"halfBits", 0x7FFF << 13}, {"halfMax", 0x7BFF << 13}, {"halfScale", f32(0x1p112)}, {"floatInf", 0x7F800000},
}

// constant is a number in all lanes of a register.
type constant struct {
	name string
	bits uint32
}

func f32(v float64) uint32 { return math.Float32bits(float32(v)) }

// constants emits the table, each number 8 times.
func constants(o *out) {
	lanes(o, table)
}

// lanes emits constants, each 8 times.
func lanes(o *out, list []constant) {
	for _, c := range list {
		o.WriteByte('\n')
		for i := range 4 {
			fmt.Fprintf(o, "DATA %s<>+%d(SB)/8, $0x%08x%08x\n", c.name, 8*i, c.bits, c.bits)
		}
		fmt.Fprintf(o, "GLOBL %s<>(SB), RODATA|NOPTR, $32\n", c.name)
	}
}

func sym(name string) string { return name + "<>(SB)" }

// exp emits register v = e^v, operation by operation as Exp in vector.go. It
// destroys n, r and p.
func exp(o *out, v, n, r, p int) {
	V, N, R, P := y(v), y(n), y(r), y(p)
	o.note("clamp; the operand order lets NaN through")
	o.op("VMOVUPS", sym("expHigh"), N)
	o.op("VMINPS", V, N, V)
	o.op("VMOVUPS", sym("expLow"), N)
	o.op("VMAXPS", V, N, V)
	o.op("VMULPS", sym("expLog2E"), V, N)
	o.op("VADDPS", sym("expRound"), N, N)
	o.op("VSUBPS", sym("expRound"), N, N)
	for _, part := range []string{"expLn2Hi", "expLn2Lo"} {
		o.op("VMULPS", sym(part), N, R)
		o.op("VSUBPS", R, V, V)
	}
	o.op("VMULPS", sym("expC0"), V, P)
	o.op("VADDPS", sym("expC1"), P, P)
	for i := 2; i <= 5; i++ {
		o.op("VMULPS", V, P, P)
		o.op("VADDPS", sym(fmt.Sprintf("expC%d", i)), P, P)
	}
	o.op("VMULPS", V, V, R)
	o.op("VMULPS", R, P, P)
	o.op("VADDPS", V, P, P)
	o.op("VADDPS", sym("one"), P, P)
	o.note("times 2^n")
	o.op("VCVTPS2DQ", N, N)
	o.op("VPADDD", sym("bias127"), N, N)
	o.op("VPSLLD", "$23", N, N)
	o.op("VMULPS", N, P, V)
}

// expSum emits x = exp(x-top) and its sum, for columns in multiples of 16.
// Y8, Y9 hold the 16 partial sums, Y10 top.
func expSum(o *out) {
	def := []string{"X", "SI", "N", "CX"}
	o.text("expSumAVX2", 28, "func expSumAVX2(x *float32, n int, top float32) (sum float32)", def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VBROADCASTSS", "top+16(FP)", "Y10")
	o.op("VXORPS", "Y8", "Y8", "Y8")
	o.op("VXORPS", "Y9", "Y9", "Y9")
	o.op("SHRQ", "$4", "N")
	o.op("JZ", "fold")
	o.label("loop")
	for v := range 2 {
		o.op("VMOVUPS", fmt.Sprintf("%d(X)", 32*v), "Y0")
		o.op("VSUBPS", "Y10", "Y0", "Y0")
		exp(o, 0, 1, 2, 3)
		o.op("VMOVUPS", "Y0", fmt.Sprintf("%d(X)", 32*v))
		o.op("VADDPS", "Y0", y(8+v), y(8+v))
	}
	o.op("ADDQ", "$64", "X")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.label("fold")
	o.fold(8, 9)
	o.op("VMOVSS", "X8", "sum+24(FP)")
	o.end(def...)
}

// swiglu emits gate = gate/(1+exp(-gate)) * up, for n in multiples of 8.
func swiglu(o *out) {
	def := []string{"GATE", "DI", "UP", "SI", "N", "CX"}
	o.text("swigluAVX2", 24, "func swigluAVX2(gate, up *float32, n int)", def...)
	o.op("MOVQ", "gate+0(FP)", "GATE")
	o.op("MOVQ", "up+8(FP)", "UP")
	o.op("MOVQ", "n+16(FP)", "N")
	o.op("SHRQ", "$3", "N")
	o.op("JZ", "end")
	o.label("loop")
	o.op("VMOVUPS", "(GATE)", "Y4")
	o.op("VXORPS", sym("signs"), "Y4", "Y0")
	exp(o, 0, 1, 2, 3)
	o.op("VADDPS", sym("one"), "Y0", "Y0")
	o.op("VDIVPS", "Y0", "Y4", "Y4")
	o.op("VMULPS", "(UP)", "Y4", "Y4")
	o.op("VMOVUPS", "Y4", "(GATE)")
	o.op("ADDQ", "$32", "GATE")
	o.op("ADDQ", "$32", "UP")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.label("end")
	o.end(def...)
}

// scale emits x *= f, for n in multiples of 8.
func scale(o *out) {
	def := []string{"X", "DI", "N", "CX"}
	o.text("scaleAVX2", 20, "func scaleAVX2(x *float32, n int, f float32)", def...)
	o.op("MOVQ", "x+0(FP)", "X")
	o.op("MOVQ", "n+8(FP)", "N")
	o.op("VBROADCASTSS", "f+16(FP)", "Y1")
	o.op("SHRQ", "$3", "N")
	o.op("JZ", "end")
	o.label("loop")
	o.op("VMULPS", "(X)", "Y1", "Y0")
	o.op("VMOVUPS", "Y0", "(X)")
	o.op("ADDQ", "$32", "X")
	o.op("DECQ", "N")
	o.op("JNZ", "loop")
	o.label("end")
	o.end(def...)
}
