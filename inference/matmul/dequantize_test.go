package matmul

import (
	"math"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// TestRowEqualsAnIndependentDequantization compares all weights of random blocks with
// package gguftest's, in float64, up to rounding: each weight takes three operations.
func TestRowEqualsAnIndependentDequantization(t *testing.T) {
	r := newRand(t)
	for f, typ := range map[Format]uint32{F16: 1, BF16: 30, Q8_0: 8, Q4_0: 2, Q4_1: 3, Q4_K: 12, Q5_K: 13, Q6_K: 14, Q5_0: 6, Q5_1: 7, IQ4_NL: 20} {
		if elements, size := gguftest.BlockSize(typ); elements != layouts[f].elements || size != layouts[f].size {
			t.Errorf("%v: blocks of %d elements and %d bytes, want %d and %d", f, layouts[f].elements, layouts[f].size, elements, size)
			continue
		}
		const rows, cols = 8, 512
		data := make([]byte, rows*cols*2)
		if f.Quantized() {
			data = randomBlocks(r, f, rows, cols, 0).v
		} else {
			halfBits(r, data)
		}
		w, err := New(f, data, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		want, row := gguftest.Dequantize(typ, data), make([]float32, cols)
		for i := range rows {
			w.Row(row, i)
			for c, v := range row {
				exact, rounding := want[i*cols+c], 0.0
				if f.Quantized() { // of a difference of two numbers, which share a block's scales
					_, size := gguftest.BlockSize(typ)
					block := data[(i*cols+c)/layouts[f].elements*size:][:size]
					rounding = 0x1p-22 * (math.Abs(exact) + largest(f, block))
				}
				if d := math.Abs(float64(v) - exact); !(d <= rounding) {
					t.Fatalf("%v row %d column %d = %v, want %v", f, i, c, v, exact)
				}
			}
		}
	}
}

// largest returns the largest offset that a block's bytes can stand for.
func largest(f Format, block []byte) float64 {
	switch f {
	case Q4_1, Q5_1:
		return math.Abs(gguftest.Half(block[2:]))
	case Q4_K, Q5_K:
		return 63 * math.Abs(gguftest.Half(block[2:]))
	}
	return 0
}
