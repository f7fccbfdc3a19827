package machine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// interesting are values at which arithmetic changes its mind.
var interesting = []uint32{0, 1, 2, 3, 44, 63, 64, 65, 1023, 1024, 4096, 1 << 16, 1<<16 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 2, 1<<32 - 1}

// hostile makes a packet that a peer could send, most often about something
// that exists.
func hostile(c *choices, m *Machine) (packet.Header, []byte) {
	value := func() uint32 { return interesting[c.pick(len(interesting))] }
	h := packet.Header{
		SrcCID: HostCID, DstCID: guestCID,
		SrcPort: uint32(1 + c.pick(6)), DstPort: listenPort,
		Type: packet.TypeStream, Op: packet.Op(c.pick(9)),
		Flags: uint32(c.pick(4)), BufAlloc: value(), FwdCount: value(),
	}
	switch c.pick(12) {
	case 0:
		h.DstPort = firstPort + uint32(c.pick(4)) // what we dialed
		h.SrcPort = 80
	case 1:
		h.SrcCID = uint64(value()) << (8 * c.pick(5))
	case 2:
		h.DstCID = uint64(value()) << (8 * c.pick(5))
	case 3:
		h.Type = uint16(c.pick(4))
	case 4:
		h.Op = packet.Op(value())
	case 5:
		h.SrcPort, h.DstPort = value(), value()
	}
	body := make([]byte, c.pick(256)*c.pick(8))
	h.Len = uint32(len(body))
	if c.pick(16) == 0 {
		h.Len = value()
	}
	return h, body
}

// besiege lets a hostile peer and an application that does anything in any
// order at a machine. It checks that all limits hold at every moment.
func besiege(t testing.TB, b []byte) {
	c := &choices{b}
	m := New(guestCID, Limits{Conns: 6, Backlog: 3, Replies: 4, MinWindow: 64, FirstWindow: 256, MaxWindow: 1024, Budget: 2048})
	l, err := m.Listen(listenPort)
	if err != nil {
		t.Fatal(err)
	}
	var conns []*Conn
	var now time.Duration
	buf := make([]byte, 512)
	for !c.done() {
		var some *Conn
		if len(conns) > 0 {
			some = conns[c.pick(len(conns))]
		}
		switch what := c.pick(16); {
		case what <= 6:
			if m.CanReceive() {
				m.Receive(hostile(c, m))
			}
		case what == 7:
			for n := c.pick(8); n > 0; n-- {
				if h, ok := m.Next(); ok && (h.SrcCID != uint64(m.CID()) && h.Op != packet.OpReset || h.Len != 0) {
					t.Fatalf("sends %v", h)
				}
			}
		case what == 8:
			if a := m.Accept(l); a != nil {
				conns = append(conns, a)
			}
		case what == 9:
			if d, err := m.Dial(now, HostCID, 80); err == nil {
				conns = append(conns, d)
			}
		case what == 10:
			now += time.Duration(c.pick(256)) * 10 * time.Millisecond
			m.Tick(now)
		case what == 11 && c.pick(16) == 0:
			m.Reset(guestCID)
		case what == 11 && c.pick(8) == 0:
			m.CloseListener(l)
			if l, err = m.Listen(listenPort); err != nil {
				t.Fatal(err)
			}
		case some == nil:
		case what == 12:
			if n, err := m.Read(some, buf[:c.pick(len(buf))]); n == 0 && err == ErrWouldBlock && m.CanReceive() && m.Post(some, buf) {
				m.Receive(hostile(c, m))
				if n := m.Collect(some); n > len(buf) {
					t.Fatalf("collected %d bytes of %d", n, len(buf))
				}
			}
		case what == 13:
			h, err := m.Reserve(some, 1+c.pick(200))
			if err == ErrWouldBlock {
				m.Stall(now, some)
			}
			if h.Len > m.limits.SendLimit || err == nil && h.Len == 0 {
				t.Fatalf("reserved %d bytes, %v", h.Len, err)
			}
		case what == 14:
			m.Shutdown(some, uint32(c.pick(4)))
		default:
			k := c.pick(len(conns))
			if c.pick(2) == 0 {
				m.Close(now, conns[k])
			} else {
				m.Abort(conns[k])
			}
			conns = append(conns[:k], conns[k+1:]...)
		}
		check(t, m)
	}
	// Whatever happened: when the application lets go and time passes, all is free.
	for _, some := range conns {
		m.Close(now, some)
	}
	m.CloseListener(l)
	m.Tick(now + time.Hour)
	if s := m.Stats(); s.Conns != 0 || s.Promised != 0 || len(m.timers) != 0 {
		t.Fatalf("left: %+v, %d timers", s, len(m.timers))
	}
}

func TestHostilePeerStaysWithinLimits(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	for n := range rounds {
		rng := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(seed), byte(seed >> 8), byte(seed >> 16)})
		b := make([]byte, 5000)
		rng.Read(b)
		besiege(t, b)
		if t.Failed() {
			return
		}
	}
}

func FuzzHostilePeer(f *testing.F) {
	rng := rand.NewChaCha8([32]byte{2})
	for _, n := range []int{20, 200, 2000} {
		b := make([]byte, n)
		rng.Read(b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<14 {
			return
		}
		besiege(t, b)
	})
}
