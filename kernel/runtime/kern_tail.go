//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/phys"
	"unsafe"
)

// The image's tail: large variables of the program that begin as zero. A program may
// have many MiB that it rarely touches: crypto/internal/fips140/drbg alone brings
// 32 MiB. So the tail is not part of what the VMM loads, its frames are RAM like any
// other, and its pages get zero frames at the first touch, like those of the heap.
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
//
// The image tool finds the tail with kernTailMark and fills in where it is
// (kernel/mkimage/image/tail.go, which must agree about the layout). It leaves the
// tail out of the image's page tables, too.

// kernTailMark is the record that the image tool looks for in the data of the kernel.
// Its variables go from a word to the largest of the kernel: a larger one must be added.
var kernTailMark = struct {
	magic      [16]byte
	start, end uint64 // virtual addresses, whole pages; 0 if there is no tail
	count      uint64
	vars       [5]kernTailVar
}{
	magic: [16]byte{'u', 'n', 'i', 'k', 'e', 'r', 'n', 'e', 'l', '-', 'a', 'i', '/', 'b', 's', 's'},
	count: 5,
	vars: [5]kernTailVar{
		{unsafe.Pointer(&kernFaultCount), unsafe.Sizeof(kernFaultCount)},
		{unsafe.Pointer(&kernFrames), unsafe.Sizeof(kernFrames)},
		{unsafe.Pointer(&kernIDT), unsafe.Sizeof(kernIDT)},
		{unsafe.Pointer(&kernBootStack), unsafe.Sizeof(kernBootStack)},
		{unsafe.Pointer(&kernRing), unsafe.Sizeof(kernRing)},
	},
}

type kernTailVar struct {
	at   unsafe.Pointer
	size uintptr
}

// kernInTail reports whether va is in the tail.
func kernInTail(va uint64) bool { return va >= kernTailMark.start && va < kernTailMark.end }

// kernImage returns where the image is, without the tail.
func kernImage() phys.Range {
	end := kernRound(firstmoduledata.end)
	if kernTailMark.start != 0 {
		end = kernTailMark.start
	}
	return phys.Range{Start: kernBootStub, End: phys.Addr(end - kernImageBase)}
}

// kernTailInit makes the tail demand-zero. Nothing has used it: nothing is mapped there.
func kernTailInit() {
	t := &kernTailMark
	if t.start == 0 {
		return
	}
	ring := &t.vars[len(t.vars)-1]
	if t.start < uint64(uintptr(ring.at)+ring.size) || t.end != kernRound(firstmoduledata.enoptrbss) || t.end != kernRound(firstmoduledata.end) {
		kernFatal(kernExitBoot, "the image's tail is not where the variables end")
	}
	if r := kernSpace.Reserve(kernMem{}, t.start, t.end, page.Write); r != page.OK {
		kernFatalWord(kernExitBoot, "the image's tail: ", r.String())
	}
}
