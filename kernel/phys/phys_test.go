package phys

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestRounding(t *testing.T) {
	cases := []struct {
		name     string
		a        Addr
		size     uint64
		down, up Addr
		ok       bool
	}{
		{"zero", 0, PageSize, 0, 0, true},
		{"inside the first page", 1, PageSize, 0, PageSize, true},
		{"on a border", 2 * PageSize, PageSize, 2 * PageSize, 2 * PageSize, true},
		{"large", LargeSize + 1, LargeSize, LargeSize, 2 * LargeSize, true},
		{"last page", ^Addr(0), PageSize, ^Addr(PageSize - 1), ^Addr(PageSize - 1), false},
		{"last border", ^Addr(PageSize - 1), PageSize, ^Addr(PageSize - 1), ^Addr(PageSize - 1), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.a.Down(c.size); got != c.down {
				t.Errorf("Down = %#x, want %#x", got, c.down)
			}
			if got, ok := c.a.Up(c.size); got != c.up || ok != c.ok {
				t.Errorf("Up = %#x, %v, want %#x, %v", got, ok, c.up, c.ok)
			}
			if got, want := c.a.IsAligned(c.size), c.a == c.down; got != want {
				t.Errorf("IsAligned = %v, want %v", got, want)
			}
		})
	}
}

func TestOfRefusesWrap(t *testing.T) {
	if r, ok := Of(0x1000, 0x2000); !ok || r != (Range{0x1000, 0x3000}) {
		t.Errorf("Of(0x1000, 0x2000) = %v, %v", r, ok)
	}
	if r, ok := Of(^Addr(0), 2); ok || r != (Range{}) {
		t.Errorf("Of(max, 2) = %v, %v, want nothing", r, ok)
	}
}

func TestRangeAtTheEndOfTheSpace(t *testing.T) {
	end := Range{^Addr(0) - 10, ^Addr(0)}
	if got := end.Inner(PageSize); !got.IsEmpty() {
		t.Errorf("Inner = %v, want nothing", got)
	}
	if got := end.Outer(PageSize); !got.IsEmpty() {
		t.Errorf("Outer = %v, want what ends at the last border", got)
	}
	if got := (Range{5, 3}); got.Size() != 0 || got.Pages() != 0 || got.Outer(PageSize) != (Range{}) {
		t.Errorf("backward range is not empty")
	}
}

// set is a range of a tiny address space as a bit per byte.
type set uint32

func setOf(r Range) (s set) {
	for a := r.Start; a < r.End; a++ {
		s |= 1 << a
	}
	return s
}

func TestRangesEqualSets(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		r := Range{Addr(rng.IntN(32)), Addr(rng.IntN(32))}
		o := Range{Addr(rng.IntN(32)), Addr(rng.IntN(32))}
		R, O := setOf(r), setOf(o)
		below, above := r.Subtract(o)
		if setOf(below)|setOf(above) != R&^O || setOf(below)&setOf(above) != 0 {
			t.Fatalf("%v.Subtract(%v) = %v, %v", r, o, below, above)
		}
		if setOf(r.Intersect(o)) != R&O || r.Overlaps(o) != (R&O != 0) || r.Covers(o) != (O&^R == 0) {
			t.Fatalf("%v and %v: intersect %v, overlaps %v, covers %v", r, o, r.Intersect(o), r.Overlaps(o), r.Covers(o))
		}
		a := Addr(rng.IntN(32))
		if r.Contains(a) != (R>>a&1 != 0) {
			t.Fatalf("%v.Contains(%d) = %v", r, a, r.Contains(a))
		}
		if in := r.Inner(4); !r.Covers(in) || !in.Start.IsAligned(4) || !in.End.IsAligned(4) || r.Size() >= 7 && in.IsEmpty() {
			t.Fatalf("%v.Inner(4) = %v", r, in)
		}
		if out := r.Outer(4); !out.Covers(r) || !out.Start.IsAligned(4) || !out.End.IsAligned(4) || out.Size() > r.Size()+6 {
			t.Fatalf("%v.Outer(4) = %v", r, out)
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Fuzz(func(t *testing.T, start, size, cutStart, cutSize uint64) {
		r, ok := Of(Addr(start), size)
		if !ok {
			return
		}
		o, ok := Of(Addr(cutStart), cutSize)
		if !ok {
			return
		}
		below, above := r.Subtract(o)
		if below.Size()+above.Size()+r.Intersect(o).Size() != r.Size() {
			t.Fatalf("%v less %v: %v and %v", r, o, below, above)
		}
		if in := r.Inner(PageSize); !r.Covers(in) || in.Size()%PageSize != 0 {
			t.Fatalf("%v.Inner = %v", r, in)
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	r, o := Range{0, LargeSize}, Range{PageSize, 3 * PageSize}
	var sum uint64
	if n := testing.AllocsPerRun(100, func() {
		a, b := r.Subtract(o)
		sum += a.Size() + b.Outer(PageSize).Size() + r.Inner(PageSize).Pages()
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}
