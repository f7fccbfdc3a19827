package main

import "fmt"

// wideConstants loads what wideWords wants: Z20 0x0F bytes (Q8_0: 0x80), Z21 shifts, Z22
// bytes for high bits or a table.
func (k bytesKernel) wideConstants(o *out) {
	fill := func(value, reg string) {
		o.op("MOVL", "$"+value, "AX")
		o.op("VMOVD", "AX", "X7")
		o.op("VPBROADCASTD", "X7", reg)
	}
	if k.format == "Q8" {
		fill("0x80808080", "Z20")
		return
	}
	fill("0x0F0F0F0F", "Z20")
	switch k.format {
	case "Q40", "Q41", "Q50", "Q51", "IQ4":
		o.op("VMOVDQU64", "shiftQ4<>(SB)", "Y21")
	}
	switch k.format {
	case "Q5K", "Q50", "Q51":
		fill("0x10101010", "Z22")
	case "Q6K":
		fill("0x30303030", "Z22")
	case "IQ4":
		o.op("VMOVDQU64", "nonLinear<>(SB)", "Y22")
	}
}

// wideWords puts block j's weights, more by the zero point than they stand for, into Z7
// as words in the order of vector. It destroys Z6.
func (k bytesKernel) wideWords(o *out, j int) {
	load := func(at int, upper bool) { // nibbles of 32 bytes
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", at), "Y7")
		if upper {
			o.op("VPSRLQ", "$4", "Y7", "Y7")
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
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", k.size*j+2), "Y7")
		o.op("VPXORQ", "Z20", "Z7", "Z7")
	case "Q40", "Q41", "Q50", "Q51", "IQ4":
		o.op("VBROADCASTI128", fmt.Sprintf("%d(W)", k.size*j+k.size-16), "Y7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
		switch k.format {
		case "Q50", "Q51":
			o.op("KMOVD", fmt.Sprintf("%d(W)", k.size*j+k.size-20), "K1")
			o.op("VPADDB", "Y22", "Y7", "K1", "Y7")
		case "IQ4":
			o.op("VPSHUFB", "Y7", "Y22", "Y7")
		}
	case "Q4K":
		load(k.size-128+32*(j/2), j%2 == 1)
	case "Q5K":
		load(k.size-128+32*(j/2), j%2 == 1)
		high(16, j)
	case "Q6K":
		load(64*(j/4)+32*(j%2), j%4 > 1)
		high(128+32*(j/4), 2*(j%4))
	}
	o.op("VPERMQ", "$0xD8", "Y7", "Y7")
	o.op("VPMOVZXBW", "Y7", "Z7")
}

// sumWide adds Z8..Z15, 16 partial sums of a block each, to the sums that groupWords
// leaves: those of first halves, in even quarters, to Y11, the others to Y8. It destroys
// Z6 to Z15.
func (o *out) sumWide() {
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
	o.op("VSHUFI64X2", "$0x44", "Z12", "Z8", "Z6") // quarters 0 and 1 of both
	o.op("VSHUFI64X2", "$0xEE", "Z12", "Z8", "Z7") // 2 and 3
	o.op("VPADDD", "Z7", "Z6", "Z8")
	o.op("VSHUFI64X2", "$0x08", "Z8", "Z8", "Z11")
	o.op("VSHUFI64X2", "$0x0D", "Z8", "Z8", "Z8")
}
