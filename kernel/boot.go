package kernel

import (
	"syscall"
	"time"
)

// Timeline tells how long after the first instruction of the image each step of
// the boot was. Zero: not reached.
type Timeline struct {
	KernelStart  time.Duration // the kernel's first Go code
	KernelReady  time.Duration // memory, clock and processors are set up
	SelfTested   time.Duration // boot self tests are done
	RuntimeStart time.Duration // first instruction of the stock Go runtime
	Main         time.Duration // first call of the program into this package
	Now          time.Duration
}

// timelineCount is how many numbers the kernel gives: the first instruction
// itself, the five steps, now.
const timelineCount = 7

// BootTimeline returns the steps of the boot.
func BootTimeline() (Timeline, error) {
	var v [timelineCount]uint64
	if _, errno := callWords(callTimes, v[:]); errno != 0 {
		return Timeline{}, failure("read the boot timeline", errno)
	}
	d := func(i int) time.Duration { return time.Duration(v[i]) }
	return Timeline{KernelStart: d(1), KernelReady: d(2), SelfTested: d(3), RuntimeStart: d(4), Main: d(5), Now: d(6)}, nil
}

// SelfTest is the result of one boot self test.
type SelfTest struct {
	Name     string
	OK       bool
	Duration time.Duration
}

// SelfTests returns the results of the boot self tests, none with selftest=off.
func SelfTests() ([]SelfTest, error) {
	var all []SelfTest
	name := make([]byte, 128)
	for i := uintptr(0); ; i++ {
		var out [2]uint64 // ok, ns
		n, errno := callBytes(callSelfTest, i, name, &out)
		if errno == syscall.ENOENT {
			return all, nil
		}
		if errno != 0 {
			return nil, failure("read self test results", errno)
		}
		all = append(all, SelfTest{string(name[:min(int(n), len(name))]), out[0] != 0, time.Duration(out[1])})
	}
}
