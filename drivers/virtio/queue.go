package virtio

import (
	"errors"
	"fmt"
)

// Errors of a queue. All but ErrFull are what a device did wrong; they break
// the queue, and every later call returns the first of them.
var (
	ErrFull        = errors.New("virtio: queue is full")
	ErrReset       = errors.New("virtio: device was reset")
	ErrUsedIndex   = errors.New("virtio: device used more buffers than are in flight")
	ErrUsedID      = errors.New("virtio: device used a descriptor that does not exist")
	ErrUnsolicited = errors.New("virtio: device used a buffer that is not in flight")
	ErrUsedLength  = errors.New("virtio: device wrote more than the buffer holds")
)

// errChain is a bug of the caller: an empty or impossible chain.
var errChain = errors.New("virtio: a chain of no, empty or too many buffers")

// Token names a posted chain until it is taken. It is less than the queue's
// size, so a driver finds its own state of the chain in an array by it.
type Token uint16

// Completion says that the device is done with a chain.
type Completion struct {
	Token Token
	// Len is how many bytes the device says it wrote, from the start of the
	// device-writable buffers on; never more than they hold, 0 without any.
	Len int
}

// QueueStats counts what a queue did since it was made.
type QueueStats struct {
	Added    uint64 // chains posted
	Taken    uint64 // completions taken
	Kicks    uint64 // calls of Kick that published something
	Notified uint64 // notifications the device wanted: exits to the VMM
}

// chain is the private state of a chain, at the index of its head, and of the
// descriptor at that index.
type chain struct {
	writable uint32 // bytes of device-writable buffers, of a head
	seq      uint16 // available index that the chain got, of a head
	count    uint16 // descriptors of the chain, of a head in flight; else 0
	next     uint16 // next descriptor of the chain or of the free list
}

// Queue is the driver's side of one split virtqueue.
//
// It has no lock: its owner calls one method at a time. Two queues of a device
// may be used at the same time. No method allocates except to report an error.
//
// The usual loop of an owner:
//
//	q.Add(out, in) ...; q.Kick()
//	for {
//		c, ok, err := q.Take()
//		if !ok && !q.Arm() { park in Device.Wait }
//	}
type Queue struct {
	ring   ring
	mask   uint16 // size - 1
	event  bool   // VIRTIO_F_EVENT_IDX was negotiated
	flags  uint32 // our flags of the available ring
	index  int
	notify func(queue int)
	layout Layout
	mem    []byte

	err       error   // why the queue is broken
	chains    []chain // by descriptor
	free      uint16  // first of the free list, valid while freeCount > 0
	freeCount uint16
	staged    uint16 // available index after all that was added
	published uint16 // available index that the device may know
	taken     uint16 // used index after all that was taken
	seen      uint16 // used index as last loaded and checked
	stats     QueueStats
}

// newQueue makes a queue of size descriptors, a power of two from 2 to 32768.
func newQueue(p Platform, index, size int, event bool, notify func(int)) (*Queue, error) {
	availOff, usedOff, total := ringOffsets(size)
	r, err := NewRegion(p, total)
	if err != nil {
		return nil, err
	}
	q := &Queue{
		ring: newRing(r.mem, size), mem: r.mem, mask: uint16(size - 1), event: event, index: index, notify: notify,
		layout: Layout{Size: size, Descriptor: r.phys, Driver: r.phys + uint64(availOff), Device: r.phys + uint64(usedOff)},
		chains: make([]chain, size),
	}
	q.clear()
	return q, nil
}

// clear makes the queue empty and whole. The device must not be using it.
func (q *Queue) clear() {
	clear(q.mem)
	for i := range q.chains {
		q.chains[i] = chain{next: uint16(i + 1)}
	}
	q.err, q.flags = nil, 0
	q.free, q.freeCount = 0, q.mask+1
	q.staged, q.published, q.taken, q.seen = 0, 0, 0, 0
	q.Disarm()
}

// fail breaks the queue and returns why.
func (q *Queue) fail(cause error, format string, args ...any) error {
	q.err = fmt.Errorf("%w: queue %d: %s", cause, q.index, fmt.Sprintf(format, args...))
	return q.err
}

// Err returns why the queue is broken, or nil.
func (q *Queue) Err() error { return q.err }

// Size returns the number of descriptors.
func (q *Queue) Size() int { return int(q.mask) + 1 }

// Free returns how many descriptors can be added.
func (q *Queue) Free() int { return int(q.freeCount) }

// Stats returns what the queue did so far.
func (q *Queue) Stats() QueueStats { return q.stats }

// Add posts a chain: out for the device to read, then in for it to write.
//
// The device sees it at the next Kick. It returns ErrFull, and posts nothing,
// when there are fewer free descriptors than buffers. The slices may be reused
// at once; what the buffers cover belongs to the device until Take gave the
// token back, or the device was reset.
func (q *Queue) Add(out, in []Buffer) (Token, error) {
	if q.err != nil {
		return 0, q.err
	}
	n := len(out) + len(in)
	if n == 0 || n > int(q.mask)+1 {
		return 0, errChain
	}
	if n > int(q.freeCount) {
		return 0, ErrFull
	}
	total, writable := uint64(0), uint64(0)
	for k := range n {
		size := uint64(0)
		if k < len(out) {
			size = uint64(out[k].size)
		} else {
			size = uint64(in[k-len(out)].size)
			writable += size
		}
		if total += size; size == 0 {
			return 0, errChain
		}
	}
	// Virtio 1.2 §2.7.5.2: the total of a chain is at most 2^32 bytes. One less
	// here: the length that a device returns has 32 bits.
	if total > 1<<32-1 {
		return 0, errChain
	}
	head, i := q.free, q.free
	for k := range n {
		var b Buffer
		var flags uint16
		if k < len(out) {
			b = out[k]
		} else {
			b, flags = in[k-len(out)], descWrite // §2.7.4.2: after all readable ones
		}
		next := q.chains[i].next
		if k < n-1 {
			q.ring.setDesc(i, b, flags|descNext, next)
		} else {
			q.ring.setDesc(i, b, flags, 0)
		}
		i = next
	}
	q.free = i
	q.freeCount -= uint16(n)
	c := &q.chains[head]
	c.writable, c.seq, c.count = uint32(writable), q.staged, uint16(n)
	q.ring.setAvail(q.staged&q.mask, head)
	q.staged++
	q.stats.Added++
	return Token(head), nil
}

// Kick lets the device see every chain added since the last Kick, and
// notifies it if it wants to be. Once for many Adds is best: a notification
// leaves the virtual machine.
func (q *Queue) Kick() {
	if q.err != nil || q.staged == q.published {
		return
	}
	old := q.published
	q.published = q.staged
	q.ring.publish(q.flags, q.staged)
	q.stats.Kicks++
	// Virtio 1.2 §2.7.10.1: with EVENT_IDX only avail_event counts, without
	// only the flag. Lies of the device here can stall only itself.
	if q.event {
		if !needEvent(q.ring.loadAvailEvent(), q.staged, old) {
			return
		}
	} else if flags, _ := q.ring.loadUsed(); flags&usedNoNotify != 0 {
		return
	}
	q.Notify()
}

// Notify notifies the device whether it wants it or not. Some devices need it
// after a reset or a restored snapshot, when avail_event is stale.
func (q *Queue) Notify() {
	q.stats.Notified++
	q.notify(q.index)
}

// needEvent says whether going from index old to index new passes the one that
// the other side wants to hear about (vring_need_event, Virtio 1.2 §2.7.7.1).
func needEvent(event, new, old uint16) bool { return new-event-1 < new-old }

// Take returns the next completed chain, whose buffers are the driver's again.
// It reports false when there is none now.
//
// An error says what the device did wrong; the queue is broken and the device
// must be reset.
func (q *Queue) Take() (Completion, bool, error) {
	if q.err != nil {
		return Completion{}, false, q.err
	}
	if q.taken == q.seen && !q.look() {
		return Completion{}, false, q.err
	}
	id, length := q.ring.loadUsedElem(q.taken & q.mask)
	if id > uint32(q.mask) {
		return Completion{}, false, q.fail(ErrUsedID, "id %d of %d", id, q.Size())
	}
	c := &q.chains[id]
	// A chain that was added and not yet kicked is not in flight either.
	if c.count == 0 || c.seq-q.published < q.staged-q.published {
		return Completion{}, false, q.fail(ErrUnsolicited, "id %d", id)
	}
	if c.writable == 0 {
		// vhost-device-vsock 0.3 and older vhost report what they read here.
		length = 0
	} else if length > c.writable {
		return Completion{}, false, q.fail(ErrUsedLength, "%d of %d bytes", length, c.writable)
	}
	q.release(uint16(id), c)
	q.taken++
	q.stats.Taken++
	return Completion{Token: Token(id), Len: int(length)}, true, nil
}

// look loads the device's used index and reports whether there is something.
func (q *Queue) look() bool {
	_, idx := q.ring.loadUsed()
	if idx-q.taken > q.published-q.taken {
		_ = q.fail(ErrUsedIndex, "index %d, taken %d, posted %d", idx, q.taken, q.published)
		return false
	}
	q.seen = idx
	return idx != q.taken
}

// release puts the descriptors of a chain on the free list.
func (q *Queue) release(head uint16, c *chain) {
	last := head
	for range c.count - 1 {
		last = q.chains[last].next
	}
	q.freeCount += c.count
	c.count = 0
	q.chains[last].next = q.free
	q.free = head
}

// Pending reports whether Take has something to return, or an error.
func (q *Queue) Pending() bool { return q.err != nil || q.taken != q.seen || q.look() || q.err != nil }

// Arm asks for an interrupt at the next completion. It reports true when there
// is one already, or the queue is broken: then the owner must Take again
// before it parks, since no interrupt may come.
func (q *Queue) Arm() bool { return q.ArmAfter(1) }

// ArmAfter is Arm for the n-th completion from here, n >= 1. It reports true
// when so many are there already. Without EVENT_IDX it is the same as Arm.
func (q *Queue) ArmAfter(n int) bool {
	if q.err != nil {
		return true
	}
	if !q.event {
		n = 1
		q.flags = 0
		q.ring.publish(0, q.published)
	} else {
		// Virtio 1.2 §2.7.7: an interrupt when used_event was used.
		q.ring.setUsedEvent(q.taken + uint16(n) - 1)
	}
	// Look again: what came before the device saw the wish did not interrupt.
	if !q.look() {
		return q.err != nil
	}
	return int(q.seen-q.taken) >= n
}

// Disarm asks for no more interrupts. The device may send some all the same.
// With EVENT_IDX there is nothing to do unless Arm's index was not reached: it
// names one that is behind, which does not come again for 2^16 completions.
func (q *Queue) Disarm() {
	if q.event {
		q.ring.setUsedEvent(q.taken - 1)
		return
	}
	if q.flags == 0 {
		q.flags = availNoInterrupt
		q.ring.publish(q.flags, q.published)
	}
}
