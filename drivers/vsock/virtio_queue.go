package vsock

import (
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// Sizes of what is posted. A peer puts as much into a packet as the buffer
// takes, so large ones make bulk fast: each packet costs the VMM a turn. Buffers
// are used in order, so there is one size.
const (
	slotAlign = 64 // a cache line

	rxCount = 8
	rxSize  = packet.HeaderSize + packet.MaxPayload

	eventCount = 4
	eventSize  = 4 // struct virtio_vsock_event

	smallCount = 64 // for packets without or with little payload
	smallSize  = packet.HeaderSize + 980
	largeCount = 4
	largeSize  = packet.HeaderSize + packet.MaxPayload
)

// A receiver keeps a queue stocked with buffers of one size for the device to
// write, and looks at one completed buffer at a time.
type receiver struct {
	queue  *virtio.Queue
	region *virtio.Region
	size   int
	stride int
	scrub  int              // bytes to clear before each use
	slots  []uint16         // slot of each token in flight
	buffer [1]virtio.Buffer // argument of Add, kept off the heap
	slot   uint16           // the slot that was taken
	unseen int              // released since the last Kick
	count  int
}

func newReceiver(dev *virtio.Device, p virtio.Platform, index, count, size int) (*receiver, error) {
	q, err := dev.Queue(index, count)
	if err != nil {
		return nil, err
	}
	count = min(count, q.Size())
	stride := (size + slotAlign - 1) &^ (slotAlign - 1)
	region, err := virtio.NewRegion(p, count*stride)
	if err != nil {
		return nil, err
	}
	return &receiver{queue: q, region: region, size: size, stride: stride, count: count, slots: make([]uint16, q.Size())}, nil
}

// fill posts every buffer. The queue is empty.
func (r *receiver) fill() error {
	for i := range r.count {
		r.slot = uint16(i)
		if err := r.post(); err != nil {
			return err
		}
	}
	return nil
}

// post gives the device the buffer at r.slot.
//
// A device may return a buffer that it has not written: vhost-device-vsock
// 0.3.0 does when a connection goes while a packet for it waits. What is left
// there would be heard twice, and a second REQUEST is answered by a second
// RESPONSE, at which that daemon panics. Zeros are a packet for nobody.
func (r *receiver) post() error {
	clear(r.region.Bytes(int(r.slot)*r.stride, min(r.scrub, r.size)))
	r.buffer[0] = r.region.Buffer(int(r.slot)*r.stride, r.size)
	token, err := r.queue.Add(nil, r.buffer[:])
	if err != nil {
		return err
	}
	r.slots[token] = r.slot
	return nil
}

// take returns what the device wrote into the next buffer, or nil. It is the
// caller's until release.
func (r *receiver) take() ([]byte, error) {
	c, ok, err := r.queue.Take()
	if !ok || err != nil {
		return nil, err
	}
	r.slot = r.slots[c.Token]
	return r.region.Bytes(int(r.slot)*r.stride, c.Len), nil
}

// release posts the buffer that was taken again. There is room: it was in the
// queue before.
func (r *receiver) release() {
	if r.post() != nil {
		return // the queue is broken; take says so
	}
	if r.unseen++; r.unseen >= (r.count+1)/2 {
		r.unseen = 0
		r.queue.Kick() // the device must not run dry during a burst
	}
}

// A sender owns the buffers of the transmit queue, in two sizes so that
// answers and credit never wait behind bulk for a buffer.
type sender struct {
	queue  *virtio.Queue
	region *virtio.Region
	small  []uint16 // free slots
	large  []uint16
	slots  []uint16 // slot of each token in flight
	buf    [1]virtio.Buffer
	flight int    // packets that the device has not given back
	slot   uint16 // what buffer returned last
	armed  bool
}

// Slots below smallCount are small; the others lie behind them.
const (
	smallStride = smallSize // 1024
	largeStride = (largeSize + slotAlign - 1) &^ (slotAlign - 1)
	txSlots     = smallCount + largeCount
)

func newSender(dev *virtio.Device, p virtio.Platform) (*sender, error) {
	q, err := dev.Queue(txQueue, 128)
	if err != nil {
		return nil, err
	}
	region, err := virtio.NewRegion(p, smallCount*smallStride+largeCount*largeStride)
	if err != nil {
		return nil, err
	}
	return &sender{
		queue: q, region: region, slots: make([]uint16, q.Size()),
		small: make([]uint16, 0, smallCount), large: make([]uint16, 0, largeCount),
	}, nil
}

// empty frees every slot: the queue is empty.
func (s *sender) empty() {
	s.small, s.large, s.flight, s.armed = s.small[:0], s.large[:0], 0, false
	for i := range txSlots {
		s.free(uint16(txSlots - 1 - i))
	}
}

func (s *sender) free(slot uint16) {
	if slot < smallCount {
		s.small = append(s.small, slot)
	} else {
		s.large = append(s.large, slot)
	}
}

// place returns where a slot is in the region and how long it is.
func place(slot uint16) (off, size int) {
	if slot < smallCount {
		return int(slot) * smallStride, smallSize
	}
	return smallCount*smallStride + int(slot-smallCount)*largeStride, largeSize
}

// buffer returns a free slot for a payload of n bytes, or nil, and then there
// will be an interrupt once there is one.
func (s *sender) buffer(n int) []byte {
	if !s.pick(n) {
		s.reclaim()
		for !s.pick(n) {
			if s.queue.Err() != nil {
				return nil
			}
			// Half of what is out there: fewer interrupts, and none lost.
			s.armed = true
			if !s.queue.ArmAfter(max(1, s.flight/2)) {
				return nil
			}
			s.reclaim()
		}
	}
	off, _ := place(s.slot)
	return s.region.Bytes(off, packet.HeaderSize+n)
}

// pick chooses a free slot for a payload of n bytes.
func (s *sender) pick(n int) bool {
	list := s.small
	if n > smallSize-packet.HeaderSize || len(list) == 0 {
		list = s.large
	}
	if len(list) == 0 || s.queue.Free() == 0 {
		return false
	}
	s.slot = list[len(list)-1]
	return true
}

// reclaim frees the slots that the device is done with.
func (s *sender) reclaim() {
	for {
		c, ok, err := s.queue.Take()
		if !ok || err != nil {
			break
		}
		s.free(s.slots[c.Token])
		s.flight--
	}
	if s.armed {
		s.armed = false
		s.queue.Disarm()
	}
}

// send posts the first n bytes of the slot that buffer chose: header and payload
// in one descriptor. vhost-device-vsock 0.3 drops packets in more than two.
func (s *sender) send(n int) {
	off, _ := place(s.slot)
	s.buf[0] = s.region.Buffer(off, n)
	token, err := s.queue.Add(s.buf[:], nil)
	if err != nil {
		return // the queue is broken; Receive finds out
	}
	if s.slot < smallCount {
		s.small = s.small[:len(s.small)-1]
	} else {
		s.large = s.large[:len(s.large)-1]
	}
	s.slots[token] = s.slot
	s.flight++
}
