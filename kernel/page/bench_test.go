package page

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

func TestNothingAllocates(t *testing.T) {
	m, s := newSpace(t, 64)
	m.free = append(make([]phys.Addr, 0, 128), m.free...)
	var b Batch
	if n := testing.AllocsPerRun(100, func() {
		s.Reserve(m, heap, heap+8*phys.LargeSize, Write)
		s.Fault(m, heap+0x1000, Write)
		s.Map(m, heap+16*phys.LargeSize, 0x5000, Write)
		s.Protect(m, heap, heap+phys.LargeSize, 0, &b)
		s.Discard(m, heap, heap+phys.LargeSize, &b)
		s.Lookup(m, heap)
		s.Unmap(m, heap, heap+32*phys.LargeSize, &b)
		m.flush(&b)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

// BenchmarkFault is a demand fault and its discarding, in a reserved GiB.
func BenchmarkFault(b *testing.B) {
	m, s := newSpace(b, 64)
	s.Reserve(m, heap, heap+phys.HugeSize, Write)
	var batch Batch
	for b.Loop() {
		s.Fault(m, heap+0x123000, Write)
		s.Discard(m, heap+0x123000, heap+0x124000, &batch)
		m.flush(&batch)
	}
}

func BenchmarkMapUnmap(b *testing.B) {
	m, s := newSpace(b, 64)
	s.Map(m, heap, 0x5000, Write)
	var batch Batch
	for b.Loop() {
		s.Map(m, heap+0x1000, 0x6000, Write)
		s.Unmap(m, heap+0x1000, heap+0x2000, &batch)
		batch.Reset()
	}
}
