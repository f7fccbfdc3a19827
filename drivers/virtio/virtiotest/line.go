package virtiotest

import (
	"encoding/binary"
	"os"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// Line is an interrupt line that behaves like the kernel's /dev/irq/V.
type Line struct {
	mu       sync.Mutex
	count    uint64 // interrupts since the last Read
	total    uint64
	closed   bool
	deadline time.Time
	wake     chan struct{} // holds one; something changed
}

var _ virtio.Interrupt = (*Line)(nil)

// NewLine returns an open line.
func NewLine() *Line { return &Line{wake: make(chan struct{}, 1)} }

// Raise counts an interrupt.
func (l *Line) Raise() {
	l.mu.Lock()
	l.count++
	l.total++
	l.mu.Unlock()
	l.signal()
}

// Total returns how many interrupts there were.
func (l *Line) Total() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Pending reports whether a Read would return at once.
func (l *Line) Pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count > 0
}

// Read implements virtio.Interrupt.
func (l *Line) Read(p []byte) (int, error) {
	for {
		l.mu.Lock()
		var timeout <-chan time.Time
		switch {
		case l.closed:
			l.mu.Unlock()
			return 0, os.ErrClosed
		case !l.deadline.IsZero() && !time.Now().Before(l.deadline):
			l.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case l.count > 0:
			binary.LittleEndian.PutUint64(p, l.count)
			l.count = 0
			l.mu.Unlock()
			return 8, nil
		case !l.deadline.IsZero():
			timeout = time.After(time.Until(l.deadline))
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-timeout:
		}
	}
}

// SetReadDeadline implements virtio.Interrupt.
func (l *Line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	l.deadline = t
	l.mu.Unlock()
	l.signal()
	return nil
}

// Close implements virtio.Interrupt.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	return nil
}

func (l *Line) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
