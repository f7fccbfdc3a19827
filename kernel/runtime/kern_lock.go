//go:build unikernel

package runtime

import (
	"internal/runtime/atomic"
	"internal/runtime/sys"
)

// One lock guards the kernel. It is taken at every entry and released by
// kernExit, or by the idle loop. A processor that waits for it answers TLB
// shootdowns meanwhile: whoever holds it may be waiting for the answer.
var kernLockWord uint32

func kernLock(c *kernCPU) {
	for !atomic.Cas(&kernLockWord, 0, 1) {
		kernAnswerFlush(c)
		kernStopIfDying(c)
		kernPause()
	}
	kernStopIfDying(c)
	kernAnswerFlush(c)
}

// kernStopIfDying halts this processor if another one prints its last report.
func kernStopIfDying(c *kernCPU) {
	if atomic.Load(&kernDying) != 0 && kernDyingCPU != c {
		kernHalt()
	}
}

func kernUnlock() { atomic.Store(&kernLockWord, 0) }

// kernAnswerFlush flushes this processor's TLB if another one waits for that.
// Global translations, the image's and the direct map's, stay: they do not change
// once other processors run.
func kernAnswerFlush(c *kernCPU) {
	if atomic.Load(&c.flushTLB) != 0 {
		kernWriteCR3(kernReadCR3())
		atomic.Store(&c.flushTLB, 0)
	}
}

// kernShootdown flushes the TLBs of the other processors and returns when none
// can use an old entry any more. One that idles need not be woken: it flushes
// when it takes the lock, before it touches anything but kernel stacks and the
// direct map, which do not change. The kernel lock is held.
func kernShootdown(self *kernCPU) {
	asked := uint32(0)
	for i := range kernCPUCount {
		c := &kernCPUs[i]
		if c == self || atomic.Load(&c.online) == 0 {
			continue
		}
		atomic.Store(&c.flushTLB, 1)
		if !c.idle {
			asked |= 1 << i
			kernIPI(c, kernVecIPI)
		}
	}
	if asked != 0 {
		kernShootdowns++
	}
	for ; asked != 0; asked &= asked - 1 {
		for c := &kernCPUs[sys.TrailingZeros32(asked)]; atomic.Load(&c.flushTLB) != 0; {
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
