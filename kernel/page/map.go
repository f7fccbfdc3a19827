package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Adopt makes s the tables whose PML4 is at root: those the image came with.
// Tables that s did not allocate itself are changed but never freed.
func (s *Space) Adopt(root phys.Addr) { *s = Space{root: root} }

// Init gives s an empty PML4 of its own. It returns OK or NoMemory.
func (s *Space) Init(m Memory) Result { return NoMemory }

// Map maps the page at va to the frame at p. It refuses with Mapped what is
// mapped already; a page in the demand state is replaced. It returns OK,
// WriteExec, NotAligned, NotCanonical, BadPhys, Mapped or NoMemory. Nothing
// becomes stale.
func (s *Space) Map(m Memory, va uint64, p phys.Addr, f Flags) Result { return NoMemory }

// MapLarge maps 2 MiB at va to the 2 MiB at p, both multiples of
// phys.LargeSize. Owned is refused with BadFlags, a page table that is there
// with Mapped.
func (s *Space) MapLarge(m Memory, va uint64, p phys.Addr, f Flags) Result { return NoMemory }

// Reserve puts every page of [va, end) that is not mapped into the demand
// state: Fault gives it a zero frame and the permissions f (Write or none) at the
// first touch. Mapped pages stay as they are. It returns OK, WriteExec, BadFlags,
// NotAligned, NotCanonical or NoMemory.
func (s *Space) Reserve(m Memory, va, end uint64, f Flags) Result { return NoMemory }

// Unmap removes everything from [va, end): mappings and reservations. Frames that
// were Owned and tables that became empty go into b. It returns end and OK, or
// where it stopped and BatchFull (flush, Reset, call again from there), NoMemory
// (a large page could not be split), NotAligned or NotCanonical.
func (s *Space) Unmap(m Memory, va, end uint64, b *Batch) (next uint64, r Result) {
	return va, NoMemory
}

// Discard drops the contents of the Owned pages in [va, end): they return to the
// demand state with the permissions they had. All else stays. Results as Unmap.
func (s *Space) Discard(m Memory, va, end uint64, b *Batch) (next uint64, r Result) {
	return va, NoMemory
}

// Protect gives the mapped and reserved pages in [va, end) the permissions f
// (Write, Exec or none; other flags stay as they are, passing them is BadFlags).
// Pages that lose a permission become stale. Results as Unmap, and WriteExec.
func (s *Space) Protect(m Memory, va, end uint64, f Flags, b *Batch) (next uint64, r Result) {
	return va, NoMemory
}

// Fault answers a page fault at va that wants access (Write, Exec, or 0 for a
// read). It returns OK when the page can be used now: a zero frame was mapped
// there (fresh), or it was mapped with that permission already, since another
// processor was faster. It returns NotMapped or NotAllowed when the access is an
// error of the program, NoMemory when no frame was left.
func (s *Space) Fault(m Memory, va uint64, access Flags) (fresh bool, r Result) {
	return false, NotMapped
}

// State says what a virtual address is.
type State uint8

// States of a page.
const (
	Absent  State = iota // nothing
	Demand               // reserved, a zero frame at the first touch
	Present              // mapped
)

// Mapping describes the page that a virtual address is in.
type Mapping struct {
	State State
	Flags Flags
	Phys  phys.Addr // of the address itself, not only of its page; 0 unless Present
	Size  uint64    // bytes that one entry covers: 4 KiB, 2 MiB, 1 GiB or 512 GiB
}

// Lookup returns what va is, without changing anything.
func (s *Space) Lookup(m Memory, va uint64) Mapping { return Mapping{} }
