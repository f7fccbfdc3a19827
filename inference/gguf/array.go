package gguf

import (
	"encoding/binary"
	"math"
)

// Strings is an array of strings in the file.
type Strings struct {
	data []byte
	end  []int // of each string in data; it starts 8 bytes after the previous one's end
}

// Strings returns an array of strings. It allocates one index, not the strings.
func (f *File) Strings(key string) (Strings, error) {
	v, err := f.lookup(key)
	if err != nil {
		return Strings{}, err
	}
	if v.Kind != KindArray || v.Elem != KindString {
		return Strings{}, mismatch(key, v, "an array of strings")
	}
	s := Strings{data: v.data, end: make([]int, v.Count)}
	off := 0
	for i := range s.end { // lengths were checked by readArray
		off += 8 + int(binary.LittleEndian.Uint64(s.data[off:]))
		s.end[i] = off
	}
	return s, nil
}

// Len returns the number of strings.
func (s Strings) Len() int { return len(s.end) }

// At returns string i, as it lies in the file.
func (s Strings) At(i int) []byte {
	start := 8
	if i > 0 {
		start += s.end[i-1]
	}
	return s.data[start:s.end[i]:s.end[i]]
}

// Floats returns a copy of an array of float32.
func (f *File) Floats(key string) ([]float32, error) {
	v, err := f.lookup(key)
	if err != nil {
		return nil, err
	}
	if v.Kind != KindArray || v.Elem != KindFloat32 {
		return nil, mismatch(key, v, "an array of float32")
	}
	s := make([]float32, v.Count)
	for i := range s {
		s[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.data[4*i:]))
	}
	return s, nil
}

// Ints returns a copy of an array of int32 or uint32 (as int32, wrapping).
func (f *File) Ints(key string) ([]int32, error) {
	v, err := f.lookup(key)
	if err != nil {
		return nil, err
	}
	if v.Kind != KindArray || (v.Elem != KindInt32 && v.Elem != KindUint32) {
		return nil, mismatch(key, v, "an array of int32")
	}
	s := make([]int32, v.Count)
	for i := range s {
		s[i] = int32(binary.LittleEndian.Uint32(v.data[4*i:]))
	}
	return s, nil
}
