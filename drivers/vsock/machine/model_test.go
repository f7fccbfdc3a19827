package machine

import (
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// The model of a connection is two byte counts each way. Whatever the order of calls
// and deliveries: what is read is what was written, in order; the end comes
// after the last byte of a side that has shut down, and not before; nothing ever
// breaks by itself; and when all is closed nothing is left.

// choices is the source of decisions: random bytes, or a fuzzer's.
type choices struct{ b []byte }

func (c *choices) done() bool { return len(c.b) == 0 }

// pick returns a number in [0, n).
func (c *choices) pick(n int) int {
	if len(c.b) == 0 {
		return 0
	}
	v := int(c.b[0])
	c.b = c.b[1:]
	return v % n
}

// end is one side of a modelled connection.
type end struct {
	m       *Machine
	c       *Conn
	id      int
	written int // bytes that the machine took
	read    int
	sealed  bool // no more is written: shut down or closed
	deaf    bool // no more is read
	closed  bool
	peer    *end
}

// wire is packets on their way to a machine.
type wire struct {
	to   *Machine
	list []struct {
		h    packet.Header
		body []byte
	}
}

func (w *wire) send(h packet.Header, body []byte) {
	w.list = append(w.list, struct {
		h    packet.Header
		body []byte
	}{h, body})
}

func (w *wire) deliver() bool {
	if len(w.list) == 0 || !w.to.CanReceive() {
		return false
	}
	p := w.list[0]
	w.list = w.list[1:]
	w.to.Receive(p.h, append(p.body, "beyond the length"...))
	return true
}

// world is a guest, a host, and what is between them.
type world struct {
	t        testing.TB
	m        [2]*Machine
	toward   [2]*wire
	listener [2]*Listener
	dialing  []*end
	waiting  map[key]*end // dialed, not accepted yet, by the acceptor's key
	ends     []*end
	count    int
}

func newWorld(t testing.TB, l Limits) *world {
	w := &world{t: t, waiting: map[key]*end{}}
	w.m[0] = New(guestCID, l)
	l.AnyPeer = true
	w.m[1] = New(HostCID, l)
	for i, m := range w.m {
		w.toward[i] = &wire{to: m}
		w.listener[i], _ = m.Listen(listenPort)
	}
	return w
}

func pattern(id, at int) byte { return byte(at*31 + at>>8*7 + id*101) }

// flush puts what machine i has to say on the wire.
func (w *world) flush(i int) {
	for h, ok := w.m[i].Next(); ok; h, ok = w.m[i].Next() {
		w.toward[1-i].send(h, nil)
	}
}

func (w *world) side(m *Machine) int {
	if m == w.m[0] {
		return 0
	}
	return 1
}

func (w *world) dial(i int) {
	c, err := w.m[i].Dial(0, w.m[1-i].CID(), listenPort)
	if err != nil {
		return
	}
	w.count++
	e := &end{m: w.m[i], c: c, id: w.count}
	_, _, port := c.Ports()
	w.waiting[key{w.m[i].CID(), port, listenPort}] = e
	w.dialing = append(w.dialing, e)
}

func (w *world) accept(i int) bool {
	c := w.m[i].Accept(w.listener[i])
	if c == nil {
		return false
	}
	d := w.waiting[c.key]
	if d == nil {
		w.t.Fatalf("accepted %v, which nobody dialed", c.key)
	}
	delete(w.waiting, c.key)
	e := &end{m: w.m[i], c: c, id: d.id + 1000, peer: d}
	d.peer = e
	w.ends = append(w.ends, e)
	return true
}

// settle moves dials that have their answer to the open ends.
func (w *world) settle() {
	kept := w.dialing[:0]
	for _, e := range w.dialing {
		done, err := e.c.Opened()
		switch {
		case !done:
			kept = append(kept, e)
		case err != nil:
			e.m.Close(0, e.c)
			if err != ErrRefused {
				w.t.Fatalf("dial: %v", err)
			}
		default:
			w.ends = append(w.ends, e)
		}
	}
	w.dialing = kept
}

func (w *world) write(e *end, n int) {
	i := w.side(e.m)
	w.flush(i)
	h, err := e.m.Reserve(e.c, n)
	switch {
	case err == ErrWouldBlock:
		e.m.Stall(0, e.c)
		return
	case err == ErrPipe && (e.sealed || e.peer != nil && e.peer.deaf):
		return
	case err != nil:
		w.t.Fatalf("connection %d: write: %v", e.id, err)
	}
	body := make([]byte, h.Len, h.Len+32)
	for k := range body {
		body[k] = pattern(e.id, e.written+k)
	}
	e.written += len(body)
	w.toward[1-i].send(h, body)
}

func (w *world) read(e *end, n int) (more bool) {
	b := make([]byte, n)
	n, err := e.m.Read(e.c, b)
	w.took(e, b[:n])
	switch err {
	case nil:
		return n > 0
	case ErrWouldBlock:
		return false
	case io.EOF:
		if e.deaf || e.peer != nil && e.peer.sealed && e.read == e.peer.written {
			return false
		}
		w.t.Fatalf("connection %d: end after %d bytes, peer: %+v", e.id, e.read, e.peer)
	}
	w.t.Fatalf("connection %d: read: %v", e.id, err)
	return false
}

func (w *world) took(e *end, b []byte) {
	for k, v := range b {
		if v != pattern(e.peer.id, e.read+k) {
			w.t.Fatalf("connection %d: byte %d is wrong", e.id, e.read+k)
		}
	}
	e.read += len(b)
}

func (w *world) shutdown(e *end, flags uint32) {
	e.m.Shutdown(e.c, flags)
	e.sealed = e.sealed || flags&packet.ShutdownSend != 0
	e.deaf = e.deaf || flags&packet.ShutdownReceive != 0
}

func (w *world) close(k int) {
	e := w.ends[k]
	e.m.Close(0, e.c)
	e.sealed, e.deaf, e.closed = true, true, true
	w.ends = append(w.ends[:k], w.ends[k+1:]...)
}

// step does one thing.
func (w *world) step(c *choices) {
	i := c.pick(2)
	switch what := c.pick(16); {
	case what == 0:
		w.dial(i)
	case what == 1:
		w.accept(i)
	case what <= 5:
		w.toward[i].deliver()
	case what == 6:
		for w.toward[i].deliver() {
		}
	case what == 7:
		w.flush(i)
	case what == 8:
		w.m[i].Tick(time.Duration(c.pick(200)) * time.Millisecond) // no shutdown times out
	case len(w.ends) == 0:
	default:
		k := c.pick(len(w.ends))
		e := w.ends[k]
		switch {
		case what <= 11:
			w.write(e, 1+c.pick(256)*c.pick(32))
		case what <= 13:
			w.read(e, 1+c.pick(256)*c.pick(16))
		case c.pick(4) == 0:
			w.close(k)
		case c.pick(3) == 0:
			w.shutdown(e, uint32(1+c.pick(2)))
		}
	}
	w.settle()
	check(w.t, w.m[0])
	check(w.t, w.m[1])
}

// quiet delivers until nothing moves.
func (w *world) quiet() {
	for moved := true; moved; {
		moved = false
		for i := range w.m {
			w.flush(i)
			moved = w.accept(i) || moved
			for w.toward[i].deliver() {
				moved = true
			}
		}
		w.settle()
	}
}

// finish lets everybody read to the end and close.
func (w *world) finish() {
	w.quiet()
	for moved := true; moved; {
		moved = false
		for _, e := range w.ends {
			for w.read(e, 1<<16) {
				moved = true
			}
		}
		w.quiet()
	}
	for _, e := range w.ends {
		if !e.deaf && e.peer != nil && e.read != e.peer.written {
			w.t.Fatalf("connection %d: read %d of %d bytes", e.id, e.read, e.peer.written)
		}
	}
	for len(w.ends) > 0 {
		w.close(0)
		w.quiet()
	}
	for i, m := range w.m {
		if s := m.Stats(); s.Conns != 0 || s.Promised != 0 || len(m.conns) != 0 || len(m.timers) != 0 || s.Resets != 0 {
			w.t.Fatalf("machine %d: %+v, %d in the table, %d timers; want nothing left", i, s, len(m.conns), len(m.timers))
		}
	}
}

func play(t testing.TB, b []byte) {
	c := &choices{b}
	w := newWorld(t, Limits{
		Conns: 8 + c.pick(30), Backlog: 1 + c.pick(8), Replies: 1 + c.pick(8),
		MinWindow: 64, FirstWindow: 64 << c.pick(8), MaxWindow: 1 << 14, Budget: 1 << 16,
	})
	for !c.done() {
		w.step(c)
	}
	w.finish()
}

func TestMachinesAgreeWithTheModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for n := range rounds {
		rng := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
		b := make([]byte, 100+n*20)
		rng.Read(b)
		play(t, b)
		if t.Failed() {
			return
		}
	}
}

func FuzzInterleaving(f *testing.F) {
	rng := rand.NewChaCha8([32]byte{1})
	for _, n := range []int{10, 100, 1000} {
		b := make([]byte, n)
		rng.Read(b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<14 {
			return
		}
		play(t, b)
	})
}
