package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func goroutines() error {
	c := make(chan int)
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() { c <- i })
	}
	go func() { wg.Wait(); close(c) }()
	sum := 0
	for v := range c {
		sum += v
	}
	if sum != 999*1000/2 {
		return fmt.Errorf("sum %d", sum)
	}
	return nil
}

func sleep() error {
	start := time.Now()
	time.Sleep(100 * time.Millisecond)
	if d := time.Since(start); d < 100*time.Millisecond || d > 10*time.Second {
		return fmt.Errorf("100 ms took %v", d)
	}
	return nil
}

// timers counts ticks for a while and until there were some; a busy machine may
// lose some, none may come early.
func timers() error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for n := 0; ; {
		select {
		case <-t.C:
			n++
		case <-ctx.Done():
			return fmt.Errorf("%d ticks of 5 ms in 10 s", n)
		}
		d := time.Since(start)
		if n > int(d/(5*time.Millisecond)) {
			return fmt.Errorf("%d ticks of 5 ms in %v", n, d)
		}
		if n >= 3 && d > 60*time.Millisecond {
			return nil
		}
	}
}

// monotonic looks at the clock from all processors while the kernel corrects its
// rate, 400 ms after the first instruction: it is the first check.
func monotonic() error {
	var last atomic.Int64
	var bad atomic.Int64
	start := time.Now()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for time.Since(start) < 600*time.Millisecond {
				seen := last.Load()
				now := int64(time.Since(start))
				if now < seen {
					bad.Store(seen - now)
				}
				last.CompareAndSwap(seen, now)
			}
		})
	}
	wg.Wait()
	if bad.Load() != 0 {
		return fmt.Errorf("time went back by %d ns", bad.Load())
	}
	return nil
}

// preempt fills all processors with loops that never call anything: atomics
// are instructions, so there is no safe point in them.
func preempt() error {
	var stop atomic.Bool
	defer stop.Store(true)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	start := time.Now()
	time.Sleep(50 * time.Millisecond)
	if d := time.Since(start); d > 10*time.Second {
		return fmt.Errorf("50 ms took %v", d)
	}
	return nil
}

func floatingPoint() error {
	return inParallel(4, 200*time.Millisecond, func(i int) bool {
		x := float64(i + 2)
		y := x
		for range 10000 {
			y = math.Sqrt(y * y)
		}
		return math.Abs(y-x) < 1e-9
	})
}

// vector uses AVX: clear, copy and sha256 do.
func vector() error {
	src := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	want := sha256.Sum256(src)
	dst := make([][]byte, 6)
	return inParallel(len(dst), 400*time.Millisecond, func(i int) bool {
		if dst[i] == nil {
			dst[i] = make([]byte, len(src))
		}
		clear(dst[i])
		copy(dst[i], src)
		return sha256.Sum256(dst[i]) == want
	})
}

// inParallel calls f on n goroutines, again and again for a while.
func inParallel(n int, d time.Duration, f func(i int) bool) error {
	var wg sync.WaitGroup
	var bad atomic.Int64
	for i := range n {
		wg.Go(func() {
			for start := time.Now(); time.Since(start) < d; {
				if !f(i) {
					bad.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if bad.Load() != 0 {
		return fmt.Errorf("%d wrong results", bad.Load())
	}
	return nil
}

// threads makes threads that end with their goroutines, more than there are
// task numbers at once, so that stacks and numbers are used again.
func threads() error {
	for range 40 {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				runtime.LockOSThread() // never unlocked: the thread ends
				runtime.Gosched()
			})
		}
		wg.Wait()
	}
	return nil
}

func contention() error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	n := 0
	for range 8 {
		wg.Go(func() {
			for range 5000 {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n != 8*5000 {
		return errors.New("lost updates")
	}
	return nil
}
