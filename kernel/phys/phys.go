// Package phys is the vocabulary of physical memory that the kernel's pure
// cores share: addresses, page sizes, ranges, and the interface through which
// a core reaches memory it is handed.
//
// It is not an allocator (see kernel/frame) and knows no address of any
// machine. It sits below every other core in the boot path: the PVH parser
// produces ranges, the frame allocator consumes them, page tables name frames.
//
// Like all of kernel/<core> it imports nothing, allocates nothing and holds no
// Go pointers, so package runtime can use it with interrupts off.
package phys

// Addr is a guest-physical address in bytes.
type Addr uint64

// Page sizes of x86-64 long mode, in bytes.
// Intel SDM vol. 3A "4-Level Paging and 5-Level Paging", AMD APM vol. 2 §5.3.
const (
	PageSize  = 4 << 10
	LargeSize = 2 << 20
	HugeSize  = 1 << 30
)

// MaxAddr is one more than the largest physical address a page-table entry can
// name: 52 bits, the architectural limit of MAXPHYADDR.
const MaxAddr Addr = 1 << 52

// Memory is physical memory as a core sees it. The kernel implements it by a
// zero-size struct over the direct map, tests by a slice or map of words.
//
// Addresses given to Load and Store are multiples of 8, those given to Zero
// multiples of PageSize. A core only passes addresses that lie in memory it
// was told about; implementations need not check.
type Memory interface {
	// Load returns the 8 bytes at a, little endian.
	Load(a Addr) uint64
	// Store writes the 8 bytes at a, little endian.
	Store(a Addr, v uint64)
	// Zero clears the page at a.
	Zero(a Addr)
}

// IsAligned reports whether a is a multiple of size, a power of two.
func (a Addr) IsAligned(size uint64) bool { return uint64(a)&(size-1) == 0 }

// Down rounds a down to a multiple of size, a power of two.
func (a Addr) Down(size uint64) Addr { return a &^ Addr(size-1) }

// Up rounds a up to a multiple of size, a power of two. It reports false, and
// returns the largest multiple of size, when the result does not fit in 64 bits.
func (a Addr) Up(size uint64) (Addr, bool) {
	up := (a + Addr(size-1)) &^ Addr(size-1)
	if up < a {
		return ^Addr(size - 1), false
	}
	return up, true
}

// Add returns a+n and whether that fits in 64 bits.
func (a Addr) Add(n uint64) (Addr, bool) {
	sum := a + Addr(n)
	return sum, sum >= a
}
