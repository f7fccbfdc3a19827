//go:build unikernel

package runtime

import (
	"internal/kernel/cmdline"
	"internal/kernel/phys"
	"internal/kernel/pvh"
	kernsched "internal/kernel/sched"
	kernstack "internal/kernel/stack"
	"unsafe"
)

// Boot, up to the first instruction of the stock runtime. Read kernInit and
// kernBooted down.

var (
	kernLine cmdline.Line
	kernOpts cmdline.Options

	// kernTimes are the steps of the boot, as TSC readings: the clock's rate is
	// known only later. Package kernel names them.
	kernTimes     [kernTimeCount]uint64
	kernMainStart int64 // the last step, the program's first private call, in ns
)

// Steps of the boot.
const (
	kernTimeFirst   = iota // first instruction of the boot stub
	kernTimeKernel         // kernInit
	kernTimeReady          // memory, processors, clock are set up
	kernTimeTested         // boot self tests done
	kernTimeRuntime        // the stock runtime starts
	kernTimeCount
)

// kernInit runs on the boot stack, in the image's page tables.
//
//go:nowritebarrierrec
func kernInit(start, tsc uint64) {
	c := &kernCPUs[0]
	kernTimes[kernTimeFirst], kernTimes[kernTimeKernel] = tsc, kernTSC()
	kernBootStack[0] = kernBootMark // nothing guards the boot stack; kernBooted looks
	kernLock(c)                     // until the first task runs
	c.startXSave()                  // before other code: QEMU would translate that again
	kernConsoleInit()               // words for what can go wrong
	kernClockInit(tsc)              // time starts
	kernRandomInit(tsc)             // for canaries and marks
	kernStartInfo(start)            // what the VMM hands over
	kernCommandLine()               // copied, before its memory is used
	kernMemoryInit()                // frames, direct map
	kernStackInit()                 // the canaries' secret
	kernMmapInit()                  // address space for the heap
	c.prepare(0)                    // stacks, g, GDT, TSS of this processor
	c.setGuard(0)                   // the boot stack is still in use
	kernIDTInit()                   // exceptions have words from here on
	kernMapIdentity(phys.Range{Start: kernAPIC, End: kernAPIC + kernPage})
	kernMaskPIC()       // the legacy interrupt controllers
	c.start()           // tables, local APIC
	kernClockBegin()    // first sample
	kernSched.Online(0) // this processor takes part
	c.online = 1        //
	kernProcessors()    // the others begin to start
}

// kernBooted goes on on the processor's own stack.
//
//go:nowritebarrierrec
func kernBooted() {
	c := kernSelf()
	if kernBootStack[0] != kernBootMark {
		kernFatal(kernExitCanary, "boot stack overflow")
	}
	c.setGuard(c.g0.stack.lo + stackGuard)
	kernUnmap(kernBootStub, kernBootStub+kernPage) // nothing executable is left in the lower half
	kernModulesProtect()
	kernProcessorsStart()
	kernClockStart(kernOpts.TSCkHz)
	kernWallClock()
	kernTimes[kernTimeReady] = kernTSC()
	kernSelfTest()
	kernTimes[kernTimeTested] = kernTSC()
	kernFirstTask(c)
	vdsoClockgettimeSym = kernClockEntry()
	if disableMemoryProfiling {
		MemProfileRate = 0 // schedinit does so too, but has by then sampled an allocation, with a traceback
	}
	kernTimes[kernTimeRuntime] = kernTSC()
	kernReturn(c)
}

// kernBootMark is the boot stack's canary; there is no random number yet.
const kernBootMark = 0xa5

func kernMaskPIC() {
	kernOut8(kernPortPIC0, 0xff)
	kernOut8(kernPortPIC1, 0xff)
}

// kernCmdSource is the command line where the VMM put it.
type kernCmdSource struct{}

// Byte implements cmdline.Source.
func (kernCmdSource) Byte(i int) byte {
	return pvh.Text(kernMem{}, kernWindow, kernInfo.CommandLine, i)
}

// kernCommandLine copies the command line and obeys the kernel's words in it.
func kernCommandLine() {
	kernLine.Parse(kernCmdSource{})
	kernOpts = kernLine.Options()
	kernLogOptions(&kernOpts)
	if kernOpts.Bad != cmdline.Fine {
		kernPrintWord("[cmdline] ignored: ", kernOpts.Bad.String())
		kernPrint("\n")
	}
}

// kernFirstTask makes the task that enters the stock runtime at _rt0_amd64, with
// the stack contents that Linux would give it: argc, argv, environment, auxv.
func kernFirstTask(c *kernCPU) {
	t := kernTaskNew()
	t.stack, t.stackSize = kernStackNew(kernFirstStackSize), kernFirstStackSize
	text := uintptr(unsafe.Pointer(unsafe.SliceData(kernLine.Text())))
	sp := t.stack - kernSpill
	push := func(v uintptr) {
		sp -= 8
		kernStore64(sp, uint64(v))
	}
	push(uintptr(kernRandom()))
	push(uintptr(kernRandom()))
	random := sp
	push('m') // argv[0]: "km"
	*(*byte)(unsafe.Pointer(sp)), *(*byte)(unsafe.Pointer(sp + 1)) = 'k', 'm'
	name := sp
	args, vars := kernLine.Args(), kernLine.Vars()
	if (args+vars)&1 != 0 {
		push(0) // argc will be at a multiple of 16
	}
	push(0)
	push(0) // AT_NULL
	push(random)
	push(_AT_RANDOM)
	push(kernPage)
	push(_AT_PAGESZ)
	push(0)
	for i := vars - 1; i >= 0; i-- {
		at, _ := kernLine.Var(i)
		push(text + uintptr(at))
	}
	push(0)
	for i := args - 1; i >= 0; i-- {
		at, _ := kernLine.Arg(i)
		push(text + uintptr(at))
	}
	push(name)
	push(uintptr(1 + args))
	f := &t.frame
	f.rip, f.rsp = uint64(kernRuntimeEntry()), uint64(sp)
	f.cs, f.ss, f.rflags = kernCS, kernSS, kernRFLAGSNew
	if kernSched.Start(t.number, int(c.id), kernNow()) != kernsched.OK || sp < t.stack-t.stackSize+kernstack.TopReserve {
		kernFatal(kernExitBoot, "the first task cannot start")
	}
	c.cur = t
}
