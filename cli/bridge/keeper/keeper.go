package keeper

import (
	"context"
	"errors"
	"net"
	"time"
)

// A Guest is what a bridge leads to.
type Guest interface {
	// Dial connects to the guest's MCP port. While there is no guest it waits for
	// one, until ctx ends or the guest is given up.
	Dial(ctx context.Context) (net.Conn, error)
	// Fate says in a few words what became of the guest that connections have just
	// been lost to, for people: "it ended with exit code 3".
	Fate() string
	// Gone is closed when there will be no guest any more. Err says why then.
	Gone() <-chan struct{}
	Err() error
}

// Times of the wait between two tries.
const (
	firstWait = 100 * time.Millisecond
	mostWait  = 10 * time.Second
)

// A Backoff counts failures in a row and says how long to wait after them.
type Backoff struct{ failures int }

// Next returns how long to wait after one more failure.
func (b *Backoff) Next() time.Duration {
	b.failures++
	return min(firstWait<<min(b.failures-1, 10), mostWait)
}

// Reset forgets the failures.
func (b *Backoff) Reset() { b.failures = 0 }

// Sleep waits for d or until ctx ends, and returns ctx's error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A Remote is a guest that somebody else runs.
type Remote struct {
	// Connect dials it once.
	Connect func(ctx context.Context) (net.Conn, error)
}

var _ Guest = (*Remote)(nil)

// Dial implements Guest: it tries again until ctx ends.
func (r *Remote) Dial(ctx context.Context) (net.Conn, error) {
	for b := (Backoff{}); ; {
		c, err := r.Connect(ctx)
		if err == nil || ctx.Err() != nil {
			return c, err
		}
		if Sleep(ctx, b.Next()) != nil {
			return nil, err
		}
	}
}

// Fate implements Guest.
func (r *Remote) Fate() string { return "it closed the connection, or it ended" }

// Gone implements Guest: a guest of somebody else may always come back.
func (r *Remote) Gone() <-chan struct{} { return nil }

// Err implements Guest.
func (r *Remote) Err() error { return nil }

// errStopped is why a guest is gone that Stop has ended.
var errStopped = errors.New("the guest was stopped")
