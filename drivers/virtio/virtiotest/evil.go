package virtiotest

import (
	"encoding/binary"
	"sync/atomic"
)

// What a hostile device can do beyond Push with any id and length: it owns
// every byte that it shares with the driver, at any moment.

// SetRegister makes loads of a register return v, whatever was stored.
func (d *Device) SetRegister(off int, v uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.override[off] = v
}

// SetUsedIndex writes the used index of a queue.
func (d *Device) SetUsedIndex(index int, idx uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q := &d.queues[index]; q.ready {
		q.usedIdx = idx
		atomic.StoreUint32(q.usedHead, uint32(idx)<<16)
	}
}

// UsedIndex returns the used index of a queue.
func (d *Device) UsedIndex(index int) uint16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.queues[index].usedIdx
}

// SetUsedElem writes a slot of the used ring without moving the index.
func (d *Device) SetUsedElem(index, slot int, id, length uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q := &d.queues[index]; q.ready {
		e := q.used[4+8*(slot%int(q.size)):]
		atomic.StoreUint32(word(e, 0), id)
		atomic.StoreUint32(word(e, 4), length)
	}
}

// SharedWords returns how many 32-bit words of memory a queue shares.
func (d *Device) SharedWords(index int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	return (len(q.desc) + len(q.avail) + len(q.used)) / 4
}

// SetSharedWord overwrites one of them: descriptor table, available ring or
// used ring, in this order. The driver wrote some of those; a driver that
// reads them back is lost.
func (d *Device) SetSharedWord(index, n int, v uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	if !q.ready {
		return
	}
	for _, part := range [][]byte{q.desc, q.avail, q.used} {
		if n < len(part)/4 {
			atomic.StoreUint32(word(part, 4*n), v)
			if &part[0] == &q.used[0] && n == 0 {
				q.usedIdx = uint16(v >> 16)
			}
			return
		}
		n -= len(part) / 4
	}
}

// SharedWord returns one of them, 0 if the queue is not ready.
func (d *Device) SharedWord(index, n int) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	for _, part := range [][]byte{q.desc, q.avail, q.used} {
		if n < len(part)/4 {
			return atomic.LoadUint32(word(part, 4*n))
		}
		n -= len(part) / 4
	}
	return 0
}

// Available returns the available index that the driver published.
func (d *Device) Available(index int) uint16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q := &d.queues[index]; q.ready {
		return uint16(atomic.LoadUint32(q.availHead) >> 16)
	}
	return 0
}

// Descriptor returns a descriptor as the driver wrote it.
func (d *Device) Descriptor(index, i int) (phys uint64, size uint32, flags, next uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.queues[index].desc[16*i:]
	return binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint32(e[8:]),
		binary.LittleEndian.Uint16(e[12:]), binary.LittleEndian.Uint16(e[14:])
}
