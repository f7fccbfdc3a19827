package virtio

import (
	"encoding/binary"
	"sync/atomic"
)

// Sizes of the parts of a split virtqueue (Virtio 1.2 §2.7).
const (
	descSize     = 16 // struct virtq_desc
	usedElemSize = 8  // struct virtq_used_elem
	ringHeadSize = 4  // flags and idx, of either ring

	descNext  uint16 = 1 << 0 // VIRTQ_DESC_F_NEXT: next is valid
	descWrite uint16 = 1 << 1 // VIRTQ_DESC_F_WRITE: for the device to write

	availNoInterrupt uint32 = 1 << 0 // VIRTQ_AVAIL_F_NO_INTERRUPT
	usedNoNotify     uint32 = 1 << 0 // VIRTQ_USED_F_NO_NOTIFY

	lineSize = 64 // a cache line: what each side writes gets lines of its own
)

// ring is the shared memory of one queue, and nothing else: no state, no
// decisions. Offsets in DMA memory of one allocation:
//
//	0            descriptor table  16*size      driver writes
//	availOff     flags|idx  ring[size]  used_event     driver writes
//	usedOff      flags|idx  ring[size]  avail_event    device writes
//
// flags and idx are one aligned 32-bit word, flags in the lower half, so that
// they can be stored and loaded atomically with sync/atomic; so are used_event
// and avail_event with the two bytes behind them, which nobody else uses.
type ring struct {
	desc       []byte   // descriptor table
	avail      []byte   // ring[size] of the available ring
	availHead  *uint32  // flags|idx of the available ring
	usedEvent  *uint32  // low half; the upper half is padding of ours
	used       []uint32 // ring[size] of the used ring: id, len, id, len, ...
	usedHead   *uint32  // flags|idx of the used ring
	availEvent *uint32  // low half; the upper half is padding of ours
}

func alignLine(n int) int { return (n + lineSize - 1) &^ (lineSize - 1) }

// ringOffsets returns where the rings start and how large everything is.
func ringOffsets(size int) (availOff, usedOff, total int) {
	availOff = alignLine(descSize * size)
	usedOff = alignLine(availOff + ringHeadSize + 2*size + 4)
	total = alignLine(usedOff + ringHeadSize + usedElemSize*size + 4)
	return availOff, usedOff, total
}

// newRing lays a ring of size descriptors (a power of two, at least 2) over
// memory of the size that ringOffsets says.
func newRing(mem []byte, size int) ring {
	availOff, usedOff, _ := ringOffsets(size)
	availRing, usedRing := availOff+ringHeadSize, usedOff+ringHeadSize
	return ring{
		desc:       mem[:descSize*size],
		avail:      mem[availRing : availRing+2*size],
		availHead:  &words(mem, availOff, 1)[0],
		usedEvent:  &words(mem, availRing+2*size, 1)[0],
		used:       words(mem, usedRing, 2*size),
		usedHead:   &words(mem, usedOff, 1)[0],
		availEvent: &words(mem, usedRing+usedElemSize*size, 1)[0],
	}
}

// setDesc writes descriptor i.
func (r *ring) setDesc(i uint16, b Buffer, flags, next uint16) {
	d := r.desc[int(i)*descSize:][:descSize]
	binary.LittleEndian.PutUint64(d[0:], b.phys)
	binary.LittleEndian.PutUint64(d[8:], uint64(b.size)|uint64(flags)<<32|uint64(next)<<48)
}

// setAvail writes a slot of the available ring.
func (r *ring) setAvail(slot, head uint16) {
	binary.LittleEndian.PutUint16(r.avail[2*int(slot):], head)
}

// publish makes everything written before visible up to available index idx.
//
// Virtio 1.2 §2.7.13.3.1: descriptors and ring entries are visible before idx.
// The store is sequentially consistent, so a load of the device's suppression
// fields that follows it is not moved before it (§2.7.13.4.1).
func (r *ring) publish(flags uint32, idx uint16) {
	atomic.StoreUint32(r.availHead, flags|uint32(idx)<<16)
}

// setUsedEvent asks for an interrupt when the device uses entry idx.
func (r *ring) setUsedEvent(idx uint16) { atomic.StoreUint32(r.usedEvent, uint32(idx)) }

// loadAvailEvent returns the available index the device wants to hear about.
func (r *ring) loadAvailEvent() uint16 { return uint16(atomic.LoadUint32(r.availEvent)) }

// loadUsed returns the device's flags and used index, of one load.
func (r *ring) loadUsed() (flags uint32, idx uint16) {
	w := atomic.LoadUint32(r.usedHead)
	return w & 0xffff, uint16(w >> 16)
}

// loadUsedElem returns a used entry. Each half is loaded once.
func (r *ring) loadUsedElem(slot uint16) (id, length uint32) {
	e := r.used[2*int(slot):][:2]
	return atomic.LoadUint32(&e[0]), atomic.LoadUint32(&e[1])
}
