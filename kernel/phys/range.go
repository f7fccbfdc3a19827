package phys

// Range is the physical memory [Start, End), in bytes. A range with
// End <= Start is empty; the zero Range is.
type Range struct {
	Start, End Addr
}

// Of returns the range of size bytes at start. It reports false when the end
// does not fit in 64 bits: such a range comes from a peer that lies.
func Of(start Addr, size uint64) (Range, bool) {
	end, ok := start.Add(size)
	if !ok {
		return Range{}, false
	}
	return Range{start, end}, true
}

// IsEmpty reports whether r holds no byte.
func (r Range) IsEmpty() bool { return r.End <= r.Start }

// Size returns the length of r in bytes.
func (r Range) Size() uint64 {
	if r.IsEmpty() {
		return 0
	}
	return uint64(r.End - r.Start)
}

// Pages returns how many whole pages Inner(PageSize) holds.
func (r Range) Pages() uint64 { return r.Inner(PageSize).Size() / PageSize }

// Contains reports whether the byte at a is in r.
func (r Range) Contains(a Addr) bool { return a >= r.Start && a < r.End }

// Covers reports whether all of o is in r. Every range covers an empty one.
func (r Range) Covers(o Range) bool {
	return o.IsEmpty() || o.Start >= r.Start && o.End <= r.End
}

// Overlaps reports whether r and o share a byte.
func (r Range) Overlaps(o Range) bool { return !r.Intersect(o).IsEmpty() }

// Intersect returns what r and o share: the zero Range if that is nothing.
func (r Range) Intersect(o Range) Range {
	r.Start = max(r.Start, o.Start)
	r.End = min(r.End, o.End)
	if r.IsEmpty() {
		return Range{}
	}
	return r
}

// Subtract returns what is left of r below and above o. Either may be empty.
//
//	r      [------------)         below  [---)
//	o          [----)             above           [---)
func (r Range) Subtract(o Range) (below, above Range) {
	if !r.Overlaps(o) {
		return r, Range{}
	}
	if o.Start > r.Start {
		below = Range{r.Start, o.Start}
	}
	if o.End < r.End {
		above = Range{o.End, r.End}
	}
	return below, above
}

// Inner returns the largest range inside r whose ends are multiples of size, a
// power of two: the whole pages of r. It is the zero Range if there are none.
func (r Range) Inner(size uint64) Range {
	start, ok := r.Start.Up(size)
	in := Range{start, r.End.Down(size)}
	if !ok || in.IsEmpty() {
		return Range{}
	}
	return in
}

// Outer returns the smallest range around r whose ends are multiples of size, a
// power of two: the pages r touches. At the very end of the 64-bit space, where
// no such end exists, the range ends at the last multiple of size.
func (r Range) Outer(size uint64) Range {
	if r.IsEmpty() {
		return Range{}
	}
	end, _ := r.End.Up(size)
	return Range{r.Start.Down(size), end}
}
