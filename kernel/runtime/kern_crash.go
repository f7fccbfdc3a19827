//go:build unikernel

package runtime

import (
	kerncrash "internal/kernel/crash"
	"internal/kernel/frame"
	"internal/kernel/phys"
	"unsafe"
)

// The crash record: what a dying kernel leaves for the next boot, in pages right
// behind the image. There a reset of the VM leaves it alone: the VMM loads the image
// again, and its firmware works at the ends of memory. Nothing but the image has to
// be the same in both boots, for the place to be.

var (
	kernCrashAt   uintptr // virtual address of the record's place, 0: there is none
	kernCrashLast kerncrash.Record
	kernCrashIs   bool // kernCrashLast is set
	kernCrashDone bool // this boot's own end is recorded, or was tried to be
)

// kernCrashInit keeps the place of the record out of use, and takes the record that
// the boot before left there. Without RAM for it there are no records. It runs when
// the frame allocator has its memory and has given out none.
func kernCrashInit() {
	r := phys.Range{Start: kernImage().End}
	r.End = r.Start + kerncrash.Size
	if !kernWindow.Covers(r) || !kernAllRAM(r) {
		return
	}
	for i := 0; ; i++ {
		o, ok := kernInfo.Occupied(i)
		if !ok {
			break
		}
		if o.Outer(kernPage).Overlaps(r) {
			return
		}
	}
	if kernFrames.Reserve(r) != frame.OK {
		return
	}
	kernCrashAt = kernDirectMap + uintptr(r.Start)
	kernCrashLast, kernCrashIs = kerncrash.Take(kernCrashArea())
}

func kernCrashArea() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(kernCrashAt)), kerncrash.Size)
}

// kernCrashSave records that the kernel or the program ends with a code other than 0.
// It is tried once: what goes wrong in it comes here again.
func kernCrashSave(code int32) {
	if code == 0 || kernCrashAt == 0 || kernCrashDone {
		return
	}
	kernCrashDone = true
	now := kernNow()
	r := kerncrash.Record{Code: uint32(code), Uptime: now}
	if kernWallOffset != 0 {
		r.Wall = now + kernWallOffset
	}
	kerncrash.Save(kernCrashArea(), r, &kernRing)
}

// kernCrashCopy copies the numbers of the last boot's record.
func kernCrashCopy(buf, n uintptr) int64 {
	if !kernCrashIs {
		return -kernENOENT
	}
	r := &kernCrashLast
	v := [...]uint64{uint64(r.Size), uint64(r.Code), uint64(r.Uptime), uint64(r.Wall)}
	return kernCopyOut(buf, n, v[:])
}

// kernCrashText copies the record's text from byte from on.
func kernCrashText(from uint64, buf, size, out uintptr) int64 {
	if !kernCrashIs {
		return -kernENOENT
	}
	text := kerncrash.Text(kernCrashArea(), kernCrashLast)
	from = min(from, uint64(len(text)))
	size = min(size, kernMaxIO, uintptr(len(text))-uintptr(from))
	if !kernUserOK(buf, size) || !kernUserOK(out, 16) {
		return -kernEFAULT
	}
	if size > 0 {
		memmove(unsafe.Pointer(buf), unsafe.Pointer(&text[from]), size)
	}
	kernStore64(out, from+uint64(size))
	kernStore64(out+8, uint64(len(text)))
	return int64(size)
}
