package main

import "fmt"

// wideConstants loads what wideWords wants: Z20 0x0F bytes, Z21 shifts, Z22 bytes for high
// bits, 16 in words or a table, Z23 32 in words.
func (k bytesKernel) wideConstants(o *out) {
	fill := func(value, reg string) {
		o.op("MOVL", "$"+value, "AX")
		o.op("VMOVD", "AX", "X7")
		o.op("VPBROADCASTD", "X7", reg)
	}
	fill("0x0F0F0F0F", "Z20")
	switch k.format {
	case "Q40", "Q41":
		o.op("VMOVDQU64", "shiftQ4<>(SB)", "Y21")
	case "Q5K":
		fill("0x10101010", "Z22")
	case "Q6K":
		fill("0x30303030", "Z22")
		fill("0x00200020", "Z23")
	case "Q50", "Q51":
		o.op("VMOVDQU64", "shiftQ4<>(SB)", "Y21")
		fill("0x00100010", "Z22")
	case "IQ4":
		o.op("VMOVDQU64", "shiftQ4<>(SB)", "Y21")
		o.op("VMOVDQU64", "nonLinear<>(SB)", "Y22")
	}
}

// wideWords puts block j's weights into Z7, but for Q4_0's zero point. It destroys
// Z1 and Z6.
func (k bytesKernel) wideWords(o *out, j int) {
	spread := func() { // nibbles of 16 bytes to 32 bytes
		o.op("VBROADCASTI128", fmt.Sprintf("%d(W)", k.size*j+k.size-16), "Y7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
	}
	nibbles := func(at int, upper bool) {
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", at), "Y7")
		if upper {
			o.op("VPSRLQ", "$4", "Z7", "Z7")
		}
		o.op("VPANDQ", "Z20", "Z7", "Z7")
	}
	high := func(at, bit int) { // of the bits from bit, to bits 4..
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", at), "Y6")
		if bit != 4 {
			o.op("VPRORQ", fmt.Sprintf("$%d", (bit+60)%64), "Z6", "Z6")
		}
		o.op("VPANDQ", "Z22", "Z6", "Z6")
		o.op("VPORQ", "Z6", "Z7", "Z7")
	}
	switch k.format {
	case "Q8":
		o.op("VPMOVSXBW", fmt.Sprintf("%d(W)", k.size*j+2), "Z7")
		return
	case "Q40", "Q41":
		spread()
	case "Q50", "Q51":
		spread()
		o.op("VPMOVZXBW", "Y7", "Z7")
		o.op("KMOVD", fmt.Sprintf("%d(W)", k.size*j+k.size-20), "K1")
		if k.format == "Q50" {
			o.op("VPSUBW", "Z22", "Z7", "Z7")
		}
		o.op("VPADDW", "Z22", "Z7", "K1", "Z7")
		return
	case "IQ4":
		spread()
		o.op("VPSHUFB", "Y7", "Y22", "Y7")
		o.op("VPMOVSXBW", "Y7", "Z7")
		return
	case "Q4K":
		nibbles(k.size-128+32*(j/2), j%2 == 1)
	case "Q5K":
		nibbles(k.size-128+32*(j/2), j%2 == 1)
		high(16, j)
	case "Q6K":
		nibbles(64*(j/4)+32*(j%2), j%4 > 1)
		high(128+32*(j/4), 2*(j%4))
		o.op("VPMOVZXBW", "Y7", "Z7")
		o.op("VPSUBW", "Z23", "Z7", "Z7")
		o.note("each half times its scale")
		o.op("VPBROADCASTB", fmt.Sprintf("%d(W)", 192+2*j), "Y6")
		o.op("VPBROADCASTB", fmt.Sprintf("%d(W)", 193+2*j), "X1")
		o.op("VINSERTI128", "$1", "X1", "Y6", "Y6")
		o.op("VPMOVSXBW", "Y6", "Z6")
		o.op("VPMULLW", "Z6", "Z7", "Z7")
		return
	}
	o.op("VPMOVZXBW", "Y7", "Z7")
}

// sumWide adds Z8..Z15, 16 partial sums of a block each, to Y8, as addHalves
// does. It destroys
// Z6 to Z15.
func (o *out) sumWide(halved bool) {
	add := func(low, high string, a, b int) {
		za, zb := fmt.Sprintf("Z%d", a), fmt.Sprintf("Z%d", b)
		o.op(low, zb, za, "Z6")
		o.op(high, zb, za, "Z7")
		o.op("VPADDD", "Z7", "Z6", za)
	}
	for _, p := range [][2]int{{8, 9}, {10, 11}, {12, 13}, {14, 15}} {
		add("VPUNPCKLDQ", "VPUNPCKHDQ", p[0], p[1]) // a0 b0 a1 b1 + a2 b2 a3 b3
	}
	add("VPUNPCKLQDQ", "VPUNPCKHQDQ", 8, 10) // a b c d, in each quarter
	add("VPUNPCKLQDQ", "VPUNPCKHQDQ", 12, 14)
	o.note("pairs of quarters, of the first four blocks and of the others")
	o.op("VSHUFI64X2", "$0x88", "Z12", "Z8", "Z6")
	o.op("VSHUFI64X2", "$0xDD", "Z12", "Z8", "Z7")
	o.op("VPADDD", "Z7", "Z6", "Z8")
	o.op("VSHUFI64X2", "$0x08", "Z8", "Z8", "Z6") // sums of first halves of blocks
	o.op("VSHUFI64X2", "$0x0D", "Z8", "Z8", "Z7")
	o.addHalves(halved, 6, 7)
}
