//go:build unikernel

package runtime

import (
	"internal/kernel/frame"
	"internal/kernel/page"
	"internal/kernel/phys"
	"internal/kernel/pvh"
	"unsafe"
)

// Physical memory: which frames there are, and the direct map through which the
// kernel reaches them.

var (
	kernFrames   frame.Allocator // guarded by the kernel lock
	kernInfo     pvh.Info
	kernUsable   [frame.MaxRanges / 2]phys.Range
	kernUsableN  int
	kernDMABytes uint64

	kernWindow = phys.Range{Start: 0, End: kernBootDirect} // what the image's own tables map
)

// kernMem is memory as the cores see it.
type kernMem struct{}

func (kernMem) Load(a phys.Addr) uint64     { return kernLoad64(kernDirectMap + uintptr(a)) }
func (kernMem) Store(a phys.Addr, v uint64) { kernStore64(kernDirectMap+uintptr(a), v) }
func (kernMem) Zero(a phys.Addr) {
	memclrNoHeapPointers(unsafe.Pointer(kernDirectMap+uintptr(a)), kernPage)
}

// AllocFrame implements page.Memory.
func (kernMem) AllocFrame() (phys.Addr, bool) {
	p, r := kernFrames.Alloc(kernMem{})
	if r == frame.Corrupt {
		kernFatal(kernExitCorrupt, "a free frame was written to")
	}
	return p, r == frame.OK
}

// freeFrame takes back a frame that no processor can reach any more.
func (kernMem) freeFrame(p phys.Addr) {
	if r := kernFrames.Free(kernMem{}, p); r != frame.OK {
		kernFatalWord(kernExitCorrupt, "a frame cannot be freed: ", r.String())
	}
}

// kernStartInfo copies what the VMM hands over.
func kernStartInfo(start uint64) {
	if r := pvh.Parse(kernMem{}, phys.Addr(start), kernWindow, &kernInfo); r != pvh.OK {
		kernFatalWord(kernExitBoot, "PVH start information: ", r.String())
	}
}

// kernMemoryInit hands the RAM of the memory map to the frame allocator, all but
// the image without its tail, and makes the direct map cover exactly the RAM. The
// command line has been copied: its memory may be given out.
func kernMemoryInit() {
	kernSpace.Adopt(phys.Addr(kernReadCR3() &^ (kernPage - 1)))
	kernTables = uint64(kernSpace.Root())
	kernUsableN = kernInfo.Usable(kernUsable[:])
	for i := range kernUsableN {
		kernFrames.Add(kernUsable[i].Intersect(kernWindow))
	}
	image := kernImage() // the tail's addresses need not be RAM
	if !kernAllRAM(image) {
		kernFatal(kernExitBoot, "the memory map leaves out the image")
	}
	kernReserve(image)
	for i := 0; ; i++ {
		r, ok := kernInfo.Occupied(i)
		if !ok {
			break
		}
		kernReserve(r)
	}
	kernCrashInit() // takes what the boot before left
	kernFrames.SetSecret(kernRandom())
	kernTailInit()
	kernDirectGrow()
	kernDirectTrim()
	kernDropAll()
}

func kernReserve(r phys.Range) {
	if res := kernFrames.Reserve(r); res != frame.OK {
		kernFatalWord(kernExitBoot, "memory cannot be reserved: ", res.String())
	}
}

// kernDirectGrow maps the RAM that the image's own tables do not, and only then
// hands it to the frame allocator.
func kernDirectGrow() {
	for i := range kernUsableN {
		r := kernUsable[i].Intersect(phys.Range{Start: kernBootDirect, End: kernStackBase - kernDirectMap})
		if r.IsEmpty() {
			continue
		}
		o := r.Outer(kernLarge)
		for p := o.Start; p < o.End; p += kernLarge {
			res := kernSpace.MapLarge(kernMem{}, kernDirectMap+uint64(p), p, page.Write|page.Global)
			if res != page.OK && res != page.Mapped {
				kernFatalWord(kernExitBoot, "direct map: ", res.String())
			}
		}
		if res := kernFrames.Add(r); res != frame.OK {
			kernFatalWord(kernExitBoot, "memory above 1 GiB: ", res.String())
		}
	}
}

// kernDirectTrim unmaps what is not RAM from the part of the direct map that came
// with the image: an access there must fault, and not reach a device.
func kernDirectTrim() {
	var end phys.Addr
	for i := 0; ; i++ {
		hole := phys.Range{Start: end, End: kernBootDirect}
		if i < kernUsableN {
			hole.End = min(kernUsable[i].Start, kernBootDirect)
			end = kernUsable[i].End
		}
		if hole = hole.Inner(kernLarge); !hole.IsEmpty() {
			kernCut(kernDirectMap+uint64(hole.Start), kernDirectMap+uint64(hole.End))
		}
		if i >= kernUsableN {
			break
		}
	}
}

// kernCR4Global is PGE.
const kernCR4Global = 1 << 7

// kernDropAll drops all translations of this processor, global ones too.
// Intel SDM vol. 3A "Operations that Invalidate TLBs and Paging-Structure Caches".
func kernDropAll() {
	cr4 := kernReadCR4()
	kernWriteCR4(cr4 &^ kernCR4Global)
	kernWriteCR4(cr4)
}

// kernCut unmaps what the image's own tables map at [va, end). No frame goes with
// it, no other processor runs, and the caller drops the translations.
func kernCut(va, end uint64) {
	r := page.BatchFull
	for r == page.BatchFull {
		va, r = kernSpace.Unmap(kernMem{}, va, end, &kernStale)
		kernStale.Reset()
	}
	if r != page.OK {
		kernFatalWord(kernExitBoot, "the image's own tables: ", r.String())
	}
}

// kernAllRAM reports whether all of r is RAM.
func kernAllRAM(r phys.Range) bool {
	for i := range kernUsableN {
		if kernUsable[i].Covers(r.Outer(kernPage)) {
			return true
		}
	}
	return false
}

// kernIsRAM reports whether r touches RAM.
func kernIsRAM(r phys.Range) bool {
	for i := range kernUsableN {
		if kernUsable[i].Overlaps(r) {
			return true
		}
	}
	return false
}
