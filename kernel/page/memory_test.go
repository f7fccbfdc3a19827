package page

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

// ram is physical memory for tests: frames of a slice, and what became of each.
type ram struct {
	words []uint64
	free  []phys.Addr
	total int
}

func newRAM(frames int) *ram {
	r := &ram{words: make([]uint64, (frames+1)*phys.PageSize/8), total: frames}
	for i := frames; i > 0; i-- {
		r.free = append(r.free, phys.Addr(i)*phys.PageSize)
	}
	for i := range r.words {
		r.words[i] = 0xdead_beef_dead_beef // nobody may count on cleared frames
	}
	return r
}

func (r *ram) Load(a phys.Addr) uint64     { return r.words[a/8] }
func (r *ram) Store(a phys.Addr, v uint64) { r.words[a/8] = v }
func (r *ram) Zero(a phys.Addr)            { clear(r.words[a/8:][:phys.PageSize/8]) }

func (r *ram) AllocFrame() (phys.Addr, bool) {
	if len(r.free) == 0 {
		return 0, false
	}
	p := r.free[len(r.free)-1]
	r.free = r.free[:len(r.free)-1]
	return p, true
}

func (r *ram) used() int { return r.total - len(r.free) }

// flush does what the kernel does with a batch, without processors.
func (r *ram) flush(b *Batch) {
	for i := range b.Frames() {
		r.free = append(r.free, b.Frame(i))
	}
	b.Reset()
}

// all repeats op until it has done its range.
func (r *ram) all(op func(va uint64, b *Batch) (uint64, Result), va uint64) Result {
	var b Batch
	for {
		next, res := op(va, &b)
		r.flush(&b)
		if res != BatchFull {
			return res
		}
		va = next
	}
}

func newSpace(t testing.TB, frames int) (*ram, *Space) {
	t.Helper()
	m, s := newRAM(frames), new(Space)
	if r := s.Init(m); r != OK {
		t.Fatalf("Init = %v, want ok", r)
	}
	return m, s
}

// counts checks that the count in each entry that names an owned table is right,
// and returns how many tables and owned pages there are.
func counts(t testing.TB, m *ram, table phys.Addr, level int) (tables, pages, live int) {
	t.Helper()
	tables = 1
	for i := range phys.Addr(entryCount) {
		e := m.Load(table + i*8)
		if e != 0 {
			live++
		}
		switch {
		case e&present == 0:
		case level > levelPT && e&large == 0:
			ts, ps, n := counts(t, m, phys.Addr(e&addrMask), level-1)
			if got := int(e & countMask >> countShift); e&owned != 0 && got != n {
				t.Fatalf("count of a level %d entry = %d, want %d", level, got, n)
			}
			tables += ts
			pages += ps
		case e&owned != 0:
			pages++
		}
	}
	return tables, pages, live
}
