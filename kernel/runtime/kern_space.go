//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/phys"
)

// The one address space: page tables, and what processors remember of them.

var (
	kernSpace  page.Space // guarded by the kernel lock
	kernTables uint64     // its root, for CR3 of the other processors
	kernStale  page.Batch // guarded by the kernel lock; empty between operations
)

// kernMap maps the page at va to the frame at p; failure is a bug or the end of memory.
func kernMap(va uint64, p phys.Addr, f page.Flags) {
	if r := kernSpace.Map(kernMem{}, va, p, f); r != page.OK {
		if r == page.NoMemory {
			kernFatal(kernExitMemory, "out of memory for page tables")
		}
		kernFatalWord(kernExitCorrupt, "a page cannot be mapped: ", r.String())
	}
}

// kernMapNew maps a fresh zero frame at va.
func kernMapNew(va uint64, f page.Flags) {
	p, ok := kernMem{}.AllocFrame()
	if !ok {
		kernFatal(kernExitMemory, "out of memory")
	}
	kernMem{}.Zero(p)
	kernMap(va, p, f|page.Owned)
}

// kernUnmap removes [va, end). Its frames are free for others when no processor
// can reach them any more.
func kernUnmap(va, end uint64) {
	for r := page.BatchFull; r == page.BatchFull; {
		va, r = kernSpace.Unmap(kernMem{}, va, end, &kernStale)
		kernFlush()
		kernMustRoom(r)
	}
}

// kernDiscard drops the contents of [va, end), which stays accessible.
func kernDiscard(va, end uint64) {
	for r := page.BatchFull; r == page.BatchFull; {
		va, r = kernSpace.Discard(kernMem{}, va, end, &kernStale)
		kernFlush()
		kernMustRoom(r)
	}
}

// kernProtect changes the permissions of [va, end).
func kernProtect(va, end uint64, f page.Flags) (res page.Result) {
	for res = page.BatchFull; res == page.BatchFull; {
		va, res = kernSpace.Protect(kernMem{}, va, end, f, &kernStale)
		kernFlush()
	}
	return res
}

func kernMustRoom(r page.Result) {
	if r == page.NoMemory {
		kernFatal(kernExitMemory, "out of memory for page tables")
	}
}

// kernFlush drops what kernStale holds from the TLB of every processor and then
// frees its frames.
func kernFlush() {
	b := &kernStale
	if b.IsEmpty() {
		return
	}
	for i := range b.Len() {
		kernInvalidate(uintptr(b.Stale(i)))
	}
	kernShootdown(kernSelf())
	for i := range b.Frames() {
		kernMem{}.freeFrame(b.Frame(i))
	}
	b.Reset()
}

// kernReachable reports whether something is, or at the first touch will be, at va.
func kernReachable(va uint64) bool {
	return kernSpace.Lookup(kernMem{}, va).State != page.Absent
}
