package machine

import "github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"

// CanReceive says that there is room for an answer to one more packet. While
// there is none, packets are left with the device until some were sent
// (Virtio 1.2 §5.10.6.1.1).
func (m *Machine) CanReceive() bool { return m.replies.size() < m.limits.Replies }

// Receive takes one packet. body is all that arrived behind the header, and
// is not kept. h is what a peer says and may be anything.
func (m *Machine) Receive(h packet.Header, body []byte) {
	m.stats.PacketsIn++
	// Virtio 1.2 §5.10.6.2: upper halves are zero, and it is for us.
	if h.DstCID != uint64(m.cid) || !m.peer(h.SrcCID) || h.SrcPort == anyPort {
		m.stats.Ignored++
		return
	}
	k := key{uint32(h.SrcCID), h.SrcPort, h.DstPort}
	c := m.conns[k]
	if h.Op == packet.OpReset {
		m.receiveReset(c)
		return
	}
	// Virtio 1.2 §5.10.6.4.1: an unknown type is answered by RST. A length
	// beyond the bytes that came is nobody's packet.
	if h.Type != packet.TypeStream || uint64(h.Len) > uint64(len(body)) {
		if c != nil {
			m.end(c, ErrReset)
		}
		m.refuse(&h)
		return
	}
	if c == nil {
		m.receiveRequest(&h, k)
		return
	}
	if c.state == stateOpen && (h.Op == packet.OpInvalid || h.Op > packet.OpCreditRequest) {
		// vhost-device-vsock 0.3 sends INVALID when reading a socket failed: there was nothing
		// yet, or its client has gone. Then it goes on answering, but takes nothing any more.
		m.stats.Ignored++
		m.suspect(c)
		return
	}
	if h.Op == packet.OpData || h.Op == packet.OpShutdown || c.credit.alive(&h) {
		m.trust(c)
	}
	c.credit.hear(&h)
	switch c.state {
	case stateRequesting:
		m.receiveAnswer(c, &h)
	case stateOpen:
		m.receiveOpen(c, &h, body[:h.Len])
	case stateClosing:
		m.receiveClosing(c, &h)
	}
}

// suspect has Tick ask whether the peer still takes what c sends.
func (m *Machine) suspect(c *Conn) {
	if c.doubt == doubtNone {
		c.doubt = doubtRaised
		m.timers.set(c, 0) // at once
	}
}

// trust ends what suspect began.
func (m *Machine) trust(c *Conn) {
	if c.doubt != doubtNone && c.state == stateOpen { // a closing one has another timer
		c.doubt = doubtNone
		if !c.stalled { // else the timer goes on asking for credit
			m.timers.remove(c)
		}
	}
}

// peer tells whether we talk to cid.
func (m *Machine) peer(cid uint64) bool {
	return cid == HostCID || m.limits.AnyPeer && cid > HostCID && cid < 1<<32-1
}

// refuse answers h by RST. h is not an RST itself.
func (m *Machine) refuse(h *packet.Header) {
	m.stats.Refused++
	m.replies.push(packet.Header{
		SrcCID: h.DstCID, DstCID: h.SrcCID, SrcPort: h.DstPort, DstPort: h.SrcPort,
		Type: h.Type, Op: packet.OpReset,
	})
}

func (m *Machine) receiveReset(c *Conn) {
	switch {
	case c == nil:
		m.stats.Ignored++ // never answered: RSTs would go round for ever
	case c.state == stateRequesting:
		m.end(c, ErrRefused)
	case c.ownShut == packet.ShutdownBoth:
		m.end(c, nil) // the clean end
	default:
		m.end(c, ErrReset)
	}
}

// receiveRequest takes a packet for no connection that we know.
func (m *Machine) receiveRequest(h *packet.Header, k key) {
	l := m.listeners[k.port]
	if h.Op != packet.OpRequest || l == nil || l.waiting >= m.limits.Backlog {
		m.refuse(h)
		return
	}
	c := m.add(k, stateOpen)
	if c == nil {
		m.refuse(h)
		return
	}
	m.replies.withdraw(k)
	c.credit.hear(h)
	m.enqueue(l, c)
	m.send(c, pendResponse)
}

func (m *Machine) receiveAnswer(c *Conn, h *packet.Header) {
	switch h.Op {
	case packet.OpResponse:
		c.state = stateOpen
		m.timers.remove(c)
		m.report(c, EventWrite)
	default:
		m.reject(c, ErrReset)
	}
}

func (m *Machine) receiveOpen(c *Conn, h *packet.Header, body []byte) {
	switch h.Op {
	case packet.OpData:
		m.receiveData(c, body)
	case packet.OpCreditUpdate, packet.OpResponse:
	case packet.OpCreditRequest:
		c.wanted = c.credit.taken == c.credit.told
		m.send(c, pendCreditUpdate)
	case packet.OpShutdown:
		c.peerShut |= h.Flags & packet.ShutdownBoth
		if c.peerShut == packet.ShutdownBoth {
			// Virtio 1.2 §5.10.6.5: the other side of a clean end. What was
			// received stays readable.
			m.reject(c, nil)
			return
		}
		m.report(c, EventRead|EventWrite)
	default:
		// Also REQUEST: the peer has forgotten the connection that we know.
		m.reject(c, ErrReset)
		return
	}
	if c.credit.free() > 0 || c.peerShut&packet.ShutdownReceive != 0 {
		m.unstall(c)
	}
}

// receiveData takes payload. The peer may send no more than we promised, and
// nothing after it has said that it will not.
func (m *Machine) receiveData(c *Conn, body []byte) {
	if len(body) == 0 {
		return // nothing to keep, so nothing to count
	}
	if uint32(len(body)) > c.credit.room() || c.peerShut&packet.ShutdownSend != 0 {
		m.reject(c, ErrReset)
		return
	}
	m.stats.BytesIn += uint64(len(body))
	c.credit.received += uint32(len(body))
	if c.ownShut&packet.ShutdownReceive != 0 {
		m.take(c, len(body)) // it was on its way when we said so
		return
	}
	if n := c.inbox.put(body); n > 0 {
		m.take(c, n)
	}
	m.report(c, EventRead)
}

// receiveClosing waits for the RST that ends a shutdown. The peer may still
// have been sending.
func (m *Machine) receiveClosing(c *Conn, h *packet.Header) {
	switch h.Op {
	case packet.OpShutdown:
		c.peerShut |= h.Flags & packet.ShutdownBoth
		if c.peerShut == packet.ShutdownBoth {
			m.reject(c, nil) // both closed at once
		}
	case packet.OpRequest:
		// The peer uses the pair of ports anew: it is done with the old one.
		k := c.key
		m.end(c, nil)
		m.receiveRequest(h, k)
	}
}
