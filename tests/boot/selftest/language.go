package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync/atomic"
)

func maps() error {
	m := map[string]int{}
	for i := range 100000 {
		m[fmt.Sprint(i)] = i
	}
	for i := range 100000 {
		if m[fmt.Sprint(i)] != i {
			return fmt.Errorf("m[%d] = %d", i, m[fmt.Sprint(i)])
		}
	}
	return nil
}

// garbage collects while goroutines allocate, and looks for damage.
func garbage() error {
	keep := make([][]byte, 64)
	var stop atomic.Bool
	for range 4 {
		go func() {
			for !stop.Load() {
				b := make([]*int, 1000)
				for i := range b {
					b[i] = new(int)
				}
			}
		}()
	}
	defer stop.Store(true)
	for i := range 2000 {
		keep[i%64] = bytes.Repeat([]byte{byte(i)}, 30000)
		if i%500 == 0 {
			runtime.GC()
		}
	}
	for i, b := range keep {
		if b[len(b)-1] != b[0] {
			return fmt.Errorf("block %d is damaged", i)
		}
	}
	return nil
}

// giveBack frees memory to the kernel and takes it again: it must be zero.
func giveBack() error {
	for range 4 {
		b := make([]byte, 16<<20)
		for i := range b {
			if b[i] != 0 {
				return fmt.Errorf("byte %d of fresh memory is %d", i, b[i])
			}
			b[i] = 0xff
		}
		b = nil
		debug.FreeOSMemory()
	}
	return nil
}

func nilDereference() error {
	return wantPanic("nil pointer", func() {
		var p *int
		*p = 1
	})
}

var zero = 0

func divideByZero() error { return wantPanic("divide", func() { zero = 1 / zero }) }

func wildIndex() error { return wantPanic("out of range", func() { _ = make([]int, 3)[zero+7] }) }

// wantPanic runs f, which must panic with a runtime error that contains words.
func wantPanic(words string, f func()) (err error) {
	defer func() {
		e, ok := recover().(runtime.Error)
		if !ok || !strings.Contains(e.Error(), words) {
			err = fmt.Errorf("recovered %v, want a runtime error about %q", e, words)
		}
	}()
	f()
	return errors.New("no panic")
}

func stackGrowth() error {
	var f func(int) int
	f = func(n int) int {
		var pad [100]int
		pad[n%100] = n
		if n == 0 {
			return 0
		}
		return f(n-1) + pad[n%100]
	}
	if f(20000) != 20000*20001/2 {
		return errors.New("wrong sum")
	}
	return nil
}

func sorting() error {
	s := make([]int, 200000)
	for i := range s {
		s[i] = i * 7919 % 200003
	}
	sort.Ints(s)
	if !sort.IntsAreSorted(s) {
		return errors.New("not sorted")
	}
	return nil
}
