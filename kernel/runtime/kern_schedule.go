//go:build unikernel

package runtime

import (
	"internal/kernel/clock"
	kernsched "internal/kernel/sched"
	kerntimer "internal/kernel/timer"
)

// Who runs where is decided by internal/kernel/sched; this file does it.

var (
	kernSched  kernsched.Scheduler // guarded by the kernel lock
	kernTimers kerntimer.Queue     // guarded by the kernel lock
)

// kernReady makes t runnable, with ret as the result of its system call, and
// wakes an idle processor for it. It reports whether there was one.
func kernReady(t *kernTask, ret int64) bool {
	kernTimers.Cancel(t.number)
	t.frame.rax = uint64(ret)
	wake, _ := kernSched.Ready(t.number, int(kernSelf().id))
	if wake == kernsched.NoCPU {
		return false
	}
	kernIPI(&kernCPUs[wake], kernVecIPI)
	return true
}

// kernBlock makes the current task wait in state s for key, at most timeout ns (< 0: no limit).
func kernBlock(c *kernCPU, s kernsched.State, key uint64, timeout int64) {
	kernSched.Block(int(c.id), s, key)
	if timeout >= 0 {
		kernTimers.Set(c.cur.number, kerntimer.After(kernNow(), timeout))
	}
}

// kernExpire wakes the tasks whose time has come.
func kernExpire(now int64) {
	for n := kernTimers.Expire(now); n != kernsched.None; n = kernTimers.Expire(now) {
		ret := int64(0)
		if kernSched.State(n) == kernsched.Futex {
			ret = -kernETIMEDOUT
		}
		kernReady(kernTasks[n], ret)
	}
}

// kernReturn decides what the processor does next; kernExit then resumes c.cur
// and releases the kernel lock.
func kernReturn(c *kernCPU) {
	for {
		now := kernNow()
		kernExpire(now)
		if now >= kernStartAgain && kernStartAgain != 0 {
			kernProcessorsRetry()
		}
		if now >= kernRefineAt && kernRefineAt != 0 {
			kernRefine(now)
		}
		if !kernPick(c, now) {
			kernIdle(c)
			continue
		}
		t := c.cur
		if s := t.pending &^ t.blocked; s != 0 {
			kernSignalPending(t, s)
		}
		c.arm(kernSched.Timer(int(c.id), kernNextDeadline()))
		return
	}
}

// kernPick makes c.cur the task to run, and reports whether there is one.
func kernPick(c *kernCPU, now int64) bool {
	yield := c.reschedule || kernSched.Expired(int(c.id), now)
	c.reschedule = false
	n, switched := kernSched.Next(int(c.id), yield, now)
	if switched || n == kernsched.None {
		c.checkStacks(c.cur)
		c.cur = kernTasks[n]
	}
	return n != kernsched.None
}

// kernIdle waits for an interrupt, without the kernel lock.
func kernIdle(c *kernCPU) {
	c.arm(kernNextDeadline())
	kernSched.Idle(int(c.id), true)
	c.idle = true
	kernUnlock()
	kernWaitInterrupt()
	kernLock(c)
	c.idle = false
	kernSched.Idle(int(c.id), false)
}

// kernNextDeadline returns the soonest time at which the kernel has something to
// do, 0 for never.
func kernNextDeadline() int64 {
	when, ok := kernTimers.Next()
	if !ok {
		return kernStartAgain
	}
	if kernStartAgain != 0 {
		when = min(when, kernStartAgain)
	}
	return max(when, 1)
}

// arm sets the processor's APIC timer to the time when, 0: off.
func (c *kernCPU) arm(when int64) {
	if when == c.armed {
		return
	}
	c.armed = when
	n := uint64(0)
	if when != 0 {
		n = clock.Ticks(max(when-kernNow(), kernArmLeast), kernAPICHz, 1<<32-1)
	}
	kernAPICWrite(kernAPICInitial, uint32(n))
}

// kernArmLeast is the shortest time that the timer is set to, ns.
const kernArmLeast = 1000
