package gguf

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Type is how a tensor's elements are stored, numbered as in the file.
type Type uint32

// The supported types (gguf.md, ggml_type). What their blocks look like is said in
// package matmul, and once more, as code, in gguftest.
const (
	F32    Type = 0 // IEEE 754 single
	F16    Type = 1 // IEEE 754 half
	Q4_0   Type = 2 // blocks of 32: half scale d, 16 bytes of nibbles; value = d * (nibble - 8)
	Q4_1   Type = 3 // blocks of 32: half d and m, 16 bytes of nibbles; value = d * nibble + m
	Q5_0   Type = 6 // blocks of 32: half scale d, 4 bytes of fifth bits, 16 bytes of nibbles; value = d * (5 bits - 16)
	Q5_1   Type = 7 // blocks of 32: half d and m, 4 bytes of fifth bits, 16 bytes of nibbles; value = d * 5 bits + m
	Q8_0   Type = 8 // blocks of 32: half scale d, 32 int8; value = d * int8
	Q4_K   Type = 12
	Q5_K   Type = 13
	Q6_K   Type = 14
	IQ4_NL Type = 20 // blocks of 32: half scale d, 16 bytes of nibbles; value = d * a table's number
	BF16   Type = 30 // upper half of an IEEE 754 single
)

// types gives the name of each type, and the elements and bytes of one block of those
// that are supported.
var types = [...]struct {
	name        string
	elems, size uint64
}{
	F32: {"F32", 1, 4}, F16: {"F16", 1, 2}, BF16: {"BF16", 1, 2},
	Q4_0: {"Q4_0", 32, 18}, Q4_1: {"Q4_1", 32, 20}, Q8_0: {"Q8_0", 32, 34},
	Q5_0: {"Q5_0", 32, 22}, Q5_1: {"Q5_1", 32, 24}, IQ4_NL: {"IQ4_NL", 32, 18},
	Q4_K: {"Q4_K", 256, 144}, Q5_K: {"Q5_K", 256, 176}, Q6_K: {"Q6_K", 256, 210},

	9: {name: "Q8_1"}, 10: {name: "Q2_K"}, 11: {name: "Q3_K"}, 15: {name: "Q8_K"},
	16: {name: "IQ2_XXS"}, 17: {name: "IQ2_XS"}, 18: {name: "IQ3_XXS"}, 19: {name: "IQ1_S"},
	21: {name: "IQ3_S"}, 22: {name: "IQ2_S"}, 23: {name: "IQ4_XS"}, 24: {name: "I8"}, 25: {name: "I16"}, 26: {name: "I32"},
	27: {name: "I64"}, 28: {name: "F64"}, 29: {name: "IQ1_M"}, 34: {name: "TQ1_0"}, 35: {name: "TQ2_0"}, 39: {name: "MXFP4"},
}

func (t Type) String() string {
	if int(t) < len(types) && types[t].name != "" {
		return types[t].name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// block returns the elements and bytes of one block, 0 if t is not supported.
func (t Type) block() (elems, size uint64) {
	if int(t) < len(types) {
		return types[t].elems, types[t].size
	}
	return 0, 0
}

// Tensor is one tensor of the file.
type Tensor struct {
	Name   string
	Type   Type
	Dims   []int // contiguous dimension first; all at least 1, and their product fits in int
	Offset int   // of Data in the file
	Data   []byte

	infoOff int    // of its record in the header, for errors
	rel     uint64 // Offset as the file gives it
	size    uint64 // bytes, less than 2^63
}

// Elems returns the number of elements.
func (t *Tensor) Elems() int {
	n := 1
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// errorf makes an error that names the tensor and where it is described.
func (t *Tensor) errorf(format string, args ...any) error {
	return fmt.Errorf("gguf: tensor %q at offset %d: %s", t.Name, t.infoOff, fmt.Sprintf(format, args...))
}

// readTensors reads n tensor records and places their data.
func (f *File) readTensors(c *cursor, n int) error {
	f.byName = make(map[string]int)
	for i := range n {
		t := Tensor{infoOff: c.off}
		if err := t.read(c); err != nil {
			return fmt.Errorf("gguf: tensor %d %q at offset %d: %w", i, t.Name, t.infoOff, err)
		}
		if _, ok := f.byName[t.Name]; ok {
			return t.errorf("given twice")
		}
		f.byName[t.Name] = i
		f.Tensors = append(f.Tensors, t)
	}
	if n == 0 {
		return nil
	}
	align, err := f.alignment()
	if err != nil {
		return err
	}
	base := (uint64(c.off) + align - 1) &^ (align - 1)
	return f.place(base, align)
}

// read decodes one record and computes the size of the data.
func (t *Tensor) read(c *cursor) error {
	t.Name = c.name()
	nd := c.uint32()
	if c.err == nil && (nd == 0 || nd > MaxDimensions) {
		c.fail("%d dimensions, want 1 to %d", nd, MaxDimensions)
	}
	elems, over := uint64(1), uint64(0)
	var first uint64
	for i := uint32(0); i < nd && c.err == nil; i++ {
		d := c.uint64()
		if i == 0 {
			first = d
		}
		if over, elems = bits.Mul64(elems, d); c.err == nil && (d == 0 || over != 0 || elems > 1<<56) {
			c.fail("dimension %d is %d: tensor empty or too large", i, d)
		}
		t.Dims = append(t.Dims, int(d))
	}
	t.Type = Type(c.uint32())
	t.rel = c.uint64()
	if c.err != nil {
		return c.err
	}
	n, size := t.Type.block()
	switch {
	case n == 0:
		return fmt.Errorf("%v is not supported", t.Type)
	case first%n != 0:
		return fmt.Errorf("first dimension %d is not a multiple of the %d elements in a block of %v", first, n, t.Type)
	}
	t.size = elems / n * size // < 2^56 * 4
	return nil
}

// alignment returns general.alignment, which is a multiple of 8 (gguf.md) and here,
// as in ggml, a power of two.
func (f *File) alignment() (uint64, error) {
	const key = "general.alignment"
	align, err := f.Uint(key)
	switch {
	case errors.Is(err, ErrMissing):
		return 32, nil // gguf.md, "general.alignment"
	case err != nil:
		return 0, err
	case align < 8 || align > MaxAlignment || align&(align-1) != 0:
		return 0, fmt.Errorf("gguf: key %q at offset %d: %d is not a power of two from 8 to %d", key, f.values[key].Offset, align, MaxAlignment)
	}
	return align, nil
}

// place gives every tensor its data and refuses tensors that do not lie in the
// file or share bytes.
func (f *File) place(base, align uint64) error {
	order := make([]*Tensor, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		size := uint64(len(f.data))
		switch {
		case t.rel%align != 0:
			return t.errorf("data offset %d is not a multiple of %d", t.rel, align)
		case base > size || t.rel > size-base || t.size > size-base-t.rel:
			return t.errorf("%d bytes of %v at data offset %d (file offset %d + that) end beyond the file's %d bytes", t.size, t.Type, t.rel, base, size)
		}
		t.Offset = int(base + t.rel)
		t.Data = f.data[t.Offset : t.Offset+int(t.size) : t.Offset+int(t.size)]
		order[i] = t
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return a.Offset - b.Offset })
	for i, t := range order[1:] {
		if p := order[i]; t.Offset < p.Offset+len(p.Data) {
			return t.errorf("data at file offset %d overlaps tensor %q, which ends at %d", t.Offset, p.Name, p.Offset+len(p.Data))
		}
	}
	return nil
}
