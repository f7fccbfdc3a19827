package main

import (
	"math"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// fastest returns the shortest time of f in seconds, over runs that last turn together and
// are least or more.
func fastest(f func(), turn time.Duration, least int) float64 {
	best, start := math.Inf(1), now()
	for runs := 0; runs < least || now()-start < turn; runs++ {
		before := now()
		f()
		best = min(best, (now() - before).Seconds())
	}
	return best
}

// processorTime says that now is the time that this process has had.
var processorTime bool

var began = time.Now()

func now() time.Duration {
	if !processorTime {
		return time.Since(began)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// byThreads divides n among threads.
func byThreads(threads, n int, f func(from, to int)) {
	var group sync.WaitGroup
	for t := 1; t < threads; t++ {
		group.Go(func() { f(t*n/threads, (t+1)*n/threads) })
	}
	f(0, n/threads)
	group.Wait()
}

// number formats v with so many digits after the point, "-" if there is no v.
func number(digits int, v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// numbers are those of testdata/openblas.c.
func numbers[T float32 | float64](n, step int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(i*step%1000)/500 - 1
	}
	return v
}
