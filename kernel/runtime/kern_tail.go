//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/phys"
	"unsafe"
)

// The image's tail: large variables of the program that begin as zero. The VMM
// puts RAM behind all variables, but a program may have many MiB that it rarely
// touches: crypto/internal/fips140/drbg alone brings 32 MiB. So the tail's RAM
// goes to the frame allocator, and its pages get zero frames at the first touch,
// like those of the heap.
//
// The Go linker sorts the symbols of .noptrbss by size (cmd/link/internal/ld, dodataSect), and
// that section is the last of the image:
//
//	noptrbss                                                enoptrbss, end
//	| ... kernFrames ... kernIDT ... kernBootStack ... kernRing | larger ones |
//	                                                            |<-- tail --->|
//
// What lies behind the kernel's largest variable is larger than any of the
// kernel's, so none of them is in the tail: the way from a page fault to a new
// frame needs nothing that must be faulted in first. The stock runtime may have
// variables there, it has not started.

// kernTailLeast is how large the tail must be, in bytes, to be worth it.
const kernTailLeast = 1 << 20

// kernTailStart and kernTailEnd are the tail, whole pages at virtual addresses;
// both are 0 if there is none. Set before the first task runs.
var kernTailStart, kernTailEnd uint64

// kernTailFind looks where the tail is. It is left out unless variables of the
// kernel, from a word to the largest, lie in the order of their sizes and nothing
// is behind the section: else the linker does not do what is said above.
//
// A variable of the kernel that is larger than the last one here must be added.
func kernTailFind() {
	m := &firstmoduledata
	last := m.noptrbss
	size := uintptr(0)
	for _, v := range [...]struct{ at, size uintptr }{
		{uintptr(unsafe.Pointer(&kernFaultCount)), unsafe.Sizeof(kernFaultCount)},
		{uintptr(unsafe.Pointer(&kernFrames)), unsafe.Sizeof(kernFrames)},
		{uintptr(unsafe.Pointer(&kernIDT)), unsafe.Sizeof(kernIDT)},
		{uintptr(unsafe.Pointer(&kernBootStack)), unsafe.Sizeof(kernBootStack)},
		{uintptr(unsafe.Pointer(&kernRing)), unsafe.Sizeof(kernRing)},
	} {
		if v.at < last || v.size < size {
			return
		}
		last, size = v.at+v.size, v.size
	}
	start, end := kernRound(last), kernRound(m.enoptrbss)
	if kernRound(m.end) == end && end >= start+kernTailLeast {
		kernTailStart, kernTailEnd = start, end
	}
}

// kernImage returns where the image is that keeps its frames: all but the tail.
func kernImage() phys.Range {
	end := uint64(firstmoduledata.end)
	if kernTailEnd != 0 {
		end = kernTailStart
	}
	return phys.Range{Start: kernBootStub, End: phys.Addr(end - kernImageBase)}
}

// kernTailInit takes the tail's pages away from it and makes them demand-zero. Its
// frames can be given out from here on, through the direct map, where the image's
// tables have them as writable as any RAM. No other processor runs, nothing has
// used the tail, and the caller drops the translations.
func kernTailInit() {
	if kernTailEnd == 0 {
		return
	}
	kernCut(kernTailStart, kernTailEnd)
	if r := kernSpace.Reserve(kernMem{}, kernTailStart, kernTailEnd, page.Write); r != page.OK {
		kernFatalWord(kernExitBoot, "the image's tail: ", r.String())
	}
}
