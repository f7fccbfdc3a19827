package virtio

import (
	"sync/atomic"
	"unsafe"
)

// window is the registers of a device, identity mapped. It implements
// Registers.
//
// SAFETY, for all of them: newWindow is called with a range that was mapped as
// device memory before, and every access is checked to lie in it and to be
// aligned. Accesses go through functions that are not inlined and one machine
// instruction each, since the compiler may merge or drop ordinary ones.
type window struct {
	phys uintptr
	size uintptr
}

// newWindow returns the registers at a guest-physical range.
// Caller has mapped it at the same virtual address.
func newWindow(phys uint64, size int) window {
	return window{uintptr(phys), uintptr(size)}
}

func (w window) at(off, size int) unsafe.Pointer {
	if o := uintptr(off); off < 0 || o+uintptr(size) > w.size || o%uintptr(size) != 0 {
		panic("virtio: register outside of its window")
	}
	return device(w.phys + uintptr(off))
}

// device makes a pointer of an address that is no Go memory: the garbage
// collector ignores it, since it lies in no heap span.
func device(virt uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&virt)) }

func (w window) Load32(off int) uint32 { return atomic.LoadUint32((*uint32)(w.at(off, 4))) }
func (w window) Load16(off int) uint16 { return load16((*uint16)(w.at(off, 2))) }
func (w window) Load8(off int) uint8   { return load8((*uint8)(w.at(off, 1))) }

// Store32 is not atomic.StoreUint32: that is an exchange, which would read the
// register too.
func (w window) Store32(off int, v uint32) { store32((*uint32)(w.at(off, 4)), v) }

//go:noinline so that it is one access of this width.
func store32(p *uint32, v uint32) { *p = v }

//go:noinline so that it is one access of this width.
func load16(p *uint16) uint16 { return *p }

//go:noinline so that it is one access of this width.
func load8(p *uint8) uint8 { return *p }
