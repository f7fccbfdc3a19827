//go:build unikernel

package runtime

import (
	"internal/kernel/area"
	"internal/kernel/page"
	kernstack "internal/kernel/stack"
)

// Every stack of the kernel and of a task has a slot of its own: a guard below
// it, a canary at its lowest end.

const kernStackSlots = 320 // 255 tasks, and 4 stacks for each processor

var (
	kernStackLayout = kernstack.Layout{Base: kernStackBase, Slots: kernStackSlots}
	kernStackUsed   area.Slots
	kernSecret      uint64 // of this boot, in every canary
)

func kernStackInit() {
	kernStackUsed.Init(kernStackSlots)
	kernSecret = kernRandom()
}

// kernStackNew maps a stack of size bytes and returns its top.
func kernStackNew(size uintptr) uintptr {
	slot, r := kernStackUsed.Take()
	s, ok := kernStackLayout.Place(slot, uint64(size))
	if r != area.OK || !ok {
		kernFatalWord(kernExitMemory, "no stack: ", r.String())
	}
	for va := s.Low; va < s.Top; va += kernPage {
		kernMapNew(va, page.Write)
	}
	kernStore64(uintptr(s.Low), kernstack.Canary(kernSecret, s.Low))
	return uintptr(s.Top)
}

// Stacks of tasks that ended, still mapped, for the next tasks: threads come and
// go, and unmapping costs a flush of every TLB.
var (
	kernStackSpare  [8]uintptr // tops; guarded by the kernel lock
	kernStackSpareN int
)

// kernTaskStackNew returns the top of a stack of kernTaskStackSize bytes.
func kernTaskStackNew() uintptr {
	if kernStackSpareN == 0 {
		return kernStackNew(kernTaskStackSize)
	}
	kernStackSpareN--
	return kernStackSpare[kernStackSpareN]
}

// kernTaskStackFree takes back the stack of a task that ended, whose canary is intact.
func kernTaskStackFree(top, size uintptr) {
	if size != kernTaskStackSize || kernStackSpareN == len(kernStackSpare) {
		kernStackFree(top, size)
		return
	}
	kernStackSpare[kernStackSpareN] = top
	kernStackSpareN++
}

// kernStackFree takes back the stack of size bytes at top.
func kernStackFree(top, size uintptr) {
	kernUnmap(uint64(top-size), uint64(top))
	if slot, ok := kernStackLayout.SlotOf(uint64(top - 1)); ok {
		kernStackUsed.Release(slot)
	}
}

// kernStackHealth looks at the canary of the stack that begins at low.
func kernStackHealth(low uintptr) kernstack.Health {
	return kernStackLayout.Check(kernSecret, uint64(low), kernLoad64(low))
}

// checkStacks ends the machine if a canary of the processor or of the task that
// it leaves is gone.
func (c *kernCPU) checkStacks(t *kernTask) {
	if h := kernStackHealth(c.stack - kernCPUStackSize); h != kernstack.Intact {
		kernPrintWord("\n*** kernel: ", h.String())
		kernPrintNum(", kernel stack of processor ", uint64(c.id))
		kernPrint("\n")
		kernFatal(kernExitCanary, "kernel stack overflow")
	}
	if t == nil {
		return
	}
	if h := kernStackHealth(t.stack - t.stackSize); h != kernstack.Intact {
		kernPrintWord("\n*** kernel: ", h.String())
		kernPrintNum(", stack of task ", uint64(t.number))
		kernPrint("\n")
		kernFatal(kernExitCanary, "stack overflow")
	}
}
