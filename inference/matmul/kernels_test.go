package matmul

import (
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
