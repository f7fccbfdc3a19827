package convert

import (
	"encoding/binary"
	"io"
	"math"
)

// file is a GGUF file, version 3, as it is written; package gguf says what it looks like.
type file struct {
	keys    []byte
	count   uint64 // of keys
	infos   []byte
	tensors []tensor
	size    uint64 // of the data so far
}

type tensor struct {
	data []byte
	pad  int // zeros after it
}

// Kinds of values (gguf.md, gguf_metadata_value_type), and types of tensors (ggml_type).
const (
	kindUint32, kindInt32, kindFloat32, kindBool, kindString, kindArray = 4, 5, 6, 7, 8, 9

	typeF32, typeF16, typeQ8 = 0, 1, 8
)

const alignment = 32 // of data (gguf.md, general.alignment)

var le = binary.LittleEndian

func appendString(b []byte, s string) []byte {
	return append(le.AppendUint64(b, uint64(len(s))), s...)
}

// key adds a key: a uint32, float32, bool, string, []string or []int32.
func (f *file) key(name string, value any) {
	f.count++
	b := appendString(f.keys, name)
	kind := func(k uint32) { b = le.AppendUint32(b, k) }
	switch v := value.(type) {
	case uint32:
		kind(kindUint32)
		b = le.AppendUint32(b, v)
	case float32:
		kind(kindFloat32)
		b = le.AppendUint32(b, math.Float32bits(v))
	case bool:
		kind(kindBool)
		if v {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	case string:
		kind(kindString)
		b = appendString(b, v)
	case []string:
		kind(kindArray)
		kind(kindString)
		b = le.AppendUint64(b, uint64(len(v)))
		for _, s := range v {
			b = appendString(b, s)
		}
	case []int32:
		kind(kindArray)
		kind(kindInt32)
		b = le.AppendUint64(b, uint64(len(v)))
		for _, n := range v {
			b = le.AppendUint32(b, uint32(n))
		}
	default:
		panic("convert: a key of unknown kind")
	}
	f.keys = b
}

// tensor adds a tensor of that shape, the first dimension that of rows.
func (f *file) tensor(name string, typ uint32, data []byte, shape ...int) {
	b := appendString(f.infos, name)
	b = le.AppendUint32(b, uint32(len(shape)))
	for i := len(shape) - 1; i >= 0; i-- { // GGUF: the contiguous dimension first
		b = le.AppendUint64(b, uint64(shape[i]))
	}
	b = le.AppendUint32(b, typ)
	f.infos = le.AppendUint64(b, f.size)
	t := tensor{data, -len(data) & (alignment - 1)}
	f.tensors = append(f.tensors, t)
	f.size += uint64(len(data) + t.pad)
}

// WriteTo writes the file.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	b := le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, uint64(len(f.tensors)))
	b = le.AppendUint64(b, f.count)
	b = append(append(b, f.keys...), f.infos...)
	b = append(b, make([]byte, -len(b)&(alignment-1))...)
	n, err := w.Write(b)
	total := int64(n)
	var zeros [alignment]byte
	for _, t := range f.tensors {
		for _, part := range [][]byte{t.data, zeros[:t.pad]} {
			if err != nil {
				return total, err
			}
			n, err = w.Write(part)
			total += int64(n)
		}
	}
	return total, err
}
