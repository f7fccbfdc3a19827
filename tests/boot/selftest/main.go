// Selftest exercises the stock Go runtime and standard library on the kernel,
// then prints what it cost. It exits with the number of failures.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

var checks = []struct {
	name string
	run  func() error
}{
	{"time does not go back", monotonic},
	{"goroutines and channels", goroutines},
	{"maps", maps},
	{"garbage collection under load", garbage},
	{"memory given back", giveBack},
	{"sleep", sleep},
	{"timers", timers},
	{"json", jsonRoundTrip},
	{"gzip, sha256, rand", compress},
	{"nil dereference recovered", nilDereference},
	{"division by zero recovered", divideByZero},
	{"wild index recovered", wildIndex},
	{"stack growth", stackGrowth},
	{"tight loops are preempted", preempt},
	{"floating point across preemption", floatingPoint},
	{"vector registers across preemption", vector},
	{"threads end", threads},
	{"mutex contention", contention},
	{"sort", sorting},
	{"HTTP over net.Pipe", httpPipe},
	{"sockets refused", noSockets},
	{"no files", noFiles},
	{"kernel log", kernelLog},
	{"boot timeline", timeline},
	{"device memory", deviceMemory},
}

func main() {
	fmt.Printf("%s GOMAXPROCS=%d args=%q env=%q\n", runtime.Version(), runtime.GOMAXPROCS(0), os.Args, os.Environ())
	failed := 0
	for _, c := range checks {
		if !check(c.name, c.run) {
			failed++
		}
	}
	report()
	if failed == 0 {
		fmt.Println("PASS selftest")
	}
	os.Exit(failed)
}

// check runs one check and prints its line.
func check(name string, run func() error) (ok bool) {
	start := time.Now()
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return run()
	}()
	d := time.Since(start).Round(10 * time.Microsecond)
	if err != nil {
		fmt.Printf("FAIL %s (%v): %v\n", name, d, err)
		return false
	}
	fmt.Printf("ok   %-36s %v\n", name, d)
	return true
}

func report() {
	s, err := kernel.ReadStats()
	fmt.Printf("kernel: %+v %v\n", s, err)
}
