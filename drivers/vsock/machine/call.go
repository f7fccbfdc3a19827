package machine

import (
	"io"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// Read moves up to len(p) received bytes to p.
//
// It returns ErrWouldBlock when there are none yet, io.EOF when there will be
// none, and why the connection broke where it did, after the last byte.
func (m *Machine) Read(c *Conn, p []byte) (int, error) {
	if n := c.inbox.get(p); n > 0 {
		m.take(c, n)
		return n, nil
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case c.ownShut&packet.ShutdownReceive != 0, c.peerShut&packet.ShutdownSend != 0:
		return 0, io.EOF
	case c.state == stateGone && c.err != nil:
		return 0, c.err
	case c.state == stateGone:
		return 0, io.EOF
	}
	return 0, ErrWouldBlock
}

// take notes that the application has n more bytes.
func (m *Machine) take(c *Conn, n int) {
	c.credit.taken += uint32(n)
	if c.state == stateOpen && (c.wanted || c.credit.stale()) {
		c.wanted = false
		m.grow(c)
		m.send(c, pendCreditUpdate)
	}
}

// Post lends c the buffer of a reader that waits: the next bytes may be put
// there. It returns false when another reader's buffer is there. The
// caller must Collect before it lets go of p.
func (m *Machine) Post(c *Conn, p []byte) bool {
	if c.inbox.post != nil || c.inbox.posted > 0 {
		return false
	}
	c.inbox.post = p
	return true
}

// Collect takes the posted buffer back and returns how many bytes are in it.
func (m *Machine) Collect(c *Conn) int {
	n := c.inbox.posted
	c.inbox.post, c.inbox.posted = nil, 0
	return n
}

// Reserve claims credit for up to n > 0 bytes and returns the header of the packet
// that has to carry h.Len of them, next on the wire.
//
// It returns ErrWouldBlock when the peer has no room, ErrPipe when it takes no
// more or was told that we send no more, and why the connection broke where it did.
func (m *Machine) Reserve(c *Conn, n int) (h packet.Header, err error) {
	if err := m.CanSend(c); err != nil {
		return h, err
	}
	k := min(uint32(min(n, packet.MaxPayload)), c.credit.free())
	if k == 0 {
		return h, ErrWouldBlock
	}
	c.credit.sent += k
	c.pend &^= pendCreditUpdate // this packet says it
	m.stats.PacketsOut++
	m.stats.BytesOut += uint64(k)
	h = m.header(c, packet.OpData)
	h.Len = k
	return h, nil
}

// CanSend returns why nothing can be sent any more, or nil.
func (m *Machine) CanSend(c *Conn) error {
	switch {
	case c.state == stateGone && c.err != nil:
		return c.err
	case c.state == stateGone, c.ownShut&packet.ShutdownSend != 0, c.peerShut&packet.ShutdownReceive != 0:
		return ErrPipe
	}
	return nil
}

// Stall says that a writer waits for credit from now on. EventWrite follows.
func (m *Machine) Stall(now time.Duration, c *Conn) {
	if c.state == stateOpen && !c.stalled {
		c.stalled, c.asked = true, 0
		if c.credit.capped() {
			m.send(c, pendCreditRequest) // the peer cannot know that we wait
		}
		if c.doubt == doubtNone { // else the peer was or will be asked
			m.timers.set(c, now+m.limits.StallTimeout)
		}
	}
}

// unstall ends what Stall began.
func (m *Machine) unstall(c *Conn) {
	if c.stalled {
		c.stalled = false
		if c.doubt == doubtNone {
			m.timers.remove(c)
		}
		m.report(c, EventWrite)
	}
}

// Shutdown ends one way or both; flags are packet.ShutdownReceive and
// packet.ShutdownSend. What was received and not read is dropped with the first.
func (m *Machine) Shutdown(c *Conn, flags uint32) {
	if c.ownShut|flags == c.ownShut {
		return
	}
	c.ownShut |= flags
	if flags&packet.ShutdownReceive != 0 {
		c.inbox.drop()
		c.credit.taken = c.credit.received
	}
	if c.state == stateOpen {
		m.send(c, pendShutdown)
	}
	m.report(c, EventRead|EventWrite)
}

// Close ends c for its owner, who must not use it again.
func (m *Machine) Close(now time.Duration, c *Conn) {
	c.Owner = nil
	c.held = false
	switch c.state {
	case stateRequesting:
		m.reject(c, ErrClosed)
	case stateOpen:
		m.Shutdown(c, packet.ShutdownBoth)
		c.state = stateClosing
		m.timers.set(c, now+m.limits.ShutdownTimeout)
	}
	m.forget(c)
}

// Abort is Close by RST: the peer hears that the connection broke.
func (m *Machine) Abort(c *Conn) {
	c.Owner = nil
	c.held = false
	m.reject(c, ErrClosed)
	m.forget(c)
}

// Dial asks the listener at (cid, port) for a connection. Opened tells how it
// went once EventWrite is reported.
func (m *Machine) Dial(now time.Duration, cid, port uint32) (*Conn, error) {
	if port == anyPort {
		return nil, ErrBadPort
	}
	if !m.peer(uint64(cid)) {
		return nil, ErrBadPeer
	}
	k := key{cid, port, m.freePort(cid, port)}
	c := m.add(k, stateRequesting)
	if c == nil {
		return nil, ErrNoRoom
	}
	m.replies.withdraw(k)
	m.send(c, pendRequest)
	m.timers.set(c, now+m.limits.ConnectTimeout)
	return c, nil
}

// freePort finds a port of ours that nothing uses towards the peer. There are
// more ports than Limits.Conns, so it ends.
func (m *Machine) freePort(cid, port uint32) uint32 {
	for {
		p := m.nextPort
		m.nextPort++
		if m.nextPort >= anyPort {
			m.nextPort = firstPort
		}
		_, used := m.conns[key{cid, port, p}]
		if _, listening := m.listeners[p]; !used && !listening {
			return p
		}
	}
}
