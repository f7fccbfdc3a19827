package matmul

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counted notes how often each unit is done, and by whom.
type counted struct {
	t     *testing.T
	units []atomic.Int32
	busy  [16]atomic.Bool // by worker
	by    [16]atomic.Int64
	spin  int // how long a unit takes
}

func (c *counted) Do(worker, from, to int) {
	if c.busy[worker].Swap(true) {
		c.t.Errorf("two at once are worker %d", worker)
	}
	for i := from; i < to; i++ {
		c.units[i].Add(1)
		for range c.spin {
			pause()
		}
	}
	c.by[worker].Add(int64(to - from))
	c.busy[worker].Store(false)
}

// check reports units that were not done once.
func (c *counted) check(what string) {
	c.t.Helper()
	for i := range c.units {
		if got := c.units[i].Swap(0); got != 1 {
			c.t.Fatalf("%s: unit %d of %d done %d times, want once", what, i, len(c.units), got)
		}
	}
}

// noRest ends a rest that another test's stall began.
func noRest() { team.rested.Store(0); team.rest.Store(0) }

func TestSpreadDoesEachUnitOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 100, 5000} {
		for _, pieces := range []int{0, 1, 2, 3, 16, 4000} {
			for _, threads := range []int{1, 2, 3, 16} {
				noRest()
				c := counted{t: t, units: make([]atomic.Int32, n)}
				for range 20 {
					Spread(&c, n, pieces, threads)
					c.check(fmt.Sprintf("%d pieces, %d threads", pieces, threads))
				}
				for worker := threads; worker < len(c.by); worker++ {
					if c.by[worker].Load() > 0 {
						t.Fatalf("worker %d worked, of %d threads", worker, threads)
					}
				}
			}
		}
	}
}

// TestSpreadByManyAtOnce has more callers than slots, and work within work.
func TestSpreadByManyAtOnce(t *testing.T) {
	var group sync.WaitGroup
	for i := range 2 * len(team.slots) {
		group.Go(func() {
			c := counted{t: t, units: make([]atomic.Int32, 50+i), spin: i}
			for range 500 {
				Spread(&c, len(c.units), 9, 4)
				c.check(fmt.Sprintf("caller %d", i))
			}
			Spread(nested{&c}, 8, 8, 4)
		})
	}
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				noRest()
			}
		}
	}()
	group.Wait()
	close(stop)
}

type nested struct{ *counted }

func (n nested) Do(_, from, to int) {
	for range to - from {
		c := counted{t: n.t, units: make([]atomic.Int32, 5), spin: 3}
		Spread(&c, 5, 5, 3)
		c.check("within another")
	}
}

// TestHelpersCome counts who does the work of a second processor.
func TestHelpersCome(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("one processor: it needs two")
	}
	c := counted{t: t, units: make([]atomic.Int32, 64), spin: 40}
	// The machine may be busy with other things.
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		c.by[0].Store(0)
		c.by[1].Store(0)
		for range 50 {
			noRest()
			Spread(&c, 64, 16, 2)
			c.check("2 threads")
		}
		if a, b := c.by[0].Load(), c.by[1].Load(); b > a/2 {
			t.Logf("the caller did %d units, its helper %d", a, b)
			return
		}
	}
	t.Errorf("the caller did %d units, its helper %d: want half as many at least", c.by[0].Load(), c.by[1].Load())
}

func TestHelpersEnd(t *testing.T) {
	noRest()
	c := counted{t: t, units: make([]atomic.Int32, 64)}
	Spread(&c, 64, 16, 2)
	awaitEnd(t)
}

// awaitEnd waits until nobody looks for work.
func awaitEnd(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); team.helpers.Load() > 0; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d helpers look for work 20 s after there was any", team.helpers.Load())
		}
	}
}

// TestUselessHelpersBeginARest: one that found next to nothing was in the way, if only of
// other programs.
func TestUselessHelpersBeginARest(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor: it needs two")
	}
	for range 50 { // a busy machine may make it useful
		awaitEnd(t)
		noRest()
		Spread(empty{}, 64, 16, 2)
		awaitEnd(t)
		if team.rest.Load() > 0 {
			return
		}
	}
	t.Error("helpers that had nothing to do ended, and work is shared as before")
}

// TestOneProcessorHasNoHelpers: there they would only be in the way.
func TestOneProcessorHasNoHelpers(t *testing.T) {
	awaitEnd(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	noRest()
	c := counted{t: t, units: make([]atomic.Int32, 64)}
	Spread(&c, 64, 16, 4)
	c.check("1 processor")
	if n := team.helpers.Load(); n != 0 {
		t.Errorf("%d helpers on one processor", n)
	}
}

// TestOthersRunBesideHelpers: a goroutine gets a processor while work is shared all
// the time, and so does garbage collection.
func TestOthersRunBesideHelpers(t *testing.T) {
	var rounds atomic.Int64
	stop := make(chan bool)
	done := make(chan bool)
	go func() {
		c := counted{t: t, units: make([]atomic.Int32, 64), spin: 10}
		for {
			select {
			case <-stop:
				close(done)
				return
			default:
				noRest()
				Spread(&c, 64, 16, runtime.GOMAXPROCS(0))
				c.check("beside others")
				rounds.Add(1)
			}
		}
	}()
	for range 20 {
		runtime.GC()
		for before := rounds.Load(); rounds.Load() == before; {
			runtime.Gosched()
		}
	}
	close(stop)
	<-done
}

func TestRestsGrowWhileStallsGoOn(t *testing.T) {
	var c crew
	at := time.Second
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 16} {
		c.stalled(at)
		want *= time.Millisecond
		if c.shares(at+want-1) || !c.shares(at+want) || !c.shares(at) {
			t.Fatalf("stalled at %v: shares %v and %v later, want false and true", at, c.shares(at+want-1), c.shares(at+want))
		}
		at += want + time.Millisecond
	}
	at += time.Second
	c.stalled(at)
	if !c.shares(at + shortRest) {
		t.Error("a stall long after the others has a long rest")
	}
}

func TestSpreadAllocatesNothing(t *testing.T) {
	c := counted{t: t, units: make([]atomic.Int32, 64)}
	if n := testing.AllocsPerRun(1000, func() { Spread(&c, 64, 16, 2) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSpread is what it costs to share nothing.
func BenchmarkSpread(b *testing.B) {
	c := empty{}
	for range b.N {
		Spread(c, 64, 2, 2)
	}
}

type empty struct{}

func (empty) Do(_, _, _ int) {}
