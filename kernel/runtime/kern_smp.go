//go:build unikernel

package runtime

import (
	"internal/kernel/frame"
	"internal/kernel/page"
	"internal/kernel/phys"
	"internal/runtime/atomic"
)

// The other processors. All are started at once, number themselves as they
// arrive, and join when they take the kernel lock for the first time. Nobody
// waits for them: the program is told their number, and its threads run on
// those that are there. One that comes late, on a busy machine, joins late.
//
// Intel SDM vol. 3A "MP Initialization Protocol Algorithm for MP Systems".

var (
	kernTrampolinePage phys.Addr
	kernTrampolineTop  page.Space // page tables of the trampoline
	kernStartAgain     int64      // when the startup is repeated for those that are missing; 0: never
)

const (
	kernTrampolineBest = 0x8000
	kernTrampolineEnd  = 0xa0000 // startup IPIs reach up to 1 MiB, RAM ends here
	kernFWCfgSignature = 0
	kernFWCfgCPUs      = 5
	kernStartRetry     = 20e6 // ns
)

// kernProcessors prepares the other processors and sends them the INIT.
func kernProcessors() {
	n := min(kernCountProcessors(), kernMaxCPU)
	if n < 2 || !kernTrampolineMake() {
		return
	}
	for i := uint32(1); i < n; i++ {
		kernCPUs[i].prepare(i)
	}
	kernCPUCount = n
	kernIPIOthers(kernICRInit)
}

// kernProcessorsStart sends the startup IPI. The INIT was sent a little earlier;
// processors of this century need no more time between the two.
func kernProcessorsStart() {
	if kernCPUCount < 2 {
		return
	}
	kernIPIOthers(kernICRStartup | uint32(kernTrampolinePage/kernPage))
	kernStartAgain = kernNow() + kernStartRetry
}

// kernProcessorsRetry repeats the startup IPI, which those that run ignore.
func kernProcessorsRetry() {
	kernStartAgain = 0
	if atomic.Load(&kernAPTicket) < kernCPUCount {
		kernProcessorsStart()
	}
}

// kernCountProcessors asks QEMU's fw_cfg, else CPUID.
func kernCountProcessors() uint32 {
	kernOut16(kernPortFWCfg, kernFWCfgSignature)
	sig := uint32(0)
	for i := range 4 {
		sig |= uint32(kernIn8(kernPortFWCfg+1)) << (i * 8)
	}
	if sig == 'Q'|'E'<<8|'M'<<16|'U'<<24 {
		kernOut16(kernPortFWCfg, kernFWCfgCPUs)
		n := uint32(kernIn8(kernPortFWCfg + 1))
		return n | uint32(kernIn8(kernPortFWCfg+1))<<8
	}
	_, b, _, d := kernCPUID(1, 0)
	if d>>28&1 == 0 { // HTT: the count is not valid
		return 1
	}
	return b >> 16 & 0xff
}

// kernTrampolineMake finds a page below 1 MiB for the trampoline, makes it
// read-only in the direct map and executable in page tables of its own.
func kernTrampolineMake() bool {
	p := phys.Addr(kernTrampolineBest)
	for !kernTrampolineTake(p) {
		if p += kernPage; p == kernTrampolineBest {
			return false
		} else if p >= kernTrampolineEnd {
			p = kernPage
		}
	}
	s := &kernTrampolineTop
	if s.Init(kernMem{}) != page.OK {
		return false
	}
	for i := phys.Addr(256); i < 512; i++ { // the upper half is shared
		kernMem{}.Store(s.Root()+i*8, kernMem{}.Load(kernSpace.Root()+i*8))
	}
	if s.Root() >= 1<<32 || s.Map(kernMem{}, uint64(p), p, page.Exec) != page.OK {
		return false
	}
	kernTrampolinePage = p
	kernTrampolineFill(uintptr(p), uint64(s.Root()))
	return kernProtect(kernDirectMap+uint64(p), kernDirectMap+uint64(p)+kernPage, 0) == page.OK
}

// kernTrampolineTake takes the page at p if it is free RAM.
func kernTrampolineTake(p phys.Addr) bool {
	r := phys.Range{Start: p, End: p + kernPage}
	return kernIsRAM(r) && kernFrames.Check(p) == frame.NotAllocated && kernFrames.Reserve(r) == frame.OK
}

// kernAPInit runs on a processor that has just arrived, on its kernel stack.
//
//go:nowritebarrierrec
func kernAPInit(c *kernCPU) {
	c.startXSave()
	c.start()
	kernLock(c)
	kernWriteCR3(kernReadCR3()) // what changed since it came
	kernSched.Online(int(c.id))
	atomic.Store(&c.online, 1)
	kernReturn(c)
}
