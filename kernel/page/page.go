// Package page builds and changes x86-64 4-level page tables.
//
//	virtual address, bits   63..48 | 47..39 | 38..30 | 29..21 | 20..12 | 11..0
//	                        sign   | PML4   | PDPT   | PD     | PT     | offset
//
// What the bits of an entry mean is drawn in entry.go.
//
// Intel SDM vol. 3A "4-Level Paging", AMD APM vol. 2 §5.3 and §5.4.
//
// Beside present entries there is one software state of a non-present leaf:
// demand. Such a page is reserved and gets a zero frame at the first touch
// (Fault). 2 MiB at a time are reserved by a single entry of the page directory,
// so reserving a terabyte costs little.
//
// Nothing is ever writable and executable at once: every call that would make
// it so returns WriteExec.
//
// What an operation makes stale it collects in a Batch: the caller drops those
// translations on every processor and only then frees the frames in it. No
// operation frees a frame that a processor may still reach.
//
// The package does not load CR3, execute INVLPG, send interrupts or take locks.
// In the boot path it follows the frame allocator; the first tables come with
// the image and are adopted.
package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Memory is what page tables are made of and in. It is passed to each call.
type Memory interface {
	phys.Memory
	// AllocFrame returns a frame, contents undefined, and false if there is none.
	AllocFrame() (phys.Addr, bool)
}

// Flags say how a page may be used. Pages are readable, kernel-only and cached
// unless a flag says otherwise.
type Flags uint16

// Flags of mappings.
const (
	Write    Flags = 1 << iota // may be written
	Exec                       // instructions may be fetched
	Uncached                   // device memory: PCD and PWT, strong uncacheable
	Global                     // survives loads of CR3
	Owned                      // the frame belongs to the mapping: Unmap and Discard hand it to the Batch
)

// Result tells how a call ended.
type Result uint8

// Results of Space's methods.
const (
	OK           Result = iota
	NoMemory            // no frame for a table or page; what was done before stays done
	WriteExec           // writable and executable at once is refused
	NotAligned          // an address or size is not a multiple of the page size
	NotCanonical        // an address is not sign-extended, or a range wraps
	BadPhys             // a frame address above 52 bits
	BadFlags            // flags that make no sense here
	Mapped              // something is mapped there already
	NotMapped           // nothing is mapped or reserved there
	NotAllowed          // mapped, but not for that access
	BatchFull           // the batch must be flushed before the call is repeated from next
)

var resultNames = [...]string{
	OK: "ok", NoMemory: "out of frames", WriteExec: "writable and executable (W^X)", NotAligned: "not aligned",
	NotCanonical: "not a canonical range", BadPhys: "physical address too large", BadFlags: "bad flags",
	Mapped: "already mapped", NotMapped: "not mapped", NotAllowed: "access not allowed", BatchFull: "batch full",
}

// String returns r in words.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return "unknown result"
}

// Space is one set of page tables. The zero value has no root: Adopt or Init first.
type Space struct {
	root   phys.Addr
	tables uint64 // tables allocated by this package and not returned
}

// Root returns the address of the PML4, the value for CR3.
func (s *Space) Root() phys.Addr { return s.root }

// Tables returns how many table frames this package has allocated and not yet
// handed to a Batch. The root is one of them after Init.
func (s *Space) Tables() uint64 { return s.tables }
