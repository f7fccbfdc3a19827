package area

import (
	"math"
	"testing"
)

const (
	base = 0xffff_c000_0000_0000
	page = pageSize
)

func newArea(t testing.TB, pages uint64) *Area {
	a := new(Area)
	if r := a.Init(base, base+pages*page); r != OK {
		t.Fatalf("Init = %v", r)
	}
	return a
}

func want(t *testing.T, what string, got, want Result) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestInitRefuses(t *testing.T) {
	for _, c := range [][2]uint64{{base, base}, {base + page, base}, {base + 1, base + page}, {base, base + page + 1}} {
		want(t, "Init", new(Area).Init(c[0], c[1]), BadRange)
	}
	if _, r := new(Area).Alloc(0, page); r != NoSpace {
		t.Errorf("Alloc in the zero Area = %v", r)
	}
}

func TestContains(t *testing.T) {
	a := newArea(t, 16)
	const end = base + 16*page
	for _, c := range []struct {
		va, size uint64
		want     bool
	}{
		{base, 16 * page, true},
		{base, 16*page + 1, false},
		{end - 1, 1, true},
		{end, 1, false},
		{base - 1, 2, false},
		{base, 0, false},
		{base + page, math.MaxUint64, false},
		{math.MaxUint64, math.MaxUint64, false},
		{0, 1, false},
	} {
		if got := a.Contains(c.va, c.size); got != c.want {
			t.Errorf("Contains(%#x, %#x) = %v, want %v", c.va, c.size, got, c.want)
		}
	}
}

func TestAlloc(t *testing.T) {
	a := newArea(t, 4096)
	for _, c := range []struct {
		name       string
		hint, size uint64
		va         uint64
		want       Result
	}{
		{"nothing", 0, 0, 0, BadRange},
		{"absurd", 0, math.MaxUint64, 0, BadRange},
		{"too large", 0, 4097 * page, 0, NoSpace},
		{"first, rounded up", 0, 1, base, OK},
		{"hint of stock Go, outside", 0xc0_0000_0000, page, base + page, OK},
		{"large is aligned", 0, largeSize, base + largeSize, OK},
		{"small goes into the gap", 0, page, base + 2*page, OK},
		{"hint is taken", base, page, base + 3*page, OK},
		{"hint is free", base + 100*page, 2 * page, base + 100*page, OK},
		{"hint is not aligned", base + 200*page + 1, page, base + 4*page, OK},
		{"hint is partly taken", base + 99*page, 2 * page, base + 5*page, OK},
		{"hint at the end", base + 4095*page, 2 * page, base + 7*page, OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			if va, r := a.Alloc(c.hint, c.size); va != c.va || r != c.want {
				t.Errorf("Alloc(%#x, %#x) = %#x, %v, want %#x, %v", c.hint, c.size, va, r, c.va, c.want)
			}
		})
	}
}

func TestClaimAndReleaseRefuse(t *testing.T) {
	a := newArea(t, 16)
	for _, c := range []struct {
		name     string
		va, size uint64
	}{
		{"nothing", base, 0},
		{"below", base - page, page},
		{"across the start", base - page, 2 * page},
		{"across the end", base + 15*page, 2 * page},
		{"wraps", base, math.MaxUint64},
		{"odd", base + 8, page},
		{"end of the world", math.MaxUint64 &^ (page - 1), page},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, "Claim", a.Claim(c.va, c.size), BadRange)
			want(t, "Release", a.Release(c.va, c.size), BadRange)
		})
	}
	if a.Free() != 16*page {
		t.Errorf("Free = %d pages", a.Free()/page)
	}
}

func TestNeighboursMerge(t *testing.T) {
	a := newArea(t, 16)
	want(t, "Claim", a.Claim(base, 16*page), OK)
	for _, i := range []uint64{1, 3, 2, 5, 4, 0} {
		want(t, "Release", a.Release(base+i*page, page), OK)
	}
	if a.count != 1 || a.Free() != 6*page {
		t.Errorf("%d free ranges of %d pages, want 1 of 6", a.count, a.Free()/page)
	}
	want(t, "Release around all", a.Release(base, 16*page), OK)
	if a.count != 1 || a.Free() != 16*page {
		t.Errorf("%d free ranges of %d pages, want 1 of 16", a.count, a.Free()/page)
	}
}

func TestSmallestRangeIsLostWhenThereAreTooMany(t *testing.T) {
	const pages = 3 * (MaxFree + 4)
	a := newArea(t, pages)
	a.Claim(base, pages*page)
	for i := range uint64(MaxFree) {
		a.Release(base+3*i*page, 2*page)
	}
	if a.count != MaxFree || a.Lost() != 0 {
		t.Fatalf("%d ranges, lost %d", a.count, a.Lost())
	}
	a.Release(base+3*(MaxFree+1)*page, page)
	if a.count != MaxFree || a.Lost() != page {
		t.Errorf("a smaller one: %d ranges, lost %d, want %d, one page", a.count, a.Lost(), MaxFree)
	}
	a.Release(base+3*(MaxFree+1)*page, 4*page)
	if a.count != MaxFree || a.Lost() != 3*page {
		t.Errorf("a larger one: %d ranges, lost %d, want %d, three pages", a.count, a.Lost(), MaxFree)
	}
	if va, r := a.Alloc(0, 4*page); va != base+3*(MaxFree+1)*page || r != OK {
		t.Errorf("Alloc = %#x, %v", va, r)
	}
	if r := a.Release(base, pages*page); r != OK || a.Free() != pages*page || a.count != 1 {
		t.Errorf("after all was released %d of %d pages are free", a.Free()/page, pages)
	}
}

func TestHoleInTheMiddleOfAFullTable(t *testing.T) {
	const pages = 6 * (MaxFree + 2)
	a := newArea(t, pages)
	a.Claim(base, pages*page)
	a.Release(base, page) // the smallest, below all others
	for i := range uint64(MaxFree - 1) {
		a.Release(base+(6*i+2)*page, 5*page)
	}
	a.Claim(base+(6*100+4)*page, page) // one range becomes two
	if a.count != MaxFree || a.Lost() != page || a.free[0].start != base+2*page {
		t.Errorf("%d ranges, lost %d, first %#x", a.count, a.Lost(), a.free[0].start)
	}
	for i := 1; i < a.count; i++ {
		if a.free[i-1].end >= a.free[i].start {
			t.Fatalf("ranges %d and %d are out of order", i-1, i)
		}
	}
}

func TestSlots(t *testing.T) {
	var s Slots
	want(t, "Init", s.Init(-1), BadRange)
	want(t, "Init", s.Init(MaxSlots+1), BadRange)
	_, r := s.Take()
	want(t, "Take of none", r, OutOfSlots)
	want(t, "Init", s.Init(130), OK)
	for i := range 130 {
		if slot, r := s.Take(); slot != i || r != OK {
			t.Fatalf("Take = %d, %v, want %d", slot, r, i)
		}
	}
	_, r = s.Take()
	want(t, "Take when full", r, OutOfSlots)
	want(t, "Release", s.Release(129), OK)
	want(t, "Release", s.Release(65), OK)
	want(t, "Release again", s.Release(65), NotInUse)
	want(t, "Release", s.Release(-1), BadRange)
	want(t, "Release", s.Release(130), BadRange)
	if s.InUse(65) || !s.InUse(64) || s.InUse(130) || s.Count() != 128 {
		t.Error("wrong slots are in use")
	}
	if slot, _ := s.Take(); slot != 65 {
		t.Errorf("Take = %d, want the lowest, 65", slot)
	}
	s.Init(MaxSlots)
	for range MaxSlots {
		s.Take()
	}
	_, r = s.Take()
	want(t, "Take when full", r, OutOfSlots)
}

func TestNames(t *testing.T) {
	for r := OK; r <= OutOfSlots; r++ {
		if r.String() == "" || r.String() == "unknown result" {
			t.Errorf("result %d has no name", r)
		}
	}
	if Result(99).String() != "unknown result" {
		t.Error("result 99 has a name")
	}
}

func TestNothingAllocates(t *testing.T) {
	a := newArea(t, 4096)
	var s Slots
	s.Init(100)
	if n := testing.AllocsPerRun(100, func() {
		va, _ := a.Alloc(0, 5*page)
		a.Claim(va+10*page, page)
		a.Release(va, 20*page)
		slot, _ := s.Take()
		s.Release(slot)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func BenchmarkAllocRelease(b *testing.B) {
	a := newArea(b, 4096)
	for i := range uint64(100) {
		a.Claim(base+2*i*page, page)
	}
	for b.Loop() {
		va, _ := a.Alloc(0, 2*page)
		a.Release(va, 2*page)
	}
}
