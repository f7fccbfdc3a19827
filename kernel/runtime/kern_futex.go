//go:build unikernel

package runtime

import kernsched "internal/kernel/sched"

const (
	kernFutexWait = 0
	kernFutexWake = 1
	kernFutexMask = 127 // without FUTEX_PRIVATE_FLAG
)

// kernSysFutex implements FUTEX_WAIT and FUTEX_WAKE, all that the runtime uses.
func kernSysFutex(c *kernCPU, addr, op uintptr, val uint32, timeout uintptr) int64 {
	switch op & kernFutexMask {
	case kernFutexWait:
		if !kernUserOK(addr, 4) || timeout != 0 && !kernUserOK(timeout, 16) {
			return -kernEFAULT
		}
		if kernLoad32(addr) != val {
			return -_EAGAIN
		}
		kernBlock(c, kernsched.Futex, uint64(addr), kernTimespec(timeout))
		return 0
	case kernFutexWake:
		woken := int64(0)
		for ; woken < int64(int32(val)); woken++ {
			n := kernSched.Waiter(kernsched.Futex, uint64(addr))
			if n == kernsched.None {
				break
			}
			kernReady(kernTasks[n], 0)
		}
		return woken
	}
	return -_ENOSYS
}

// kernMaxSeconds keeps a timeout in 63 bits of nanoseconds: 285 years.
const kernMaxSeconds = 9e9

// kernTimespec returns the struct timespec at p in ns, -1 for none.
func kernTimespec(p uintptr) int64 {
	if p == 0 {
		return -1
	}
	return int64(min(kernLoad64(p), kernMaxSeconds))*1e9 + int64(min(kernLoad64(p+8), 1e9))
}
