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
	var bit [4]uint64
	for i := range 16 {
		bit[i/4] |= 1 << i << (i % 4 * 16)
	}
	o.quads("bitOfWord", bit[:]...)
	o.quads("nonLinear", 0xf6eaddcfbfad9881, 0x7159453526190d01, 0xf6eaddcfbfad9881, 0x7159453526190d01) // block.go, twice
	o.quads("shiftQ4", 0, 0, 4, 4)
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
