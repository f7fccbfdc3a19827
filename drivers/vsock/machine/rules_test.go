package machine

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// Virtio 1.2 §5.10.6.3: free = buf_alloc - (tx_cnt - fwd_cnt) in wrapping
// arithmetic, and nothing where the peer's numbers contradict ours.
func TestCreditWrapsAt32Bits(t *testing.T) {
	for _, tc := range []struct {
		name                         string
		sent, peerTaken, peer, limit uint32
		want                         uint32
	}{
		{"fresh", 0, 0, 65536, 1 << 20, 65536},
		{"some on its way", 100, 40, 1000, 1 << 20, 940},
		{"all on its way", 1000, 0, 1000, 1 << 20, 0},
		{"across the wrap", 5, 1<<32 - 5, 100, 1 << 20, 90},
		{"peer shrank its buffer", 1000, 0, 999, 1 << 20, 0},
		{"peer took more than was sent", 10, 11, 65536, 1 << 20, 0},
		{"peer has no buffer", 0, 0, 0, 1 << 20, 0},
		{"huge buffer is capped by our limit", 0, 0, 1<<32 - 1, 4096, 4096},
		{"huge buffer, limit used up", 4096, 0, 1<<32 - 1, 4096, 0},
	} {
		c := credit{sent: tc.sent, peerTaken: tc.peerTaken, peerWindow: tc.peer, limit: tc.limit}
		if got := c.free(); got != tc.want {
			t.Errorf("%s: free = %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCreditIsPerConnection(t *testing.T) {
	r := newRig(t, Limits{})
	a := r.accept()
	r.hear(packet.Header{Op: packet.OpRequest, SrcPort: peerPort + 1, BufAlloc: 10}, "")
	b := r.Accept(r.listeners[listenPort])
	r.wantSent(packet.OpResponse)
	if n, _ := r.write(b, 100); n != 10 {
		t.Errorf("wrote %d bytes to a buffer of 10", n)
	}
	if n, _ := r.write(a, 100); n != 100 {
		t.Errorf("wrote %d bytes to a buffer of 65536, want 100", n)
	}
}

func TestSendIsCappedByLocalLimit(t *testing.T) {
	r := newRig(t, Limits{SendLimit: 5000})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpCreditUpdate, BufAlloc: 1<<32 - 1}, "")
	total := 0
	for {
		n, err := r.write(c, 1<<20)
		if err == ErrWouldBlock {
			break
		}
		total += n
	}
	if total != 5000 {
		t.Errorf("%d bytes on their way to a peer with 4 GiB, want 5000", total)
	}
}

// §5.10.6.3.1: every packet of a connection carries our credit.
func TestEveryPacketCarriesCredit(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 14})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, "hello")
	r.wantRead(c, "hello", nil)
	h, err := r.Reserve(c, 1)
	if err != nil || h.BufAlloc != 1<<14 || h.FwdCount != 5 {
		t.Errorf("data carries %v, %v, want buffer 16384, 5 taken", h, err)
	}
	r.hear(packet.Header{Op: packet.OpCreditRequest}, "")
	if h := r.wantSent(packet.OpCreditUpdate)[0]; h.BufAlloc != 1<<14 || h.FwdCount != 5 {
		t.Errorf("update carries %v, want buffer 16384, 5 taken", h)
	}
	r.Abort(c)
	if h := r.wantSent(packet.OpReset)[0]; h.BufAlloc != 1<<14 || h.FwdCount != 5 {
		t.Errorf("RST carries %v, want buffer 16384, 5 taken", h)
	}
}

func TestCreditUpdateWhenHalfTheWindowIsFree(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 12, MaxWindow: 1 << 12})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, strings.Repeat("x", 1<<12))
	b := make([]byte, 1<<11-1)
	r.Read(c, b)
	r.wantSent() // less than half: not yet
	r.Read(c, b[:1])
	if h := r.wantSent(packet.OpCreditUpdate)[0]; h.FwdCount != 1<<11 {
		t.Errorf("update says %d taken, want %d", h.FwdCount, 1<<11)
	}
}

// A peer that asks gets an answer at once, and another one when there is news.
func TestCreditRequestIsAnswered(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, "abc")
	r.hear(packet.Header{Op: packet.OpCreditRequest}, "")
	if h := r.wantSent(packet.OpCreditUpdate)[0]; h.FwdCount != 0 {
		t.Errorf("update says %d taken, want 0", h.FwdCount)
	}
	r.Read(c, make([]byte, 1))
	if h := r.wantSent(packet.OpCreditUpdate)[0]; h.FwdCount != 1 {
		t.Errorf("second update says %d taken, want 1", h.FwdCount)
	}
}

func TestPeerBeyondOurBufferIsReset(t *testing.T) {
	r := newRig(t, Limits{FirstWindow: 1 << 10, MaxWindow: 1 << 10})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, strings.Repeat("x", 1<<10))
	r.wantSent()
	r.hear(packet.Header{Op: packet.OpData}, "y")
	r.wantSent(packet.OpReset)
	r.wantRead(c, strings.Repeat("x", 1<<10), nil)
	r.wantRead(c, "", ErrReset)
}

func TestEmptyDataLeavesNothing(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	for range 10000 {
		r.hear(packet.Header{Op: packet.OpData, Flags: 1}, "")
	}
	r.wantSent()
	if e := r.events(c); e != 0 || len(c.inbox.ring) != 0 {
		t.Errorf("events %b, ring of %d bytes, want none", e, len(c.inbox.ring))
	}
	r.wantRead(c, "", ErrWouldBlock)
}

// A length beyond what came is no packet; what is behind the length is not data.
func TestLengthIsChecked(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData, Len: 3}, "abc and stale bytes")
	r.wantRead(c, "abc", nil)
	r.hear(packet.Header{Op: packet.OpData, Len: 4}, "abc")
	r.wantSent(packet.OpReset)
	r.wantRead(c, "", ErrReset)
}

func TestReceivingStopsWhileRepliesWait(t *testing.T) {
	r := newRig(t, Limits{Replies: 10})
	n := 0
	for ; r.CanReceive(); n++ {
		r.hear(packet.Header{Op: packet.OpRequest, SrcPort: uint32(n + 1)}, "")
	}
	if n != 10 {
		t.Errorf("took %d refused requests without sending, want 10", n)
	}
	r.Next()
	if !r.CanReceive() {
		t.Error("still does not receive after one reply was sent")
	}
}

// §5.10.6.4.1 and its companions: what gets an RST and what gets nothing.
func TestAnswersToStrangePackets(t *testing.T) {
	for _, tc := range []struct {
		name string
		h    packet.Header
		want []packet.Op
	}{
		{"request to nobody", packet.Header{Op: packet.OpRequest, DstPort: 9}, []packet.Op{packet.OpReset}},
		{"data of no connection", packet.Header{Op: packet.OpData, DstPort: 9}, []packet.Op{packet.OpReset}},
		{"response to nothing", packet.Header{Op: packet.OpResponse}, []packet.Op{packet.OpReset}},
		{"unknown operation", packet.Header{Op: 99}, []packet.Op{packet.OpReset}},
		{"unknown type", packet.Header{Op: packet.OpRequest, Type: 7}, []packet.Op{packet.OpReset}},
		{"seqpacket", packet.Header{Op: packet.OpRequest, Type: packet.TypeSeqpacket}, []packet.Op{packet.OpReset}},
		{"RST is never answered", packet.Header{Op: packet.OpReset}, nil},
		{"RST of an unknown type neither", packet.Header{Op: packet.OpReset, Type: 7}, nil},
		{"for another CID", packet.Header{Op: packet.OpRequest, DstCID: 4}, nil},
		{"upper half of our CID", packet.Header{Op: packet.OpRequest, DstCID: 1<<32 | guestCID}, nil},
		{"from another guest", packet.Header{Op: packet.OpRequest, SrcCID: 4}, nil},
		{"upper half of the host's CID", packet.Header{Op: packet.OpRequest, SrcCID: 1<<32 | HostCID}, nil},
		{"from no port", packet.Header{Op: packet.OpRequest, SrcPort: 1<<32 - 1}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, Limits{})
			if _, err := r.Listen(listenPort); err != nil {
				t.Fatal(err)
			}
			r.hear(tc.h, "")
			l := r.wantSent(tc.want...)
			for _, h := range l {
				in := filled(tc.h)
				if h.SrcPort != in.DstPort || h.DstPort != in.SrcPort || h.Type != in.Type {
					t.Errorf("%v is answered by %v", in, h)
				}
			}
		})
	}
}

func TestUnknownTypeEndsTheConnection(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData, Type: packet.TypeSeqpacket}, "x")
	r.wantSent(packet.OpReset)
	r.wantRead(c, "", ErrReset)
}

// A late RST must not hit the next connection with the same pair of ports.
func TestResetIsWithdrawnForANewConnection(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Abort(c) // its RST is not sent yet
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpResponse)
}

// §5.10.6.5: shutdown flags hold once they are said.
func TestShutdownFlagsAreSticky(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, "last")
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownSend}, "")
	r.hear(packet.Header{Op: packet.OpShutdown}, "") // takes nothing back
	r.wantSent()
	r.wantRead(c, "last", nil)
	r.wantRead(c, "", io.EOF)
	if n, err := r.write(c, 5); n != 5 || err != nil { // the other way still works
		t.Errorf("write after the peer's half close = %d, %v", n, err)
	}
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownReceive}, "")
	r.wantSent(packet.OpReset) // now it is both: the clean end
	if _, err := r.write(c, 5); err != ErrPipe {
		t.Errorf("write after shutdown = %v, want ErrPipe", err)
	}
	r.wantRead(c, "", io.EOF)
}

func TestDataAfterPeersShutdownIsReset(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownSend}, "")
	r.hear(packet.Header{Op: packet.OpData}, "more")
	r.wantSent(packet.OpReset)
	r.wantRead(c, "", io.EOF) // it had said that it is done
}

func TestPeerThatTakesNoMore(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownReceive}, "")
	if _, err := r.write(c, 1); err != ErrPipe {
		t.Errorf("write = %v, want ErrPipe", err)
	}
	r.hear(packet.Header{Op: packet.OpData}, "but still talks")
	r.wantRead(c, "but still talks", nil)
}

func TestHalfCloseOfOurs(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Shutdown(c, packet.ShutdownSend)
	if h := r.wantSent(packet.OpShutdown)[0]; h.Flags != packet.ShutdownSend {
		t.Errorf("flags %d, want SEND", h.Flags)
	}
	if _, err := r.write(c, 1); err != ErrPipe {
		t.Errorf("write = %v, want ErrPipe", err)
	}
	r.hear(packet.Header{Op: packet.OpData}, "answer")
	r.wantRead(c, "answer", nil)
	r.Shutdown(c, packet.ShutdownReceive)
	if h := r.wantSent(packet.OpShutdown)[0]; h.Flags != packet.ShutdownBoth {
		t.Errorf("flags %d, want both", h.Flags)
	}
	r.wantRead(c, "", io.EOF)
}

// The clean close: SHUTDOWN(both), then the peer's RST.
func TestCloseWaitsForReset(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Close(0, c)
	if h := r.wantSent(packet.OpShutdown)[0]; h.Flags != packet.ShutdownBoth {
		t.Errorf("flags %d, want both", h.Flags)
	}
	r.hear(packet.Header{Op: packet.OpData}, "was on its way")
	r.wantSent()
	r.hear(packet.Header{Op: packet.OpReset}, "")
	r.wantSent()
	if s := r.Stats(); s.Conns != 0 || s.Promised != 0 || s.Resets != 0 {
		t.Errorf("stats %+v, want nothing left and no reset", s)
	}
	if _, ok := r.Deadline(); ok {
		t.Error("a timer is left")
	}
}

func TestCloseTimesOutByReset(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Close(time.Second, c)
	r.wantSent(packet.OpShutdown)
	at, ok := r.Deadline()
	if !ok || at != time.Second+defaultLimits.ShutdownTimeout {
		t.Errorf("deadline %v, %v", at, ok)
	}
	r.Tick(at - 1)
	r.wantSent()
	r.Tick(at)
	r.wantSent(packet.OpReset)
	if s := r.Stats(); s.Conns != 0 {
		t.Errorf("%d connections left", s.Conns)
	}
}

func TestBothCloseAtOnce(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Close(0, c)
	r.wantSent(packet.OpShutdown)
	r.hear(packet.Header{Op: packet.OpShutdown, Flags: packet.ShutdownBoth}, "")
	r.wantSent(packet.OpReset)
	r.hear(packet.Header{Op: packet.OpReset}, "") // the answer to ours
	r.wantSent()
}

func TestClosingPairIsReusedByThePeer(t *testing.T) {
	r := newRig(t, Limits{})
	r.Close(0, r.accept())
	r.wantSent(packet.OpShutdown)
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpResponse)
}

func TestResetBreaksAConnection(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpData}, "rest")
	r.hear(packet.Header{Op: packet.OpReset}, "")
	r.wantSent()
	if e := r.events(c); e != EventRead|EventWrite {
		t.Errorf("events %b, want both", e)
	}
	r.wantRead(c, "rest", nil)
	r.wantRead(c, "", ErrReset)
	if _, err := r.write(c, 1); err != ErrReset {
		t.Errorf("write = %v, want ErrReset", err)
	}
	r.Close(0, c)
	r.wantSent()
	if s := r.Stats(); s.Conns != 0 || s.Promised != 0 || s.Resets != 1 {
		t.Errorf("stats %+v, want one reset and nothing left", s)
	}
}

func TestRequestOnAnOpenConnectionEndsIt(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.hear(packet.Header{Op: packet.OpRequest}, "")
	r.wantSent(packet.OpReset)
	r.wantRead(c, "", ErrReset)
}

func TestResetAfterBothHalvesIsClean(t *testing.T) {
	r := newRig(t, Limits{})
	c := r.accept()
	r.Shutdown(c, packet.ShutdownSend)
	r.Shutdown(c, packet.ShutdownReceive)
	r.hear(packet.Header{Op: packet.OpReset}, "")
	r.wantRead(c, "", io.EOF)
	if s := r.Stats(); s.Resets != 0 {
		t.Errorf("stats %+v, want no reset", s)
	}
}

// An operation that means nothing takes nothing from a connection, not even the
// credit that it carries. vhost-device-vsock 0.3 sends INVALID under load.
func TestUnknownOperationLeavesTheConnection(t *testing.T) {
	for _, op := range []packet.Op{packet.OpInvalid, packet.OpCreditRequest + 1, 99, 1<<16 - 1} {
		r := newRig(t, Limits{})
		c := r.accept()
		h := filled(packet.Header{Op: op, FwdCount: 7})
		h.BufAlloc = 0
		r.Receive(h, nil)
		r.wantSent()
		r.Tick(0) // it asks, and is told that the connection lives
		r.wantSent(packet.OpCreditRequest)
		r.hear(packet.Header{Op: packet.OpCreditUpdate}, "")
		if at, ok := r.Deadline(); ok {
			t.Errorf("%v: a deadline at %v is left", op, at)
		}
		if n, err := r.write(c, 100); n != 100 || err != nil {
			t.Errorf("%v: write = %d, %v, want 100", op, n, err)
		}
		r.hear(packet.Header{Op: packet.OpData}, "hello")
		r.wantRead(c, "hello", nil)
	}
}

// A daemon that has lost a connection says INVALID once and never answers again:
// the connection ends instead of staying for ever.
func TestUnknownOperationOfALostConnectionEndsIt(t *testing.T) {
	for _, stalled := range []bool{false, true} {
		r := newRig(t, Limits{})
		c := r.accept()
		if stalled {
			r.Stall(0, c)
		}
		r.Receive(filled(packet.Header{Op: packet.OpInvalid}), nil)
		r.Tick(0)
		r.Receive(filled(packet.Header{Op: packet.OpInvalid}), nil) // proves nothing
		r.Tick(DefaultLimits().DoubtTimeout - 1)
		if _, err := r.Read(c, make([]byte, 1)); err != ErrWouldBlock {
			t.Errorf("stalled %v: before the time: %v", stalled, err)
		}
		r.sent()
		r.Tick(DefaultLimits().DoubtTimeout)
		r.wantSent(packet.OpReset)
		if _, err := r.Read(c, make([]byte, 1)); err != ErrReset {
			t.Errorf("stalled %v: Read = %v, want %v", stalled, err, ErrReset)
		}
	}
}
