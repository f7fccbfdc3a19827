package virtiotest

import "unsafe"

// aligned returns size zeroed bytes that start at a multiple of 64.
//
// SAFETY: the bytes are part of one allocation of Go memory, which the slice
// keeps alive.
func aligned(size int) []byte {
	b := make([]byte, size+64)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & 63
	return b[skip : skip+size : skip+size]
}

// word returns the 32-bit word of b at a byte offset, for atomic access.
// It panics when it does not fit or is not aligned.
//
// SAFETY: the word lies inside of b and is aligned, both checked.
func word(b []byte, off int) *uint32 {
	p := unsafe.Pointer(unsafe.SliceData(b[off : off+4]))
	if uintptr(p)%4 != 0 {
		panic("virtiotest: word is not aligned")
	}
	return (*uint32)(p)
}
