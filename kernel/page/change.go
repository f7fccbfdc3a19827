package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Unmap removes everything from [va, end): mappings and reservations. Frames that
// were Owned and tables that became empty go into b. It returns end and OK, or
// where it stopped and BatchFull (flush, Reset, call again from there), NoMemory
// (a large page could not be split), NotAligned or NotCanonical.
func (s *Space) Unmap(m Memory, va, end uint64, b *Batch) (next uint64, r Result) {
	if r := checkRange(va, end); r != OK {
		return va, r
	}
	var c cursor
	for va != end {
		if b.full() {
			return va, BatchFull
		}
		s.find(m, va, &c)
		next, whole := c.reach(va, end)
		stale := false
		if c.entry != 0 {
			if !whole {
				if r := s.deepen(m, &c); r != OK {
					return va, r
				}
				continue
			}
			old := c.entry
			s.set(m, &c, 0)
			stale = old&present != 0
			if stale && old&owned != 0 {
				b.release(phys.Addr(old & addrMask))
			}
		}
		if s.prune(m, &c, b) || stale {
			b.drop(va)
		}
		va = next
	}
	return end, OK
}

// Discard drops the contents of the Owned pages in [va, end): they return to the
// demand state with the permission to write they had. All else stays. Results as
// Unmap, without NoMemory.
func (s *Space) Discard(m Memory, va, end uint64, b *Batch) (next uint64, r Result) {
	if r := checkRange(va, end); r != OK {
		return va, r
	}
	var c cursor
	for va != end {
		if b.full() {
			return va, BatchFull
		}
		s.find(m, va, &c)
		next, _ := c.reach(va, end)
		if old := c.entry; old&present != 0 && old&owned != 0 {
			s.set(m, &c, demand|old&writable)
			b.release(phys.Addr(old & addrMask))
			b.drop(va)
		}
		va = next
	}
	return end, OK
}

// Protect gives the mapped and reserved pages in [va, end) the permissions f:
// Write, Exec or neither; other flags are BadFlags, and what the pages have of
// them stays. Reserved pages never become executable. Changed mappings become
// stale. Results as Unmap, and WriteExec.
func (s *Space) Protect(m Memory, va, end uint64, f Flags, b *Batch) (next uint64, r Result) {
	if f&^(Write|Exec) != 0 {
		return va, BadFlags
	}
	bits, r := leaf(f)
	if r != OK {
		return va, r
	}
	if r := checkRange(va, end); r != OK {
		return va, r
	}
	const permissions = writable | noExecute
	var c cursor
	for va != end {
		if b.full() {
			return va, BatchFull
		}
		s.find(m, va, &c)
		next, whole := c.reach(va, end)
		want := c.entry
		switch {
		case c.entry&present != 0:
			want = c.entry&^permissions | bits&permissions
		case c.entry != 0:
			want = demand | bits&writable
		}
		if want != c.entry {
			if !whole {
				if r := s.deepen(m, &c); r != OK {
					return va, r
				}
				continue
			}
			if c.entry&present != 0 {
				b.drop(va)
			}
			s.set(m, &c, want)
		}
		va = next
	}
	return end, OK
}
