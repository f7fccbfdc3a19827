package frame

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Alloc gives out one frame. Its contents are undefined: callers that map it
// for anybody else clear it first. It returns Exhausted when there is none, and
// Corrupt when the next free frame was written to after it had been freed; that
// frame and the list behind it are not safe to use, and the kernel should stop.
func (a *Allocator) Alloc(m phys.Memory) (phys.Addr, Result) {
	if a.head != 0 {
		p := a.head
		next := phys.Addr(m.Load(p))
		if m.Load(p+8) != a.mark(p) || next != 0 && !a.isFrame(next) {
			return 0, Corrupt
		}
		m.Store(p+8, 0)
		a.head = next
		a.listed--
		a.stats.Used++
		return p, OK
	}
	for i := 0; i < a.count; i++ {
		if s := &a.spans[i]; s.next < s.last {
			p := s.next
			s.next += phys.PageSize
			a.stats.Used++
			return p, OK
		}
	}
	return 0, Exhausted
}

// AllocContiguous gives out n adjacent frames that end at or below limit (0: no
// limit) and returns the address of the first. They are for DMA and are never
// taken back: Free refuses them as Permanent. Contents are undefined.
//
// It takes them from the far end of untouched memory, from the last range that
// fits, and returns Exhausted if no range does, even when that many single
// frames are on the free list. n = 0 is Empty.
func (a *Allocator) AllocContiguous(n uint64, limit phys.Addr) (phys.Addr, Result) {
	if n == 0 {
		return 0, Empty
	}
	if limit == 0 {
		limit = phys.MaxAddr
	}
	limit = limit.Down(phys.PageSize)
	for i := a.count - 1; i >= 0; i-- {
		s := &a.spans[i]
		// Only the end of the untouched part can be taken, so a limit inside
		// it rules the range out unless the range is cut there first.
		if s.last > limit && !a.splitAt(i, limit) {
			continue
		}
		if s.next >= s.last || uint64(s.last-s.next)/phys.PageSize < n {
			continue
		}
		s.last -= phys.Addr(n * phys.PageSize)
		a.stats.Used += n
		a.stats.Contiguous += n
		return s.last, OK
	}
	return 0, Exhausted
}

// splitAt cuts span i in two at p if p lies in its untouched part and there is
// room for one more span. Span i keeps what is below p.
func (a *Allocator) splitAt(i int, p phys.Addr) bool {
	s := &a.spans[i]
	if p <= s.next || p >= s.last || a.count == MaxRanges {
		return false
	}
	above := span{start: p, next: p, last: s.last, end: s.end}
	s.last, s.end = p, p
	a.insert(i+1, above)
	return true
}

// Free takes frame p back. No processor may be able to reach it any more.
//
// It refuses, and changes nothing for, everything that is not a frame given out
// by Alloc: NotAligned, NotManaged, NotAllocated, Permanent, DoubleFree.
func (a *Allocator) Free(m phys.Memory, p phys.Addr) Result {
	if r := a.Check(p); r != OK {
		return r
	}
	if m.Load(p+8) == a.mark(p) && a.onList(m, p) {
		return DoubleFree
	}
	m.Store(p, uint64(a.head))
	m.Store(p+8, a.mark(p))
	a.head = p
	a.listed++
	a.stats.Used--
	return OK
}

// Check tells whether p is the address of a frame that Alloc has given out at
// some time: OK, NotAligned, NotManaged, NotAllocated or Permanent.
func (a *Allocator) Check(p phys.Addr) Result {
	if !p.IsAligned(phys.PageSize) {
		return NotAligned
	}
	for i := 0; i < a.count; i++ {
		s := &a.spans[i]
		switch {
		case p < s.start || p >= s.end:
			continue
		case p < s.next:
			return OK
		case p < s.last:
			return NotAllocated
		default:
			return Permanent
		}
	}
	return NotManaged
}

// isFrame reports whether p may be linked into the free list.
func (a *Allocator) isFrame(p phys.Addr) bool { return a.Check(p) == OK }

// onList reports whether p is on the free list. The walk ends at the first
// frame that cannot be on it, so damaged links do no harm.
func (a *Allocator) onList(m phys.Memory, p phys.Addr) bool {
	q := a.head
	for n := a.listed; n > 0 && a.isFrame(q); n-- {
		if q == p {
			return true
		}
		q = phys.Addr(m.Load(q))
	}
	return false
}
