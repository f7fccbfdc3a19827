package matmul

import (
	"math"
	"math/rand/v2"
	"testing"
)

// guardSize is how many elements lie on each side of a guarded vector.
const guardSize = 40

// guarded is a vector with a guard band on either side, in which a kernel must
// neither write nor, since it holds NaN or other poison, read.
type guarded[T comparable] struct {
	v      []T
	whole  []T
	poison T
}

// newGuarded makes n elements that start shift elements after an allocation's
// start and guard.
func newGuarded[T comparable](n, shift int, poison T) guarded[T] {
	whole := make([]T, n+shift+2*guardSize)
	for i := range whole {
		whole[i] = poison
	}
	from := guardSize + shift
	clear(whole[from : from+n])
	return guarded[T]{v: whole[from : from+n : from+n], whole: whole, poison: poison}
}

// check reports bands that have changed.
func (g guarded[T]) check(t *testing.T, what string) {
	t.Helper()
	from := guardSize
	for len(g.v) > 0 && &g.whole[from] != &g.v[0] {
		from++
	}
	for i, e := range g.whole {
		if (i < from || i >= from+len(g.v)) && e != g.poison {
			t.Fatalf("%s: wrote %v at %d outside [0, %d)", what, e, i-from, len(g.v))
		}
	}
}

// poisonFloat is a number that would be seen in any sum; NaN compares unequal.
const poisonFloat = float32(3e37)

func floatsGuarded(n, shift int) guarded[float32] { return newGuarded(n, shift, poisonFloat) }

// fill makes random numbers in [-1, 1).
func fill(r *rand.Rand, v []float32) {
	for i := range v {
		v[i] = r.Float32()*2 - 1
	}
}

// sameBits reports whether two vectors are equal bit by bit, any NaN equal to any.
func sameBits(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// eachKernel runs body for every implementation this machine has, and says which
// it lacks.
func eachKernel(t *testing.T, body func(t *testing.T, k *kernels)) {
	t.Helper()
	for _, k := range available() {
		t.Run(k.name, func(t *testing.T) { body(t, k) })
	}
	if len(native()) == 0 {
		t.Log("no assembly kernels here: they need amd64 with AVX2, FMA and F16C, and no noasm tag")
	}
}

// newRand returns numbers from a seed that a failing test prints.
func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}
