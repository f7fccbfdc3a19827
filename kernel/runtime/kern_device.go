//go:build unikernel

package runtime

import (
	"internal/kernel/frame"
	"internal/kernel/page"
	"internal/kernel/phys"
	"unsafe"
)

// Devices: their registers, mapped as far as a driver asks, and memory that they
// read and write.

// kernMapDevice maps the pages of [start, start+size) at their physical address,
// uncached, not executable. It may be asked for again. RAM, the local APIC and
// what lies in the mmap area are refused.
func kernMapDevice(start, size uint64) int64 {
	r, ok := phys.Of(phys.Addr(start), size)
	if !ok || size == 0 {
		return -kernEINVAL
	}
	r = r.Outer(kernPage)
	apic := phys.Range{Start: kernAPIC, End: kernAPIC + kernPage}
	heap := phys.Range{Start: kernHeapBase, End: kernHeapEnd}
	if r.Start == 0 || r.End > kernDeviceEnd || r.Size() > kernDeviceMax || r.Overlaps(apic) || r.Overlaps(heap) {
		return -kernEINVAL
	}
	if kernIsRAM(r) {
		return -kernEPERM
	}
	return kernMapIdentity(r)
}

// kernDeviceMax bounds one mapping: 1 GiB.
const kernDeviceMax = 1 << 30

func kernMapIdentity(r phys.Range) int64 {
	for p := r.Start; p < r.End; p += kernPage {
		switch kernSpace.Map(kernMem{}, uint64(p), p, page.Write|page.Uncached) {
		case page.OK, page.Mapped:
		default:
			return -kernENOMEM
		}
	}
	return 0
}

// kernAllocDMA gives out size bytes of contiguous, zeroed memory for good, and
// stores its virtual and its physical address at out.
func kernAllocDMA(size uint64, out uintptr) int64 {
	if size == 0 || size > kernDMAMax || !kernUserOK(out, 16) {
		return -kernEINVAL
	}
	n := kernRound(uintptr(size))
	p, r := kernFrames.AllocContiguous(n/kernPage, 0)
	if r != frame.OK {
		return -kernENOMEM
	}
	va := kernDirectMap + uintptr(p)
	memclrNoHeapPointers(unsafe.Pointer(va), uintptr(n))
	kernDMABytes += n
	kernStore64(out, uint64(va))
	kernStore64(out+8, uint64(p))
	return 0
}

// kernDMAMax bounds one piece of DMA memory: 1 GiB.
const kernDMAMax = 1 << 30
