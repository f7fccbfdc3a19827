//go:build unikernel

package runtime

import (
	kernsched "internal/kernel/sched"
	"internal/runtime/syscall/linux"
	"unsafe"
)

// Error numbers of Linux that package runtime has no name for.
const (
	kernEPERM     = 1
	kernENOENT    = 2
	kernESRCH     = 3
	kernEBADF     = 9
	kernENOMEM    = 12
	kernEACCES    = 13
	kernEFAULT    = 14
	kernEBUSY     = 16
	kernEEXIST    = 17
	kernEINVAL    = 22
	kernEMFILE    = 24
	kernETIMEDOUT = 110
)

// Numbers that more than the table below uses.
const (
	kernSysWriteNr       = 1
	kernSysSigreturnNr   = 15
	kernSysExitNr        = 60
	kernSysExitGroupNr   = 231
	kernSysEpollPwait2Nr = 441
)

var (
	kernSyscalls uint64
	kernMissing  uint64 // calls that there are none of
)

// kernSyscall is the system call that the frame of the current task asks for.
//
//go:nowritebarrierrec
func kernSyscall(f *kernFrame) {
	c := kernSelf()
	kernLock(c)
	kernSyscalls++
	if f.rax == kernSysSigreturnNr {
		kernSysSigreturn(c.cur) // sets all registers, also RAX
	} else {
		t := c.cur
		t.frame.rax = uint64(kernDispatch(c, t, f.rax))
	}
	kernReturn(c)
}

// kernDispatch is the table of system calls: those that the stock runtime, os
// and syscall packages make. A call that blocks returns what its task finds when
// it is not woken by an event; kernReady sets another result then.
func kernDispatch(c *kernCPU, t *kernTask, nr uint64) int64 {
	f := &t.frame
	a1, a2, a3, a4 := uintptr(f.rdi), uintptr(f.rsi), uintptr(f.rdx), uintptr(f.r10)
	if nr >= kernCallFirst {
		return kernPrivate(nr-kernCallFirst, a1, a2, a3, a4)
	}
	switch nr {
	// Files.
	case 0:
		return kernSysRead(a1, a2, a3)
	case kernSysWriteNr:
		return kernSysWrite(a1, a2, a3)
	case 3:
		return kernSysClose(a1)
	case 72:
		return kernSysFcntl(a1, a2, a3)
	case 257:
		return kernSysOpen(a2)
	case 290:
		return kernFileNew(kernFileEvent)
	case 291:
		return kernFileNew(kernFilePoll)
	case 233:
		return kernSysEpollCtl(a1, a2, a3, a4)
	case 281: // epoll_pwait, milliseconds
		return kernSysEpollWait(c, t, a1, a2, int(a3), kernMillis(int32(a4)))
	case kernSysEpollPwait2Nr:
		return kernSysEpollWait(c, t, a1, a2, int(a3), kernTimespec(a4))

	// Memory.
	case 9:
		return kernSysMmap(a1, a2, uint32(a3), uint32(a4), uint32(f.r8))
	case 10:
		return kernSysMprotect(a1, a2, uint32(a3))
	case 11:
		return kernSysMunmap(a1, a2)
	case 28:
		return kernSysMadvise(a1, a2, uint32(a3))

	// Threads.
	case 24: // sched_yield
		c.reschedule = true
		return 0
	case 39: // getpid
		return 1
	case 186: // gettid
		return int64(t.id)
	case 56:
		return kernSysClone(t)
	case kernSysExitNr:
		kernSysExit(c)
		return 0
	case kernSysExitGroupNr:
		kernPowerOff(int32(a1))
	case 158: // arch_prctl
		if a1 != 0x1002 { // ARCH_SET_FS
			return -kernEINVAL
		}
		t.fsBase = a2
		return 0
	case 202:
		return kernSysFutex(c, a1, a2, uint32(a3), a4)
	case 204: // sched_getaffinity
		if a2 < 8 || !kernUserOK(a3, 8) {
			return -kernEINVAL
		}
		kernStore64(a3, 1<<kernCPUCount-1)
		return 8

	// Time.
	case 35: // nanosleep
		if !kernUserOK(a1, 16) {
			return -kernEFAULT
		}
		kernBlock(c, kernsched.Sleep, 0, max(kernTimespec(a1), 0))
		return 0
	case 228: // clock_gettime
		return kernSysClockGettime(a1, a2)

	// Signals.
	case 13:
		return kernSysSigaction(a1, a2, a3)
	case 14:
		return kernSysSigprocmask(t, a1, a2, a3)
	case 131:
		return kernSysSigaltstack(t, a1, a2)
	case 62: // kill: the process is all there is
		return kernSysKill(c, t.id, a2)
	case 234: // tgkill
		return kernSysKill(c, int32(a2), a3)

	case 318:
		return kernSysGetrandom(a1, a2)
	}
	kernMissing++
	return -_ENOSYS
}

func kernMillis(ms int32) int64 {
	if ms < 0 {
		return -1
	}
	return int64(ms) * 1e6
}

func kernSysClockGettime(clock, ts uintptr) int64 {
	if !kernUserOK(ts, 16) {
		return -kernEFAULT
	}
	now := kernNow()
	if clock == 0 { // CLOCK_REALTIME
		now += kernWallOffset
	}
	kernStore64(ts, uint64(now/1e9))
	kernStore64(ts+8, uint64(now%1e9))
	return 0
}

// kernEpollWait is what netpoll calls in place of linux.EpollWait: its delay is in
// nanoseconds, < 0 for no limit. It runs in the task, not in the kernel.
func kernEpollWait(epfd int32, events []linux.EpollEvent, delay int64) (int32, uintptr) {
	var ts timespec
	var tp unsafe.Pointer
	if delay >= 0 {
		ts.setNsec(delay)
		tp = noescape(unsafe.Pointer(&ts))
	}
	n, _, errno := linux.Syscall6(kernSysEpollPwait2Nr, uintptr(epfd), uintptr(noescape(unsafe.Pointer(&events[0]))), uintptr(len(events)), uintptr(tp), 0, 0)
	return int32(n), errno
}
