package machine

import (
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

type state uint8

const (
	stateRequesting state = iota // we have asked, no answer yet
	stateOpen
	stateClosing // we have shut down both ways, no RST yet
	stateGone    // not in the table
)

// doubt says how far we are with asking a peer whether a connection lives.
type doubt uint8

const (
	doubtNone   doubt = iota
	doubtRaised       // it said something that means nothing; Tick asks
	doubtAsked        // CREDIT_REQUEST was sent, which a living connection answers
)

// pending is a set of packets that a connection has to send.
type pending uint8

// In the order in which they go out.
const (
	pendRequest pending = 1 << iota
	pendResponse
	pendCreditUpdate
	pendCreditRequest
	pendShutdown
)

// Event is a set of things that have changed.
type Event uint8

const (
	EventRead  Event = 1 << iota // Read may give something else now
	EventWrite                   // so may Reserve; a dial has an answer
)

// A Conn is one connection. It is used through its Machine.
type Conn struct {
	// Owner is the caller's own. NextEvent returns it.
	Owner any

	key      key
	state    state
	pend     pending
	events   Event
	ownShut  uint32 // packet.Shutdown flags that we have said
	peerShut uint32 // and that the peer has said
	stalled  bool   // a writer waits for credit
	asked    int    // CREDIT_REQUESTs since it does
	doubt    doubt  // whether the peer still knows the connection
	wanted   bool   // the peer asked for credit when there was nothing new
	err      error  // why it is gone; nil for a clean end
	inbox    inbox
	credit   credit
	listener *Listener // in whose backlog it is

	held      bool // a caller has it, or will get it by Accept
	forgotten bool // limits no longer count it

	deadline time.Duration
	timer    int // index in timers

	outLink, changedLink, backlogLink link
}

// Ports returns the peer's CID and port and our own port.
func (c *Conn) Ports() (peerCID, peerPort, port uint32) {
	return c.key.peerCID, c.key.peerPort, c.key.port
}

// Opened tells whether a dial has got its answer, and whether it was good.
func (c *Conn) Opened() (done bool, err error) {
	if c.state == stateRequesting {
		return false, nil
	}
	return true, c.err
}

// send notes that c has packets p to send.
func (m *Machine) send(c *Conn, p pending) {
	c.pend |= p
	m.out.push(c, &c.outLink, outLink)
}

// report notes that c's owner has to hear of e.
func (m *Machine) report(c *Conn, e Event) {
	c.events |= e
	m.changed.push(c, &c.changedLink, changedLink)
}

// NextEvent returns an owner of a Conn or Listener that has something to look
// at, and for a Conn what. It returns false when there is none left.
// Connections that no one has accepted yet have none.
func (m *Machine) NextEvent() (owner any, e Event, ok bool) {
	for l := m.news; l != nil; l = m.news {
		m.news, l.nextNews, l.inNews = l.nextNews, nil, false
		if l.Owner != nil {
			return l.Owner, EventRead, true
		}
	}
	for {
		c := m.changed.pop(changedLink)
		if c == nil {
			return nil, 0, false
		}
		e, c.events = c.events, 0
		if c.Owner != nil && e != 0 {
			return c.Owner, e, true
		}
	}
}

// Pending tells whether Next has a packet.
func (m *Machine) Pending() bool {
	if m.replies.size() > 0 {
		return true
	}
	for c := m.out.first; c != nil; c = m.out.first {
		if c.pend != 0 {
			return true
		}
		m.out.pop(outLink)
	}
	return false
}

// Next returns the next packet without payload to send. All of them go before
// any payload that Reserve gives.
func (m *Machine) Next() (packet.Header, bool) {
	if !m.Pending() {
		return packet.Header{}, false
	}
	m.stats.PacketsOut++
	if m.replies.size() > 0 {
		return m.replies.pop(), true
	}
	c := m.out.first
	p := c.pend & -c.pend // the lowest bit goes first
	c.pend &^= p
	op := packet.OpCreditUpdate
	switch p {
	case pendRequest:
		op = packet.OpRequest
	case pendResponse:
		op = packet.OpResponse
	case pendCreditRequest:
		op = packet.OpCreditRequest
		m.stats.CreditRequests++
	case pendShutdown:
		op = packet.OpShutdown
	default:
		m.stats.CreditUpdates++
	}
	h := m.header(c, op)
	if p == pendShutdown {
		h.Flags = c.ownShut
	}
	return h, true
}
