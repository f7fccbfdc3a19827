package gguf

import (
	"encoding/binary"
	"fmt"
)

// cursor reads the file from front to back. After the first failure err is
// set and every read gives zero, so that callers check once per record.
type cursor struct {
	data []byte
	off  int // 0 <= off <= len(data)
	err  error
}

// take returns the next n bytes, or nil and sets err when they are not there.
// n comes from the file and may be any number.
func (c *cursor) take(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if left := uint64(len(c.data) - c.off); n > left {
		c.fail("%d bytes wanted, %d left in the file", n, left)
		return nil
	}
	b := c.data[c.off : c.off+int(n)]
	c.off += int(n)
	return b
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// name reads the name of a key or tensor.
func (c *cursor) name() string {
	n := c.uint64()
	if c.err == nil && n > MaxNameSize {
		c.fail("name of %d bytes, at most %d", n, MaxNameSize)
	}
	return string(c.take(n))
}

// fail records the first error, with the offset where it was found.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("offset %d: %s", c.off, fmt.Sprintf(format, args...))
	}
}
