package virtio

import "fmt"

// Region is memory that a device may read or write.
//
// It serves one device in one direction, see the package comment. It has no
// lock: whoever owns the part that a Buffer covers may touch those bytes, and
// between Add and Take that is the device.
type Region struct {
	mem  []byte
	phys uint64
}

// NewRegion allocates size bytes of zeroed DMA memory. It is never freed.
func NewRegion(p Platform, size int) (*Region, error) {
	if size <= 0 {
		return nil, fmt.Errorf("virtio: a region of %d bytes", size)
	}
	mem, phys, err := p.AllocDMA(size)
	if err != nil {
		return nil, fmt.Errorf("virtio: %d bytes of DMA memory: %w", size, err)
	}
	if len(mem) < size {
		return nil, fmt.Errorf("virtio: got %d of %d bytes of DMA memory", len(mem), size)
	}
	return &Region{mem: mem[:size:size], phys: phys}, nil
}

// Bytes returns n bytes at offset off, to be filled before Add or read after
// Take. It panics where a slice expression would: that is a bug of the caller.
func (r *Region) Bytes(off, n int) []byte { return r.mem[off : off+n : off+n] }

// Buffer returns what to post for n bytes at offset off.
// It panics where a slice expression would: that is a bug of the caller.
func (r *Region) Buffer(off, n int) Buffer {
	_ = r.mem[off : off+n]
	return Buffer{phys: r.phys + uint64(off), size: uint32(n)}
}

// Size returns the number of bytes.
func (r *Region) Size() int { return len(r.mem) }

// Buffer is a part of a Region, as a device sees it. The zero value is empty
// and cannot be posted.
type Buffer struct {
	phys uint64
	size uint32
}

// Size returns the number of bytes.
func (b Buffer) Size() int { return int(b.size) }
