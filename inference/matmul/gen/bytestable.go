package main

import "fmt"

// bytesTables emits the constants of these kernels.
func bytesTables(o *out) {
	quads := func(name string, v ...uint64) {
		o.WriteByte('\n')
		for i, q := range v {
			fmt.Fprintf(o, "DATA %s<>+%d(SB)/8, $0x%016x\n", name, 8*i, q)
		}
		fmt.Fprintf(o, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", name, 8*len(v))
	}
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
