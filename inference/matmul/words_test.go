package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randomWords makes a random input of 16 bits, each slice ending where it may be read.
func randomWords(r *rand.Rand, cols, shift int) vector {
	n := paddedCols(cols)
	v := vector{
		newGuarded[int16](n, shift, 9999).v, newGuarded(n/BlockSize, shift%8, poisonFloat).v,
		newGuarded(n/BlockSize, shift%8, poisonFloat).v, newGuarded[int32](n/BlockSize, shift%8, 1<<30).v,
		newGuarded[int32](n/BlockSize, shift%8, 1<<30).v,
	}
	x := make([]float32, cols)
	fill(r, x)
	quantize(v, x)
	return v
}

func TestRowsWordsGiveDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			eachShape(f, func(rows, cols int) {
				for range 4 {
					w, x := randomBlocks(r, f, rows, cols, r.IntN(32)), randomWords(r, cols, r.IntN(16))
					y, want := floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
					rowsWords(f, want, w.v, x, cols/BlockSize)
					k.rowsWords[f](y.v, w.v, x, cols/BlockSize)
					if !sameBits(y.v, want) {
						t.Fatalf("%v %dx%d = %v, want %v", f, rows, cols, y.v, want)
					}
					y.check(t, "y")
					if rows > 1 { // all but the last row, with the last behind them
						k.rowsWords[f](y.v[:rows-1], w.v, x, cols/BlockSize)
						if !sameBits(y.v, want) {
							t.Fatalf("%v %dx%d, but for the last row = %v, want %v", f, rows, cols, y.v, want)
						}
					}
				}
			})
		}
	})
}

func TestRowsWordsAtEveryAlignment(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			for shift := range 32 {
				w, x := randomBlocks(r, f, 3, 512, shift), randomWords(r, 512, 15-shift%16)
				got, want := make([]float32, 3), make([]float32, 3)
				rowsWords(f, want, w.v, x, 16)
				k.rowsWords[f](got, w.v, x, 16)
				if !sameBits(got, want) {
					t.Fatalf("%v, shift %d: %v, want %v", f, shift, got, want)
				}
			}
		}
	})
}

// TestAnyScalesGiveDefinedBits has scales that are infinite or NaN, of weights and of
// the input, in some rows; a row that has none keeps its numbers.
func TestAnyScalesGiveDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range quantizedFormats {
			for trial := range 20 {
				cols := max(layouts[f].elements, (1+trial)*BlockSize) / layouts[f].elements * layouts[f].elements
				w, x := randomBlocks(r, f, 3, cols, 0), randomWords(r, cols, 0)
				for i := len(w.v) / 3; i < len(w.v); i++ {
					if w.v[i] |= 0x7C; trial > 10 {
						w.v[i] = byte(r.Uint32())
					}
				}
				got, want := make([]float32, 3), make([]float32, 3)
				rowsWords(f, want, w.v, x, cols/BlockSize)
				k.rowsWords[f](got, w.v, x, cols/BlockSize)
				if !sameBits(got, want) || got[0] != got[0] {
					t.Errorf("%v: %v, want %v", f, got, want)
				}
				at := r.IntN(cols / BlockSize)
				x.scale[at], x.sum[at] = []float32{float32(math.NaN()), float32(math.Inf(1))}[trial%2], float32(math.Inf(-1))
				rowsWords(f, want, w.v, x, cols/BlockSize)
				k.rowsWords[f](got, w.v, x, cols/BlockSize)
				if !sameBits(got, want) {
					t.Errorf("%v, block %d of the input not finite: %v, want %v", f, at, got, want)
				}
			}
		}
	})
}

// TestRowsWordsAreNearTheWeights multiplies with the weights that Row gives, in
// float64: the only difference is the input's rounding to 16 bits, and float sums.
func TestRowsWordsAreNearTheWeights(t *testing.T) {
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
		in.Set(x, 1, cols, true)
		Mul(y, &w, in)
		for i := range y {
			w.Row(row, i)
			var sum, size float64
			for c, v := range row {
				sum += float64(v) * float64(x[c])
				size += math.Abs(float64(v))
			}
			for b := 0; b < len(data)/rows; b += layouts[f].size { // offsets are taken off products as large
				size += float64(layouts[f].elements) * largest(f, data[i*len(data)/rows+b:][:layouts[f].size])
			}
			if d := math.Abs(sum - float64(y[i])); !(d <= size/qMax) {
				t.Errorf("%v row %d: %v, want %v within %v", f, i, y[i], sum, size/qMax)
			}
		}
	}
}

// TestWordExtremesDoNotOverflow uses the largest integers of both sides, and compares
// with sums in 64 bits.
func TestWordExtremesDoNotOverflow(t *testing.T) {
	for _, f := range quantizedFormats {
		for _, code := range []byte{0x00, 0x7F, 0x80, 0xFF} {
			w := make([]byte, groupSize/layouts[f].elements*layouts[f].size)
			for i := range w {
				w[i] = code
			}
			for at := 0; at < len(w); at += layouts[f].size { // scales 1, offsets 0
				switch {
				case f == Q6_K:
					copy(w[at+208:], []byte{0, 0x3C})
				case f.offset():
					copy(w[at:], []byte{0, 0x3C, 0, 0})
				default:
					copy(w[at:], []byte{0, 0x3C})
				}
			}
			if f == Q6_K && code == 0 {
				for i := range 16 {
					w[192+i] = 0x80 // -128 times -32
				}
			}
			x := make([]float32, groupSize)
			for i := range x {
				x[i] = 1 - 2*float32(i/32%2)
			}
			v := randomWords(newRand(t), groupSize, 0)
			quantize(v, x)
			var s [8]float32
			var b block
			for j := range 8 {
				b.read(f, w, j)
				var halves [2]int64
				for i, q := range b.q {
					halves[i/16] += int64(b.sub[i/16]) * (int64(q) - int64(b.zero)) * int64(v.q[32*j+wordOrder(i)])
				}
				dot := float32(halves[0] + halves[1])
				if f == Q6_K {
					dot = float32(halves[0]) + float32(halves[1])
				}
				s[j] = dot * float32(b.scale*v.scale[j])
			}
			want := []float32{((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))}
			eachKernel(t, func(t *testing.T, k *kernels) {
				got := make([]float32, 1)
				if k.rowsWords[f](got, w, v, 8); !sameBits(got, want) {
					t.Errorf("%v, bytes %#x: %v, want %v", f, code, got, want)
				}
			})
		}
	}
}

func TestQuantizeGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := []float32{0, 1, -1, math.MaxFloat32, -math.MaxFloat32, tinyBlock, tinyBlock / 2, 0x1p-149, inf, -inf, nan, 0.5 / qMax}
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
				switch r.IntN(4) {
				case 0:
					block[r.IntN(BlockSize)] = odd[r.IntN(len(odd))]
				case 1:
					clear(block)
				}
			}
			q, scale := newGuarded[int16](blocks*BlockSize, r.IntN(16), 9999), floatsGuarded(blocks, r.IntN(8))
			sum, first, second := floatsGuarded(blocks, r.IntN(8)), newGuarded[int32](blocks, r.IntN(8), 1<<30), newGuarded[int32](blocks, r.IntN(8), 1<<30)
			want := vector{make([]int16, blocks*BlockSize), make([]float32, blocks), make([]float32, blocks), make([]int32, blocks), make([]int32, blocks)}
			quantize(want, x.v)
			k.quantize(vector{q.v, scale.v, sum.v, first.v, second.v}, x.v)
			if fmt.Sprint(q.v, first.v, second.v) != fmt.Sprint(want.q, want.first, want.second) || !sameBits(scale.v, want.scale) || !sameBits(sum.v, want.sum) {
				t.Fatalf("quantize(%v)\n= %v %v %v %v %v\nwant %v", x.v, q.v, scale.v, sum.v, first.v, second.v, want)
			}
			q.check(t, "q")
			scale.check(t, "scale")
			sum.check(t, "sum")
			first.check(t, "first")
			second.check(t, "second")
		}
	})
}

// TestQuantizeByParts has the vectors of an input quantized in two calls.
func TestQuantizeByParts(t *testing.T) {
	r := newRand(t)
	const rows, cols = 9, 96
	w, err := New(Q4_1, randomBlocks(r, Q4_1, rows, cols, 0).v, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	for count := 1; count < 60; count++ {
		x, y, want := make([]float32, count*cols), make([]float32, count*rows), make([]float32, count*rows)
		fill(r, x)
		in := NewInput(0, 0)
		in.Set(x, count, cols, true)
		Mul(want, &w, in)
		in = NewInput(0, 0)
		in.Start(x, count, cols, true)
		cut := min(count, r.IntN(4)*QuantizeUnit)
		in.Quantize(cut, count)
		in.Quantize(0, cut)
		if Mul(y, &w, in); !sameBits(y, want) {
			t.Fatalf("%d vectors cut at %d: other bits", count, cut)
		}
	}
}
