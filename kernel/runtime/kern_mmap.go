//go:build unikernel

package runtime

import (
	"internal/kernel/area"
	"internal/kernel/page"
)

// Anonymous memory for tasks: mmap and what belongs to it. Pages get a zero
// frame at the first touch.

var (
	kernHeap       area.Area // guarded by the kernel lock
	kernFaultCount uint64    // pages mapped at their first touch
)

const kernMapFixed = 0x10

func kernMmapInit() { kernHeap.Init(kernHeapBase, kernHeapEnd) }

// kernRound rounds a size up to pages.
func kernRound(n uintptr) uint64 { return (uint64(n) + kernPage - 1) &^ (kernPage - 1) }

// kernSysMmap implements anonymous private mappings. A hint is honoured where
// it is free.
func kernSysMmap(hint, size uintptr, prot, flags, fd uint32) int64 {
	n := kernRound(size)
	if n == 0 || flags&_MAP_ANON == 0 {
		return -kernEINVAL
	}
	if prot&_PROT_EXEC != 0 {
		return -kernEACCES
	}
	va := uint64(hint)
	if flags&kernMapFixed != 0 {
		if va%kernPage != 0 || !kernHeap.Contains(va, n) || kernHeap.Claim(va, n) != area.OK {
			return -kernEINVAL
		}
		kernUnmap(va, va+n)
	} else {
		var r area.Result
		if va, r = kernHeap.Alloc(va&^(kernPage-1), n); r != area.OK {
			return -kernENOMEM
		}
	}
	if prot != _PROT_NONE {
		if r := kernSpace.Reserve(kernMem{}, va, va+n, kernProtFlags(prot)); r != page.OK {
			kernUnmap(va, va+n)
			kernHeap.Release(va, n)
			return -kernENOMEM
		}
	}
	return int64(va)
}

func kernProtFlags(prot uint32) page.Flags {
	if prot&_PROT_WRITE != 0 {
		return page.Write
	}
	return 0
}

func kernSysMunmap(va, size uintptr) int64 {
	n := kernRound(size)
	if va%kernPage != 0 || !kernHeap.Contains(uint64(va), n) {
		return -kernEINVAL
	}
	kernUnmap(uint64(va), uint64(va)+n)
	kernHeap.Release(uint64(va), n)
	return 0
}

// kernSysMprotect implements mprotect within the mmap area.
func kernSysMprotect(va, size uintptr, prot uint32) int64 {
	n := kernRound(size)
	if va%kernPage != 0 || !kernHeap.Contains(uint64(va), n) {
		return -kernEINVAL
	}
	if prot&_PROT_EXEC != 0 {
		return -kernEACCES
	}
	if prot == _PROT_NONE {
		kernUnmap(uint64(va), uint64(va)+n) // contents are lost, which nobody here relies on
		return 0
	}
	if kernProtect(uint64(va), uint64(va)+n, kernProtFlags(prot)) != page.OK {
		return -kernENOMEM
	}
	return 0
}

// kernSysMadvise implements the advice that gives memory back; other advice is
// taken and ignored, but for collapsing, which callers want to know failed.
func kernSysMadvise(va, size uintptr, advice uint32) int64 {
	n := kernRound(size)
	if va%kernPage != 0 || !kernHeap.Contains(uint64(va), n) {
		return -kernEINVAL
	}
	switch advice {
	case _MADV_DONTNEED, _MADV_FREE:
		kernDiscard(uint64(va), uint64(va)+n)
	case _MADV_COLLAPSE:
		return -kernEINVAL
	}
	return 0
}

// kernDemand resolves a page fault on reserved memory and reports whether it did.
func kernDemand(va uint64, access page.Flags) bool {
	heap := va >= kernHeapBase && va < kernHeapEnd
	if !heap && !kernInTail(va) {
		return false
	}
	fresh, r := kernSpace.Fault(kernMem{}, va, access)
	if r == page.NoMemory {
		kernFatal(kernExitMemory, "out of memory")
	}
	if fresh {
		kernFaultCount++
	}
	return r == page.OK
}
