//go:build unikernel

package runtime

import "internal/runtime/atomic"

// One lock guards the kernel. It is taken at every entry and released by
// kernExit, or by the idle loop. A processor that waits for it answers TLB
// shootdowns meanwhile: whoever holds it may be waiting for the answer.
var kernLockWord uint32

func kernLock(c *kernCPU) {
	for !atomic.Cas(&kernLockWord, 0, 1) {
		kernAnswerFlush(c)
		if atomic.Load(&kernDying) != 0 && kernDyingCPU != c {
			kernHalt() // another processor prints its last report
		}
		kernPause()
	}
	kernAnswerFlush(c)
}

func kernUnlock() { atomic.Store(&kernLockWord, 0) }

// kernAnswerFlush flushes this processor's TLB if another one waits for that.
func kernAnswerFlush(c *kernCPU) {
	if atomic.Load(&c.flushTLB) != 0 {
		kernWriteCR3(kernReadCR3())
		atomic.Store(&c.flushTLB, 0)
	}
}

// kernShootdown flushes the TLBs of the other processors and returns when all
// have done it. The kernel lock is held.
func kernShootdown(self *kernCPU) {
	if kernOnline() < 2 {
		return
	}
	kernShootdowns++
	for i := range kernCPUCount {
		if c := &kernCPUs[i]; c != self && atomic.Load(&c.online) != 0 {
			atomic.Store(&c.flushTLB, 1)
			kernIPI(c, kernVecIPI)
		}
	}
	for i := range kernCPUCount {
		for c := &kernCPUs[i]; c != self && atomic.Load(&c.flushTLB) != 0; {
			kernPause()
		}
	}
}

var kernShootdowns uint64

// kernOnline returns how many processors take part.
func kernOnline() (n int) {
	for i := range kernCPUCount {
		n += int(atomic.Load(&kernCPUs[i].online))
	}
	return n
}
