// Package frame hands out 4 KiB frames of physical memory.
//
// Each RAM range is consumed from its low end by a bump pointer (nothing has to
// be touched at boot, whatever the size of the machine) and from its far end by
// contiguous runs for DMA. Frames that come back go on a LIFO list that is
// linked through the frames themselves:
//
//	range   [ given out one by one | untouched        | contiguous runs )
//	        Start                  next               last             End
//	free frame   word 0: next free frame, 0 at the end of the list
//	             word 1: mark, secret XOR own address
//
// The mark finds double frees and writes to freed frames. It is a hint that
// costs one comparison; before a free is refused for it, the list is walked, so
// data that happens to look like a mark is no obstacle.
//
// The package does not map, clear or count references. A frame must not be
// freed before every processor's TLB has dropped it: that is the duty of the
// caller, with the batches of kernel/page. Callers serialise.
//
// In the boot path it comes right after the memory map (kernel/pvh) and before
// the first page table that the kernel builds itself.
package frame

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Capacity of an Allocator.
const (
	MaxRanges = 64 // RAM ranges, after what is reserved was cut out
	MaxHoles  = 24 // reservations
)

// markSecret is the mark's secret until SetSecret is called.
const markSecret = 0x6b9f_d3a5_41c7_e20d

// Allocator is the state of the frame allocator. The zero value is ready for
// Add. It is 2.5 KiB: a global, not a local variable.
type Allocator struct {
	spans     [MaxRanges]span
	count     int
	holes     [MaxHoles]phys.Range // reserved
	holeCount int
	secret    uint64    // XOR markSecret: the zero value works
	head      phys.Addr // free list, 0 when empty
	listed    uint64    // frames on the free list
	stats     Stats
}

// span is one RAM range. Frames in [start, next) were given out, [next, last)
// is untouched, [last, end) holds contiguous runs.
type span struct {
	start, next, last, end phys.Addr
}

// Stats counts frames. Total = Used + Free.
type Stats struct {
	Total      uint64 // in all ranges
	Used       uint64 // given out, Contiguous included
	Free       uint64
	Contiguous uint64 // given out by AllocContiguous, never to come back
}

// Result tells how a call ended.
type Result uint8

// Results of Allocator's methods.
const (
	OK           Result = iota
	Exhausted           // no frame, or no run of that length, is left
	Full                // more than MaxRanges ranges or MaxHoles reservations
	Overlap             // the range overlaps one that is there already
	Empty               // no whole page in the range
	InUse               // the range to reserve was given out already
	NotAligned          // not the address of a frame
	NotManaged          // outside every range
	NotAllocated        // never given out
	Permanent           // part of a contiguous run
	DoubleFree          // on the free list already
	Corrupt             // a free frame was written to: its link or mark is gone
)

var resultNames = [...]string{
	OK: "ok", Exhausted: "out of frames", Full: "too many ranges", Overlap: "ranges overlap",
	Empty: "no whole page in the range", InUse: "range is in use", NotAligned: "not page aligned",
	NotManaged: "not a frame of RAM", NotAllocated: "frame was never allocated",
	Permanent: "frame of a contiguous run", DoubleFree: "frame freed twice",
	Corrupt: "write to a free frame",
}

// String returns r in words.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return "unknown result"
}

// SetSecret mixes a random number of this boot into the marks. It must be
// called before the first Free.
func (a *Allocator) SetSecret(secret uint64) { a.secret = secret }

// Stats returns the counters.
func (a *Allocator) Stats() Stats {
	s := a.stats
	s.Free = s.Total - s.Used
	return s
}

// mark returns what word 1 of the free frame p holds.
func (a *Allocator) mark(p phys.Addr) uint64 { return a.secret ^ markSecret ^ uint64(p) }
