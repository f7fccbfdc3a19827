package matmul

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Helpers are goroutines that help with matrix products. To wake a sleeping
// processor takes longer (100 µs and more on a virtual machine) than a product of
// 256 x 256 matrices, so a helper that has nothing to do looks for the next product
// for a while before it ends; in between it lets other goroutines run.

// patience is how long a helper looks for work.
const patience = 500 * time.Microsecond

// helped is work that helpers can join.
type helped interface {
	// join has the caller work until there is no more to do, and reports whether
	// there was room for it.
	join() bool
}

// helpers is all helpers of this process, for all products.
type helpers struct {
	offer atomic.Pointer[helped] // the latest work
	idle  atomic.Int32           // helpers that look for work
	all   atomic.Int32
}

var team helpers

// call offers work to n helpers, and starts those that are missing. The caller
// withdraws the offer.
func (h *helpers) call(work *helped, n int) {
	h.offer.Store(work)
	missing := min(n-int(h.idle.Load()), runtime.GOMAXPROCS(0)-1-int(h.all.Load()))
	for range missing {
		h.all.Add(1)
		h.idle.Add(1)
		go h.help()
	}
}

// withdraw takes work back, unless a later call has replaced it.
func (h *helpers) withdraw(work *helped) { h.offer.CompareAndSwap(work, nil) }

// help is one helper's life.
func (h *helpers) help() {
	defer h.all.Add(-1)
	defer h.idle.Add(-1)
	var since time.Time // of the search
	for i := 1; ; i++ {
		if work := h.offer.Load(); work != nil {
			h.idle.Add(-1)
			joined := (*work).join()
			h.idle.Add(1)
			if joined {
				since = time.Time{}
				continue
			}
		}
		if i%64 != 0 {
			continue
		}
		runtime.Gosched()
		if since.IsZero() {
			since = time.Now()
		} else if time.Since(since) > patience {
			return
		}
	}
}

// seats counts who works on something that has room for a few. Its states are
//
//	closed (bit 63)   free (62:32)   at work now (31:0)
type seats struct{ state atomic.Uint64 }

const (
	seatsClosed = 1 << 63
	seatFree    = 1 << 32
)

// open makes room for n, the opener included. Nobody else is at work.
func (s *seats) open(n int) { s.state.Store(uint64(n-1)*seatFree | 1) }

// take takes a seat, and returns its number from 1, or 0 if there is none.
func (s *seats) take() int {
	for {
		old := s.state.Load()
		free := int(old &^ seatsClosed >> 32)
		if old&seatsClosed != 0 || free == 0 {
			return 0
		}
		if s.state.CompareAndSwap(old, old-seatFree+1) {
			return free
		}
	}
}

// close ends the taking of seats.
func (s *seats) close() { s.state.Or(seatsClosed) }

// leave gives a seat back, and reports whether it was the last and all is closed.
func (s *seats) leave() bool {
	left := s.state.Add(^uint64(0))
	return left&seatsClosed != 0 && uint32(left) == 0
}
