package vsock

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// A Conn is one connection.
type Conn struct {
	stack         *Stack
	local, remote Addr
	writing       sync.Mutex // one Write at a time, so that none is torn

	// All guarded by stack.mu.
	core        *machine.Conn
	read, write gate
	closed      bool
	starving    bool // it is in stack.starved
}

var _ net.Conn = (*Conn)(nil)

// newConn makes the application's side of a machine's connection. Caller holds mu.
func (s *Stack) newConn(core *machine.Conn) *Conn {
	cid, peerPort, port := core.Ports()
	c := &Conn{
		stack: s, core: core,
		local:  Addr{CID: s.machine.CID(), Port: port},
		remote: Addr{CID: cid, Port: peerPort},
	}
	c.read.cond.L, c.write.cond.L = &s.mu, &s.mu
	core.Owner = c
	return c
}

// Read reads what has arrived, and waits if that is nothing.
func (c *Conn) Read(p []byte) (int, error) {
	s := c.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if c.closed {
			return 0, c.fail("read", net.ErrClosed)
		}
		if c.read.expired() {
			return 0, c.fail("read", os.ErrDeadlineExceeded)
		}
		n, err := s.machine.Read(c.core, p)
		if err == nil {
			s.answer()
			return n, nil
		}
		if err != machine.ErrWouldBlock {
			return 0, c.fail("read", sysError("read", err))
		}
		posted := s.machine.Post(c.core, p)
		c.read.cond.Wait()
		if posted {
			if n := s.machine.Collect(c.core); n > 0 {
				s.answer()
				return n, nil
			}
		}
	}
}

// answer sends what a call has made the machine say, such as new credit.
// Caller holds mu.
func (s *Stack) answer() {
	if s.machine.Pending() {
		s.control()
		s.carrier.Flush()
	}
}

// Write sends p. It returns when all of it is with the carrier.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	s := c.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	for done := 0; ; {
		if c.closed {
			return done, c.fail("write", net.ErrClosed)
		}
		if c.write.expired() {
			return done, c.fail("write", os.ErrDeadlineExceeded)
		}
		n, err := s.send(c, p[done:])
		done += n
		if err == nil && done == len(p) {
			return done, nil
		}
		if err == nil {
			continue
		}
		if err != machine.ErrWouldBlock {
			return done, c.fail("write", sysError("write", err))
		}
		c.write.cond.Wait()
	}
}

// send sends one packet with as much of p as there is credit and room for. It
// returns machine.ErrWouldBlock when that is nothing, and has then arranged that
// write's gate is told. Caller holds mu.
func (s *Stack) send(c *Conn, p []byte) (int, error) {
	n := min(len(p), packet.MaxPayload)
	if n == 0 {
		return 0, nil
	}
	var b []byte
	if s.control() { // what was to be said before goes before
		b = s.carrier.Buffer(n)
	}
	if b == nil {
		if err := s.machine.CanSend(c.core); err != nil {
			return 0, err
		}
		if !c.starving {
			c.starving = true
			s.starved = append(s.starved, c)
		}
		s.carrier.Flush()
		return 0, machine.ErrWouldBlock
	}
	h, err := s.machine.Reserve(c.core, n)
	if err != nil {
		if err == machine.ErrWouldBlock {
			s.machine.Stall(s.now(), c.core)
			s.answer()
			s.wind()
		}
		return 0, err
	}
	n = int(h.Len)
	h.AppendTo(b[:0])
	copy(b[packet.HeaderSize:], p[:n])
	s.carrier.Send(packet.HeaderSize + n)
	s.carrier.Flush()
	return n, nil
}

// Close ends the connection both ways. What was written still arrives; what
// was not read is lost.
func (c *Conn) Close() error {
	s := c.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.closed = true
	s.machine.Close(s.now(), c.core)
	c.read.stop()
	c.write.stop()
	s.pump()
	return nil
}

// CloseWrite tells the peer that no more will be written. The peer's Read
// returns io.EOF once it has read everything.
func (c *Conn) CloseWrite() error { return c.shutdown(packet.ShutdownSend) }

// CloseRead tells the peer that no more will be read, and drops what has
// arrived.
func (c *Conn) CloseRead() error { return c.shutdown(packet.ShutdownReceive) }

func (c *Conn) shutdown(flags uint32) error {
	s := c.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	s.machine.Shutdown(c.core, flags)
	s.pump()
	return nil
}

// LocalAddr returns our own end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's end.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets when Read and Write give up; the zero time means never.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadline(t, &c.read, &c.write) }

// SetReadDeadline sets when Read gives up.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, &c.read) }

// SetWriteDeadline sets when Write gives up. Part of the data may have been sent.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, &c.write) }

func (c *Conn) setDeadline(t time.Time, gates ...*gate) error {
	s := c.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return c.fail("set", net.ErrClosed)
	}
	for _, g := range gates {
		g.set(t)
	}
	return nil
}

func (c *Conn) fail(op string, err error) error { return opError(op, c.local, c.remote, err) }
