package vsock

import (
	"sync"
	"time"
)

// A gate is where goroutines wait for one direction of a connection, or for a
// listener, until something happens or a deadline passes. All of it is guarded
// by the Stack's mutex, which is the lock of cond.
type gate struct {
	cond  sync.Cond
	when  time.Time // zero: no deadline
	timer *time.Timer
}

// set changes the deadline; the zero time means none.
func (g *gate) set(t time.Time) {
	g.when = t
	if g.timer != nil {
		g.timer.Stop()
	}
	if !t.IsZero() {
		d := time.Until(t)
		if d > 0 {
			if g.timer == nil {
				g.timer = time.AfterFunc(d, g.expire)
			} else {
				g.timer.Reset(d)
			}
			return
		}
	}
	g.cond.Broadcast() // past, or no longer what the waiting ones think
}

// expire runs at a deadline, maybe one that has been moved since. Those who
// wait look at the clock themselves.
func (g *gate) expire() {
	g.cond.L.Lock()
	defer g.cond.L.Unlock()
	g.cond.Broadcast()
}

// expired tells whether the deadline has passed.
func (g *gate) expired() bool { return !g.when.IsZero() && !time.Now().Before(g.when) }

// stop is for the end of a gate: no timer outlives it.
func (g *gate) stop() {
	if g.timer != nil {
		g.timer.Stop()
	}
	g.cond.Broadcast()
}
