//go:build unikernel

package runtime

import (
	"internal/runtime/atomic"
	"internal/runtime/sys"
)

// Exit codes, by class of what ended the machine. Package kernel documents them;
// smaller numbers are the program's.
const (
	kernExitSelfTest = 112 // a boot self test failed
	kernExitBoot     = 113 // the VMM's start information cannot be used
	kernExitMemory   = 114 // out of memory
	kernExitCanary   = 115 // a stack canary was overwritten
	kernExitSignal   = 116 // a task died by a signal without a handler
	kernExitFault    = 117 // an exception in the kernel
	kernExitThrow    = 118 // the kernel's own Go code panicked or threw: index, stack overflow
	kernExitCorrupt  = 119 // a kernel structure is damaged
	kernExitMachine  = 120 // double fault, machine check, NMI
)

var (
	kernDying    uint32 // atomic; a processor prints the last report
	kernDyingCPU *kernCPU
	kernLastTrap *kernFrame // of the exception that is being reported
)

// kernFatal ends the machine after a report with a traceback.
func kernFatal(code int32, why string) { kernFatalWord(code, why, "") }

// kernFatalWord is kernFatal with a reason in two parts.
func kernFatalWord(code int32, why, word string) {
	if !atomic.Cas(&kernDying, 0, 1) {
		if kernDyingCPU != kernSelf() {
			kernHalt()
		}
		kernPowerOff(code) // the report itself failed
	}
	kernDyingCPU = kernSelf()
	kernPrint("KERNEL FATAL: ")
	kernPrint(why)
	kernPrint(word)
	kernPrintNum(" (exit code ", uint64(code))
	kernPrint(")\n")
	if kernSelf().online == 0 {
		kernPowerOff(code) // too early for a traceback: a fault in it would have no words
	}
	if kernOnline() > 1 {
		kernIPIOthers(kernVecIPI) // they halt when they want the kernel lock
	}
	if f := kernLastTrap; f != nil {
		traceback(uintptr(f.rip), uintptr(f.rsp), 0, getg())
	} else {
		traceback(sys.GetCallerPC(), sys.GetCallerSP(), 0, getg())
	}
	kernPowerOff(code)
}

// kernPowerOff ends the VM with an exit code: through QEMU's isa-debug-exit
// (QEMU's status is code*2+1), else by a reset.
//
// With crash=reset on the command line a code other than 0 resets the VM: it boots
// again, and finds how this boot ended (kern_crash).
func kernPowerOff(code int32) {
	kernCrashSave(code)
	if !kernConsoleOff {
		kernConsoleWait(kernLSRIdle)
	}
	if code == 0 || !kernOpts.CrashReset {
		kernOut32(kernPortExit, uint32(code))
	}
	kernOut8(kernPortReset, 0xfe)
	kernTripleFault()
	kernHalt()
}
