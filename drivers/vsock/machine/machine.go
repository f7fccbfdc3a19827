package machine

import (
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// HostCID is the address of the host (Virtio 1.2 §5.10.4: 2 is the host's,
// 0, 1, 0xffffffff and above are reserved).
const HostCID = 2

// A Machine is all the connections and listeners of one vsock device. It is
// not safe for concurrent use.
//
// Times given to it are from one clock of the caller's choosing.
type Machine struct {
	limits    Limits
	cid       uint32
	conns     map[key]*Conn
	listeners map[uint32]*Listener
	live      int    // Conns in the table or held by a caller
	promised  uint32 // sum of their windows
	nextPort  uint32 // where to look for a free port to dial from

	replies replies // RSTs that belong to no connection
	out     queue   // connections that have something in pend
	changed queue   // connections that have something in events
	news    *Listener
	timers  timers
	stats   Stats
}

// Stats counts since New. Bytes are payload.
type Stats struct {
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64
	Ignored               uint64 // packets dropped without an answer
	Refused               uint64 // requests answered by RST
	Resets                uint64 // connections that broke
	CreditUpdates         uint64 // sent
	CreditRequests        uint64 // sent
	Conns                 int    // now
	Promised              uint32 // bytes of receive window now
}

// key names a connection. Our own CID is left out: there is only one.
type key struct{ peerCID, peerPort, port uint32 }

// firstPort is where ports to dial from begin: far above what is listened on.
const firstPort = 1 << 30

// New returns a Machine for the device whose address is cid.
func New(cid uint32, l Limits) *Machine {
	return &Machine{
		limits:    l.withDefaults(),
		cid:       cid,
		conns:     map[key]*Conn{},
		listeners: map[uint32]*Listener{},
		nextPort:  firstPort,
	}
}

// CID returns our own address.
func (m *Machine) CID() uint32 { return m.cid }

// Stats returns the counters.
func (m *Machine) Stats() Stats {
	s := m.stats
	s.Conns, s.Promised = m.live, m.promised
	return s
}

// Reset breaks every connection and takes cid for our own address from now
// on. Listeners stay (Virtio 1.2 §5.10.6.7: VIRTIO_VSOCK_EVENT_TRANSPORT_RESET).
func (m *Machine) Reset(cid uint32) {
	m.cid = cid
	m.replies = replies{}
	for _, c := range m.conns {
		m.end(c, ErrReset)
	}
}

// add makes a connection and puts it into the table, or returns nil when a
// limit is reached.
func (m *Machine) add(k key, s state) *Conn {
	if m.live >= m.limits.Conns && !m.evict() {
		return nil
	}
	window := m.limits.FirstWindow
	if m.promised > m.limits.Budget/2 || window > m.limits.Budget/2 {
		window = m.limits.MinWindow
	}
	if window > m.limits.Budget-m.promised {
		return nil
	}
	c := &Conn{key: k, state: s, held: true, timer: noTimer}
	c.credit.window, c.credit.limit = window, m.limits.SendLimit
	m.conns[k] = c
	m.live++
	m.promised += window
	return c
}

// grow doubles c's window when its application keeps up. A quarter of the budget
// is left for connections to come: those that are there must not shut them out.
func (m *Machine) grow(c *Conn) {
	w := c.credit.window
	room := m.limits.Budget - m.limits.Budget/4
	if w < m.limits.MaxWindow && m.promised < room && w <= room-m.promised && c.credit.buffered() < w/2 {
		c.credit.window += w
		m.promised += w
	}
}

// evict makes room by giving up on the peer that has owed an RST longest. One
// that has not been sent its SHUTDOWN would see a broken connection.
func (m *Machine) evict() bool {
	var oldest *Conn
	for _, c := range m.timers {
		if c.state == stateClosing && c.pend == 0 && (oldest == nil || c.deadline < oldest.deadline) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	m.reject(oldest, ErrTimeout)
	return true
}

// end takes c out of the table for the reason err, or nil for a clean end.
func (m *Machine) end(c *Conn, err error) {
	if c.state == stateGone {
		return
	}
	if err == ErrReset {
		m.stats.Resets++
	}
	delete(m.conns, c.key)
	m.timers.remove(c)
	c.state, c.pend = stateGone, 0
	if c.err == nil {
		c.err = err
	}
	if l := c.listener; l != nil && err != nil {
		l.remove(c) // nobody has seen it, nobody needs to
		c.held = false
	}
	m.report(c, EventRead|EventWrite)
	m.forget(c)
}

// reject is end with an RST to the peer.
func (m *Machine) reject(c *Conn, err error) {
	if c.state == stateGone {
		return
	}
	// A request that is still here needs no taking back.
	if c.pend&pendRequest == 0 {
		m.replies.push(m.header(c, packet.OpReset))
	}
	m.end(c, err)
}

// forget returns what c takes of the limits once nobody knows it.
func (m *Machine) forget(c *Conn) {
	if c.state != stateGone || c.held || c.forgotten {
		return
	}
	c.forgotten = true
	c.inbox.drop()
	m.live--
	m.promised -= c.credit.window
}

// header fills in a packet of c.
func (m *Machine) header(c *Conn, op packet.Op) packet.Header {
	h := packet.Header{
		SrcCID: uint64(m.cid), DstCID: uint64(c.key.peerCID),
		SrcPort: c.key.port, DstPort: c.key.peerPort,
		Type: packet.TypeStream, Op: op,
	}
	c.credit.tell(&h)
	return h
}

// maxPatience bounds how often the wait between CREDIT_REQUESTs doubles.
const maxPatience = 6

// Tick does what is due at now: dials and shutdowns that nobody answered,
// senders that have waited long for credit, and peers in doubt.
func (m *Machine) Tick(now time.Duration) {
	for len(m.timers) > 0 && m.timers[0].deadline <= now {
		c := m.timers[0]
		m.timers.remove(c)
		switch c.state {
		case stateRequesting, stateClosing:
			m.reject(c, ErrTimeout)
		case stateOpen:
			if c.doubt == doubtAsked {
				m.reject(c, ErrReset)
				continue
			}
			if c.doubt == doubtRaised {
				c.doubt = doubtAsked
				m.send(c, pendCreditRequest)
				m.timers.set(c, now+m.limits.DoubtTimeout)
				continue
			}
			// Virtio 1.2 §5.10.6.3: a peer answers with its credit.
			m.send(c, pendCreditRequest)
			c.asked = min(c.asked+1, maxPatience)
			m.timers.set(c, now+m.limits.StallTimeout<<c.asked)
		}
	}
}

// Deadline returns when Tick has something to do next.
func (m *Machine) Deadline() (time.Duration, bool) {
	if len(m.timers) == 0 {
		return 0, false
	}
	return m.timers[0].deadline, true
}
