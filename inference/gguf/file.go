package gguf

import (
	"bytes"
	"fmt"
	"math/bits"
)

// File is a parsed file. It is read-only and safe for concurrent use.
type File struct {
	Version uint32
	Tensors []Tensor // in the file's order

	data   []byte
	values map[string]Value
	byName map[string]int // index in Tensors
}

var magic = []byte("GGUF")

// Parse reads the header of the file in data and checks that all tensors lie
// inside it. It keeps data and does not copy it.
func Parse(data []byte) (*File, error) {
	c := &cursor{data: data}
	if !bytes.Equal(c.take(4), magic) {
		return nil, fmt.Errorf("gguf: offset 0: not a GGUF file (no %q)", magic)
	}
	f := &File{Version: c.uint32(), data: data}
	switch {
	case c.err == nil && (bits.ReverseBytes32(f.Version) == 2 || bits.ReverseBytes32(f.Version) == 3):
		return nil, fmt.Errorf("gguf: offset 4: big-endian files are not supported")
	case c.err == nil && f.Version != 2 && f.Version != 3:
		return nil, fmt.Errorf("gguf: offset 4: version %d is not supported, only 2 and 3", f.Version)
	}
	tensors, keys := c.uint64(), c.uint64()
	if c.err != nil {
		return nil, fmt.Errorf("gguf: header: %w", c.err)
	}
	if tensors > MaxTensors {
		return nil, fmt.Errorf("gguf: offset 8: %d tensors, at most %d", tensors, MaxTensors)
	}
	if keys > MaxKeys {
		return nil, fmt.Errorf("gguf: offset 16: %d keys, at most %d", keys, MaxKeys)
	}
	if err := f.readValues(c, int(keys)); err != nil {
		return nil, err
	}
	if err := f.readTensors(c, int(tensors)); err != nil {
		return nil, err
	}
	return f, nil
}

// Size returns the size of the file in bytes.
func (f *File) Size() int { return len(f.data) }

// Tensor returns the tensor called name, or nil if there is none.
func (f *File) Tensor(name string) *Tensor {
	if i, ok := f.byName[name]; ok {
		return &f.Tensors[i]
	}
	return nil
}
