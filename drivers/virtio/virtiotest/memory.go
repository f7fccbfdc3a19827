package virtiotest

import "sync"

// firstPhys is where the fake physical memory starts: above 4 GiB, so that a
// driver that loses the upper half of an address is noticed.
const firstPhys = 1<<32 + 1<<20

// Memory is DMA memory for tests: allocations at made-up physical addresses,
// with a hole behind each.
type Memory struct {
	mu     sync.Mutex
	blocks []block
	next   uint64
}

type block struct {
	phys uint64
	mem  []byte
}

// Alloc returns zeroed memory, like virtio.Platform's AllocDMA.
func (m *Memory) Alloc(size int) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next == 0 {
		m.next = firstPhys
	}
	b := block{m.next, aligned(size)}
	m.blocks = append(m.blocks, b)
	m.next += uint64(size+0xfff)&^0xfff + 0x1000
	return b.mem, b.phys, nil
}

// At returns the size bytes at a physical address, or nil when they are not
// inside of one allocation.
func (m *Memory) At(phys uint64, size int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.blocks {
		if phys >= b.phys && phys-b.phys <= uint64(len(b.mem)) && uint64(size) <= uint64(len(b.mem))-(phys-b.phys) {
			return b.mem[phys-b.phys:][:size:size]
		}
	}
	return nil
}
