package gguftest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestQuantizeRounds holds each type to half a step of its scale (a whole one at the end
// where integers are not symmetric), and some for the scale's own rounding. Numbers of a block differ in size, sign and mean.
func TestQuantizeRounds(t *testing.T) {
	// The largest difference, in parts of the largest number of a block.
	for typ, part := range map[uint32]float64{
		0: 1e-7, 1: 0x1p-11, 30: 0x1p-8, 8: 0.0045, 2: 0.13, 6: 0.065, 20: 0.12, 3: 0.07, 7: 0.035,
		12: 0.1, 13: 0.08, 14: 0.03,
	} {
		r := rand.New(rand.NewPCG(uint64(typ), 1))
		elems, size := BlockSize(typ)
		for round := range 200 {
			x := make([]float64, 2*elems)
			mean, spread := r.NormFloat64(), math.Exp(2*r.NormFloat64())
			if round%3 == 0 {
				mean = 0
			}
			for i := range x {
				x[i] = mean + spread*r.NormFloat64()
			}
			if round == 1 {
				clear(x)
			}
			data := Quantize(typ, x)
			if len(data) != 2*size {
				t.Fatalf("type %d: %d bytes, want %d", typ, len(data), 2*size)
			}
			for b := range 2 {
				large := 0.0
				for _, v := range x[b*elems : (b+1)*elems] {
					large = max(large, math.Abs(v))
				}
				for i, v := range Dequantize(typ, data[b*size:(b+1)*size]) {
					if want := x[b*elems+i]; math.Abs(v-want) > part*large {
						t.Fatalf("type %d, round %d: element %d is %v, want %v; the largest is %v", typ, round, i, v, want, large)
					}
				}
			}
		}
	}
	if len(blocks) != 12 {
		t.Errorf("%d types, 12 are tested", len(blocks))
	}
}

// TestQuantizeIsStable quantizes what it has made: the numbers stay what they are.
func TestQuantizeIsStable(t *testing.T) {
	for _, typ := range []uint32{0, 1, 30, 8, 2} {
		r := rand.New(rand.NewPCG(uint64(typ), 2))
		x := make([]float64, 256)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		first := Dequantize(typ, Quantize(typ, x))
		for i, v := range Dequantize(typ, Quantize(typ, first)) {
			if v != first[i] {
				t.Fatalf("type %d: element %d was %v and is %v", typ, i, first[i], v)
			}
		}
	}
}

func TestHalfOfHalf(t *testing.T) {
	for h := range 1 << 16 {
		if h>>10&31 == 31 {
			continue // infinite, or no number
		}
		b := le.AppendUint16(nil, uint16(h))
		if got := toHalf(Half(b)); got != uint16(h) && h != 1<<15 {
			t.Fatalf("%#x: %v becomes %#x", h, Half(b), got)
		}
	}
}
