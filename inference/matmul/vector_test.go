package matmul

import (
	"math"
	"slices"
	"testing"
)

func TestWeightedGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for cols := 0; cols <= 72; cols++ {
			for _, n := range []int{0, 1, 2, 7} {
				stride := cols + r.IntN(5)
				w, rows := floatsGuarded(n, r.IntN(8)), floatsGuarded(max(0, (n-1)*stride+cols), r.IntN(8))
				y, want := floatsGuarded(cols, r.IntN(8)), make([]float32, cols)
				fill(r, w.v)
				fill(r, rows.v)
				weighted(want, w.v, rows.v, stride)
				k.weighted(y.v, w.v, rows.v, stride)
				if !sameBits(y.v, want) {
					t.Fatalf("weighted(%d rows of %d) = %v, want %v", n, cols, y.v, want)
				}
				y.check(t, "y")
			}
		}
	})
}

// exponents are inputs at which Exp or its callers could go wrong.
func exponents() []float32 {
	list := []float32{0, 1, -1, 87, 88, 89, -87, -88, -1e30, 1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0x1p-149}
	for i := range 2000 {
		list = append(list, float32(i)*0.0877-87)
	}
	return list
}

func TestExpIsWithinTwoUnits(t *testing.T) {
	for _, x := range exponents() {
		got, want := float64(Exp(x)), math.Exp(min(max(float64(x), expLow), expHigh))
		if x != x {
			if got == got {
				t.Errorf("Exp(NaN) = %v", got)
			}
			continue
		}
		if diff := math.Abs(got-want) / want; diff > 2.4e-7 {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestSwiGLUGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	list := exponents()
	eachKernel(t, func(t *testing.T, k *kernels) {
		for n := 0; n <= 64; n++ {
			gate, up := floatsGuarded(n, r.IntN(8)), floatsGuarded(n, r.IntN(8))
			fill(r, up.v)
			for i := range gate.v {
				gate.v[i] = list[r.IntN(len(list))]
			}
			want := slices.Clone(gate.v)
			swiglu(want, up.v)
			k.swiglu(gate.v, up.v)
			if !sameBits(gate.v, want) {
				t.Fatalf("swiglu of %d = %v, want %v", n, gate.v, want)
			}
			gate.check(t, "gate")
			up.check(t, "up")
		}
	})
}

func TestSoftmaxGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for n := 0; n <= 100; n++ {
			x := floatsGuarded(n, r.IntN(8))
			fill(r, x.v)
			for i := range x.v {
				x.v[i] *= 20
			}
			if n > 3 && n%7 == 0 {
				x.v[r.IntN(n)] = float32(math.NaN())
			}
			want := slices.Clone(x.v)
			softmax(want)
			k.softmax(x.v)
			if !sameBits(x.v, want) {
				t.Fatalf("softmax of %d = %v, want %v", n, x.v, want)
			}
			x.check(t, "x")
			if n > 0 && n%7 != 0 {
				if s := Dot(x.v, ones(n)); math.Abs(float64(s)-1) > 1e-5 {
					t.Fatalf("softmax of %d sums to %v", n, s)
				}
			}
		}
	})
}

func ones(n int) []float32 { return slices.Repeat([]float32{1}, n) }

func TestRMSNorm(t *testing.T) {
	x, w, y := []float32{3, -4, 0, 5}, []float32{1, 2, 3, 0.5}, make([]float32, 4)
	RMSNorm(y, x, w, 0.5)
	for i := range y {
		want := float64(x[i]) * float64(w[i]) / math.Sqrt(50.0/4+0.5)
		if math.Abs(float64(y[i])-want) > 1e-6 {
			t.Errorf("RMSNorm(%v)[%d] = %v, want %v", x, i, y[i], want)
		}
	}
}
