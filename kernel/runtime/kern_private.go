//go:build unikernel

package runtime

import "unsafe"

// Private system calls, those of package kernel. It repeats the numbers; a test
// there compares them with these.

const kernCallFirst = 0x1000

const (
	kernCallMapDevice  = iota // (phys, size)
	kernCallAllocDMA          // (size, *[2]uint64: virtual, physical)
	kernCallStats             // (*[n]uint64, n) returns how many there are
	kernCallReadLog           // (from, buf, size, *[2]uint64: next, lost) returns bytes
	kernCallTimes             // (*[n]uint64, n) ns since the first instruction, then now; returns how many
	kernCallSelfTest          // (i, name, size, *[2]uint64: ok, ns) returns the name's length
	kernCallPowerOff          // (code)
	kernCallAddEntropy        // (buf, size)
	kernCallProvoke           // (what, arg) with provoke=on only: a fault in the kernel
	kernCallCrash             // (*[n]uint64, n) how the boot before ended: size of the text, code, ns, ns since 1970; returns how many
	kernCallCrashText         // (from, buf, size, *[2]uint64: next, size) returns bytes
	kernCallModule            // (i, *[2]uint64: address, size)
)

// kernPrivate is the table of private calls. The first one marks the step "main"
// of the boot.
func kernPrivate(nr uint64, a1, a2, a3, a4 uintptr) int64 {
	if kernMainStart == 0 {
		kernMainStart = kernNow()
	}
	switch nr {
	case kernCallMapDevice:
		return kernMapDevice(uint64(a1), uint64(a2))
	case kernCallAllocDMA:
		return kernAllocDMA(uint64(a1), a2)
	case kernCallStats:
		return kernStats(a1, a2)
	case kernCallReadLog:
		return kernReadLog(uint64(a1), a2, a3, a4)
	case kernCallTimes:
		return kernBootTimes(a1, a2)
	case kernCallSelfTest:
		return kernTestResultCopy(int(a1), a2, a3, a4)
	case kernCallPowerOff:
		kernPowerOff(int32(a1))
	case kernCallAddEntropy:
		return kernAddEntropy(a1, a2)
	case kernCallProvoke:
		return kernProvoke(a1, a2)
	case kernCallCrash:
		return kernCrashCopy(a1, a2)
	case kernCallCrashText:
		return kernCrashText(uint64(a1), a2, a3, a4)
	case kernCallModule:
		return kernModule(int(a1), a2)
	}
	kernMissing++
	return -_ENOSYS
}

// kernStats copies the counters, in the order that package kernel names.
func kernStats(buf, n uintptr) int64 {
	s, fr := kernSched.Stats(), kernFrames.Stats()
	v := [...]uint64{
		uint64(s.Tasks), s.Switches, s.Wakeups, kernInterrupts, kernFaultCount, kernSignals, kernSyscalls, kernMissing,
		fr.Total, fr.Used, fr.Free, kernDMABytes, uint64(kernOnline()), uint64(kernCPUCount), kernStrays,
		kernSpace.Tables(), uint64(kernStackUsed.Count()), kernPool.added, kernBit(kernPool.rdrand), kernTSCkHz, kernShootdowns,
		kernRing.Written(),
	}
	return kernCopyOut(buf, n, v[:])
}

func kernBit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// kernBootTimes copies the steps of the boot in ns since the first, 0 for those
// not reached, and the time now.
func kernBootTimes(buf, n uintptr) int64 {
	var v [kernTimeCount + 2]uint64
	for i, t := range kernTimes {
		v[i] = uint64(kernTimeAt(t))
	}
	v[kernTimeCount], v[kernTimeCount+1] = uint64(kernMainStart), uint64(kernNow())
	return kernCopyOut(buf, n, v[:])
}

func kernCopyOut(buf, n uintptr, v []uint64) int64 {
	n = min(n, uintptr(len(v)))
	if !kernUserOK(buf, n*8) {
		return -kernEFAULT
	}
	for i := range n {
		kernStore64(buf+i*8, v[i])
	}
	return int64(len(v))
}

// kernReadLog copies whole lines of the log from position from.
func kernReadLog(from uint64, buf, size, out uintptr) int64 {
	size = min(size, kernMaxIO)
	if size == 0 {
		return -kernEINVAL
	}
	if !kernUserOK(buf, size) || !kernUserOK(out, 16) {
		return -kernEFAULT
	}
	n, next, lost := kernRing.ReadFrom(from, unsafe.Slice((*byte)(unsafe.Pointer(buf)), int(size)))
	kernStore64(out, next)
	kernStore64(out+8, lost)
	return int64(n)
}

// kernTestResultCopy copies result i of the self tests.
func kernTestResultCopy(i int, name, size, out uintptr) int64 {
	if i < 0 || i >= kernTestCount {
		return -kernENOENT
	}
	r := &kernTests[i]
	text := kernTestNames[r.test]
	size = min(size, uintptr(len(text)))
	if !kernUserOK(name, size) || !kernUserOK(out, 16) {
		return -kernEFAULT
	}
	memmove(unsafe.Pointer(name), unsafe.Pointer(unsafe.StringData(text)), size)
	kernStore64(out, kernBit(r.ok))
	kernStore64(out+8, uint64(r.ns))
	return int64(len(text))
}
