package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// quantizedFormats is all of them.
var quantizedFormats = []Format{Q8_0, Q4_0, Q4_1, Q4_K, Q5_K, Q6_K, Q5_0, Q5_1, IQ4_NL}

// randomBlocks makes random weights of a format with finite scales, between guard bands.
func randomBlocks(r *rand.Rand, f Format, rows, cols, shift int) guarded[byte] {
	l := layouts[f]
	w := newGuarded[byte](rows*cols/l.elements*l.size, shift, 0x7B) // about 60,000 as a half
	for i := range w.v {
		w.v[i] = byte(r.Uint32())
	}
	for at := 0; at < len(w.v); at += l.size {
		b := w.v[at : at+l.size]
		switch f {
		case Q8_0, Q4_0, Q5_0, IQ4_NL:
			halfBits(r, b[:2])
		case Q6_K:
			halfBits(r, b[208:])
		default:
			halfBits(r, b[:4])
		}
	}
	return w
}

// randomBytes makes a random input of 8 bits, each slice ending where it may be read.
func randomBytes(r *rand.Rand, cols, shift int) byteVector {
	n := paddedCols(cols)
	v := byteVector{
		newGuarded[int8](n, shift, 99).v, newGuarded(n/BlockSize, shift%8, poisonFloat).v,
		newGuarded(n/BlockSize, shift%8, poisonFloat).v, newGuarded[int16](n/16, shift%16, 9999).v,
	}
	x := make([]float32, cols)
	fill(r, x)
	quantizeBytes(v, x)
	return v
}

// eachShape gives rows and columns for one format.
func eachShape(f Format, body func(rows, cols int)) {
	for blocks := 1; blocks <= 20; blocks++ {
		cols := blocks * layouts[f].elements
		if cols > 20*BlockSize && blocks > 4 {
			return
		}
		for _, rows := range []int{0, 1, 2, 3, 9} {
			body(rows, cols)
		}
	}
}

func TestRowsBytesGiveDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			eachShape(f, func(rows, cols int) {
				for range 4 {
					w, x := randomBlocks(r, f, rows, cols, r.IntN(32)), randomBytes(r, cols, r.IntN(32))
					y, want := floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
					rowsBytes(f, want, w.v, x, cols/BlockSize)
					k.rowsBytes[f](y.v, w.v, x, cols/BlockSize)
					if !sameBits(y.v, want) {
						t.Fatalf("%v %dx%d = %v, want %v", f, rows, cols, y.v, want)
					}
					y.check(t, "y")
					if rows > 1 { // all but the last row, with the last behind them
						k.rowsBytes[f](y.v[:rows-1], w.v, x, cols/BlockSize)
						if !sameBits(y.v, want) {
							t.Fatalf("%v %dx%d, but for the last row = %v, want %v", f, rows, cols, y.v, want)
						}
					}
				}
			})
		}
	})
}

func TestRowsBytesAtEveryAlignment(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			for shift := range 32 {
				w, x := randomBlocks(r, f, 3, 512, shift), randomBytes(r, 512, 31-shift)
				got, want := make([]float32, 3), make([]float32, 3)
				rowsBytes(f, want, w.v, x, 16)
				k.rowsBytes[f](got, w.v, x, 16)
				if !sameBits(got, want) {
					t.Fatalf("%v, shift %d: %v, want %v", f, shift, got, want)
				}
			}
		}
	})
}

// TestOddScalesStayInTheirRow has scales that are infinite or NaN, in all rows but the
// first, of which kernels read some.
func TestOddScalesStayInTheirRow(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			cols := max(layouts[f].elements, 3*BlockSize)
			w, x := randomBlocks(r, f, 3, cols, 0), randomBytes(r, cols, 0)
			for i := len(w.v) / 3; i < len(w.v); i++ {
				w.v[i] |= 0x7C
			}
			got, want := make([]float32, 3), make([]float32, 3)
			rowsBytes(f, want, w.v, x, cols/BlockSize)
			k.rowsBytes[f](got, w.v, x, cols/BlockSize)
			if !sameBits(got, want) || got[0] != got[0] {
				t.Errorf("%v: %v, want %v", f, got, want)
			}
		}
	})
}

// TestRowsBytesAreNearTheWeights multiplies with the weights that Row gives, in
// float64: the only difference is the input's rounding to 8 bits.
func TestRowsBytesAreNearTheWeights(t *testing.T) {
	r := newRand(t)
	for _, f := range quantizedFormats {
		const rows, cols = 5, 768
		data := randomBlocks(r, f, rows, cols, 0).v
		w, err := New(f, data, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		x, y, in, row := make([]float32, cols), make([]float32, rows), NewInput(1, cols), make([]float32, cols)
		fill(r, x)
		in.SetBytes(x, 1, cols)
		Mul(y, &w, in)
		for i := range y {
			w.Row(row, i)
			var sum, size float64
			for c, v := range row {
				sum += float64(v) * float64(x[c])
				size += math.Abs(float64(v))
			}
			if d := math.Abs(sum - float64(y[i])); !(d <= size/byteMax) {
				t.Errorf("%v row %d: %v, want %v within %v", f, i, y[i], sum, size/byteMax)
			}
		}
	}
}

// TestByteExtremesDoNotOverflow uses the largest integers of both sides.
func TestByteExtremesDoNotOverflow(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			for _, code := range []byte{0x00, 0x7F, 0x80, 0xFF} {
				l := layouts[f]
				w := make([]byte, groupSize/l.elements*l.size)
				for i := range w {
					w[i] = code
				}
				for at := 0; at < len(w); at += l.size { // scales 1
					if f == Q6_K {
						at += 208
					}
					copy(w[at:], []byte{0, 0x3C})
				}
				x := make([]float32, groupSize)
				for i := range x {
					x[i] = 1 - 2*float32(i/8%2)
				}
				v := randomBytes(newRand(t), groupSize, 0)
				quantizeBytes(v, x)
				got, want := make([]float32, 1), make([]float32, 1)
				rowsBytes(f, want, w, v, 8)
				k.rowsBytes[f](got, w, v, 8)
				if !sameBits(got, want) {
					t.Errorf("%v, bytes %#x: %v, want %v", f, code, got, want)
				}
			}
		}
	})
}

func TestQuantizeBytesGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := []float32{0, 1, -1, math.MaxFloat32, -math.MaxFloat32, tinyBlock, tinyBlock / 2, 0x1p-149, inf, -inf, nan, 0.5 / byteMax}
	eachKernel(t, func(t *testing.T, k *kernels) {
		for range 400 {
			blocks := r.IntN(6)
			x := floatsGuarded(blocks*BlockSize, r.IntN(8))
			fill(r, x.v)
			for b := range blocks {
				block, f := x.v[b*BlockSize:(b+1)*BlockSize], float32(math.Ldexp(1, r.IntN(250)-125))
				for i := range block {
					block[i] *= f
				}
				if r.IntN(3) == 0 {
					block[r.IntN(BlockSize)] = odd[r.IntN(len(odd))]
				}
			}
			q, scale := newGuarded[int8](blocks*BlockSize, r.IntN(32), 99), floatsGuarded(blocks, r.IntN(8))
			sum, halves := floatsGuarded(blocks, r.IntN(8)), newGuarded[int16](2*blocks, r.IntN(16), 9999)
			want := byteVector{make([]int8, blocks*BlockSize), make([]float32, blocks), make([]float32, blocks), make([]int16, 2*blocks)}
			quantizeBytes(want, x.v)
			k.quantizeBytes(byteVector{q.v, scale.v, sum.v, halves.v}, x.v)
			if fmt.Sprint(q.v) != fmt.Sprint(want.q) || !sameBits(scale.v, want.scale) || !sameBits(sum.v, want.sum) || fmt.Sprint(halves.v) != fmt.Sprint(want.halves) {
				t.Fatalf("quantizeBytes(%v)\n= %v %v %v %v\nwant %v", x.v, q.v, scale.v, sum.v, halves.v, want)
			}
			q.check(t, "q")
			scale.check(t, "scale")
			sum.check(t, "sum")
			halves.check(t, "halves")
		}
	})
}
