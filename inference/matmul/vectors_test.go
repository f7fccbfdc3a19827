package matmul

import (
	"math"
	"slices"
	"testing"
)

// TestVectorFunctionsGiveDefinedBits runs each at all small sizes, between guard bands.
func TestVectorFunctionsGiveDefinedBits(t *testing.T) {
	r := newRand(t)
	odd := exponents()
	type call func(k *vectorKernel, v [4][]float32)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for _, f := range []struct {
			name    string
			vectors int
			run     call
		}{
			{"normalize", 3, func(k *vectorKernel, v [4][]float32) { k.normalize(v[0], v[1], v[2], 0.7) }},
			{"normalize in place", 2, func(k *vectorKernel, v [4][]float32) { k.normalize(v[0], v[0], v[1], 0.7) }},
			{"add", 2, func(k *vectorKernel, v [4][]float32) { k.add(v[0], v[1]) }},
			{"rotatePairs", 3, func(k *vectorKernel, v [4][]float32) {
				n := len(v[0]) / 2
				k.rotatePairs(v[0][:2*n], v[1][:n], v[2][:n])
			}},
			{"rotateHalves", 4, func(k *vectorKernel, v [4][]float32) { k.rotateHalves(v[0], v[1], v[2], v[3]) }},
			{"geglu", 2, func(k *vectorKernel, v [4][]float32) { k.geglu(v[0], v[1]) }},
			{"gelu", 1, func(k *vectorKernel, v [4][]float32) { k.gelu(v[0]) }},
		} {
			for n := range 66 {
				var guards [4]guarded[float32]
				var got, want [4][]float32
				for i := range f.vectors {
					guards[i] = floatsGuarded(n, r.IntN(8))
					fill(r, guards[i].v)
					for j := range guards[i].v {
						if r.IntN(20) == 0 {
							guards[i].v[j] = odd[r.IntN(len(odd))]
						}
					}
					got[i], want[i] = guards[i].v, slices.Clone(guards[i].v)
				}
				f.run(&portableVector, want)
				f.run(k.vector, got)
				for i := range f.vectors {
					if !sameBits(got[i], want[i]) {
						t.Fatalf("%s of %d: vector %d = %v, want %v", f.name, n, i, got[i], want[i])
					}
					guards[i].check(t, f.name)
				}
			}
		}
	})
}

func TestGeGLUIsTheApproximationWithTanh(t *testing.T) {
	r := newRand(t)
	gate, up := make([]float32, 4000), ones(4000)
	for i := range gate {
		gate[i] = float32(r.NormFloat64() * 3)
	}
	want := make([]float64, len(gate))
	for i, g := range gate {
		x := float64(g)
		want[i] = 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	GeGLU(gate, up)
	for i, w := range want {
		if math.Abs(float64(gate[i])-w) > 4e-7*(1+math.Abs(w)) {
			t.Errorf("element %d is %v, want %v", i, gate[i], w)
		}
	}
}

func TestRotate(t *testing.T) {
	cos, sin := []float32{0.6, 0, 1}, []float32{0.8, 1, 0}
	for _, c := range []struct {
		halves  bool
		v, want []float32
	}{
		{false, []float32{1, 2, 3, 4, 5, 6, 9}, []float32{0.6 - 1.6, 0.8 + 1.2, -4, 3, 5, 6, 9}},
		{true, []float32{1, 3, 5, 2, 4, 6, 9}, []float32{0.6 - 1.6, -4, 5, 0.8 + 1.2, 3, 6, 9}},
	} {
		Rotate(c.v, c.halves, cos, sin)
		for i, w := range c.want {
			if math.Abs(float64(c.v[i]-w)) > 1e-6 {
				t.Errorf("halves %v: element %d is %v, want %v", c.halves, i, c.v[i], w)
			}
		}
	}
	x := []float32{1, 2, 3}
	if Add(x, []float32{4, 5, 6, 7}); !slices.Equal(x, []float32{5, 7, 9}) {
		t.Errorf("Add gives %v", x)
	}
}
