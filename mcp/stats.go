package mcp

import (
	"sync/atomic"
	"time"
)

// latencyBounds are the upper bounds of the latency histogram's buckets; one more
// takes the rest.
var latencyBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// callStats count the calls of one tool.
type callStats struct {
	failed  atomic.Uint64
	nanos   atomic.Uint64 // sum of latencies
	buckets [len(latencyBounds) + 1]atomic.Uint64
}

// done counts a call that came at start and is over now.
func (c *callStats) done(start time.Time, failed bool) {
	d := max(time.Since(start), 0)
	if failed {
		c.failed.Add(1)
	}
	c.nanos.Add(uint64(d))
	i := 0
	for i < len(latencyBounds) && d > latencyBounds[i] {
		i++
	}
	c.buckets[i].Add(1)
}

// latencyBoundSeconds returns them in seconds, as they are shown.
func latencyBoundSeconds() []float64 {
	s := make([]float64, len(latencyBounds))
	for i, b := range latencyBounds {
		s[i] = b.Seconds()
	}
	return s
}

// histogram returns the latencies so far.
func (c *callStats) histogram() *Histogram {
	h := &Histogram{Bounds: latencyBoundSeconds(), Counts: make([]uint64, len(c.buckets)), Sum: time.Duration(c.nanos.Load()).Seconds()}
	for i := range c.buckets {
		h.Counts[i] = c.buckets[i].Load()
	}
	return h
}

// serverStats count what clients do.
type serverStats struct {
	start       time.Time
	connections atomic.Uint64 // ever
	refused     atomic.Uint64 // connections over the limit
	evicted     atomic.Uint64 // connections that made place for others
	messagesIn  atomic.Uint64
	bytesIn     atomic.Uint64
	writes      atomic.Uint64
	bytesOut    atomic.Uint64
	cancels     atomic.Uint64
	panics      atomic.Uint64
	errors      [len(errorKinds)]atomic.Uint64
}

// errorKinds are the error responses counted apart; the last is for all others.
var errorKinds = [...]struct {
	code int64
	name string
}{
	{CodeParseError, "parse_error"}, {CodeInvalidRequest, "invalid_request"},
	{CodeMethodNotFound, "method_not_found"}, {CodeInvalidParams, "invalid_params"},
	{CodeInternalError, "internal_error"}, {CodeBusy, "busy"}, {0, "other"},
}

// refuse counts an error response.
func (s *serverStats) refuse(code int64) {
	i := 0
	for i < len(errorKinds)-1 && errorKinds[i].code != code {
		i++
	}
	s.errors[i].Add(1)
}

func (s *serverStats) received(n int) {
	s.messagesIn.Add(1)
	s.bytesIn.Add(uint64(n))
}

func (s *serverStats) sent(n int) {
	s.writes.Add(1)
	s.bytesOut.Add(uint64(n))
}

func (s *serverStats) cancelled() { s.cancels.Add(1) }

func (s *serverStats) panicked() { s.panics.Add(1) }
