//go:build unikernel

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// Signals, as the stock runtime expects them from Linux on amd64.

// kernAction is struct sigaction of the kernel interface.
type kernAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// kernSigFrame is what a handler finds above its return address.
type kernSigFrame struct {
	restorer uintptr
	uc       ucontext
	info     siginfo
	fpuValid uintptr
	fpu      uintptr // copy of the task's vector registers
}

const (
	kernSigDefault = 0
	kernSigIgnore  = 1
	kernNSig       = 64
	kernRedZone    = 128        // below a task's RSP, which a handler must not touch
	kernSINoInfo   = -6         // si_code SI_TKILL
	kernSANoDefer  = 0x40000000 // SA_NODEFER
)

var kernActions [kernNSig + 1]kernAction // guarded by the kernel lock

// kernSignalPending delivers the lowest of the signals in set.
func kernSignalPending(t *kernTask, set uint64) {
	s := sys.TrailingZeros64(set)
	t.pending &^= 1 << s
	kernSignal(t, uint32(s+1), kernSINoInfo, 0)
}

// kernSignal makes t run its handler for sig when it next resumes. code > 0 says
// that the task's own instruction raised it, so it cannot wait.
func kernSignal(t *kernTask, sig uint32, code int32, addr uintptr) {
	a := &kernActions[sig]
	forced := code > 0
	if a.handler <= kernSigIgnore || forced && t.blocked>>(sig-1)&1 != 0 {
		if a.handler == kernSigIgnore && !forced || sig == _SIGURG || sig == _SIGCHLD || sig == _SIGWINCH {
			return
		}
		kernPrintNum("\n*** kernel: task ", uint64(t.number))
		kernPrintNum(" killed by signal ", uint64(sig))
		kernReport(&t.frame, uint64(addr))
		kernFatal(kernExitSignal, "signal without a handler")
	}
	if t.sigDepth == len(t.sigFrames) {
		kernFatal(kernExitSignal, "signals nested too deeply")
	}
	kernSignals++
	sp := kernSignalStack(t, a)
	fr := (*kernSigFrame)(unsafe.Pointer(sp))
	kernSignalSave(t, fr, sig, code, addr)
	t.sigFrames[t.sigDepth] = sp
	t.sigDepth++
	t.blocked |= a.mask
	if a.flags&kernSANoDefer == 0 {
		t.blocked |= 1 << (sig - 1)
	}
	fr.restorer = a.restorer
	f := &t.frame
	f.rip, f.rsp, f.rflags = uint64(a.handler), uint64(sp), kernRFLAGSNew
	f.rdi, f.rsi, f.rdx = uint64(sig), uint64(uintptr(unsafe.Pointer(&fr.info))), uint64(uintptr(unsafe.Pointer(&fr.uc)))
	f.rax, f.rbp = 0, 0
}

// kernSignalStack makes room for a kernSigFrame and the vector registers on the
// stack that the handler is to use, and clears the frame.
func kernSignalStack(t *kernTask, a *kernAction) (sp uintptr) {
	sp = uintptr(t.frame.rsp)
	if a.flags&_SA_ONSTACK != 0 && t.altSize != 0 && (sp <= t.altStack || sp > t.altStack+t.altSize) {
		sp = t.altStack + t.altSize
	} else {
		sp -= kernRedZone
	}
	fpu := (sp - kernFPUSize) &^ 63
	sp = (fpu-unsafe.Sizeof(kernSigFrame{}))&^15 - 8
	fr := (*kernSigFrame)(unsafe.Pointer(sp))
	memclrNoHeapPointers(unsafe.Pointer(fr), unsafe.Sizeof(kernSigFrame{}))
	fr.fpu = fpu
	return sp
}

// kernSignalSave puts the task's state into the frame, as sigcontext and siginfo.
func kernSignalSave(t *kernTask, fr *kernSigFrame, sig uint32, code int32, addr uintptr) {
	f := &t.frame
	if fr.fpuValid = t.fpuValid; t.fpuValid != 0 {
		memmove(unsafe.Pointer(fr.fpu), unsafe.Pointer(&t.fpu), kernFPUSize)
		t.fpuValid = 0
	}
	fr.info.si_signo, fr.info.si_code, fr.info.si_addr = int32(sig), code, uint64(addr)
	c := (*sigcontext)(unsafe.Pointer(&fr.uc.uc_mcontext))
	c.r8, c.r9, c.r10, c.r11, c.r12, c.r13, c.r14, c.r15 = f.r8, f.r9, f.r10, f.r11, f.r12, f.r13, f.r14, f.r15
	c.rdi, c.rsi, c.rbp, c.rbx, c.rdx, c.rax, c.rcx = f.rdi, f.rsi, f.rbp, f.rbx, f.rdx, f.rax, f.rcx
	c.rsp, c.rip, c.eflags, c.cs = f.rsp, f.rip, f.rflags, kernCS
	c.err, c.trapno, c.cr2 = f.err, f.vec, uint64(addr)
	fr.uc.uc_sigmask.__val[0] = t.blocked
}

// kernSysSigreturn ends a handler: the task goes on with the state in its frame,
// which the handler may have changed.
func kernSysSigreturn(t *kernTask) {
	if t.sigDepth == 0 {
		kernFatal(kernExitSignal, "sigreturn without a signal")
	}
	t.sigDepth--
	fr := (*kernSigFrame)(unsafe.Pointer(t.sigFrames[t.sigDepth]))
	f := &t.frame
	c := (*sigcontext)(unsafe.Pointer(&fr.uc.uc_mcontext))
	f.r8, f.r9, f.r10, f.r11, f.r12, f.r13, f.r14, f.r15 = c.r8, c.r9, c.r10, c.r11, c.r12, c.r13, c.r14, c.r15
	f.rdi, f.rsi, f.rbp, f.rbx, f.rdx, f.rax, f.rcx = c.rdi, c.rsi, c.rbp, c.rbx, c.rdx, c.rax, c.rcx
	f.rsp, f.rip, f.rflags = c.rsp, c.rip, c.eflags|kernRFLAGSIF
	t.blocked = fr.uc.uc_sigmask.__val[0]
	if fr.fpuValid != 0 {
		memmove(unsafe.Pointer(&t.fpu), unsafe.Pointer(fr.fpu), kernFPUSize)
		t.fpuValid = 1
	}
}

func kernSysSigaction(sig, act, old uintptr) int64 {
	if sig == 0 || sig > kernNSig {
		return -kernEINVAL
	}
	a := &kernActions[sig]
	if old != 0 {
		*(*kernAction)(unsafe.Pointer(old)) = *a
	}
	if act != 0 {
		*a = *(*kernAction)(unsafe.Pointer(act))
	}
	return 0
}

func kernSysSigprocmask(t *kernTask, how, set, old uintptr) int64 {
	if set != 0 && !kernUserOK(set, 8) || old != 0 && !kernUserOK(old, 8) {
		return -kernEFAULT
	}
	if old != 0 {
		kernStore64(old, t.blocked)
	}
	if set != 0 {
		m := kernLoad64(set)
		switch how {
		case _SIG_BLOCK:
			t.blocked |= m
		case _SIG_UNBLOCK:
			t.blocked &^= m
		case _SIG_SETMASK:
			t.blocked = m
		}
	}
	return 0
}

func kernSysSigaltstack(t *kernTask, set, old uintptr) int64 {
	if old != 0 {
		o := (*stackt)(unsafe.Pointer(old))
		*(*uintptr)(unsafe.Pointer(&o.ss_sp)) = t.altStack
		o.ss_size = t.altSize
		o.ss_flags = 0
		if t.altSize == 0 {
			o.ss_flags = _SS_DISABLE
		}
	}
	if set != 0 {
		n := (*stackt)(unsafe.Pointer(set))
		t.altStack, t.altSize = uintptr(unsafe.Pointer(n.ss_sp)), n.ss_size
		if n.ss_flags&_SS_DISABLE != 0 {
			t.altStack, t.altSize = 0, 0
		}
	}
	return 0
}

// kernSysKill sends sig to the task that gettid calls id.
func kernSysKill(c *kernCPU, id int32, sig uintptr) int64 {
	t := kernTaskByID(id)
	if t == nil {
		return -kernESRCH
	}
	if sig-1 < kernNSig {
		t.pending |= 1 << (sig - 1)
		if on := kernSched.CPU(t.number); on >= 0 && on != int(c.id) {
			kernIPI(&kernCPUs[on], kernVecIPI)
		}
	}
	return 0
}
