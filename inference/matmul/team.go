package matmul

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Work is shared between processors in pieces of microseconds. To wake a sleeping
// processor takes longer than most of them (100 µs and more on a virtual machine), so
// helpers are goroutines that look for work all the time, and end when there has been
// none for a while:
//
//	caller   claims a slot, lays the work down, opens it with one store,
//	         takes pieces like a helper, waits for those that helpers have taken
//	helper   looks from slot to slot; takes a piece with one compare-and-swap
//
// Nobody waits for a helper that has taken nothing: one that comes late, because its
// processor does something else, costs nothing but its help. Helpers let other
// goroutines run every few microseconds, and there is always one processor without.
//
// Where other programs want the processors, two threads can be slower than one: a helper
// that has taken something loses its processor, and the caller waits for milliseconds; or
// it takes the caller's processor, and finds nothing, since the caller does not run. So
// after either nothing is shared for a while, and longer each time it happens again.

// Work can be cut anywhere into ranges of its units.
type Work interface {
	// Do does units [from, to). No two that run at once for one Spread have the same
	// worker number; numbers are below Spread's threads.
	Do(worker, from, to int)
}

const (
	// patience is how long a helper looks for work before it ends: longer than what
	// lies between two tokens.
	patience = 200 * time.Microsecond
	// useful is the least part of its life that a helper works, else it was in the way.
	useful = 4
	// looks is how often it looks before it lets others run, some 5 µs.
	looks = 128
	// waits is how often the caller looks for the end of others' pieces before it lets
	// others run, and naps how often before it sleeps: whoever has a piece then is not
	// running, perhaps for want of this processor.
	waits, naps = 512, 4096
	nap         = 50 * time.Microsecond

	// stall is how much longer than its own work took the caller has waited if a helper
	// was stopped. Nothing is shared for shortRest then, and up to longRest if something
	// happens again within some times that.
	stall               = 150 * time.Microsecond
	shortRest, longRest = time.Millisecond, 16 * time.Millisecond
)

// A slot's word says all that decides whether a helper may take a piece, so that one
// compare-and-swap takes it:
//
//	63      62:32   31:24           23:12    11:0
//	taken   epoch   seats, helpers  pieces   next piece
//	                that may come
//
// Each Spread is an epoch. While a piece is out the epoch does not end, and the rest of
// the slot does not change.
const (
	slotTaken = 1 << 63
	slotEpoch = 1 << 32
	slotSeat  = 1 << 24
	slotPiece = 1 << 12

	maxSeats  = slotEpoch/slotSeat - 1
	maxPieces = slotPiece - 1 - 2*maxSeats // next goes beyond by one for each that looks
)

// slot is where a caller lays its work down.
type slot struct {
	word   atomic.Uint64
	work   Work
	n      int // units
	pieces int
	_      [128 - 40]byte // processors share memory by lines, and fetch two
	done   atomic.Int64   // pieces that helpers have done
	_      [128 - 8]byte
}

// crew is all slots and helpers of a process.
type crew struct {
	slots   [8]slot
	helpers atomic.Int32 // that look for work, or do it
	rested  atomic.Int64 // when, on clock, work is shared again; 0 if it is
	rest    atomic.Int64 // how long the last rest was; and
	ended   atomic.Int64 // when it ended
}

var team crew

var began = time.Now()

// clock is a time that takes nanoseconds to read.
func clock() time.Duration { return time.Since(began) }

// Spread has w do its n units, in about pieces pieces of equal size, on at most threads
// processors, and returns when all are done. The caller's is one of them.
func Spread(w Work, n, pieces, threads int) {
	pieces, threads = min(n, pieces, maxPieces), min(threads, maxSeats+1)
	var s *slot
	start := time.Duration(0)
	if pieces > 1 && threads > 1 {
		if start = clock(); team.shares(start) {
			s = team.claim()
		}
	}
	if s == nil { // where others use all slots all processors are busy
		if n > 0 {
			w.Do(0, 0, n)
		}
		return
	}
	s.work, s.n, s.pieces = w, n, pieces
	s.done.Store(0)
	epoch := s.word.Load() + slotEpoch | slotTaken
	s.word.Store(epoch + uint64(threads-1)*slotSeat + uint64(pieces)*slotPiece + 1)
	if int(team.helpers.Load()) < threads-1 {
		team.hire(threads - 1)
	}
	s.await(pieces-s.take(0, 0), start)
	s.work = nil
	s.word.Store(epoch &^ slotTaken)
}

// shares reports whether work is shared now.
func (c *crew) shares(now time.Duration) bool {
	until := c.rested.Load()
	if until == 0 {
		return true
	}
	if int64(now) < until {
		return false
	}
	c.rested.CompareAndSwap(until, 0)
	return true
}

// stalled begins a rest.
func (c *crew) stalled(now time.Duration) {
	rest := c.rest.Load()
	if int64(now)-c.ended.Load() < 8*rest {
		rest = min(2*rest, int64(longRest))
	} else {
		rest = int64(shortRest)
	}
	c.rest.Store(rest)
	c.ended.Store(int64(now) + rest)
	c.rested.Store(int64(now) + rest)
}

// claim returns a slot that nobody uses, nil if there is none.
func (c *crew) claim() *slot {
	for i := range c.slots {
		s := &c.slots[i]
		if old := s.word.Load(); old&slotTaken == 0 && s.word.CompareAndSwap(old, old|slotTaken) {
			return s
		}
	}
	return nil
}

// take does a piece, and then others as long as there are any, and returns how many.
func (s *slot) take(worker, piece int) int {
	w, n, pieces, count := s.work, s.n, s.pieces, 0
	for ; piece < pieces; piece = int(s.word.Add(1)-1) & (slotPiece - 1) {
		w.Do(worker, piece*n/pieces, (piece+1)*n/pieces)
		count++
	}
	return count
}

// help takes pieces, if there are any, and returns when it began, and whether there were.
func (s *slot) help() (start time.Duration, ok bool) {
	old := s.word.Load()
	seats, pieces, next := int(old/slotSeat%(maxSeats+1)), int(old/slotPiece%slotPiece), int(old%slotPiece)
	if next >= pieces || seats == 0 || !s.word.CompareAndSwap(old, old-slotSeat+1) {
		return 0, false
	}
	start = clock()
	s.done.Add(int64(s.take(seats, next)))
	return start, true
}

// await returns when helpers have done n pieces of what began at start.
func (s *slot) await(n int, start time.Duration) {
	var done time.Duration // when the caller's own pieces were
	for i := 1; s.done.Load() < int64(n); i++ {
		pause()
		if i%waits != 0 {
			continue
		}
		if done == 0 {
			done = clock()
		}
		if runtime.Gosched(); i%naps == 0 {
			time.Sleep(nap)
		}
	}
	if done != 0 {
		if now := clock(); now-done > done-start+stall {
			team.stalled(now)
		}
	}
}

// hire starts helpers until there are n, or as many as there are other processors.
func (c *crew) hire(n int) {
	n = min(n, runtime.GOMAXPROCS(0)-1)
	for {
		now := c.helpers.Load()
		if int(now) >= n {
			return
		}
		if c.helpers.CompareAndSwap(now, now+1) {
			go helper()
		}
	}
}

// helper is one helper's life.
func helper() {
	born := clock()
	worked, last := time.Duration(0), born // last: when it last worked
	for i := 1; ; i++ {
		for j := range team.slots {
			if start, ok := team.slots[j].help(); ok {
				last = clock()
				worked += last - start
			}
		}
		pause()
		if i%looks != 0 {
			continue
		}
		runtime.Gosched()
		if now := clock(); now-last > patience {
			if worked < (now-born)/useful {
				team.stalled(now)
			}
			team.helpers.Add(-1)
			return
		}
	}
}
