package frame

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Add gives the whole pages of r to the allocator. Ranges are used in the order
// they were added, so memory that is mapped already is added first. Frame 0 is
// left out: address 0 means "none".
//
// What lies above phys.MaxAddr, and what was reserved, is left out too.
//
// It returns Empty, Full, or Overlap without changing anything.
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
	before, need := a.count, 1
	for h := range a.holeCount {
		if r.Overlaps(a.holes[h]) {
			need++ // a hole makes at most one range more
		}
	}
	if before+need > MaxRanges {
		return Full
	}
	a.spans[before].set(r)
	a.count++
	a.stats.Total += r.Pages()
	for h := range a.holeCount {
		a.cut(a.holes[h], before)
	}
	return OK
}

// Reserve takes the pages that r touches away from the ranges, those added so far
// and those added later: for the image, modules and start information. They do not
// count as Total. Pages outside every range are nobody's and no error.
//
// It returns InUse when one of the pages was given out already, and Full when
// there are too many ranges or reservations; then nothing has changed.
func (a *Allocator) Reserve(r phys.Range) Result {
	r = r.Outer(phys.PageSize)
	if r.IsEmpty() {
		return OK
	}
	more := 0
	for i := range a.count {
		s := &a.spans[i]
		part := r.Intersect(s.whole())
		if part.IsEmpty() {
			continue
		}
		if part.Start < s.next || part.End > s.last {
			return InUse
		}
		if part.Start > s.start && part.End < s.end {
			more++
		}
	}
	if a.count+more > MaxRanges || a.holeCount == MaxHoles {
		return Full
	}
	a.holes[a.holeCount] = r
	a.holeCount++
	a.cut(r, 0)
	return OK
}

// cut removes r, which is untouched, from the spans from number first on. What is
// left above r becomes the next span, so that memory stays in the order in which
// it was added. Preconditions: there is room for one span more.
func (a *Allocator) cut(r phys.Range, first int) {
	for i := first; i < a.count; i++ {
		s := &a.spans[i]
		part := r.Intersect(s.whole())
		if part.IsEmpty() {
			continue
		}
		a.stats.Total -= part.Pages()
		above := span{start: part.End, next: part.End, last: s.last, end: s.end}
		*s = span{start: s.start, next: s.next, last: part.Start, end: part.Start}
		switch {
		case s.whole().IsEmpty():
			*s = above // empty, too, if r covers all
		case !above.whole().IsEmpty():
			a.insert(i+1, above)
			i++
		}
	}
}

// insert makes s span number i. Preconditions: there is room.
func (a *Allocator) insert(i int, s span) {
	for j := a.count; j > i; j-- {
		a.spans[j] = a.spans[j-1]
	}
	a.spans[i] = s
	a.count++
}

// set makes s the untouched range r.
func (s *span) set(r phys.Range) { *s = span{start: r.Start, next: r.Start, last: r.End, end: r.End} }

// whole returns the span as a range.
func (s *span) whole() phys.Range { return phys.Range{Start: s.start, End: s.end} }
