//go:build unikernel

package runtime

import (
	"internal/kernel/phys"
	kernsched "internal/kernel/sched"
	"internal/runtime/sys"
	"unsafe"
)

// kernFrame is what a task was doing. The processor and the entry stubs push it.
type kernFrame struct {
	_                                    sys.NotInHeap
	rax, rbx, rcx, rdx, rsi, rdi, rbp    uint64
	r8, r9, r10, r11, r12, r13, r14, r15 uint64
	vec, err                             uint64
	rip, cs, rflags, rsp, ss             uint64
}

// A kernTask is a thread of the stock runtime, an M. It occupies one frame of
// memory. The first two fields' places matter: the end of frame is IST1 while
// the task runs and must be a multiple of 16, fpu one of 64.
type kernTask struct {
	_         sys.NotInHeap
	frame     kernFrame // 176 bytes
	_         [16]byte
	fpu       [kernFPUSize]byte // XSAVE or FXSAVE area
	fpuValid  uintptr           // 1: fpu holds the task's vector registers
	fsBase    uintptr
	number    kernsched.Task
	id        int32 // what gettid returns: number, and a count above it
	stack     uintptr
	stackSize uintptr

	waitBuf uintptr // epoll_wait: where events go
	waitMax int

	pending   uint64 // signals, bit number-1
	blocked   uint64
	altStack  uintptr
	altSize   uintptr
	sigDepth  int
	sigFrames [8]uintptr // of handlers that run
}

const kernTaskNumberMask = 0xff // of id

var (
	kernTasks     [kernsched.MaxTasks + 1]*kernTask // by number
	kernTaskCount int32                             // tasks made since boot
)

// kernTaskNew returns a new task, Born and without a stack, or nil.
func kernTaskNew() *kernTask {
	kernReap()
	n, r := kernSched.New()
	if r != kernsched.OK {
		return nil
	}
	p, ok := kernMem{}.AllocFrame()
	if !ok {
		kernFatal(kernExitMemory, "out of memory for a task")
	}
	kernMem{}.Zero(p)
	t := (*kernTask)(unsafe.Pointer(kernDirectMap + uintptr(p)))
	kernTasks[n] = t
	kernTaskCount++
	t.number, t.id = n, kernTaskCount<<8|int32(n)
	return t
}

// kernReap takes back the stacks, frames and numbers of tasks that ended.
func kernReap() {
	for n := kernSched.NextDead(kernsched.None); n != kernsched.None; n = kernSched.NextDead(n) {
		t := kernTasks[n]
		kernTaskStackFree(t.stack, t.stackSize)
		kernMem{}.freeFrame(phys.Addr(uintptr(unsafe.Pointer(t)) - kernDirectMap))
		kernTasks[n] = nil
		kernSched.Reap(n)
	}
}

// kernTaskByID returns the task that gettid named, or nil.
func kernTaskByID(id int32) *kernTask {
	t := kernTasks[id&kernTaskNumberMask]
	if t == nil || t.id != id {
		return nil
	}
	switch kernSched.State(t.number) {
	case kernsched.Free, kernsched.Dead:
		return nil
	}
	return t
}

// kernSysClone starts a task: the child returns from the same CALL on a stack of
// its own. The runtime asks for the kernel to choose the stack by passing none,
// and gives the g whose bounds are to be set in R9 (see the patched proc.go).
func kernSysClone(t *kernTask) int64 {
	if t.frame.rsi != 0 {
		return -kernEINVAL
	}
	n := kernTaskNew()
	if n == nil {
		return -_EAGAIN
	}
	n.stack, n.stackSize = kernTaskStackNew(), kernTaskStackSize
	n.frame = t.frame
	n.frame.rax = 0
	n.fsBase = uintptr(t.frame.r8)
	n.blocked = t.blocked
	gp := (*g)(unsafe.Pointer(uintptr(t.frame.r9)))
	gp.stack.lo, gp.stack.hi = n.stack-n.stackSize+kernSpill, n.stack
	n.frame.rsi = uint64(n.stack) - kernSpill
	kernReady(n, 0)
	return int64(n.id)
}

// kernSysExit ends the calling task.
func kernSysExit(c *kernCPU) {
	c.checkStacks(c.cur)
	kernTimers.Cancel(c.cur.number)
	kernSched.Exit(int(c.id))
}
