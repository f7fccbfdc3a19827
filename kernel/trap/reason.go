package trap

// Code is the error code of a page fault.
//
//	bit  15   6    5   4       3         2     1      0
//	     SGX  SS   PK  fetch   reserved  user  write  present
//
// Intel SDM vol. 3A "Page-Fault Exceptions", AMD APM vol. 2 §8.4.2.
type Code uint64

// Bits of Code.
const (
	CodePresent  Code = 1 << 0 // P: the page was mapped, the access not allowed
	CodeWrite    Code = 1 << 1 // W/R
	CodeUser     Code = 1 << 2 // U/S
	CodeReserved Code = 1 << 3 // RSVD: a reserved bit was set in a table
	CodeFetch    Code = 1 << 4 // I/D: an instruction fetch
)

// Access returns the kind of access in a word: "execute", "write" or "read".
func (c Code) Access() string {
	switch {
	case c&CodeFetch != 0:
		return "execute"
	case c&CodeWrite != 0:
		return "write"
	}
	return "read"
}

// Span is the virtual addresses [Start, End).
type Span struct{ Start, End uint64 }

// Contains reports whether va is in s.
func (s Span) Contains(va uint64) bool { return va >= s.Start && va < s.End }

// Layout describes the address space to Explain. Empty spans mean "none".
type Layout struct {
	Text      Span // machine code of the image
	ROData    Span // its constants
	Data      Span // its variables
	Stacks    Span // stack slots, guards included
	Heap      Span // mmap area
	DirectMap Span // physical memory
	Devices   Span // MMIO
}

// Reason is why an access was refused.
type Reason uint8

// Reasons.
const (
	NotMapped Reason = iota
	ZeroPage
	NonCanonical
	Guard
	WriteText
	WriteROData
	NoExecute
	ReservedBit
	HeapUnmapped
	DeviceUnmapped
	ReadOnly
	Protection
)

// ZeroPageSize is how many bytes at address 0 count as the zero page.
const ZeroPageSize = 4096

var reasonNames = [...]string{
	NotMapped: "not mapped", ZeroPage: "zero page", NonCanonical: "not a canonical address",
	Guard: "guard page below a stack (stack overflow)", WriteText: "write to text (W^X)",
	WriteROData: "write to read-only data", NoExecute: "execution of a no-execute page (W^X)",
	ReservedBit: "reserved bit set in a page table", HeapUnmapped: "not mapped (heap area)",
	DeviceUnmapped: "not mapped (device area)", ReadOnly: "write to a read-only page", Protection: "protection",
}

// String returns r in words, as kernel reports print it.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown reason"
}

// Explain says why the access to va with error code c faulted.
//
// The order matters: what an address is outranks what was done to it, and a
// page that is not mapped outranks permissions.
func Explain(l *Layout, va uint64, c Code) Reason {
	const canonicalSize = 1 << 47
	switch {
	case va < ZeroPageSize:
		return ZeroPage
	case va+canonicalSize >= 2*canonicalSize:
		return NonCanonical
	case c&CodeReserved != 0:
		return ReservedBit
	case c&CodePresent == 0:
		return l.absent(va)
	case c&CodeFetch != 0:
		return NoExecute
	case c&CodeWrite == 0:
		return Protection
	case l.Text.Contains(va):
		return WriteText
	case l.ROData.Contains(va):
		return WriteROData
	}
	return ReadOnly
}

// absent says what is missing at va.
func (l *Layout) absent(va uint64) Reason {
	switch {
	case l.Stacks.Contains(va):
		return Guard
	case l.Heap.Contains(va):
		return HeapUnmapped
	case l.Devices.Contains(va):
		return DeviceUnmapped
	}
	return NotMapped
}

// Area names the part of the address space that va lies in, for reports.
func (l *Layout) Area(va uint64) string {
	switch {
	case va < ZeroPageSize:
		return "zero page"
	case l.Text.Contains(va):
		return "text"
	case l.ROData.Contains(va):
		return "read-only data"
	case l.Data.Contains(va):
		return "data"
	case l.Stacks.Contains(va):
		return "stacks"
	case l.Heap.Contains(va):
		return "heap"
	case l.Devices.Contains(va):
		return "devices"
	case l.DirectMap.Contains(va):
		return "direct map"
	}
	return "nothing"
}
