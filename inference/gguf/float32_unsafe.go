package gguf

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Float32s returns the elements of an F32 tensor: in place where the data lies
// 4-aligned on a little-endian machine, else a copy. It panics on another type.
// The caller must not write to the result.
func (t *Tensor) Float32s() []float32 {
	if t.Type != F32 {
		panic("gguf: Float32s of a tensor of " + t.Type.String())
	}
	n := len(t.Data) / 4
	p := unsafe.Pointer(unsafe.SliceData(t.Data))
	one := uint16(1)
	littleEndian := *(*byte)(unsafe.Pointer(&one)) == 1
	if littleEndian && uintptr(p)%4 == 0 {
		// SAFETY: p points to len(t.Data) >= 4*n bytes, is 4-aligned (checked
		// above), any bit pattern is a float32, and the slice keeps t.Data's
		// array alive.
		return unsafe.Slice((*float32)(p), n)
	}
	s := make([]float32, n)
	for i := range s {
		s[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return s
}
