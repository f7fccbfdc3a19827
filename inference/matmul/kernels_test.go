package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shapes gives rows x cols for float kernels: all small columns, and some rows.
func shapes(yield func(rows, cols int) bool) {
	for cols := 0; cols <= 64; cols++ {
		for _, rows := range []int{0, 1, 3, 4, 5, 9} {
			if !yield(rows, cols) {
				return
			}
		}
	}
}

func TestRowsF32GivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for rows, cols := range shapes {
			shift := r.IntN(8)
			w, x := floatsGuarded(rows*cols, shift), floatsGuarded(cols, r.IntN(8))
			y, want := floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
			fill(r, w.v)
			fill(r, x.v)
			rowsF32(want, w.v, x.v)
			k.rowsF32(y.v, w.v, x.v)
			if !sameBits(y.v, want) {
				t.Fatalf("rowsF32(%dx%d) = %v, want %v", rows, cols, y.v, want)
			}
			y.check(t, "y")
		}
	})
}

// halfBits makes random half-precision numbers: all finite bit patterns occur.
func halfBits(r *rand.Rand, b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		h := uint16(r.Uint32())
		if h>>10&31 == 31 {
			h &^= 1 << 14
		}
		b[i], b[i+1] = byte(h), byte(h>>8)
	}
}

func TestRowsF16GivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for rows, cols := range shapes {
			w := newGuarded[byte](rows*cols*2, r.IntN(32), 0x7B) // about 60,000 as a half
			x, y, want := floatsGuarded(cols, r.IntN(8)), floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
			halfBits(r, w.v)
			fill(r, x.v)
			rowsF16(want, w.v, x.v)
			k.rowsF16(y.v, w.v, x.v)
			if !sameBits(y.v, want) {
				t.Fatalf("rowsF16(%dx%d) = %v, want %v", rows, cols, y.v, want)
			}
			y.check(t, "y")
		}
	})
}

func TestRowsBF16GivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for rows, cols := range shapes {
			w := newGuarded[byte](rows*cols*2, r.IntN(32), 0x7B) // about 1e36 as a bfloat16
			x, y, want := floatsGuarded(cols, r.IntN(8)), floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
			fill(r, x.v)
			for i := 0; i < len(w.v); i += 2 {
				f := math.Float32bits(r.Float32()*2 - 1)
				w.v[i], w.v[i+1] = byte(f>>16), byte(f>>24)
			}
			for i := range want { // the order is that of rowsF32
				row := make([]float32, cols)
				for c := range row {
					row[c] = math.Float32frombits(uint32(w.v[2*(i*cols+c)])<<16 | uint32(w.v[2*(i*cols+c)+1])<<24)
				}
				want[i] = dot(row, x.v)
			}
			k.rowsBF16(y.v, w.v, x.v)
			if !sameBits(y.v, want) {
				t.Fatalf("rowsBF16(%dx%d) = %v, want %v", rows, cols, y.v, want)
			}
			y.check(t, "y")
			if rows > 0 && cols > 0 {
				m, err := New(BF16, w.v, rows, cols)
				if err != nil {
					t.Fatal(err)
				}
				row := make([]float32, cols)
				m.Row(row, rows-1)
				if got := dot(row, x.v); !sameBits([]float32{got}, want[rows-1:]) {
					t.Fatalf("Row gives %v, want %v", got, want[rows-1])
				}
			}
		}
	})
}

// TestHalfIsExact compares all 65,536 halves with the definition of the format,
// and with what every kernel makes of them.
func TestHalfIsExact(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernels) {
		w, x, y := make([]byte, 2*lanes), make([]float32, lanes), make([]float32, 1)
		x[3] = 1
		for h := range 1 << 16 {
			w[6], w[7] = byte(h), byte(h>>8)
			sign, exp, frac := 1.0, h>>10&31, float64(h&1023)
			if h>>15 == 1 {
				sign = -1
			}
			want := sign * (1 + frac/1024) * math.Pow(2, float64(exp-15))
			switch {
			case exp == 0:
				want = sign * frac / 1024 * math.Pow(2, -14)
			case exp == 31 && frac == 0:
				want = math.Inf(int(sign))
			case exp == 31:
				want = math.NaN()
			}
			if got := float64(half(w[6:])); got != want && (got == got || want == want) {
				t.Fatalf("half(%#04x) = %v, want %v", h, got, want)
			}
			if k.rowsF16(y, w, x); float64(y[0]) != want && !(y[0] != y[0] && (want != want || math.IsInf(want, 0))) {
				t.Fatalf("%s: half %#04x times 1 = %v, want %v", k.name, h, y[0], want)
			}
		}
	})
}

// quantizedCase is random weights and a random quantized vector.
func quantizedCase(r *rand.Rand, rows, blocks, size int) (w guarded[byte], x vector) {
	w = newGuarded[byte](rows*blocks*size, r.IntN(32), 0x7B)
	for i := range w.v {
		w.v[i] = byte(r.Uint32())
	}
	for i := 0; i < len(w.v); i += size { // scales: finite
		halfBits(r, w.v[i:i+2])
	}
	q := newGuarded[int16](blocks*BlockSize, r.IntN(16), math.MinInt16)
	scale, bias := floatsGuarded(blocks, r.IntN(8)), newGuarded[int32](blocks, r.IntN(8), math.MinInt32)
	f := make([]float32, blocks*BlockSize)
	fill(r, f)
	quantize(q.v, scale.v, bias.v, f)
	return w, vector{q.v, scale.v, bias.v}
}

func TestQuantizedRowsGiveDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, c := range []struct {
			name      string
			size      int
			got, want func(y []float32, w []byte, x vector)
		}{{"Q8_0", sizeQ8, k.rowsQ8, rowsQ8}, {"Q4_0", sizeQ4, k.rowsQ4, rowsQ4}} {
			for rows := range 26 {
				for blocks := range 8 {
					w, x := quantizedCase(r, rows, blocks, c.size)
					y, want := floatsGuarded(rows, r.IntN(8)), make([]float32, rows)
					c.want(want, w.v, x)
					c.got(y.v, w.v, x)
					if !sameBits(y.v, want) {
						t.Fatalf("%s rows(%d x %d blocks) = %v, want %v", c.name, rows, blocks, y.v, want)
					}
					y.check(t, "y")
				}
			}
		}
	})
}

// TestQuantizedRowsAtEveryAlignment moves weights and vector through 32 bytes.
func TestQuantizedRowsAtEveryAlignment(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for shift := range 32 {
			for _, size := range []int{sizeQ8, sizeQ4} {
				w, x := quantizedCase(r, 8, 3, size)
				moved := newGuarded[byte](len(w.v), shift, 0x7B)
				copy(moved.v, w.v)
				q := newGuarded[int16](len(x.q), shift%16, 99)
				copy(q.v, x.q)
				got, want := make([]float32, 8), make([]float32, 8)
				run, define := k.rowsQ8, rowsQ8
				if size == sizeQ4 {
					run, define = k.rowsQ4, rowsQ4
				}
				define(want, w.v, x)
				run(got, moved.v, vector{q.v, x.scale, x.bias})
				if !sameBits(got, want) {
					t.Fatalf("shift %d, blocks of %d bytes: %v, want %v", shift, size, got, want)
				}
			}
		}
	})
}

// TestQuantizedExtremesDoNotOverflow uses the largest integers of both sides.
func TestQuantizedExtremesDoNotOverflow(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernels) {
		x := vector{make([]int16, BlockSize), []float32{1}, []int32{-8 * qMax * BlockSize}}
		for i := range x.q {
			x.q[i] = -qMax
		}
		w8, w4 := make([]byte, 8*sizeQ8), make([]byte, 8*sizeQ4)
		for i := range w8 {
			w8[i] = 0x80 // -128
		}
		for r := range 8 {
			copy(w8[r*sizeQ8:], []byte{0, 0x3C}) // scale 1; nibbles 0 stand for -8
			copy(w4[r*sizeQ4:], []byte{0, 0x3C})
		}
		y := make([]float32, 8)
		if k.rowsQ8(y, w8, x); y[0] != 128*qMax*BlockSize || y[7] != y[0] {
			t.Errorf("Q8_0: %v, want %v", y, 128*qMax*BlockSize)
		}
		if k.rowsQ4(y, w4, x); y[0] != 8*qMax*BlockSize || y[7] != y[0] {
			t.Errorf("Q4_0: %v, want %v", y, 8*qMax*BlockSize)
		}
	})
}

func TestQuantizeGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := []float32{0, 1, -1, math.MaxFloat32, -math.MaxFloat32, tinyBlock, tinyBlock / 2, 0x1p-149, inf, -inf, nan, 0.5 / qMax}
	eachKernel(t, func(t *testing.T, k *kernels) {
		for trial := range 400 {
			blocks := r.IntN(6)
			x := floatsGuarded(blocks*BlockSize, r.IntN(8))
			fill(r, x.v)
			for b := range blocks {
				block, f := x.v[b*BlockSize:(b+1)*BlockSize], float32(math.Ldexp(1, r.IntN(250)-125))
				for i := range block {
					block[i] *= f
				}
				switch r.IntN(3) {
				case 0:
					block[r.IntN(BlockSize)] = odd[r.IntN(len(odd))]
				case 1:
					if trial%2 == 0 {
						clear(block)
					}
				}
			}
			q, scale, bias := newGuarded[int16](blocks*BlockSize, r.IntN(16), 77), floatsGuarded(blocks, r.IntN(8)), newGuarded[int32](blocks, r.IntN(8), 77)
			wq, ws, wb := make([]int16, blocks*BlockSize), make([]float32, blocks), make([]int32, blocks)
			quantize(wq, ws, wb, x.v)
			k.quantize(q.v, scale.v, bias.v, x.v)
			if fmt.Sprint(q.v, bias.v) != fmt.Sprint(wq, wb) || !sameBits(scale.v, ws) {
				t.Fatalf("quantize(%v)\n= %v %v %v\nwant %v %v %v", x.v, q.v, scale.v, bias.v, wq, ws, wb)
			}
			q.check(t, "q")
			scale.check(t, "scale")
			bias.check(t, "bias")
		}
	})
}
