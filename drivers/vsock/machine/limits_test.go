package machine

import (
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

func TestDialRefused(t *testing.T) {
	r := newRig(t, Limits{})
	c, port := r.dial()
	if done, _ := c.Opened(); done {
		t.Error("open before an answer")
	}
	r.hear(packet.Header{Op: packet.OpReset, SrcPort: 80, DstPort: port}, "")
	if done, err := c.Opened(); !done || err != ErrRefused {
		t.Errorf("Opened = %v, %v, want ErrRefused", done, err)
	}
	if e := r.events(c); e&EventWrite == 0 {
		t.Error("no event")
	}
	r.wantSent()
}

func TestDialOpens(t *testing.T) {
	r := newRig(t, Limits{})
	c, port := r.dial()
	r.hear(packet.Header{Op: packet.OpResponse, SrcPort: 80, DstPort: port, BufAlloc: 7}, "")
	if done, err := c.Opened(); !done || err != nil {
		t.Errorf("Opened = %v, %v", done, err)
	}
	if n, _ := r.write(c, 100); n != 7 {
		t.Errorf("wrote %d to a buffer of 7", n)
	}
	if _, ok := r.Deadline(); ok {
		t.Error("the connect timeout goes on")
	}
}

func TestDialTimesOutByReset(t *testing.T) {
	r := newRig(t, Limits{ConnectTimeout: time.Second})
	c, _ := r.dial()
	r.Tick(time.Second)
	if done, err := c.Opened(); !done || err != ErrTimeout {
		t.Errorf("Opened = %v, %v, want ErrTimeout", done, err)
	}
	r.wantSent(packet.OpReset) // or a late RESPONSE would open it for the peer
}

func TestDialGivenUpBeforeItWasSent(t *testing.T) {
	r := newRig(t, Limits{})
	c, err := r.Dial(0, HostCID, 80)
	if err != nil {
		t.Fatal(err)
	}
	r.Close(0, c)
	r.wantSent()
}

func TestDialAnsweredByNonsense(t *testing.T) {
	for _, op := range []packet.Op{packet.OpData, packet.OpRequest, packet.OpShutdown, packet.OpCreditUpdate, 99} {
		r := newRig(t, Limits{})
		c, port := r.dial()
		r.hear(packet.Header{Op: op, SrcPort: 80, DstPort: port}, "x")
		r.wantSent(packet.OpReset)
		if done, err := c.Opened(); !done || err != ErrReset {
			t.Errorf("%v: Opened = %v, %v, want ErrReset", op, done, err)
		}
	}
}

func TestDialTakesFreePorts(t *testing.T) {
	r := newRig(t, Limits{})
	r.nextPort = anyPort - 2
	seen := map[uint32]bool{}
	for range 5 {
		_, port := r.dial()
		if seen[port] || port == anyPort || port < firstPort {
			t.Errorf("port %d twice, or out of range", port)
		}
		seen[port] = true
	}
	if _, err := r.Dial(0, HostCID, anyPort); err != ErrBadPort {
		t.Errorf("Dial to no port = %v", err)
	}
	if _, err := r.Dial(0, 5, 80); err != ErrBadPeer {
		t.Errorf("Dial to another guest = %v", err)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	r := newRig(t, Limits{Backlog: 3})
	l, _ := r.Listen(listenPort)
	for i := range 5 {
		r.hear(packet.Header{Op: packet.OpRequest, SrcPort: uint32(i + 1)}, "")
	}
	r.wantSent(packet.OpReset, packet.OpReset, packet.OpResponse, packet.OpResponse, packet.OpResponse)
	// A peer that leaves makes room again.
	r.hear(packet.Header{Op: packet.OpReset, SrcPort: 2}, "")
	r.hear(packet.Header{Op: packet.OpRequest, SrcPort: 9}, "")
	r.wantSent(packet.OpResponse)
	var got []uint32
	for c := r.Accept(l); c != nil; c = r.Accept(l) {
		_, port, _ := c.Ports()
		got = append(got, port)
	}
	if len(got) != 3 || got[0] != 1 || got[1] != 3 || got[2] != 9 {
		t.Errorf("accepted the peer's ports %v, want 1 3 9", got)
	}
	check(t, r.Machine)
}

// What a client says before it leaves is not lost while it waits for Accept.
func TestShutdownBeforeAcceptKeepsData(t *testing.T) {
	r := newRig(t, Limits{})
	l, _ := r.Listen(listenPort)
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.hear(packet.Header{Op: packet.OpData}, "hello")
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownBoth}, "")
	r.wantSent(packet.OpReset)
	c := r.Accept(l)
	r.wantRead(c, "hello", nil)
	r.Close(0, c)
	check(t, r.Machine)
	if s := r.Stats(); s.Conns != 0 {
		t.Errorf("%d connections left", s.Conns)
	}
}

func TestClosedListenerResetsItsBacklog(t *testing.T) {
	r := newRig(t, Limits{})
	l, _ := r.Listen(listenPort)
	if _, err := r.Listen(listenPort); err != ErrInUse {
		t.Errorf("second Listen = %v, want ErrInUse", err)
	}
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpResponse)
	r.CloseListener(l)
	r.wantSent(packet.OpReset)
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpReset)
	check(t, r.Machine)
	if _, err := r.Listen(listenPort); err != nil {
		t.Errorf("Listen after Close = %v", err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	r := newRig(t, Limits{Conns: 4})
	l, _ := r.Listen(listenPort)
	for i := range 5 {
		r.hear(packet.Header{Op: packet.OpRequest, SrcPort: uint32(i + 1)}, "")
	}
	r.wantSent(packet.OpReset, packet.OpResponse, packet.OpResponse, packet.OpResponse, packet.OpResponse)
	if _, err := r.Dial(0, HostCID, 80); err != ErrNoRoom {
		t.Errorf("Dial = %v, want ErrNoRoom", err)
	}
	// One that only waits for its RST gives way.
	r.Close(0, r.Accept(l))
	r.wantSent(packet.OpShutdown)
	r.hear(packet.Header{Op: packet.OpRequest, SrcPort: 9}, "")
	r.wantSent(packet.OpReset, packet.OpResponse)
	check(t, r.Machine)
}

// Connections that nobody closes count although their peers are gone: an
// application that is slow must not be fed without bound.
func TestGoneConnectionsCountUntilClosed(t *testing.T) {
	r := newRig(t, Limits{Conns: 2})
	a, b := r.accept(), (*Conn)(nil)
	r.hear(packet.Header{Op: packet.OpReset}, "")
	b = r.accept()
	r.hear(packet.Header{Op: packet.OpReset}, "")
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpReset)
	r.Close(0, a)
	r.Close(0, b)
	r.accept()
}

func TestWindowsStayInBudget(t *testing.T) {
	l := Limits{MinWindow: 1 << 10, FirstWindow: 1 << 14, MaxWindow: 1 << 16, Budget: 1 << 17}
	r := newRig(t, l)
	if _, err := r.Listen(listenPort); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for port := range uint32(1000) {
		r.hear(packet.Header{Op: packet.OpRequest, SrcPort: port + 1}, "")
		for _, h := range r.sent() {
			if h.Op == packet.OpResponse {
				opened++
				r.hear(packet.Header{Op: packet.OpData, SrcPort: port + 1}, strings.Repeat("x", int(h.BufAlloc)))
			}
		}
		check(t, r.Machine)
	}
	r.wantSent()
	if s := r.Stats(); s.Promised > 1<<17 || opened < 50 || s.Resets != 0 {
		t.Errorf("%d opened, stats %+v, want more than 50 in 128 KiB", opened, s)
	}
}

func TestWindowGrowsForAReaderThatKeepsUp(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 12, MaxWindow: 1 << 14})
	c := r.accept()
	b := make([]byte, 1<<12)
	for range 10 {
		r.hear(packet.Header{Op: packet.OpData}, string(b))
		if n, err := r.Read(c, b); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
	}
	sent := r.sent()
	if got := sent[len(sent)-1].BufAlloc; got != 1<<14 {
		t.Errorf("window %d, want it grown to %d", got, 1<<14)
	}
	check(t, r.Machine)
}

func TestStalledSenderAsksForCredit(t *testing.T) {
	r := newRig(t, Limits{StallTimeout: time.Second})
	c := r.accept()
	if n, _ := r.write(c, 1<<16); n != 1<<16 {
		t.Fatalf("wrote %d", n)
	}
	if _, err := r.write(c, 1); err != ErrWouldBlock {
		t.Fatalf("write without credit = %v", err)
	}
	r.Stall(0, c)
	r.wantSent()
	r.Tick(time.Second)
	r.wantSent(packet.OpCreditRequest)
	if at, _ := r.Deadline(); at != 3*time.Second {
		t.Errorf("asks again at %v, want 3 s: it waits longer each time", at)
	}
	r.events(c)
	r.hear(packet.Header{Op: packet.OpCreditUpdate, FwdCount: 1 << 15}, "")
	if e := r.events(c); e != EventWrite {
		t.Errorf("events %b, want EventWrite", e)
	}
	if _, ok := r.Deadline(); ok {
		t.Error("a timer is left")
	}
	if n, _ := r.write(c, 1<<16); n != 1<<15 {
		t.Errorf("wrote %d, want %d", n, 1<<15)
	}
}

func TestTransportResetKeepsListenersOnly(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, "rest")
	r.hear(packet.Header{Op: packet.OpRequest, SrcPort: 9}, "") // waits for Accept
	d, _ := r.dial2()
	r.hear(packet.Header{Op: packet.OpRequest, DstPort: 9}, "") // an RST waits
	r.Reset(17)
	r.wantSent()
	r.wantRead(c, "rest", nil)
	r.wantRead(c, "", ErrReset)
	if done, err := d.Opened(); !done || err != ErrReset {
		t.Errorf("dial: %v, %v, want ErrReset", done, err)
	}
	if r.Accept(r.listeners[listenPort]) != nil {
		t.Error("a connection of before waits for Accept")
	}
	r.Close(0, c)
	r.Close(0, d)
	check(t, r.Machine)
	if s := r.Stats(); s.Conns != 0 || s.Promised != 0 {
		t.Errorf("stats %+v, want nothing left", s)
	}
	r.hear(packet.Header{Op: packet.OpRequest}, "") // the old address is nobody's
	r.sent()
	r.hear(packet.Header{Op: packet.OpRequest, DstCID: 17}, "")
	if l := r.sent(); len(l) != 1 || l[0].Op != packet.OpResponse || l[0].SrcCID != 17 {
		t.Errorf("sent %v, want a RESPONSE from 17", l)
	}
}

// dial2 is dial without looking at what else is sent.
func (r *rig) dial2() (*Conn, error) {
	c, err := r.Dial(r.now, HostCID, 80)
	r.sent()
	return c, err
}

// A reader that waits gets the bytes of the next packet in its own buffer.
func TestPostedBufferIsFilled(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	b := make([]byte, 4)
	if !r.Post(c, b) || r.Post(c, make([]byte, 1)) {
		t.Error("want one posted buffer")
	}
	r.hear(packet.Header{Op: packet.OpData}, "abcdef")
	if n := r.Collect(c); n != 4 || string(b) != "abcd" {
		t.Errorf("Collect = %d, %q", n, b)
	}
	r.wantRead(c, "ef", nil)
	if !r.Post(c, b) || r.Collect(c) != 0 {
		t.Error("nothing came, so nothing is collected")
	}
	r.hear(packet.Header{Op: packet.OpData}, "gh") // the buffer is no longer lent
	if string(b) != "abcd" {
		t.Errorf("a buffer taken back was written: %q", b)
	}
	r.wantRead(c, "gh", nil)
}

func TestPacketsAllocateNothing(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 16, MaxWindow: 1 << 16})
	c := r.accept()
	body, buf := make([]byte, 1<<15), make([]byte, 1<<15)
	data := filled(packet.Header{Op: packet.OpData, Len: 1 << 15})
	var taken uint32
	run := func() {
		data.FwdCount = taken
		r.Receive(data, body)
		r.NextEvent()
		if n, err := r.Read(c, buf); n != len(buf) || err != nil {
			t.Fatal(n, err)
		}
		h, err := r.Reserve(c, 1<<10)
		if err != nil {
			t.Fatal(err)
		}
		taken += h.Len
		for _, ok := r.Next(); ok; _, ok = r.Next() {
		}
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

// Connections whose windows have grown must not use up the budget: new ones would be
// refused for as long as the others are there.
func TestGrownWindowsLeaveRoomForNewConnections(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 10, MaxWindow: 1 << 14, MinWindow: 1 << 8, Budget: 1 << 16})
	l, _ := r.Listen(listenPort)
	connect := func(port uint32) *Conn {
		t.Helper()
		r.hear(packet.Header{Op: packet.OpRequest, SrcPort: port}, "")
		r.wantSent(packet.OpResponse)
		return r.Accept(l)
	}
	for i := range uint32(16) { // 16 MiB of windows, if they could
		c := connect(i + 1)
		for range 20 {
			n := int(c.credit.window)
			r.hear(packet.Header{Op: packet.OpData, SrcPort: i + 1}, strings.Repeat("x", n))
			r.Read(c, make([]byte, n))
			r.sent()
		}
	}
	if s := r.Stats(); s.Promised < 1<<15 || s.Promised > 1<<16 {
		t.Errorf("%d bytes promised: the windows did not grow", s.Promised)
	}
	for i := range uint32(16) {
		connect(100 + i)
	}
	check(t, r.Machine)
}
