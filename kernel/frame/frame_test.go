package frame

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

const page = phys.PageSize

// ram is sparse memory for tests: untouched words hold what a mark could look like.
type ram map[phys.Addr]uint64

func (r ram) Load(a phys.Addr) uint64 {
	if v, ok := r[a]; ok {
		return v
	}
	return uint64(a) * 0x9e3779b97f4a7c15
}
func (r ram) Store(a phys.Addr, v uint64) { r[a] = v }
func (r ram) Zero(a phys.Addr) {
	for i := phys.Addr(0); i < page; i += 8 {
		r[a+i] = 0
	}
}

func pages(first, count uint64) phys.Range {
	return phys.Range{Start: phys.Addr(first * page), End: phys.Addr((first + count) * page)}
}

func want(t *testing.T, what string, got, want Result) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestAddChecksRanges(t *testing.T) {
	cases := []struct {
		name  string
		r     phys.Range
		want  Result
		total uint64
	}{
		{"whole pages", pages(16, 4), OK, 4},
		{"ragged ends are cut", phys.Range{Start: 32*page + 1, End: 36*page - 1}, OK, 6},
		{"less than a page", phys.Range{Start: 64*page + 1, End: 65 * page}, Empty, 6},
		{"empty", phys.Range{}, Empty, 6},
		{"backwards", phys.Range{Start: 90 * page, End: 80 * page}, Empty, 6},
		{"overlap", pages(19, 4), Overlap, 6},
		{"the same again", pages(16, 4), Overlap, 6},
		{"frame 0 is left out", pages(0, 2), OK, 7},
		{"beyond 52 bits", phys.Range{Start: phys.MaxAddr, End: ^phys.Addr(0)}, Empty, 7},
		{"across 52 bits", phys.Range{Start: phys.MaxAddr - page, End: phys.MaxAddr + page}, OK, 8},
	}
	var a Allocator
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want(t, "Add", a.Add(c.r), c.want)
			if s := a.Stats(); s.Total != c.total || s.Free != c.total || s.Used != 0 {
				t.Errorf("Stats = %+v, want total %d, all free", s, c.total)
			}
		})
	}
	for i := uint64(0); a.count < MaxRanges; i++ {
		want(t, "Add", a.Add(pages(1000+2*i, 1)), OK)
	}
	want(t, "Add to a full table", a.Add(pages(5000, 1)), Full)
}

func TestReserveCutsRanges(t *testing.T) {
	cases := []struct {
		name  string
		cut   phys.Range
		left  []phys.Range
		total uint64
	}{
		{"nothing of ours", pages(100, 5), []phys.Range{pages(10, 10)}, 10},
		{"low end", pages(8, 4), []phys.Range{pages(12, 8)}, 8},
		{"high end", pages(18, 4), []phys.Range{pages(10, 8)}, 8},
		{"middle", pages(12, 2), []phys.Range{pages(10, 2), pages(14, 6)}, 8},
		{"one byte", phys.Range{Start: 12*page + 5, End: 12*page + 6}, []phys.Range{pages(10, 2), pages(13, 7)}, 9},
		{"all", pages(0, 100), nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var a Allocator
			a.Add(pages(10, 10))
			want(t, "Reserve", a.Reserve(c.cut), OK)
			if s := a.Stats(); s.Total != c.total {
				t.Errorf("total %d, want %d", s.Total, c.total)
			}
			for _, left := range c.left {
				for p := left.Start; p < left.End; p += page {
					if got, r := a.Alloc(ram{}); got != p || r != OK {
						t.Fatalf("Alloc = %#x, %v, want %#x", got, r, p)
					}
				}
			}
			_, r := a.Alloc(ram{})
			want(t, "Alloc when all is used", r, Exhausted)
		})
	}
}

func TestReserveWorksBesideWhatIsInUse(t *testing.T) {
	var a Allocator
	m := ram{}
	a.Add(pages(10, 10))
	a.Alloc(m)
	a.AllocContiguous(1, 0)
	want(t, "Reserve of a used frame", a.Reserve(pages(10, 1)), InUse)
	want(t, "Reserve of DMA", a.Reserve(pages(19, 1)), InUse)
	want(t, "Reserve across all", a.Reserve(pages(0, 100)), InUse)
	want(t, "Reserve between", a.Reserve(pages(12, 3)), OK)
	want(t, "Reserve of nothing", a.Reserve(phys.Range{}), OK)
	for _, p := range []phys.Addr{11, 15, 16, 17, 18} {
		if got, r := a.Alloc(m); got != p*page || r != OK {
			t.Errorf("Alloc = %#x, %v, want %#x", got, r, p*page)
		}
	}
	if s := a.Stats(); s != (Stats{Total: 7, Used: 7, Contiguous: 1}) {
		t.Errorf("Stats = %+v", s)
	}
	want(t, "Free below the hole", a.Free(m, 11*page), OK)
	want(t, "Free in the hole", a.Free(m, 13*page), NotManaged)
	want(t, "Free of DMA above it", a.Free(m, 19*page), Permanent)
}

func TestReserveHoldsForRangesAddedLater(t *testing.T) {
	var a Allocator
	want(t, "Reserve", a.Reserve(pages(12, 2)), OK)
	want(t, "Reserve", a.Reserve(pages(15, 1)), OK)
	want(t, "Reserve", a.Reserve(pages(30, 9)), OK)
	want(t, "Add", a.Add(pages(10, 10)), OK)
	want(t, "Add of nothing but holes", a.Add(pages(30, 5)), OK)
	if s := a.Stats(); s.Total != 7 {
		t.Errorf("total %d, want 7", s.Total)
	}
	for _, p := range []phys.Addr{10, 11, 14, 16, 17, 18, 19} {
		if got, r := a.Alloc(ram{}); got != p*page || r != OK {
			t.Errorf("Alloc = %#x, %v, want %#x", got, r, p*page)
		}
	}
}

func TestTooManyRangesAndHoles(t *testing.T) {
	var a Allocator
	for i := uint64(0); a.count < MaxRanges; i++ {
		want(t, "Add", a.Add(pages(100+10*i, 5)), OK)
	}
	want(t, "Add", a.Add(pages(5000, 1)), Full)
	want(t, "Reserve when cutting needs a range", a.Reserve(pages(102, 1)), Full)
	want(t, "Reserve when it does not", a.Reserve(pages(100, 1)), OK)
	want(t, "Reserve of a whole range", a.Reserve(pages(110, 5)), OK)
	if s := a.Stats(); s.Total != MaxRanges*5-6 {
		t.Errorf("total = %d", s.Total)
	}
	for a.holeCount < MaxHoles {
		want(t, "Reserve", a.Reserve(pages(1, 1)), OK)
	}
	want(t, "Reserve", a.Reserve(pages(1, 1)), Full)
}

func TestFreeRefuses(t *testing.T) {
	var a Allocator
	m := ram{}
	a.SetSecret(0x1234)
	a.Add(pages(10, 4))
	dma, _ := a.AllocContiguous(1, 0)
	p, _ := a.Alloc(m)
	q, _ := a.Alloc(m)
	want(t, "odd address", a.Free(m, p+8), NotAligned)
	want(t, "no RAM", a.Free(m, 99*page), NotManaged)
	want(t, "address 0", a.Free(m, 0), NotManaged)
	want(t, "untouched", a.Free(m, 12*page), NotAllocated)
	want(t, "DMA", a.Free(m, dma), Permanent)
	want(t, "first free", a.Free(m, p), OK)
	want(t, "second free", a.Free(m, p), DoubleFree)
	want(t, "other free", a.Free(m, q), OK)
	want(t, "second free, deep in the list", a.Free(m, p), DoubleFree)
	if s := a.Stats(); s.Used != 1 || s.Free != 3 || s.Contiguous != 1 {
		t.Errorf("Stats = %+v", s)
	}
}

func TestDataThatLooksLikeAMarkCanBeFreed(t *testing.T) {
	var a Allocator
	m := ram{}
	a.Add(pages(10, 4))
	p, _ := a.Alloc(m)
	q, _ := a.Alloc(m)
	a.Free(m, q)
	m.Store(p+8, a.mark(p))
	want(t, "Free", a.Free(m, p), OK)
}

func TestWriteToFreeFrameIsFound(t *testing.T) {
	for name, spoil := range map[string]func(m ram, p phys.Addr){
		"mark overwritten":  func(m ram, p phys.Addr) { m.Store(p+8, 0) },
		"link to nowhere":   func(m ram, p phys.Addr) { m.Store(p, 99*page) },
		"link not aligned":  func(m ram, p phys.Addr) { m.Store(p, 10*page+8) },
		"link to untouched": func(m ram, p phys.Addr) { m.Store(p, 13*page) },
	} {
		t.Run(name, func(t *testing.T) {
			var a Allocator
			m := ram{}
			a.Add(pages(10, 4))
			p, _ := a.Alloc(m)
			a.Free(m, p)
			spoil(m, p)
			_, r := a.Alloc(m)
			want(t, "Alloc", r, Corrupt)
		})
	}
}

func TestAllocContiguous(t *testing.T) {
	var a Allocator
	a.Add(pages(16, 16))
	a.Add(pages(64, 8))
	cases := []struct {
		name  string
		n     uint64
		limit phys.Addr
		p     phys.Addr
		want  Result
	}{
		{"none", 0, 0, 0, Empty},
		{"from the far end of the last range", 3, 0, 69 * page, OK},
		{"the last range is too short now", 6, 0, 26 * page, OK},
		{"limit cuts a range", 2, 66*page + 1, 64 * page, OK},
		{"above the cut", 3, 0, 66 * page, OK},
		{"below all", 1, 16 * page, 0, Exhausted},
		{"absurd", 1 << 63, 0, 0, Exhausted},
		{"too long for any", 11, 0, 0, Exhausted},
		{"the rest", 10, 0, 16 * page, OK},
		{"nothing left", 1, 0, 0, Exhausted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, r := a.AllocContiguous(c.n, c.limit)
			if p != c.p || r != c.want {
				t.Errorf("AllocContiguous(%d, %#x) = %#x, %v, want %#x, %v", c.n, c.limit, p, r, c.p, c.want)
			}
		})
	}
	if s := a.Stats(); s.Used != 24 || s.Contiguous != 24 || s.Free != 0 {
		t.Errorf("Stats = %+v, want 24 used", s)
	}
}

func TestNames(t *testing.T) {
	for r := OK; r <= Corrupt; r++ {
		if r.String() == "" || r.String() == "unknown result" {
			t.Errorf("result %d has no name", r)
		}
	}
	if Result(99).String() != "unknown result" {
		t.Error("result 99 has a name")
	}
}

func TestNothingAllocates(t *testing.T) {
	var a Allocator
	m := ram{}
	a.Add(pages(16, 1024))
	for range 10 {
		p, _ := a.Alloc(m)
		a.Free(m, p)
	}
	if n := testing.AllocsPerRun(100, func() {
		p, _ := a.Alloc(m)
		a.Free(m, p)
		a.Free(m, p)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

// word is one frame's memory for the benchmark.
type word [2 * page / 8]uint64

func (w *word) Load(a phys.Addr) uint64     { return w[a/8%(2*page/8)] }
func (w *word) Store(a phys.Addr, v uint64) { w[a/8%(2*page/8)] = v }
func (w *word) Zero(phys.Addr)              {}

func BenchmarkAllocFree(b *testing.B) {
	var a Allocator
	a.Add(pages(16, 1024))
	m := new(word)
	for b.Loop() {
		p, _ := a.Alloc(m)
		a.Free(m, p)
	}
}
