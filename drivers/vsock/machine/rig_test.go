package machine

import (
	"slices"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

const (
	guestCID   = 3
	listenPort = 1024
	peerPort   = 5000
)

// rig is a Machine with a peer that is the test itself.
type rig struct {
	*Machine
	t   *testing.T
	now time.Duration
}

func newRig(t *testing.T, l Limits) *rig { return &rig{Machine: New(guestCID, l), t: t} }

// hear gives the machine a packet of the peer's, filled in where it is zero.
func (r *rig) hear(h packet.Header, body string) {
	r.t.Helper()
	h = filled(h)
	if h.Op == packet.OpData && h.Len == 0 {
		h.Len = uint32(len(body))
	}
	r.Receive(h, []byte(body))
}

// filled gives a header the peer's usual addresses, type and buffer.
func filled(h packet.Header) packet.Header {
	pick(&h.SrcCID, HostCID)
	pick(&h.DstCID, guestCID)
	pick(&h.SrcPort, peerPort)
	pick(&h.DstPort, listenPort)
	pick(&h.Type, packet.TypeStream)
	pick(&h.BufAlloc, 1<<16)
	return h
}

// sent takes everything that the machine has to send.
func (r *rig) sent() []packet.Header {
	var l []packet.Header
	for h, ok := r.Next(); ok; h, ok = r.Next() {
		l = append(l, h)
	}
	return l
}

// wantSent checks the operations of what the machine has to send.
func (r *rig) wantSent(want ...packet.Op) []packet.Header {
	r.t.Helper()
	l := r.sent()
	var got []packet.Op
	for _, h := range l {
		got = append(got, h.Op)
		if h.SrcCID != guestCID || h.DstCID != HostCID {
			r.t.Errorf("sent %v, want from %d to %d", h, guestCID, HostCID)
		}
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("sent %v, want %v", got, want)
	}
	return l
}

// accept opens a connection from the peer to listenPort.
func (r *rig) accept() *Conn {
	r.t.Helper()
	l := r.listeners[listenPort]
	if l == nil {
		var err error
		if l, err = r.Listen(listenPort); err != nil {
			r.t.Fatal(err)
		}
	}
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpResponse)
	c := r.Accept(l)
	if c == nil {
		r.t.Fatal("nothing to accept")
	}
	c.Owner = c
	return c
}

// dial opens a connection to the peer's port 80.
func (r *rig) dial() (c *Conn, port uint32) {
	r.t.Helper()
	c, err := r.Dial(r.now, HostCID, 80)
	if err != nil {
		r.t.Fatal(err)
	}
	c.Owner = c
	return c, r.wantSent(packet.OpRequest)[0].SrcPort
}

// wantRead checks what Read gives: bytes, or an error.
func (r *rig) wantRead(c *Conn, want string, wantErr error) {
	r.t.Helper()
	b := make([]byte, 1<<17)
	n, err := r.Read(c, b)
	if string(b[:n]) != want || err != wantErr {
		r.t.Errorf("Read = %.40q (%d bytes), %v, want %.40q, %v", b[:n], n, err, want, wantErr)
	}
}

// write reserves credit for n bytes and returns for how many there was some.
func (r *rig) write(c *Conn, n int) (int, error) {
	h, err := r.Reserve(c, n)
	return int(h.Len), err
}

// events takes all news and returns what there is for c.
func (r *rig) events(c *Conn) (e Event) {
	for owner, more, ok := r.NextEvent(); ok; owner, more, ok = r.NextEvent() {
		if owner == c {
			e |= more
		}
	}
	return e
}

// check looks at what must hold at any time.
func check(t testing.TB, m *Machine) {
	t.Helper()
	var promised uint32
	for k, c := range m.conns {
		if c.key != k || c.state == stateGone || c.forgotten {
			t.Fatalf("%v in the table is %+v", k, c)
		}
		if c.credit.buffered() != uint32(c.inbox.size) {
			t.Fatalf("%d bytes buffered, credit says %d", c.inbox.size, c.credit.buffered())
		}
		if c.credit.buffered() > c.credit.window || len(c.inbox.ring) > int(max(c.credit.window, minRing)) {
			t.Fatalf("%d bytes in a ring of %d, window %d", c.inbox.size, len(c.inbox.ring), c.credit.window)
		}
		promised += c.credit.window
	}
	if promised > m.promised || m.promised > m.limits.Budget {
		t.Fatalf("windows of %d, promised %d of %d", promised, m.promised, m.limits.Budget)
	}
	if len(m.conns) > m.live || m.live > m.limits.Conns {
		t.Fatalf("%d in the table, %d live of %d", len(m.conns), m.live, m.limits.Conns)
	}
	for _, l := range m.listeners {
		n := 0
		for c := l.backlog.first; c != nil; c = c.backlogLink.next {
			n++
		}
		if n != l.waiting || n > m.limits.Backlog {
			t.Fatalf("backlog of %d, says %d, of %d", n, l.waiting, m.limits.Backlog)
		}
	}
	for i, c := range m.timers {
		if c.timer != i || i > 0 && m.timers[(i-1)/2].deadline > c.deadline || c.state == stateGone {
			t.Fatalf("timer %d: %+v", i, c)
		}
	}
	if most := m.limits.Replies + 1 + m.limits.Conns; m.replies.size() > most {
		t.Fatalf("%d replies wait, want at most %d", m.replies.size(), most)
	}
}
