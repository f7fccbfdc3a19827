//go:build unikernel

package runtime

import (
	kernstack "internal/kernel/stack"
	"internal/kernel/trap"
	"unsafe"
)

// kernReport prints what is known about an exception: what, where, why in
// words, registers. It goes to the log like everything else.
func kernReport(f *kernFrame, addr uint64) {
	c := kernSelf()
	if c.reporting {
		kernFatalWord(kernExitMachine, "exception while reporting: ", trap.Name(f.vec))
	}
	c.reporting = true
	kernReportException(f, addr)
	c.reporting = false
}

func kernReportException(f *kernFrame, addr uint64) {
	kernPrintWord("\n*** kernel: ", trap.Name(f.vec))
	if f.vec == trap.PageFault {
		kernPrintHex(" at ", addr)
		kernPrintWord(" (", trap.Code(f.err).Access())
		kernPrintWord(")\n    reason: ", kernReason(addr, f.err).String())
		kernReportStack(addr)
	}
	kernPrintHex("\n    rip ", f.rip)
	if fn := findfunc(uintptr(f.rip)); fn.valid() {
		kernPrintWord(" in ", funcname(fn))
	}
	kernPrintHex("\n    error code ", f.err)
	if t := kernSelf().cur; t != nil {
		kernPrintNum(", task ", uint64(t.number))
	}
	kernPrintNum(", processor ", uint64(kernSelf().id))
	kernReportRegisters(f)
	kernPrint("\n")
}

var kernRegisterNames = [...]string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

func kernReportRegisters(f *kernFrame) {
	kernPrintHex("\n    rsp ", f.rsp)
	kernPrintHex(" rflags ", f.rflags)
	for i, name := range kernRegisterNames {
		if i%4 == 0 {
			kernPrint("\n   ")
		}
		kernPrintWord(" ", name)
		kernPrintHex(" ", kernLoad64(uintptr(unsafe.Pointer(f))+uintptr(i)*8))
	}
}

// kernReportStack says whose guard addr is in, if it is one.
func kernReportStack(addr uint64) {
	slot, ok := kernStackLayout.SlotOf(addr)
	if !ok {
		return
	}
	top := kernStackBase + uintptr(slot+1)*kernstack.SlotSize
	for i := range kernTasks {
		if t := kernTasks[i]; t != nil && t.stack == top {
			kernPrintNum(", task ", uint64(t.number))
		}
	}
	for i := range kernCPUCount {
		if c := &kernCPUs[i]; c.stack == top || c.emergency == top {
			kernPrintNum(", kernel stack of processor ", uint64(i))
		}
	}
}

// kernReason says why the access to addr was refused.
func kernReason(addr, err uint64) trap.Reason {
	m := &firstmoduledata
	l := trap.Layout{
		Text:      trap.Span{Start: uint64(m.text), End: uint64(m.etext)},
		ROData:    trap.Span{Start: uint64(m.rodata), End: uint64(m.noptrdata)},
		Data:      trap.Span{Start: uint64(m.noptrdata), End: uint64(m.end)},
		Stacks:    trap.Span{Start: kernStackBase, End: kernStackEnd},
		Heap:      trap.Span{Start: kernHeapBase, End: kernHeapEnd},
		DirectMap: trap.Span{Start: kernDirectMap, End: kernStackBase},
		Devices:   trap.Span{Start: kernPage, End: kernHeapBase},
	}
	return trap.Explain(&l, addr, trap.Code(err))
}
