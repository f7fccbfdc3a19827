package frame

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Add gives the whole pages of r to the allocator. Ranges are used in the order
// they were added, so memory that is mapped already is added first. Frame 0 is
// left out: address 0 means "none".
//
// It returns Empty, Full, or Overlap without changing anything. r ends at or
// below phys.MaxAddr; what lies above is cut off.
func (a *Allocator) Add(r phys.Range) Result {
	r = r.Intersect(phys.Range{Start: phys.PageSize, End: phys.MaxAddr}).Inner(phys.PageSize)
	if r.IsEmpty() {
		return Empty
	}
	for i := 0; i < a.count; i++ {
		if r.Overlaps(a.spans[i].whole()) {
			return Overlap
		}
	}
	if a.count == MaxRanges {
		return Full
	}
	a.spans[a.count] = span{start: r.Start, next: r.Start, last: r.End, end: r.End}
	a.count++
	a.stats.Total += r.Pages()
	return OK
}

// Reserve takes the pages that r touches away from the ranges added so far: for
// the image, modules and start information. They stop counting as Total. Pages
// outside every range are nobody's and no error.
//
// It returns InUse when a range to be cut has given out a frame already, and
// Full when cutting needs more ranges than there are; then nothing has changed.
func (a *Allocator) Reserve(r phys.Range) Result {
	r = r.Outer(phys.PageSize)
	more := 0
	for i := 0; i < a.count; i++ {
		s := &a.spans[i]
		if !r.Overlaps(s.whole()) {
			continue
		}
		if s.next != s.start || s.last != s.end {
			return InUse
		}
		if below, above := s.whole().Subtract(r); !below.IsEmpty() && !above.IsEmpty() {
			more++
		}
	}
	if a.count+more > MaxRanges {
		return Full
	}
	for i := 0; i < a.count; i++ {
		if r.Overlaps(a.spans[i].whole()) {
			a.cut(i, r)
		}
	}
	return OK
}

// cut removes r from span i, which it overlaps. What is left above r becomes
// the next span, so that memory stays in the order in which it was added.
func (a *Allocator) cut(i int, r phys.Range) {
	s := &a.spans[i]
	a.stats.Total -= s.whole().Intersect(r).Pages()
	below, above := s.whole().Subtract(r)
	s.set(below)
	if above.IsEmpty() {
		return
	}
	if below.IsEmpty() {
		s.set(above)
		return
	}
	for j := a.count; j > i+1; j-- {
		a.spans[j] = a.spans[j-1]
	}
	a.count++
	a.spans[i+1].set(above)
}

// set makes s the untouched range r. A span that was cut to nothing stays, empty.
func (s *span) set(r phys.Range) { *s = span{start: r.Start, next: r.Start, last: r.End, end: r.End} }

// whole returns the span as a range.
func (s *span) whole() phys.Range { return phys.Range{Start: s.start, End: s.end} }
