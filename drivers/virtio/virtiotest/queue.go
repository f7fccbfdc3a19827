package virtiotest

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// queue is the device's end of one virtqueue.
type queue struct {
	limit uint32    // QueueSizeMax
	size  uint32    // as the driver set it
	ready bool      //
	phys  [3]uint64 // descriptor table, available ring, used ring

	desc, avail, used []byte
	availHead         *uint32 // flags|idx
	usedHead          *uint32
	usedEvent         *uint32 // low half
	availEvent        *uint32 // low half
	last              uint16  // available index up to which chains were popped
	usedIdx           uint16
}

// Chain is what the driver posted, as the device sees it.
type Chain struct {
	Head     uint16
	Readable [][]byte
	Writable [][]byte
}

// Read returns a copy of all readable bytes.
func (c *Chain) Read() []byte {
	var b []byte
	for _, part := range c.Readable {
		b = append(b, part...)
	}
	return b
}

// Write puts p into the writable bytes and returns how many fit.
func (c *Chain) Write(p []byte) int {
	n := 0
	for _, part := range c.Writable {
		n += copy(part, p[n:])
	}
	return n
}

// Room returns the number of writable bytes.
func (c *Chain) Room() int {
	n := 0
	for _, part := range c.Writable {
		n += len(part)
	}
	return n
}

// openQueue finds a queue's parts in memory. Caller holds mu.
func (d *Device) openQueue(q *queue) {
	n := int(q.size)
	q.desc = d.mem.At(q.phys[0], 16*n)
	q.avail = d.mem.At(q.phys[1], 4+2*n+4)
	q.used = d.mem.At(q.phys[2], 4+8*n+4)
	if q.desc == nil || q.avail == nil || q.used == nil {
		d.violate("queue at %#x, size %d, is not in DMA memory", q.phys, n)
		q.ready = false
		return
	}
	if q.phys[0]%16 != 0 || q.phys[1]%2 != 0 || q.phys[2]%4 != 0 {
		d.violate("queue at %#x is not aligned", q.phys) // §2.7
	}
	q.availHead, q.usedEvent = word(q.avail, 0), word(q.avail, 4+2*n)
	q.usedHead, q.availEvent = word(q.used, 0), word(q.used, 4+8*n)
}

// Pop takes the next available chain of a queue, in order. It reports false
// when there is none, or the driver is not ready.
func (d *Device) Pop(index int) (*Chain, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	if !q.ready || d.status&driverOK == 0 {
		return nil, false
	}
	idx := uint16(atomic.LoadUint32(q.availHead) >> 16)
	if idx == q.last {
		return nil, false
	}
	if uint32(idx-q.last) > q.size {
		d.violate("available index jumps from %d to %d", q.last, idx)
		return nil, false
	}
	head := binary.LittleEndian.Uint16(q.avail[4+2*int(uint32(q.last)%q.size):])
	q.last++
	return d.chain(q, head), true
}

// WantNotify asks the driver for a notification at the next available chain,
// or for none. It reports true when there is one already.
func (d *Device) WantNotify(index int, want bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	if !q.ready {
		return false
	}
	switch {
	case d.accepted&virtio.FeatureEventIndex != 0 && want:
		atomic.StoreUint32(q.availEvent, uint32(q.last))
	case d.accepted&virtio.FeatureEventIndex != 0:
		atomic.StoreUint32(q.availEvent, uint32(q.last-1))
	case want:
		atomic.StoreUint32(q.usedHead, uint32(q.usedIdx)<<16)
	default:
		atomic.StoreUint32(q.usedHead, 1|uint32(q.usedIdx)<<16)
	}
	return uint16(atomic.LoadUint32(q.availHead)>>16) != q.last
}

// chain walks the descriptors from head on. Caller holds mu.
func (d *Device) chain(q *queue, head uint16) *Chain {
	c := &Chain{Head: head}
	i := head
	for steps := uint32(0); ; steps++ {
		if uint32(i) >= q.size || steps >= q.size {
			d.violate("chain at %d leaves the table or loops", head)
			return c
		}
		e := q.desc[16*int(i):]
		phys, size := binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint32(e[8:])
		flags, next := binary.LittleEndian.Uint16(e[12:]), binary.LittleEndian.Uint16(e[14:])
		part := d.mem.At(phys, int(size))
		if part == nil || size == 0 {
			d.violate("descriptor %d: %d bytes at %#x", i, size, phys)
			return c
		}
		if flags&2 != 0 {
			c.Writable = append(c.Writable, part)
		} else {
			if len(c.Writable) > 0 {
				d.violate("descriptor %d: readable after writable", i) // §2.7.4.2
			}
			c.Readable = append(c.Readable, part)
		}
		if flags&1 == 0 {
			return c
		}
		i = next
	}
}

// Push says that a chain is done with length bytes written, and interrupts
// when the driver wants it.
func (d *Device) Push(index int, head uint16, length int) {
	if d.PushQuiet(index, uint32(head), uint32(length)) {
		d.Interrupt(virtio.CauseQueue)
	}
}

// PushQuiet is Push without the interrupt; it reports whether one is due.
func (d *Device) PushQuiet(index int, id, length uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &d.queues[index]
	if !q.ready {
		return false
	}
	e := q.used[4+8*int(uint32(q.usedIdx)%q.size):]
	atomic.StoreUint32(word(e, 0), id)
	atomic.StoreUint32(word(e, 4), length)
	old := q.usedIdx
	q.usedIdx++
	atomic.StoreUint32(q.usedHead, atomic.LoadUint32(q.usedHead)&0xffff|uint32(q.usedIdx)<<16)
	if d.accepted&virtio.FeatureEventIndex != 0 {
		event := uint16(atomic.LoadUint32(q.usedEvent))
		return q.usedIdx-event-1 < q.usedIdx-old
	}
	return atomic.LoadUint32(q.availHead)&1 == 0
}
