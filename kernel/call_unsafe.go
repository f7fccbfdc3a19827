package kernel

import (
	"syscall"
	"unsafe"
)

// call makes a private system call without memory arguments.
func call(nr, a, b uintptr) (uintptr, syscall.Errno) {
	n, _, errno := syscall.Syscall(nr, a, b, 0)
	return n, errno
}

// callWords lets the kernel fill words, and returns how many it has.
//
// SAFETY: the kernel is told the length, and writes during the call only.
func callWords(nr uintptr, words []uint64) (uintptr, syscall.Errno) {
	n, _, errno := syscall.Syscall(nr, uintptr(unsafe.Pointer(unsafe.SliceData(words))), uintptr(len(words)), 0)
	return n, errno
}

// callBytes passes a number, bytes that the kernel may read and write, and the
// place for two results.
//
// SAFETY: the kernel is told the length, and uses the bytes during the call only.
func callBytes(nr, a uintptr, b []byte, out *[2]uint64) (uintptr, syscall.Errno) {
	n, _, errno := syscall.Syscall6(nr, a, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		uintptr(unsafe.Pointer(out)), 0, 0)
	return n, errno
}

// allocDMA asks for memory and returns it as bytes.
//
// SAFETY: the kernel gives size bytes of mapped memory at the address that it
// stores in p, outside the Go heap, and never takes them back or gives them to
// anybody else. It fills p as a pointer, so none is made from a number here.
func allocDMA(size int) (mem []byte, phys uint64, errno syscall.Errno) {
	var out struct {
		p    unsafe.Pointer
		phys uint64
	}
	_, _, errno = syscall.Syscall(callAllocDMA, uintptr(size), uintptr(unsafe.Pointer(&out)), 0)
	if errno != 0 {
		return nil, 0, errno
	}
	return unsafe.Slice((*byte)(out.p), size), out.phys, 0
}

// callEntropy passes bytes for the kernel to read.
//
// SAFETY: the kernel is told the length, and reads during the call only.
func callEntropy(b []byte) (uintptr, syscall.Errno) {
	n, _, errno := syscall.Syscall(callAddEntropy, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return n, errno
}

// callModuleAt returns module i as bytes.
//
// SAFETY: the kernel gives size bytes that are mapped, outside the Go heap, for good,
// and that nobody can write to. It fills p as a pointer, so none is made from a number
// here.
func callModuleAt(i int) ([]byte, syscall.Errno) {
	var out struct {
		p    unsafe.Pointer
		size int
	}
	_, _, errno := syscall.Syscall(callModule, uintptr(i), uintptr(unsafe.Pointer(&out)), 0)
	if errno != 0 {
		return nil, errno
	}
	return unsafe.Slice((*byte)(out.p), out.size), 0
}
