// Package gguftest writes GGUF files for tests, wrong ones included: it does
// not check what it is told to write. It shares no code with package gguf.
package gguftest

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Key is a metadata entry. Value is a uint32, uint64, int32, float32, bool,
// string, []string, []float32, []int32, or Raw.
type Key struct {
	Name  string
	Value any
}

// Raw is a value's kind and bytes as they shall stand in the file.
type Raw struct {
	Kind  uint32
	Bytes []byte
}

// Tensor is a tensor. Offset -1 means after the one before, aligned to 32.
type Tensor struct {
	Name   string
	Dims   []uint64
	Type   uint32
	Offset int64
	Data   []byte
}

// File is what to write.
type File struct {
	Version uint32 // 0 means 3
	Keys    []Key
	Tensors []Tensor
}

var le = binary.LittleEndian

func appendString(b []byte, s string) []byte {
	return append(le.AppendUint64(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v any) []byte {
	kind := func(k uint32) { b = le.AppendUint32(b, k) }
	array := func(k uint32, n int) { kind(9); kind(k); b = le.AppendUint64(b, uint64(n)) }
	switch v := v.(type) {
	case uint32:
		kind(4)
		return le.AppendUint32(b, v)
	case int32:
		kind(5)
		return le.AppendUint32(b, uint32(v))
	case float32:
		kind(6)
		return le.AppendUint32(b, math.Float32bits(v))
	case bool:
		kind(7)
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case string:
		kind(8)
		return appendString(b, v)
	case uint64:
		kind(10)
		return le.AppendUint64(b, v)
	case []string:
		array(8, len(v))
		for _, s := range v {
			b = appendString(b, s)
		}
	case []float32:
		array(6, len(v))
		for _, f := range v {
			b = le.AppendUint32(b, math.Float32bits(f))
		}
	case []int32:
		array(5, len(v))
		for _, n := range v {
			b = le.AppendUint32(b, uint32(n))
		}
	case Raw:
		kind(v.Kind)
		return append(b, v.Bytes...)
	default:
		panic(fmt.Sprintf("gguftest: value of type %T", v))
	}
	return b
}

// Bytes writes the file.
func (f File) Bytes() []byte {
	if f.Version == 0 {
		f.Version = 3
	}
	b := le.AppendUint32([]byte("GGUF"), f.Version)
	b = le.AppendUint64(b, uint64(len(f.Tensors)))
	b = le.AppendUint64(b, uint64(len(f.Keys)))
	for _, k := range f.Keys {
		b = appendValue(appendString(b, k.Name), k.Value)
	}
	var data []byte
	for _, t := range f.Tensors {
		b = appendString(b, t.Name)
		b = le.AppendUint32(b, uint32(len(t.Dims)))
		for _, d := range t.Dims {
			b = le.AppendUint64(b, d)
		}
		b = le.AppendUint32(b, t.Type)
		data = pad(data)
		if t.Offset == -1 {
			t.Offset = int64(len(data))
		}
		b = le.AppendUint64(b, uint64(t.Offset))
		data = append(data, t.Data...)
	}
	return append(pad(b), data...)
}

// pad appends zeros up to a multiple of 32.
func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&31)...) }

// Floats returns the bytes of an F32 tensor.
func Floats(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = le.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
