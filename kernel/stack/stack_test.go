package stack

import (
	"math/rand/v2"
	"testing"
	"time"
)

var layout = Layout{Base: 0xffff_b000_0000_0000, Slots: 16}

func TestPlace(t *testing.T) {
	cases := []struct {
		name string
		slot int
		size uint64
		want Stack
		ok   bool
	}{
		{"first", 0, 64 << 10, Stack{0xffff_b000_000f_0000, 0xffff_b000_0010_0000}, true},
		{"last", 15, 4096, Stack{0xffff_b000_00ff_f000, 0xffff_b000_0100_0000}, true},
		{"largest", 1, SlotSize - 4096, Stack{0xffff_b000_0010_1000, 0xffff_b000_0020_0000}, true},
		{"no guard left", 1, SlotSize, Stack{}, false},
		{"absurd", 1, 1 << 63, Stack{}, false},
		{"zero", 1, 0, Stack{}, false},
		{"odd size", 1, 5000, Stack{}, false},
		{"no such slot", 16, 4096, Stack{}, false},
		{"negative slot", -1, 4096, Stack{}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := layout.Place(c.slot, c.size)
			if got != c.want || ok != c.ok {
				t.Fatalf("Place(%d, %d) = %#x, %v, want %#x, %v", c.slot, c.size, got, ok, c.want, c.ok)
			}
			if ok && (got.Size() != c.size || got.SP()%16 != 0 || got.SP()+TopReserve > got.Top) {
				t.Errorf("size %d, SP %#x", got.Size(), got.SP())
			}
		})
	}
}

func TestEveryAddressOfASlotIsGuardOrStack(t *testing.T) {
	s, _ := layout.Place(3, 32<<10)
	first := layout.Base + 3*SlotSize
	for _, c := range []struct {
		name         string
		va           uint64
		guard, stack bool
	}{
		{"slot below", first - 1, false, false},
		{"first of the slot", first, true, false},
		{"last of the guard", s.Low - 1, true, false},
		{"canary", s.Low, false, true},
		{"top", s.Top - 1, false, true},
		{"slot above", s.Top, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if g, in := s.InGuard(c.va), s.Contains(c.va); g != c.guard || in != c.stack {
				t.Errorf("guard %v, stack %v, want %v, %v", g, in, c.guard, c.stack)
			}
		})
	}
}

func TestSlotOf(t *testing.T) {
	for _, c := range []struct {
		va   uint64
		slot int
		ok   bool
	}{
		{layout.Base, 0, true},
		{layout.Base - 1, 0, false},
		{layout.Base + SlotSize - 1, 0, true},
		{layout.Base + 16*SlotSize - 1, 15, true},
		{layout.Base + 16*SlotSize, 0, false},
		{0, 0, false},
		{^uint64(0), 0, false},
	} {
		if slot, ok := layout.SlotOf(c.va); slot != c.slot || ok != c.ok {
			t.Errorf("SlotOf(%#x) = %d, %v, want %d, %v", c.va, slot, ok, c.slot, c.ok)
		}
	}
	if _, ok := (Layout{Base: 0, Slots: -1}).SlotOf(5); ok {
		t.Error("a layout without slots has one")
	}
}

func TestCheck(t *testing.T) {
	const secret = 0x0123_4567_89ab_cdef
	s, _ := layout.Place(3, 32<<10)
	o, _ := layout.Place(4, 64<<10)
	for _, c := range []struct {
		name  string
		value uint64
		want  Health
	}{
		{"untouched", Canary(secret, s.Low), Intact},
		{"cleared", 0, Zeroed},
		{"another stack's", Canary(secret, o.Low), Foreign},
		{"one bit", Canary(secret, s.Low) ^ 1, Broken},
		{"text", 0x6c6c6f2064726f77, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := layout.Check(secret, s.Low, c.value); got != c.want {
				t.Errorf("Check = %v, want %v", got, c.want)
			}
		})
	}
	if Canary(s.Low, s.Low) == 0 {
		t.Error("a canary is zero")
	}
}

func TestCanariesDiffer(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 1000 {
		secret := rng.Uint64()
		a, _ := layout.Place(rng.IntN(16), uint64(rng.IntN(255)+1)*4096)
		b, _ := layout.Place(rng.IntN(16), uint64(rng.IntN(255)+1)*4096)
		if a.Low != b.Low && Canary(secret, a.Low) == Canary(secret, b.Low) {
			t.Fatalf("secret %#x: canaries of %#x and %#x are equal", secret, a.Low, b.Low)
		}
		if slot, ok := layout.SlotOf(a.Low); !ok || layout.Base+uint64(slot+1)*SlotSize != a.Top {
			t.Fatalf("SlotOf(%#x) = %d, %v", a.Low, slot, ok)
		}
		if layout.Check(secret, a.Low, Canary(secret, a.Low)) != Intact {
			t.Fatalf("secret %#x: fresh canary is not intact", secret)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Fuzz(func(t *testing.T, slot int, size, va uint64) {
		s, ok := layout.Place(slot, size)
		if !ok {
			return
		}
		if s.Contains(va) && s.InGuard(va) {
			t.Fatalf("%#x is in stack and guard", va)
		}
		if got, in := layout.SlotOf(va); in != (s.Contains(va) || s.InGuard(va)) && got == slot {
			t.Fatalf("SlotOf(%#x) = %d, %v; stack %#x", va, got, in, s)
		}
	})
}

func TestNames(t *testing.T) {
	for h := Intact; h <= Broken; h++ {
		if h.String() == "unknown health" {
			t.Errorf("health %d has no name", h)
		}
	}
	if Health(9).String() != "unknown health" {
		t.Error("health 9 has a name")
	}
}

func TestNothingAllocates(t *testing.T) {
	bad := 0
	if n := testing.AllocsPerRun(100, func() {
		s, _ := layout.Place(3, 4096)
		if layout.Check(5, s.Low, Canary(5, s.Low)) != Intact {
			bad++
		}
	}); n != 0 || bad != 0 {
		t.Errorf("%v allocations per run, %d bad, want 0", n, bad)
	}
}

func BenchmarkCheck(b *testing.B) {
	s, _ := layout.Place(3, 4096)
	v := Canary(5, s.Low)
	for b.Loop() {
		layout.Check(5, s.Low, v)
	}
}
