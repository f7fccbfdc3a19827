package vsock

import (
	"net"
	"os"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
)

// A Listener takes connections to one port.
type Listener struct {
	stack *Stack
	addr  Addr

	// All guarded by stack.mu.
	core   *machine.Listener
	gate   gate
	closed bool
}

var _ net.Listener = (*Listener)(nil)

// Listen takes connections to port from any peer.
func (s *Stack) Listen(port uint32) (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &Listener{stack: s, addr: Addr{CID: s.machine.CID(), Port: port}}
	err := s.err
	if err == nil {
		l.core, err = s.machine.Listen(port)
	}
	if err != nil {
		return nil, opError("listen", nil, l.addr, sysError("bind", err))
	}
	l.core.Owner = l
	l.gate.cond.L = &s.mu
	return l, nil
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	s := l.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil, l.fail("accept", net.ErrClosed)
		case s.err != nil:
			return nil, l.fail("accept", s.err)
		case l.gate.expired():
			return nil, l.fail("accept", os.ErrDeadlineExceeded)
		}
		if c := s.machine.Accept(l.core); c != nil {
			return s.newConn(c), nil
		}
		l.gate.cond.Wait()
	}
}

// Close ends Accept and refuses connections from now on. Those not accepted
// are reset; accepted ones go on.
func (l *Listener) Close() error {
	s := l.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.closed {
		return l.fail("close", net.ErrClosed)
	}
	l.closed = true
	s.machine.CloseListener(l.core)
	l.gate.stop()
	s.pump()
	return nil
}

// SetDeadline sets when Accept gives up; the zero time means never.
func (l *Listener) SetDeadline(t time.Time) error {
	s := l.stack
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.closed {
		return l.fail("set", net.ErrClosed)
	}
	l.gate.set(t)
	return nil
}

// Addr returns the address listened on.
func (l *Listener) Addr() net.Addr { return l.addr }

func (l *Listener) fail(op string, err error) error { return opError(op, nil, l.addr, err) }
