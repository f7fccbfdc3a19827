package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Adopt makes s the tables whose PML4 is at root: those the image came with.
// Tables that s did not allocate itself are changed but never freed.
func (s *Space) Adopt(root phys.Addr) { *s = Space{root: root} }

// Init gives s an empty PML4 of its own. It returns OK or NoMemory.
func (s *Space) Init(m Memory) Result {
	root, ok := m.AllocFrame()
	if !ok {
		return NoMemory
	}
	m.Zero(root)
	*s = Space{root: root, tables: 1}
	return OK
}

// Map maps the page at va to the frame at p. It refuses with Mapped what is
// mapped already; a page in the demand state is replaced. It returns OK,
// WriteExec, NotAligned, NotCanonical, BadPhys, Mapped or NoMemory. Nothing
// becomes stale.
func (s *Space) Map(m Memory, va uint64, p phys.Addr, f Flags) Result {
	return s.mapAt(m, va, p, f, levelPT)
}

// MapLarge maps 2 MiB at va to the 2 MiB at p, both multiples of
// phys.LargeSize. Owned is refused with BadFlags, a page table that is there
// with Mapped. Results as Map.
func (s *Space) MapLarge(m Memory, va uint64, p phys.Addr, f Flags) Result {
	if f&Owned != 0 {
		return BadFlags
	}
	return s.mapAt(m, va, p, f, levelPD)
}

// mapAt puts a leaf for va at level.
func (s *Space) mapAt(m Memory, va uint64, p phys.Addr, f Flags, level int) Result {
	e, r := leaf(f)
	switch {
	case r != OK:
		return r
	case (va|uint64(p))&(span(level)-1) != 0:
		return NotAligned
	case !canonical(va):
		return NotCanonical
	case p >= phys.MaxAddr:
		return BadPhys
	}
	if level != levelPT {
		e |= large
	}
	var c cursor
	for {
		s.find(m, va, &c)
		if c.level < level || c.entry&present != 0 {
			return Mapped
		}
		if c.level == level {
			s.set(m, &c, e|uint64(p))
			return OK
		}
		if r := s.deepen(m, &c); r != OK {
			return r
		}
	}
}

// Reserve puts every page of [va, end) that is not mapped into the demand
// state: Fault gives it a zero frame and the permissions f (Write or none) at the
// first touch. Mapped pages stay as they are; reserved ones get the permissions
// f. It returns OK, BadFlags, NotAligned, NotCanonical or NoMemory.
func (s *Space) Reserve(m Memory, va, end uint64, f Flags) Result {
	if f&^Write != 0 {
		return BadFlags
	}
	if r := checkRange(va, end); r != OK {
		return r
	}
	want := uint64(demand)
	if f&Write != 0 {
		want |= writable
	}
	var c cursor
	for va != end {
		s.find(m, va, &c)
		next, whole := c.reach(va, end)
		switch {
		case c.entry&present != 0 || c.entry == want:
		case whole && c.level <= levelPDPT:
			s.set(m, &c, want)
		default:
			if r := s.deepen(m, &c); r != OK {
				return r
			}
			continue
		}
		va = next
	}
	return OK
}

// reach returns where in [va, end) the influence of c's entry, which decides
// about va, ends, and whether all that it covers is in [va, end).
func (c *cursor) reach(va, end uint64) (next uint64, whole bool) {
	size := span(c.level)
	first := va &^ (size - 1)
	last := first + (size - 1) // never wraps, first+size may
	if last >= end-1 {
		return end, va == first && last == end-1
	}
	return last + 1, va == first
}
