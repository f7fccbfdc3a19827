package mcp

import (
	"net"
	"sync"
	"time"
)

// mostPending is how many bytes of finished messages may wait for the next write.
const mostPending = 32 << 10

// writer puts whole messages on a connection. Messages that are ready together
// go out in one Write; a client that does not read them in time loses the connection.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	sent    func(n int)

	mu       sync.Mutex
	pending  []byte    // guarded by mu
	deadline time.Time // guarded by mu; the one set on conn
	err      error     // guarded by mu; the first error, which is final
}

// send takes one or more whole lines. If now is false they may wait for the
// next flush, which the caller promises.
func (w *writer) send(lines []byte, now bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	long := len(w.pending)+len(lines) > mostPending // not copied: the sender still pays for it
	if long && len(w.pending) > 0 {
		if err := w.flushLocked(time.Now()); err != nil {
			return err
		}
	}
	if long || now && len(w.pending) == 0 {
		return w.write(lines, time.Now())
	}
	w.pending = append(w.pending, lines...)
	if now {
		return w.flushLocked(time.Now())
	}
	return nil
}

// flush writes what waits; now is the time.
func (w *writer) flush(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || len(w.pending) == 0 {
		return w.err
	}
	return w.flushLocked(now)
}

// flushLocked writes what waits. Caller holds mu.
func (w *writer) flushLocked(now time.Time) error {
	err := w.write(w.pending, now)
	w.pending = w.pending[:0]
	return err
}

// write sends b. The deadline is moved only when an eighth of it has
// passed: setting one is dear compared with a short message. Caller holds mu.
func (w *writer) write(b []byte, now time.Time) error {
	if w.deadline.Sub(now) < w.timeout*7/8 {
		w.deadline = now.Add(w.timeout)
		if err := w.conn.SetWriteDeadline(w.deadline); err != nil {
			w.err = err
			return err
		}
	}
	n, err := w.conn.Write(b)
	w.sent(n)
	if err != nil {
		w.err = err
		_ = w.conn.Close() // half a message may be out: nothing more makes sense
	}
	return err
}
