//go:build unikernel

package runtime

import (
	"internal/kernel/cmdline"
	kernstack "internal/kernel/stack"
	"internal/kernel/trap"
)

// Boot self tests: what protects the kernel is tried, not believed. Each is a
// line of the log; one that fails stops the boot.

// The tests, in the order in which they run.
const (
	kernTestIsCanary = iota
	kernTestIsCorruption
	kernTestIsZeroPage
	kernTestIsText
	kernTestIsExecute
	kernTestIsGuard
	kernTestIsStacks
	kernTestIsMappings
	kernTestIsAliases
	kernTestIsMemory
	kernTestIsVector
)

var kernTestNames = [...]string{
	kernTestIsCanary:     "stack canary intact",
	kernTestIsCorruption: "simulated stack corruption detected",
	kernTestIsZeroPage:   "zero page unmapped",
	kernTestIsText:       "write to text refused",
	kernTestIsExecute:    "execution of data refused",
	kernTestIsGuard:      "write to a guard page caught and reported",
	kernTestIsStacks:     "every stack has its guard and canary",
	kernTestIsMappings:   "nothing is writable and executable",
	kernTestIsAliases:    "no writable alias of text",
	kernTestIsMemory:     "memory holds what is written",
	kernTestIsVector:     "vector registers survive a fault",
}

// kernTestResult is what a test left.
type kernTestResult struct {
	test int // index of kernTestNames
	ok   bool
	ns   int64
}

var (
	kernTests     [len(kernTestNames)]kernTestResult
	kernTestCount int
)

// kernSelfTest runs the tests that the command line asks for and says that the
// kernel boots.
func kernSelfTest() {
	if kernOpts.SelfTest != cmdline.SelfTestOff {
		kernSelfTestFast()
	}
	if kernOpts.SelfTest == cmdline.SelfTestFull {
		kernSelfTestFull()
	}
	for i := range kernTestCount {
		if !kernTests[i].ok {
			kernFatalWord(kernExitSelfTest, "boot self test failed: ", kernTestNames[kernTests[i].test])
		}
	}
	if !kernQuiet {
		kernPrint("[unikernel-ai] Kernel booting...\n")
	}
}

// kernTestDone records and prints the result of a test that began at the TSC reading from.
func kernTestDone(test int, from int64, ok bool) {
	r := kernTestResult{test, ok, kernNow() - from}
	kernTests[kernTestCount] = r
	kernTestCount++
	if ok && kernQuiet {
		return
	}
	kernPrintWord("[test] ", kernTestNames[test])
	if ok {
		kernPrintMillis(" ... ok (", r.ns)
	} else {
		kernPrintMillis(" ... FAIL (", r.ns)
	}
	kernPrint(" ms)\n")
}

func kernSelfTestFast() {
	t := kernNow()
	kernTestDone(kernTestIsCanary, t, kernTestCanary())
	t = kernNow()
	kernTestDone(kernTestIsCorruption, t, kernTestCorruption())
	t = kernNow()
	kernTestDone(kernTestIsZeroPage, t, kernTestZeroPage())
	t = kernNow()
	kernTestDone(kernTestIsText, t, kernTestText())
	t = kernNow()
	kernTestDone(kernTestIsExecute, t, kernTestExecute())
	t = kernNow()
	kernTestDone(kernTestIsGuard, t, kernTestGuard())
}

// kernTestCanary looks at the canary of the stack that this runs on.
func kernTestCanary() bool {
	return kernStackHealth(kernSelf().stack-kernCPUStackSize) == kernstack.Intact
}

// kernTestCorruption overwrites the canary of a stack that nobody uses.
func kernTestCorruption() bool {
	low := kernSelf().emergency - kernCPUStackSize
	saved := kernLoad64(low)
	if kernStackHealth(low) != kernstack.Intact {
		return false
	}
	kernStore64(low, saved^1<<17)
	broken := kernStackHealth(low) != kernstack.Intact
	kernStore64(low, 0)
	zeroed := kernStackHealth(low) == kernstack.Zeroed
	kernStore64(low, saved)
	return broken && zeroed && kernStackHealth(low) == kernstack.Intact
}

// kernTestZeroPage reads and writes the zero page at both ends.
func kernTestZeroPage() bool {
	for _, va := range [...]uintptr{0, 8, kernPage - 1} {
		if !kernRefused(kernProbeLoad(va), va, trap.ZeroPage) || !kernRefused(kernProbeStore(va, 1), va, trap.ZeroPage) {
			return false
		}
	}
	return true
}

// kernTestText writes to machine code, at its address and through the direct map.
func kernTestText() bool {
	va := firstmoduledata.text
	alias := va - kernImageBase + kernDirectMap
	b := *(*byte)(kernPointer(va))
	return kernRefused(kernProbeStore(va, b), va, trap.WriteText) &&
		!kernProbeStore(alias, b) && kernSelf().probe.addr == alias
}

// kernTestExecute jumps into data, a stack, and the direct map.
func kernTestExecute() bool {
	for _, va := range [...]uintptr{firstmoduledata.data, kernSelf().emergency - kernCPUStackSize + 8, kernDirectMap + firstmoduledata.text - kernImageBase} {
		if !kernRefused(kernProbeExecute(va), va, trap.NoExecute) {
			return false
		}
	}
	return true
}

// kernTestGuard writes below the stack that this runs on, right below and deep.
func kernTestGuard() bool {
	low := kernSelf().stack - kernCPUStackSize
	for _, va := range [...]uintptr{low - 8, low - kernPage, low - 128<<10} {
		if !kernRefused(kernProbeStore(va, 1), va, trap.Guard) {
			return false
		}
	}
	return true
}

// kernRefused reports whether the last probe, which went through or not, was
// refused by a page fault at va for that reason.
func kernRefused(through bool, va uintptr, why trap.Reason) bool {
	p := &kernSelf().probe
	return !through && p.vec == trap.PageFault && p.addr == va && kernReason(uint64(va), p.err) == why
}
