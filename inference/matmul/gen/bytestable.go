package main

import "fmt"

// quads emits a table.
func (o *out) quads(name string, v ...uint64) {
	o.WriteByte('\n')
	for i, q := range v {
		fmt.Fprintf(o, "DATA %s<>+%d(SB)/8, $0x%016x\n", name, 8*i, q)
	}
	fmt.Fprintf(o, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", name, 8*len(v))
}

// wordsTables emits the constants of the kernels for words.
func wordsTables(o *out) {
	o.quads("shiftQ4", 0, 0, 4, 4)
	o.quads("spreadBytes", 0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303)
	o.quads("spreadWords", 0x0100010001000100, 0x0100010001000100, 0x0302030203020302, 0x0302030203020302)
	o.quads("bitOfByte", 0x8040201008040201, 0x8040201008040201, 0x8040201008040201, 0x8040201008040201)
	o.quads("evenBytes", 0x0e0c0a0806040200, 0x0f0d0b0907050301)
	o.quads("sixteens", 0x1010101010101010, 0x1010101010101010, 0x1010101010101010, 0x1010101010101010)
	low, high := uint64(0xf6eaddcfbfad9881), uint64(0x7159453526190d01) // nonLinear in block.go
	low, high = low^0x8080808080808080, high^0x8080808080808080         // 128 more
	o.quads("nonLinear", low, high, low, high)
}

// bytesTables emits the constants of the kernels for bytes.
func bytesTables(o *out) {
	quads := o.quads
	lanes := func(name string, v ...uint64) {
		var q []uint64
		for i := 0; i < len(v); i += 2 {
			q = append(q, v[i]|v[i+1]<<32)
		}
		quads(name, q...)
	}
	quads("shiftQ4", 0, 0, 4, 4, 0, 0, 4, 4)
	quads("shiftQ4K", 0, 0, 0, 0, 4, 4, 4, 4)
	quads("rotateQ5K", 60, 60, 60, 60, 61, 61, 61, 61)
	quads("rotateQ6K", 60, 60, 60, 60, 62, 62, 62, 62)
	lanes("spreadWords", 0x01000100, 0x01000100, 0x01000100, 0x01000100, 0x03020302, 0x03020302, 0x03020302, 0x03020302)
	lanes("packedWords", 0, 4, 1, 5, 2, 6, 3, 7)
	var half []uint64
	for l := range uint64(64) {
		half = append(half, l/4)
	}
	lanes("chooseHalf", half...)
}
