package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ErrMissing is wrapped by the errors of accessors when the key is not there.
var ErrMissing = errors.New("missing")

// missingError says which key is not there. It becomes text only when somebody reads it: a
// good file lacks many keys, and the first use of fmt takes a booting guest 3 ms under QEMU TCG.
type missingError string

func (e missingError) Error() string { return "gguf: key " + strconv.Quote(string(e)) + ": missing" }
func (e missingError) Unwrap() error { return ErrMissing }

// Kind is the type of a metadata value, numbered as in the file.
type Kind uint32

// The kinds of values (gguf.md, gguf_metadata_value_type).
const (
	KindUint8 Kind = iota
	KindInt8
	KindUint16
	KindInt16
	KindUint32
	KindInt32
	KindFloat32
	KindBool
	KindString
	KindArray
	KindUint64
	KindInt64
	KindFloat64
	kindCount
)

var kindNames = [kindCount]string{"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool",
	"string", "array", "uint64", "int64", "float64"}

func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return fmt.Sprintf("type %d", uint32(k))
}

// size returns the bytes of one value, 0 where that varies or k is unknown.
func (k Kind) size() uint64 {
	switch k {
	case KindUint8, KindInt8, KindBool:
		return 1
	case KindUint16, KindInt16:
		return 2
	case KindUint32, KindInt32, KindFloat32:
		return 4
	case KindUint64, KindInt64, KindFloat64:
		return 8
	}
	return 0
}

// Value is one metadata value, still as it lies in the file.
type Value struct {
	Kind   Kind
	Elem   Kind // of an array's elements
	Count  int  // of an array's elements
	Offset int  // of data in the file
	data   []byte
}

// readValues reads n keys with their values.
func (f *File) readValues(c *cursor, n int) error {
	f.values = make(map[string]Value)
	for i := range n {
		at := c.off
		key := c.name()
		if c.err != nil {
			return fmt.Errorf("gguf: key %d at offset %d: %w", i, at, c.err)
		}
		if _, ok := f.values[key]; ok {
			return fmt.Errorf("gguf: key %q at offset %d: given twice", key, at)
		}
		v := readValue(c)
		if c.err != nil {
			return fmt.Errorf("gguf: key %q at offset %d: %w", key, at, c.err)
		}
		f.values[key] = v
	}
	return nil
}

// readValue reads the kind and the extent of a value.
func readValue(c *cursor) Value {
	v := Value{Kind: Kind(c.uint32())}
	switch {
	case c.err != nil:
	case v.Kind == KindString:
		n := c.uint64()
		v.Offset = c.off
		v.data = c.take(n)
	case v.Kind == KindArray:
		v.Elem = Kind(c.uint32())
		n := c.uint64()
		v.Offset = c.off
		readArray(c, &v, n)
	case v.Kind.size() > 0:
		v.Offset = c.off
		v.data = c.take(v.Kind.size())
	default:
		c.fail("value of unknown %v", v.Kind)
	}
	return v
}

// readArray finds where an array of n elements ends.
func readArray(c *cursor, v *Value, n uint64) {
	start := c.off
	switch size := v.Elem.size(); {
	case c.err != nil:
	case n > uint64(len(c.data)): // each element takes a byte or more
		c.fail("array of %d elements in a file of %d bytes", n, len(c.data))
	case size > 0:
		c.take(n * size) // no overflow: n <= len(data) < 2^60
	case v.Elem == KindString:
		for i := uint64(0); i < n && c.err == nil; i++ {
			c.take(c.uint64())
		}
	default:
		c.fail("array of %v is not supported", v.Elem)
	}
	if c.err == nil {
		v.Count, v.data = int(n), c.data[start:c.off]
	}
}

// lookup returns the value of key.
func (f *File) lookup(key string) (Value, error) {
	v, ok := f.values[key]
	if !ok {
		return v, missingError(key)
	}
	return v, nil
}

// mismatch is the error for a value of the wrong kind.
func mismatch(key string, v Value, want string) error {
	kind := v.Kind.String()
	if v.Kind == KindArray {
		kind = "array of " + v.Elem.String()
	}
	return fmt.Errorf("gguf: key %q at offset %d: %s, want %s", key, v.Offset, kind, want)
}

// Has reports whether the file has key.
func (f *File) Has(key string) bool { _, ok := f.values[key]; return ok }

// Uint returns an integer that is not negative, of any integer kind.
func (f *File) Uint(key string) (uint64, error) {
	v, err := f.lookup(key)
	if err != nil {
		return 0, err
	}
	var n int64
	switch v.Kind {
	case KindUint8:
		return uint64(v.data[0]), nil
	case KindUint16:
		return uint64(binary.LittleEndian.Uint16(v.data)), nil
	case KindUint32:
		return uint64(binary.LittleEndian.Uint32(v.data)), nil
	case KindUint64:
		return binary.LittleEndian.Uint64(v.data), nil
	case KindInt8:
		n = int64(int8(v.data[0]))
	case KindInt16:
		n = int64(int16(binary.LittleEndian.Uint16(v.data)))
	case KindInt32:
		n = int64(int32(binary.LittleEndian.Uint32(v.data)))
	case KindInt64:
		n = int64(binary.LittleEndian.Uint64(v.data))
	default:
		return 0, mismatch(key, v, "an integer")
	}
	if n < 0 {
		return 0, fmt.Errorf("gguf: key %q at offset %d: %d is negative", key, v.Offset, n)
	}
	return uint64(n), nil
}

// Float returns a float32 or float64.
func (f *File) Float(key string) (float64, error) {
	v, err := f.lookup(key)
	switch {
	case err != nil:
		return 0, err
	case v.Kind == KindFloat32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(v.data))), nil
	case v.Kind == KindFloat64:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.data)), nil
	}
	return 0, mismatch(key, v, "a float")
}

// Bool returns a bool. A byte other than 0 and 1 is an error (gguf.md,
// "GGUF_METADATA_VALUE_TYPE_BOOL": anything else is invalid).
func (f *File) Bool(key string) (bool, error) {
	v, err := f.lookup(key)
	switch {
	case err != nil:
		return false, err
	case v.Kind == KindBool && v.data[0] > 1:
		return false, fmt.Errorf("gguf: key %q at offset %d: bool of value %d", key, v.Offset, v.data[0])
	case v.Kind == KindBool:
		return v.data[0] == 1, nil
	}
	return false, mismatch(key, v, "a bool")
}

// String returns a string. It may hold any bytes.
func (f *File) String(key string) (string, error) {
	v, err := f.lookup(key)
	switch {
	case err != nil:
		return "", err
	case v.Kind == KindString:
		return string(v.data), nil
	}
	return "", mismatch(key, v, "a string")
}
