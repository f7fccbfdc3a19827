//go:build unikernel

package runtime

import (
	"internal/kernel/clock"
	"unsafe"
)

// Time is the TSC scaled to nanoseconds since the first instruction. The rate is
// measured against the 8254 timer (1.193182 MHz, a turn in 55 ms). The timer
// starts counting when the kernel does, so the first measurement hardly waits;
// kernRefine corrects the rate later, over a longer time.

// kernRate is a clock.Clock with names for assembly. It does not change once it
// is published; readers, also in assembly and on other processors, take the one
// that kernRateNow points to.
type kernRate struct {
	TSC0 uint64
	Mult uint64
	NS0  int64
}

var (
	kernRates      [8]kernRate
	kernRateNow    *kernRate
	kernRateCount  int
	kernWallOffset int64 // realtime - monotonic, ns
	kernTSCkHz     uint64
	kernBootkHz    uint64 // as first measured, for times of the boot
	kernAPICHz     uint64
	kernBootTSC    uint64 // at the first instruction
	kernFirst      clock.Sample
	kernRefineAt   int64 // when the rate is measured again; 0: never
)

const (
	kernAssumedkHz  = 2e6 // of the TSC, until and unless it can be measured
	kernAssumedAPIC = 1e9 // Hz: QEMU's and KVM's local APIC
	kernPITTries    = 64
	kernPITReadBack = 0xc2   // latch status and count of channel 0
	kernPITOut      = 0x80   // in the status
	kernPITAgain    = 100000 // samples until it is hopeless
	kernPITNone     = 1000   // of them that show no PIT at all
	kernPITGood     = 4000   // TSC ticks that a good reading takes at most
	kernRefineFirst = 50e6   // ns
	kernRefineLast  = 20e9

	kernLeafTiming = 0x40000010 // CPUID: TSC kHz in EAX, APIC kHz in EBX (VMware, KVM)
	kernLeafFirst  = 0x40000000
)

// kernNow returns the time since the first instruction in ns.
func kernNow() int64 {
	c := clock.Clock(*kernRateNow)
	return c.At(kernTSC())
}

// kernTimeAt returns the time at a TSC reading of the boot, which may be older
// than the present rate.
func kernTimeAt(tsc uint64) int64 {
	return int64((tsc - kernBootTSC) * 1000 / (kernBootkHz / 1000))
}

// kernClockInit starts the PIT and the APIC timer and assumes a rate until one is measured.
func kernClockInit(bootTSC uint64) {
	kernBootTSC = bootTSC
	kernAPICHz = kernAssumedAPIC
	kernSetRate(kernAssumedkHz)
	kernPITLoad()
}

func kernPITLoad() {
	kernOut8(kernPortPITMode, 0x30) // channel 0, low and high byte, mode 0
	kernOut8(kernPortPIT0, 0xff)
	kernOut8(kernPortPIT0, 0xff)
}

// kernClockSample reads all counters. Between two port accesses much time may
// pass on a busy machine, so it takes the narrowest of several readings.
func kernClockSample() (best clock.Sample) {
	width := uint64(1<<64 - 1)
	for i := range kernPITTries {
		t0 := kernTSC()
		kernOut8(kernPortPITMode, kernPITReadBack)
		t1 := kernTSC()
		apic := kernAPICRead(kernAPICCurrent)
		out := kernIn8(kernPortPIT0)&kernPITOut != 0
		pit := uint16(kernIn8(kernPortPIT0))
		pit |= uint16(kernIn8(kernPortPIT0)) << 8
		if t1-t0 < width {
			width = t1 - t0
			best = clock.Sample{TSC: t0 + width/2, APIC: apic, PIT: pit, Out: out}
		}
		if i >= 3 && width < kernPITGood {
			break
		}
	}
	return best
}

// kernClockBegin takes the first sample; the local APIC is on.
func kernClockBegin() {
	kernAPICWrite(kernAPICTimer, kernAPICMasked|kernVecTimer)
	kernAPICWrite(kernAPICInitial, 1<<32-1)
	kernFirst = kernClockSample()
}

// kernClockStart makes the first measurement, at least clock.MinPIT after the
// first sample. tscKHz is what the command line says, 0: nothing.
func kernClockStart(tscKHz uint64) {
	if tscKHz == 0 {
		tscKHz = kernHypervisorkHz()
	}
	rates, verdict := kernMeasure(tscKHz != 0)
	kernAPICWrite(kernAPICInitial, 0)
	kernAPICWrite(kernAPICTimer, kernVecTimer)
	if verdict == clock.Good {
		kernAPICHz = rates.APICHz
	}
	switch {
	case tscKHz != 0:
		kernTSCkHz = tscKHz
	case verdict == clock.Good || verdict == clock.BadAPIC:
		kernTSCkHz = rates.TSCkHz
		kernRefineAt = kernRefineFirst
	default:
		kernTSCkHz = kernAssumedkHz
		kernPrintWord("[clock] assuming a TSC of 2 GHz: ", verdict.String())
		kernPrint("\n")
	}
	kernBootkHz = kernTSCkHz
	kernSetRate(kernTSCkHz)
}

// kernMeasure returns the rates since the first sample. It believes them when
// two stretches in a row say the same: on a busy machine the VMM may be stopped
// between reading one counter and another.
func kernMeasure(hurry bool) (rates clock.Rates, verdict clock.Verdict) {
	var before clock.Rates
	at, none := kernFirst, 0
	for range kernPITAgain {
		s := kernClockSample()
		rates, verdict = clock.Calibrate(at, s)
		if verdict == clock.NoPIT {
			none++
		}
		if hurry || none == kernPITNone {
			break
		}
		switch verdict {
		case clock.TooShort:
			continue
		case clock.TooLong: // the VMM was stopped for longer than a turn of the PIT
			kernPITLoad()
			kernFirst = kernClockSample()
			before, at = clock.Rates{}, kernFirst
			continue
		}
		if verdict != clock.Good && verdict != clock.BadAPIC || !kernAlike(before.TSCkHz, rates.TSCkHz) {
			kernFirst = at // begin again, with this stretch
			before, at = rates, s
			continue
		}
		if all, v := clock.Calibrate(kernFirst, s); v == verdict {
			rates = all
		}
		return rates, verdict
	}
	return rates, verdict
}

// kernAlike reports whether two frequencies differ by 2 % at most.
func kernAlike(a, b uint64) bool { return a > b-b/50 && a < b+b/50 }

// kernHypervisorkHz returns the TSC frequency that the hypervisor tells, or 0.
func kernHypervisorkHz() uint64 {
	if _, _, c, _ := kernCPUID(1, 0); c>>31 == 0 {
		return 0 // no hypervisor: the leaf would be another one's data
	}
	if last, _, _, _ := kernCPUID(kernLeafFirst, 0); last < kernLeafTiming {
		return 0
	}
	khz, _, _, _ := kernCPUID(kernLeafTiming, 0)
	return uint64(khz)
}

// kernSetRate changes the rate without a step. The first two, before there is a
// task, may step: time then starts at the first instruction.
func kernSetRate(khz uint64) {
	if kernRateCount == len(kernRates) {
		return
	}
	r := &kernRates[kernRateCount]
	if kernRateCount < 2 {
		mult, ok := clock.Mult(khz)
		if !ok {
			mult, _ = clock.Mult(kernAssumedkHz)
		}
		*r = kernRate{TSC0: kernBootTSC, Mult: mult}
	} else {
		// The new line begins 1 ms ago, for processors that read the TSC just
		// before they see it.
		old := clock.Clock(*kernRateNow)
		now := kernTSC()
		c := old
		if !c.Anchor(now, khz) {
			return
		}
		c.TSC0 -= khz
		c.NS0 -= int64(khz * c.Mult >> clock.Shift)
		*r = kernRate(c)
	}
	kernRateCount++
	*(*uintptr)(unsafe.Pointer(&kernRateNow)) = uintptr(unsafe.Pointer(r)) // no write barrier
}

// kernRefine measures over a longer time, during which the PIT went round.
func kernRefine(now int64) {
	if khz, ok := clock.Refine(kernFirst, kernClockSample(), kernTSCkHz); ok {
		kernTSCkHz = khz
		kernSetRate(khz)
	}
	if kernRefineAt = now * 8; kernRefineAt > kernRefineLast {
		kernRefineAt = 0
	}
}

// kernWallClock reads the date from the real-time clock.
func kernWallClock() {
	for i := 0; i < 1000 && kernRTC(0xa)>>7 != 0; i++ { // an update is in progress
	}
	c := clock.CMOS{Second: kernRTC(0), Minute: kernRTC(2), Hour: kernRTC(4),
		Day: kernRTC(7), Month: kernRTC(8), Year: kernRTC(9), Century: kernRTC(0x32), StatusB: kernRTC(0xb)}
	if seconds, ok := c.Unix(); ok {
		kernWallOffset = seconds*1e9 - kernNow()
	}
}

func kernRTC(r uint8) uint8 {
	kernOut8(kernPortRTC, r)
	return kernIn8(kernPortRTC + 1)
}
