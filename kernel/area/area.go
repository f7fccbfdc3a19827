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
func (a *Area) Init(start, end uint64) Result { return BadRange }

// Contains reports whether the size bytes at va lie in the area, without overflow
// whatever the numbers. No bytes lie nowhere.
func (a *Area) Contains(va, size uint64) bool { return false }

// Alloc gives out size bytes, rounded up to whole pages, and returns where. They
// lie at hint if that is free (mmap without MAP_FIXED); otherwise in the
// smallest free range that fits, aligned to 2 MiB if size is at least that.
// It returns OK, BadRange (size 0 or absurd) or NoSpace.
func (a *Area) Alloc(hint, size uint64) (va uint64, r Result) { return 0, NoSpace }

// Claim makes [va, va+size) in use, whatever of it was in use before (mmap with
// MAP_FIXED). va is page aligned, size is rounded up. It returns OK or BadRange.
func (a *Area) Claim(va, size uint64) Result { return BadRange }

// Release makes [va, va+size) free (munmap). va is page aligned, size is rounded
// up. Parts that are free already stay so, as munmap allows. It returns OK or
// BadRange. The caller has unmapped the pages and flushed the TLBs.
func (a *Area) Release(va, size uint64) Result { return BadRange }

// Free returns how many bytes are free, Lost how many were forgotten.
func (a *Area) Free() uint64 { return 0 }

// Lost returns how many free bytes were forgotten because there were more than
// MaxFree free ranges.
func (a *Area) Lost() uint64 { return a.lost }
