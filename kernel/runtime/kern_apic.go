//go:build unikernel

package runtime

import "unsafe"

// The local APIC: end of interrupt, inter-processor interrupts, the timer.
// Intel SDM vol. 3A "Advanced Programmable Interrupt Controller", AMD APM vol.
// 2 §16. Its registers are mapped at their physical address, uncached.

const (
	kernAPICID       = 0x20
	kernAPICTaskPrio = 0x80
	kernAPICEOI      = 0xb0
	kernAPICSpurious = 0xf0
	kernAPICICRLow   = 0x300
	kernAPICICRHigh  = 0x310
	kernAPICTimer    = 0x320 // LVT timer
	kernAPICInitial  = 0x380 // timer: initial count
	kernAPICCurrent  = 0x390
	kernAPICDivide   = 0x3e0

	kernAPICSoftEnable = 1 << 8  // in the spurious vector register
	kernAPICMasked     = 1 << 16 // in an LVT entry
	kernAPICDivideBy1  = 0xb

	kernICRPending   = 1 << 12
	kernICRAssert    = 1 << 14
	kernICRAllButSel = 3 << 18 // all processors but this one
	kernICRInit      = 5 << 8
	kernICRStartup   = 6 << 8
)

func kernAPICWrite(r uintptr, v uint32) { *(*uint32)(unsafe.Pointer(kernAPIC + r)) = v }
func kernAPICRead(r uintptr) uint32     { return *(*uint32)(unsafe.Pointer(kernAPIC + r)) }

// startAPIC enables the calling processor's local APIC, its timer off.
func (c *kernCPU) startAPIC() {
	kernWriteMSR(kernMSRAPICBase, kernReadMSR(kernMSRAPICBase)|kernAPICEnable)
	kernAPICWrite(kernAPICSpurious, kernAPICSoftEnable|kernVecSpur)
	kernAPICWrite(kernAPICTaskPrio, 0)
	kernAPICWrite(kernAPICDivide, kernAPICDivideBy1)
	kernAPICWrite(kernAPICTimer, kernVecTimer) // one shot
	c.apic = kernAPICRead(kernAPICID) >> 24
}

// kernEOI ends the interrupt in service.
func kernEOI() { kernAPICWrite(kernAPICEOI, 0) }

// kernIPI interrupts processor c.
func kernIPI(c *kernCPU, vec uint32) {
	kernICRWait()
	kernAPICWrite(kernAPICICRHigh, c.apic<<24)
	kernAPICWrite(kernAPICICRLow, kernICRAssert|vec)
}

// kernIPIOthers sends an interrupt command to all other processors, also those
// that the kernel does not know yet.
func kernIPIOthers(command uint32) {
	kernICRWait()
	kernAPICWrite(kernAPICICRLow, kernICRAllButSel|kernICRAssert|command)
}

// kernICRWait waits until the last command was sent.
func kernICRWait() {
	for kernAPICRead(kernAPICICRLow)&kernICRPending != 0 {
		kernPause()
	}
}
