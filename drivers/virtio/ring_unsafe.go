package virtio

import "unsafe"

// words returns n 32-bit words of mem at byte offset off, for atomic access.
// It panics if they do not fit or are not aligned: a bug of this package.
//
// SAFETY: the words lie inside mem (checked), are 4-aligned (checked) and live
// as long as mem, which the result keeps alive or which is never freed. Both
// sides access them only atomically, or through bytes that no other access
// overlaps at the same time.
func words(mem []byte, off, n int) []uint32 {
	part := mem[off : off+4*n]
	p := unsafe.Pointer(unsafe.SliceData(part))
	if uintptr(p)%4 != 0 {
		panic("virtio: ring words are not aligned")
	}
	return unsafe.Slice((*uint32)(p), n)
}
