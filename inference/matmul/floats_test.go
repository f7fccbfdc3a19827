package matmul

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomFloats makes random weights of one of the float formats, ending where they may be
// read.
func randomFloats(t *testing.T, r *rand.Rand, f Format, rows, cols int) Matrix {
	t.Helper()
	if f == F32 {
		v := floatsGuarded(rows*cols, r.IntN(8))
		fill(r, v.v)
		w, err := NewFloat(v.v, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	b := newGuarded[byte](2*rows*cols, r.IntN(32), 0x7B)
	halfBits(r, b.v)
	for i := 1; f == BF16 && i < len(b.v); i += 2 {
		b.v[i] = b.v[i]&0x80 | 0x3F
	}
	w, err := New(f, b.v, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestManyVectorsGiveTheBitsOfSingleOnes has all small shapes of float weights, and some
// that are cut in depth.
func TestManyVectorsGiveTheBitsOfSingleOnes(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for _, f := range []Format{F32, F16, BF16} {
			for cols := 1; cols <= 64; cols++ {
				testManyVectors(t, r, f, 1+r.IntN(20), cols, 1+r.IntN(18))
			}
			testManyVectors(t, r, f, 13, floatDepth, 9)
			testManyVectors(t, r, f, 7, 2*floatDepth+40, 4)
			testManyVectors(t, r, f, 70, floatDepth+16, 5)
		}
	})
}

func testManyVectors(t *testing.T, r *rand.Rand, f Format, rows, cols, count int) {
	t.Helper()
	w := randomFloats(t, r, f, rows, cols)
	x, y, want := floatsGuarded(count*cols, r.IntN(8)), floatsGuarded(count*rows, r.IntN(8)), make([]float32, count*rows)
	fill(r, x.v)
	if r.IntN(4) == 0 {
		x.v[r.IntN(len(x.v))] = []float32{float32(math.Inf(1)), float32(math.NaN())}[r.IntN(2)]
	}
	in, one := NewInput(0, 0), NewInput(0, 0)
	in.Set(x.v, count, cols, false)
	Mul(y.v, &w, in)
	for i := range count {
		one.Set(x.v[i*cols:(i+1)*cols], 1, cols, false)
		Mul(want[i*rows:(i+1)*rows], &w, one)
	}
	if !sameBits(y.v, want) {
		t.Fatalf("%v %dx%d, %d vectors: %v, want %v", f, rows, cols, count, y.v, want)
	}
	y.check(t, "y")
	from := r.IntN(rows)
	to := from + r.IntN(rows-from+1)
	clear(y.v)
	if MulRows(y.v, &w, in, from, to); to > from {
		for i := range count {
			for row := range rows {
				if got := y.v[i*rows+row]; row >= from && row < to && !sameBits([]float32{got}, want[i*rows+row:][:1]) || (row < from || row >= to) && got != 0 {
					t.Fatalf("%v %dx%d, %d vectors, rows [%d, %d): row %d of vector %d is %v", f, rows, cols, count, from, to, row, i, got)
				}
			}
		}
	}
}
