package vsock

import (
	"net"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// Memory is one end of a carrier that is ordinary memory. The other end may be
// another Stack's, or a test that sends and looks at what it likes.
type Memory struct {
	in, out *wire
	wake    chan struct{} // of capacity 1
	peer    *Memory
	closed  chan struct{}
	once    sync.Once

	mu    sync.Mutex
	cid   uint32 // guarded by mu
	reset bool   // guarded by mu: to be reported by Receive
}

var _ Carrier = (*Memory)(nil)

// wire is one way: a ring of packets. Its head belongs to the receiver, its
// tail to the sender.
type wire struct {
	mu      sync.Mutex
	slots   [][]byte
	head    int  // oldest packet
	count   int  // packets in the ring
	starved bool // the sender found no room
}

// Pair returns two ends that bring packets to each other. Each way holds
// slots packets.
func Pair(cidA, cidB uint32, slots int) (a, b *Memory) {
	ab, ba := &wire{slots: make([][]byte, slots)}, &wire{slots: make([][]byte, slots)}
	a = &Memory{in: ba, out: ab, cid: cidA, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	b = &Memory{in: ab, out: ba, cid: cidB, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	a.peer, b.peer = b, a
	return a, b
}

// CID returns the address of this end.
func (m *Memory) CID() (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cid, nil
}

// Reset makes this end report a transport reset, with another address.
func (m *Memory) Reset(cid uint32) {
	m.mu.Lock()
	m.cid, m.reset = cid, true
	m.mu.Unlock()
	m.notify()
}

// Receive returns the oldest packet.
func (m *Memory) Receive() ([]byte, error) {
	m.mu.Lock()
	reset := m.reset
	m.reset = false
	m.mu.Unlock()
	if reset {
		return nil, ErrTransportReset
	}
	w := m.in
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count == 0 {
		return nil, nil
	}
	return w.slots[w.head], nil
}

// Release frees the oldest packet's slot.
func (m *Memory) Release() {
	w := m.in
	w.mu.Lock()
	w.head = (w.head + 1) % len(w.slots)
	w.count--
	room := w.starved && w.count <= len(w.slots)/2
	if room {
		w.starved = false
	}
	w.mu.Unlock()
	if room {
		m.peer.notify()
	}
}

// Buffer returns the slot of the next packet.
func (m *Memory) Buffer(n int) []byte {
	w := m.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count == len(w.slots) {
		w.starved = true
		return nil
	}
	tail := (w.head + w.count) % len(w.slots)
	if n += packet.HeaderSize; cap(w.slots[tail]) < n {
		w.slots[tail] = make([]byte, n)
	}
	return w.slots[tail][:n]
}

// Send sends the first n bytes of that slot.
func (m *Memory) Send(n int) {
	w := m.out
	w.mu.Lock()
	defer w.mu.Unlock()
	tail := (w.head + w.count) % len(w.slots)
	w.slots[tail] = w.slots[tail][:n]
	w.count++
}

// Flush wakes the other end if there is something for it.
func (m *Memory) Flush() {
	w := m.out
	w.mu.Lock()
	some := w.count > 0
	w.mu.Unlock()
	if some {
		m.peer.notify()
	}
}

// notify makes Wait return.
func (m *Memory) notify() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Wait parks until the other end did something.
func (m *Memory) Wait() error {
	select {
	case <-m.wake:
		return nil
	case <-m.closed:
		return net.ErrClosed
	}
}

// Stop makes Wait return.
func (m *Memory) Stop() { m.once.Do(func() { close(m.closed) }) }

// Close does nothing. The other end hears nothing either, as on a real wire.
func (m *Memory) Close() error { return nil }
