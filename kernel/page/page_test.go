package page

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

const heap = 0xffff_c000_0000_0000

func TestMapThenLookup(t *testing.T) {
	cases := []struct {
		name  string
		va    uint64
		p     phys.Addr
		f     Flags
		large bool
		want  Result
	}{
		{"read only data", heap, 0x5000, 0, false, OK},
		{"heap page", heap + 0x1000, 0x6000, Write | Owned, false, OK},
		{"text", heap + 0x2000, 0x7000, Exec, false, OK},
		{"device", heap + 0x3000, 0xfee0_0000, Write | Uncached, false, OK},
		{"identity low half", 0x8000, 0x8000, Exec, false, OK},
		{"last page below the hole", 1<<47 - 0x1000, 0x1000, Global, false, OK},
		{"very last page", 1<<64 - 0x1000, 0x1000, 0, false, OK},
		{"large page", heap + 0x4000_0000, 0x4000_0000, Write, true, OK},
		{"mapped already", heap, 0x9000, 0, false, Mapped},
		{"inside a large page", heap + 0x4000_1000, 0x9000, 0, false, Mapped},
		{"large page over a table", heap, 0x4000_0000, 0, true, Mapped},
		{"writable and executable", heap + 0x5000, 0x9000, Write | Exec, false, WriteExec},
		{"large, writable and executable", heap + 0x8000_0000, 0, Write | Exec, true, WriteExec},
		{"large and owned", heap + 0x8000_0000, 0, Owned, true, BadFlags},
		{"odd virtual", heap + 0x5008, 0x9000, 0, false, NotAligned},
		{"odd physical", heap + 0x5000, 0x9001, 0, false, NotAligned},
		{"large odd virtual", heap + 0x8000_1000, 0, 0, true, NotAligned},
		{"hole", 1 << 47, 0x9000, 0, false, NotCanonical},
		{"physical too large", heap + 0x5000, 1 << 52, 0, false, BadPhys},
	}
	m, s := newSpace(t, 64)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mapping, size := s.Map, uint64(phys.PageSize)
			if c.large {
				mapping, size = s.MapLarge, phys.LargeSize
			}
			if r := mapping(m, c.va, c.p, c.f); r != c.want {
				t.Fatalf("Map(%#x) = %v, want %v", c.va, r, c.want)
			}
			if c.want != OK {
				return
			}
			want := Mapping{Present, c.f, c.p + 0x123, size}
			if got := s.Lookup(m, c.va+0x123); got != want {
				t.Errorf("Lookup(%#x) = %+v, want %+v", c.va+0x123, got, want)
			}
		})
	}
	counts(t, m, s.Root(), levelPML4)
}

func TestRangesAreChecked(t *testing.T) {
	cases := []struct {
		name    string
		va, end uint64
		want    Result
	}{
		{"empty", heap, heap, OK},
		{"odd start", heap + 1, heap + 0x1000, NotAligned},
		{"odd end", heap, heap + 0x1001, NotAligned},
		{"backwards", heap + 0x1000, heap, NotCanonical},
		{"across the hole", 0x1000, heap, NotCanonical},
		{"into the hole", 0x1000, 1<<47 + 0x1000, NotCanonical},
		{"up to the hole", 1<<47 - 0x1000, 1 << 47, OK},
		{"wraps", heap, 0, NotCanonical},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, s := newSpace(t, 64)
			var b Batch
			if r := s.Reserve(m, c.va, c.end, Write); r != c.want {
				t.Errorf("Reserve = %v, want %v", r, c.want)
			}
			if _, r := s.Protect(m, c.va, c.end, 0, &b); r != c.want {
				t.Errorf("Protect = %v, want %v", r, c.want)
			}
			if _, r := s.Discard(m, c.va, c.end, &b); r != c.want {
				t.Errorf("Discard = %v, want %v", r, c.want)
			}
			if _, r := s.Unmap(m, c.va, c.end, &b); r != c.want {
				t.Errorf("Unmap = %v, want %v", r, c.want)
			}
		})
	}
}

func TestReserveCostsOneEntryPerGiB(t *testing.T) {
	m, s := newSpace(t, 8)
	if r := s.Reserve(m, heap, heap+256<<30, Write); r != OK {
		t.Fatalf("Reserve = %v, want ok", r)
	}
	if s.Tables() != 2 {
		t.Errorf("256 GiB reserved by %d tables, want 2", s.Tables())
	}
	if fresh, r := s.Fault(m, heap+77<<30+0x5678, Write); !fresh || r != OK {
		t.Fatalf("Fault = %v, %v, want true, ok", fresh, r)
	}
	g := s.Lookup(m, heap+77<<30+0x5678)
	if g.State != Present || g.Flags != Write|Owned || m.Load(g.Phys&^7) != 0 {
		t.Errorf("after Fault: %+v with contents %#x, want a zero frame", g, m.Load(g.Phys&^7))
	}
	if g := s.Lookup(m, heap+77<<30+0x6000); g.State != Demand || g.Size != phys.PageSize {
		t.Errorf("neighbour page: %+v, want 4 KiB in demand", g)
	}
	if r := m.all(func(va uint64, b *Batch) (uint64, Result) {
		return s.Unmap(m, va, heap+256<<30, b)
	}, heap); r != OK {
		t.Fatalf("Unmap = %v, want ok", r)
	}
	if s.Tables() != 1 || m.used() != 1 {
		t.Errorf("after Unmap %d tables, %d frames in use, want the root only", s.Tables(), m.used())
	}
}

func TestFaultDecides(t *testing.T) {
	m, s := newSpace(t, 64)
	s.Reserve(m, heap, heap+0x4000, Write)
	s.Reserve(m, heap+0x4000, heap+0x8000, 0)
	s.Map(m, heap+0x8000, 0x2000, 0)
	s.Map(m, heap+0x9000, 0x3000, Exec)
	cases := []struct {
		name   string
		va     uint64
		access Flags
		fresh  bool
		want   Result
	}{
		{"first read", heap, 0, true, OK},
		{"again, another processor was faster", heap, Write, false, OK},
		{"execution of demand memory", heap + 0x1000, Exec, false, NotAllowed},
		{"execution of heap", heap, Exec, false, NotAllowed},
		{"write to reserved read-only", heap + 0x4000, Write, false, NotAllowed},
		{"read of reserved read-only", heap + 0x4000, 0, true, OK},
		{"write to what was only read", heap + 0x4000, Write, false, NotAllowed},
		{"write to read-only", heap + 0x8000, Write, false, NotAllowed},
		{"write to text", heap + 0x9000, Write, false, NotAllowed},
		{"execution of text", heap + 0x9000, Exec, false, OK},
		{"nothing there", heap + 0xa000, 0, false, NotMapped},
		{"hole", 1 << 50, 0, false, NotMapped},
		{"zero page", 0, 0, false, NotMapped},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if fresh, r := s.Fault(m, c.va, c.access); fresh != c.fresh || r != c.want {
				t.Errorf("Fault = %v, %v, want %v, %v", fresh, r, c.fresh, c.want)
			}
		})
	}
}

func TestLargePageSplits(t *testing.T) {
	m, s := newSpace(t, 64)
	s.MapLarge(m, heap, 0x4000_0000, Write|Global)
	var b Batch
	if _, r := s.Protect(m, heap+0x3000, heap+0x4000, Exec, &b); r != OK {
		t.Fatalf("Protect = %v, want ok", r)
	}
	if b.Len() != 1 || b.Stale(0) != heap+0x3000 || b.Frames() != 0 {
		t.Errorf("batch %d stale, %d frames, want the one page", b.Len(), b.Frames())
	}
	for off, want := range map[uint64]Flags{0x2000: Write | Global, 0x3000: Exec | Global, 0x1ff000: Write | Global} {
		got := s.Lookup(m, heap+off)
		if got.Flags != want || got.Phys != 0x4000_0000+phys.Addr(off) || got.Size != phys.PageSize {
			t.Errorf("Lookup(+%#x) = %+v, want flags %b at %#x", off, got, want, 0x4000_0000+off)
		}
	}
	counts(t, m, s.Root(), levelPML4)
}

func TestHugePageOfTheImageSplits(t *testing.T) {
	m, s := newSpace(t, 64)
	// Only images bring 1 GiB pages: an adopted PDPT with one.
	pdpt, _ := m.AllocFrame()
	m.Zero(pdpt)
	m.Store(pdpt, 0x1_4000_0000|present|writable|large|noExecute)
	m.Store(s.root+index(heap, levelPML4)*8, uint64(pdpt)|present|writable)
	var b Batch
	if _, r := s.Unmap(m, heap+0x20_3000, heap+0x20_4000, &b); r != OK {
		t.Fatalf("Unmap = %v, want ok", r)
	}
	for off, want := range map[uint64]Mapping{
		0x5000:      {Present, Write, 0x1_4000_5000, phys.LargeSize},
		0x20_2000:   {Present, Write, 0x1_4020_2000, phys.PageSize},
		0x20_3000:   {Absent, 0, 0, phys.PageSize},
		0x3fff_f000: {Present, Write, 0x1_7fff_f000, phys.LargeSize},
	} {
		if got := s.Lookup(m, heap+off); got != want {
			t.Errorf("Lookup(+%#x) = %+v, want %+v", off, got, want)
		}
	}
}

func TestAdoptedTablesAreNotFreed(t *testing.T) {
	m, own := newSpace(t, 64)
	own.Map(m, heap, 0x5000, Write)
	var s Space
	s.Adopt(own.Root())
	table := s.root + index(heap, levelPML4)*8
	m.Store(table, m.Load(table)&^(owned|countMask)) // as the image tool leaves it
	s.Map(m, heap+phys.HugeSize, 0x6000, Write|Owned)
	var b Batch
	if _, r := s.Unmap(m, heap, heap+2*phys.HugeSize, &b); r != OK {
		t.Fatalf("Unmap = %v, want ok", r)
	}
	if m.Load(table) == 0 {
		t.Error("an adopted table was taken out of its parent")
	}
}

func TestTextBelowReadOnlyTableIsNotWritable(t *testing.T) {
	m, s := newSpace(t, 64)
	s.Map(m, heap, 0x5000, Write)
	slot := s.root + index(heap, levelPML4)*8
	m.Store(slot, m.Load(slot)&^writable|noExecute)
	if g := s.Lookup(m, heap); g.Flags != 0 {
		t.Errorf("flags %b below a read-only table, want none", g.Flags)
	}
}

func TestOutOfFramesLeavesTablesSound(t *testing.T) {
	for frames := 1; frames < 8; frames++ {
		m, s := newSpace(t, frames)
		mapped := s.Map(m, heap, 0x5000, Write)
		s.Reserve(m, heap+0x1000, heap+0x9000, Write)
		s.Fault(m, heap+0x3000, Write)
		if want := frames >= 4; (mapped == OK) != want {
			t.Errorf("Map with %d frames = %v", frames, mapped)
		}
		tables, pages, _ := counts(t, m, s.Root(), levelPML4)
		if tables != int(s.Tables()) || tables+pages != m.used() {
			t.Errorf("%d frames: %d tables and %d pages, %d frames in use", frames, tables, pages, m.used())
		}
		// What half a Map left behind goes with the next Unmap there.
		m.all(func(va uint64, b *Batch) (uint64, Result) { return s.Unmap(m, va, heap+0x9000, b) }, heap)
		if m.used() != 1 {
			t.Errorf("%d frames: %d in use after Unmap, want 1", frames, m.used())
		}
	}
	if r := new(Space).Init(newRAM(0)); r != NoMemory {
		t.Errorf("Init without memory = %v, want %v", r, NoMemory)
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	m, s := newSpace(t, 8)
	var b Batch
	if r := s.Reserve(m, heap, heap+0x1000, Exec); r != BadFlags {
		t.Errorf("Reserve = %v, want %v", r, BadFlags)
	}
	if _, r := s.Protect(m, heap, heap+0x1000, Uncached, &b); r != BadFlags {
		t.Errorf("Protect uncached = %v, want %v", r, BadFlags)
	}
	if _, r := s.Protect(m, heap, heap+0x1000, Write|Exec, &b); r != WriteExec {
		t.Errorf("Protect = %v, want %v", r, WriteExec)
	}
	if g := s.Lookup(m, 1<<50); g != (Mapping{}) {
		t.Errorf("Lookup in the hole = %+v", g)
	}
}

func TestLargePageStaysWholeWithoutMemory(t *testing.T) {
	m, s := newSpace(t, 4)
	if r := s.MapLarge(m, heap, 0x4000_0000, Write); r != OK {
		t.Fatalf("MapLarge = %v", r)
	}
	last, _ := m.AllocFrame()
	var b Batch
	if next, r := s.Unmap(m, heap+0x1000, heap+0x2000, &b); r != NoMemory || next != heap+0x1000 {
		t.Errorf("Unmap = %#x, %v, want %v", next, r, NoMemory)
	}
	if _, r := s.Protect(m, heap+0x1000, heap+0x2000, 0, &b); r != NoMemory {
		t.Errorf("Protect = %v, want %v", r, NoMemory)
	}
	if g := s.Lookup(m, heap+0x1000); g.Size != phys.LargeSize || g.Flags != Write || !b.IsEmpty() {
		t.Errorf("Lookup = %+v, %d stale", g, b.Len())
	}
	s.Unmap(m, heap, heap+phys.LargeSize, &b)
	m.flush(&b)
	m.free = append(m.free, last)
	if r := s.Reserve(m, heap, heap+0x1000, Write); r != OK {
		t.Errorf("Reserve = %v", r)
	}
	if _, r := s.Fault(m, heap, 0); r != NoMemory {
		t.Errorf("Fault = %v, want %v", r, NoMemory)
	}
}

func TestFullBatchStopsAndGoesOn(t *testing.T) {
	const count = BatchSize + 10
	for name, op := range map[string]func(s *Space, m Memory, va, end uint64, b *Batch) (uint64, Result){
		"Unmap":   (*Space).Unmap,
		"Discard": (*Space).Discard,
		"Protect": func(s *Space, m Memory, va, end uint64, b *Batch) (uint64, Result) {
			return s.Protect(m, va, end, 0, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, s := newSpace(t, count+8)
			s.Reserve(m, heap, heap+count*0x1000, Write)
			for i := range uint64(count) {
				s.Fault(m, heap+i*0x1000, Write)
			}
			used := m.used()
			var b Batch
			next, r := op(s, m, heap, heap+count*0x1000, &b)
			if next != heap+BatchSize*0x1000 || r != BatchFull || b.Len() != BatchSize {
				t.Fatalf("first part ends at %#x, %v, %d stale", next, r, b.Len())
			}
			if m.used() != used {
				t.Error("a frame was freed before the flush")
			}
			m.flush(&b)
			if next, r = op(s, m, next, heap+count*0x1000, &b); next != heap+count*0x1000 || r != OK || b.Len() != 10 {
				t.Errorf("second part ends at %#x, %v, %d stale", next, r, b.Len())
			}
		})
	}
}

func TestNames(t *testing.T) {
	for r := OK; r <= BatchFull; r++ {
		if r.String() == "" || r.String() == "unknown result" {
			t.Errorf("result %d has no name", r)
		}
	}
	if Result(99).String() != "unknown result" || State(9).String() != "unknown state" || Demand.String() != "demand" {
		t.Error("names of unknown values")
	}
}
