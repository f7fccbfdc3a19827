//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/trap"
	"unsafe"
)

const (
	kernTrapNMI          = trap.NMI
	kernTrapDoubleFault  = trap.DoubleFault
	kernTrapMachineCheck = trap.MachineCheck
)

var (
	kernInterrupts uint64
	kernSignals    uint64
)

// kernTrap handles an exception or interrupt of the current task.
//
//go:nowritebarrierrec
func kernTrap(f *kernFrame) {
	addr := kernReadCR2() // before a nested fault can change it
	c := kernSelf()
	kernLock(c)
	if f.vec >= trap.FirstInterrupt {
		kernInterrupt(c, f.vec)
	} else if !kernFirstTouch(f, addr) {
		kernException(c.cur, f, addr)
	}
	kernReturn(c)
}

// kernFirstTouch gives memory to an access that only lacked it, and reports whether f
// was one. A fault leaves RF in the flags to return with, which matters to breakpoints
// alone (Intel SDM vol. 3B "Resume Flag"); but for it QEMU would translate the code again.
func kernFirstTouch(f *kernFrame, addr uint64) bool {
	if f.vec != trap.PageFault || !kernDemand(addr, kernAccess(f.err)) {
		return false
	}
	f.rflags &^= kernRFLAGSRF
	return true
}

// kernAccess says what a page fault with error code e wanted.
func kernAccess(e uint64) page.Flags {
	switch c := trap.Code(e); {
	case c&trap.CodeFetch != 0:
		return page.Exec
	case c&trap.CodeWrite != 0:
		return page.Write
	}
	return 0
}

// kernException makes a signal of an exception of task t.
func kernException(t *kernTask, f *kernFrame, addr uint64) {
	a := trap.Decide(f.vec, f.err, addr, f.rip)
	if a.Kind != trap.Signal {
		kernReport(f, addr)
		kernFatalWord(kernExitMachine, "exception: ", trap.Name(f.vec))
	}
	if a.Report {
		kernReport(f, addr)
	}
	at := uint64(0)
	switch a.Addr {
	case trap.AddrCR2:
		at = addr
	case trap.AddrRIP:
		at = f.rip
	}
	kernSignal(t, uint32(a.Signal), a.Code, uintptr(at))
}

// kernNested handles exceptions and interrupts while the kernel runs: interrupts
// in the idle loop, first touches of a task's memory, and probes. Everything
// else is a bug of the kernel.
//
//go:nowritebarrierrec
func kernNested(f *kernFrame) {
	addr := kernReadCR2()
	c := kernSelf()
	if f.vec >= trap.FirstInterrupt {
		kernLock(c) // the idle loop released it
		kernInterrupt(c, f.vec)
		kernUnlock()
		return
	}
	if c.probeTrap(f, uintptr(addr)) {
		return
	}
	if kernFirstTouch(f, addr) {
		return
	}
	kernPrint("\n*** kernel: exception in the kernel")
	kernReport(f, addr)
	kernLastTrap = f
	code := int32(kernExitFault)
	if f.vec == trap.DoubleFault || f.vec == trap.NMI || f.vec == trap.MachineCheck {
		code = kernExitMachine
	}
	kernFatalWord(code, "exception in the kernel: ", trap.Name(f.vec))
}

// kernInterrupt serves a device, the timer, or another processor.
func kernInterrupt(c *kernCPU, vec uint64) {
	if vec == kernVecSpur {
		return // no end of interrupt for a spurious one
	}
	kernInterrupts++
	kernEOI()
	switch vec {
	case kernVecTimer:
		c.armed = 0 // kernReturn or the idle loop looks at deadlines and time slices
	case kernVecIPI: // a TLB flush, a signal or a task to run: done on the way out
	default:
		kernInterruptFile(uint32(vec))
	}
}

// kernNestedCall serves runtime code that prints or throws inside the kernel,
// until it wants to end the process.
//
//go:nowritebarrierrec
func kernNestedCall(nr, a1, a2, a3 uintptr) uintptr {
	switch nr {
	case kernSysWriteNr:
		kernNestedWrite(a2, a3)
		return a3
	case 13, 14, 39, 186: // sigaction, sigprocmask, getpid, gettid on the way to a signal
		return 0
	case 62, 234, kernSysExitNr, kernSysExitGroupNr: // kill, tgkill
		kernFatal(kernExitThrow, "Go code of the kernel died")
	}
	kernPrintNum("\n*** kernel: system call in the kernel: ", uint64(nr))
	kernPrint("\n")
	kernFatal(kernExitThrow, "system call in the kernel")
	return 0
}

// kernNestedWrite logs what runtime code prints while the kernel runs.
func kernNestedWrite(buf, n uintptr) {
	if n != 0 {
		kernLogWrite(unsafe.Pointer(buf), n)
	}
}
