// Package area manages virtual address space: which parts of the mmap area are
// given out (Area), and which stack slots are in use (Slots).
//
// It knows only numbers. Page tables are kernel/page, what lies where inside a
// stack slot is kernel/stack, and the addresses of the areas are the kernel's.
// In the boot path it is set up once, before the Go runtime reserves its heap.
package area

// MaxFree is how many separate free ranges an Area keeps. When there would be
// more, the smallest is forgotten: address space is lost (see Lost), never
// given out twice.
const MaxFree = 256

// Page and large page size, bytes.
const (
	pageSize  = 4 << 10
	largeSize = 2 << 20
)

// Area gives out ranges of [start, end). The zero value is empty: Init first.
// It is 4 KiB: a global, not a local variable.
type Area struct {
	start, end uint64
	free       [MaxFree]span // ascending, disjoint, never adjacent
	count      int
	lost       uint64
}

// span is the free range [start, end).
type span struct{ start, end uint64 }

// Result tells how a call ended.
type Result uint8

// Results.
const (
	OK         Result = iota
	BadRange          // empty, unaligned, wrapping, or not inside the area
	NoSpace           // no free range is large enough
	NotInUse          // what is to be released is free already, wholly or partly
	OutOfSlots        // all stack slots are in use
)

var resultNames = [...]string{
	OK: "ok", BadRange: "bad range", NoSpace: "no address space left", NotInUse: "not in use",
	OutOfSlots: "no stack slot left",
}

// String returns r in words.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return "unknown result"
}

// Init makes the page-aligned range [start, end) the area, all of it free.
// It returns OK or BadRange.
func (a *Area) Init(start, end uint64) Result {
	if start >= end || (start|end)%pageSize != 0 {
		return BadRange
	}
	a.start, a.end = start, end
	a.free[0] = span{start, end}
	a.count, a.lost = 1, 0
	return OK
}

// Contains reports whether the size bytes at va lie in the area, without overflow
// whatever the numbers. No bytes lie nowhere.
func (a *Area) Contains(va, size uint64) bool {
	return size != 0 && va >= a.start && va < a.end && size <= a.end-va
}

// Alloc gives out size bytes, rounded up to whole pages, and returns where. They
// lie at hint if that is page aligned and free (mmap without MAP_FIXED);
// otherwise in the smallest free range that fits, aligned to 2 MiB if size is at
// least that. It returns OK, BadRange (size 0 or absurd) or NoSpace.
func (a *Area) Alloc(hint, size uint64) (va uint64, r Result) {
	size = roundUp(size, pageSize)
	if size == 0 {
		return 0, BadRange
	}
	if s, ok := a.span(hint, size); ok {
		for i := range a.count {
			if f := a.free[i]; f.start <= s.start && s.end <= f.end {
				a.take(s)
				return s.start, OK
			}
		}
	}
	align := uint64(pageSize)
	if size >= largeSize {
		align = largeSize
	}
	best, found := span{}, false
	for i := range a.count {
		f := a.free[i]
		at := roundUp(f.start, align)
		if at < f.start || at >= f.end || f.end-at < size {
			continue
		}
		if !found || f.end-f.start < best.end-best.start {
			best, va, found = f, at, true
		}
	}
	if !found {
		return 0, NoSpace
	}
	a.take(span{va, va + size})
	return va, OK
}

// Claim makes [va, va+size) in use, whatever of it was in use before (mmap with
// MAP_FIXED). va is page aligned, size is rounded up. It returns OK or BadRange.
func (a *Area) Claim(va, size uint64) Result {
	s, ok := a.span(va, roundUp(size, pageSize))
	if !ok {
		return BadRange
	}
	a.take(s)
	return OK
}

// Release makes [va, va+size) free (munmap). va is page aligned, size is rounded
// up. Parts that are free already stay so, as munmap allows. It returns OK or
// BadRange. The caller has unmapped the pages and flushed the TLBs.
func (a *Area) Release(va, size uint64) Result {
	s, ok := a.span(va, roundUp(size, pageSize))
	if !ok {
		return BadRange
	}
	// Ranges that overlap or touch s are i to j-1; they become one with it.
	i := 0
	for i < a.count && a.free[i].end < s.start {
		i++
	}
	j := i
	for j < a.count && a.free[j].start <= s.end {
		s.start = min(s.start, a.free[j].start)
		s.end = max(s.end, a.free[j].end)
		j++
	}
	a.remove(i, j)
	a.insert(i, s)
	return OK
}

// Free returns how many bytes are free.
func (a *Area) Free() uint64 {
	n := uint64(0)
	for i := range a.count {
		n += a.free[i].end - a.free[i].start
	}
	return n
}

// Lost returns how many free bytes were forgotten because there were more than
// MaxFree free ranges. A Release of a range around them brings them back.
func (a *Area) Lost() uint64 { return a.lost }

// span returns [va, va+size) if that is in the area and va is page aligned.
func (a *Area) span(va, size uint64) (span, bool) {
	if va%pageSize != 0 || !a.Contains(va, size) {
		return span{}, false
	}
	return span{va, va + size}, true
}

// take removes s from the free ranges.
func (a *Area) take(s span) {
	for i := 0; i < a.count; {
		f := &a.free[i]
		switch {
		case f.end <= s.start:
			i++
		case f.start >= s.end:
			return
		case f.start < s.start && f.end > s.end:
			above := span{s.end, f.end}
			f.end = s.start
			a.insert(i+1, above)
			return
		case f.start < s.start:
			f.end = s.start
			i++
		case f.end > s.end:
			f.start = s.end
			return
		default:
			a.remove(i, i+1)
		}
	}
}

// remove drops the ranges i to j-1.
func (a *Area) remove(i, j int) {
	copy(a.free[i:a.count-(j-i)], a.free[j:a.count])
	a.count -= j - i
}

// insert puts s at place i. If there is no room, the smallest of all is lost.
func (a *Area) insert(i int, s span) {
	if a.count == MaxFree {
		small := 0
		for k := range a.count {
			if a.free[k].end-a.free[k].start < a.free[small].end-a.free[small].start {
				small = k
			}
		}
		size := a.free[small].end - a.free[small].start
		if size >= s.end-s.start {
			a.lost += s.end - s.start
			return
		}
		a.lost += size
		a.remove(small, small+1)
		if small < i {
			i--
		}
	}
	copy(a.free[i+1:a.count+1], a.free[i:a.count])
	a.free[i] = s
	a.count++
}

// roundUp rounds n up to a multiple of size, a power of two; it gives 0 when that
// does not fit in 64 bits.
func roundUp(n, size uint64) uint64 { return (n + size - 1) &^ (size - 1) }
