//go:build unikernel

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// A kernCPU is what one processor needs; GS points to it. Assembly knows its
// fields by name.
type kernCPU struct {
	_         sys.NotInHeap
	self      uintptr
	cur       *kernTask // the task that runs, or ran when the kernel was entered
	inKernel  uintptr   // 1 while the kernel runs
	stack     uintptr   // top of the kernel stack
	emergency uintptr   // top of the stack for faults inside the kernel
	tss       uintptr
	g         uintptr // &g0
	tls       uintptr // FS base in the kernel
	tlsSlot   uintptr // -8(FS): the runtime keeps g there
	xsave     uintptr // XCR0, or 0: no XSAVE, use FXSAVE
	scratch   uintptr
	probeIP   uintptr // way out of the running probe, or 0
	probeSP   uintptr
	probe     kernProbe

	reporting  bool   // kernReport runs: an exception in it must not report again
	online     uint32 // atomic; 1: answers IPIs
	flushTLB   uint32 // atomic; another processor waits for a flush
	idle       bool   // in kernIdle; guarded by the kernel lock, as all that follows
	reschedule bool
	armed      int64 // time that the APIC timer is set to, 0: off
	sliceEnd   int64 // end of the current task's time slice
	id         uint32
	apic       uint32

	g0   g // the kernel's g on this processor, and its m
	m0   m
	gdt  [5]uint64
	gdtr [10]byte
	idtr [10]byte
	tssb [kernTSSSize + 8]byte
}

const (
	kernMaxCPU = 8

	kernCS          = 8 // selectors in the GDT
	kernSS          = 16
	kernTSSSelector = 24

	// Task state segment. Intel SDM vol. 3A "64-Bit Task State Segment".
	kernTSSSize     = 104
	kernTSSIST1     = 36 // every exception and interrupt
	kernTSSIST2     = 44 // double fault
	kernTSSIST3     = 52 // NMI, machine check
	kernTSSIOMap    = 102
	kernStubSize    = 12 // bytes of a stub in kernVectors
	kernGate        = 0x8e << 40
	kernDescCode    = 0x00209b0000000000 // long mode, accessed
	kernDescData    = 0x0000930000000000
	kernDescTSS     = 0x89 << 40
	kernFPUSize     = 2688 // XSAVE area: x87, SSE, AVX, AVX-512
	kernXSaveHeader = 512

	kernMSRAPICBase = 0x1b
	kernMSREFER     = 0xc0000080
	kernMSRSTAR     = 0xc0000081
	kernMSRLSTAR    = 0xc0000082
	kernMSRFMASK    = 0xc0000084
	kernMSRFSBase   = 0xc0000100
	kernMSRGSBase   = 0xc0000101

	kernEFERSyscall  = 1       // SCE
	kernAPICEnable   = 1 << 11 // in the APIC base MSR
	kernCR4OSXSAVE   = 1 << 18
	kernRFLAGSIF     = 1 << 9
	kernRFLAGSRF     = 1 << 16
	kernRFLAGSNew    = 0x202 // interrupts on
	kernSyscallMask  = 0x700 // RFLAGS that a stray SYSCALL clears: IF, TF, DF
	kernXCR0Wanted   = 0xe7  // x87, SSE, AVX, opmask, ZMM
	kernXCR0Required = 0x7
)

var (
	kernCPUs      [kernMaxCPU]kernCPU
	kernCPUCount  uint32 = 1 // processors that are prepared and will come
	kernAPTicket  uint32 = 1 // number of the next processor that arrives
	kernBootStack [kernBootStackSize]byte
	kernIDT       [512]uint64
	kernStrays    uint64 // SYSCALL instructions caught
)

// prepare gives processor id its stacks, its g and its descriptor tables.
func (c *kernCPU) prepare(id uint32) {
	c.id = id
	c.self = uintptr(unsafe.Pointer(c))
	c.stack = kernStackNew(kernCPUStackSize)
	c.emergency = kernStackNew(kernCPUStackSize)
	c.g0.stack.hi = c.stack
	c.g0.stack.lo = c.stack - kernCPUStackSize
	c.setGuard(c.g0.stack.lo + stackGuard)
	*(*uintptr)(unsafe.Pointer(&c.g0.m)) = uintptr(unsafe.Pointer(&c.m0))
	*(*uintptr)(unsafe.Pointer(&c.m0.g0)) = uintptr(unsafe.Pointer(&c.g0))
	c.g = uintptr(unsafe.Pointer(&c.g0))
	c.tlsSlot = c.g
	c.tls = uintptr(unsafe.Pointer(&c.tlsSlot)) + 8
	c.descriptors()
}

// setGuard sets the stack bound that function prologues check; 0 disables them.
func (c *kernCPU) setGuard(lo uintptr) {
	c.g0.stackguard0 = lo
	c.g0.stackguard1 = lo
}

// descriptors fills the GDT and the TSS. The descriptors have the accessed bit
// set already, since the processor would write it.
func (c *kernCPU) descriptors() {
	t := uintptr(unsafe.Pointer(&c.tssb))
	c.tss = t
	kernStore64(t+kernTSSIST1, uint64(c.emergency))
	kernStore64(t+kernTSSIST2, uint64(kernStackNew(kernFaultStackSize)))
	kernStore64(t+kernTSSIST3, uint64(kernStackNew(kernFaultStackSize)))
	*(*uint16)(unsafe.Pointer(t + kernTSSIOMap)) = kernTSSSize
	c.gdt[kernCS/8] = kernDescCode
	c.gdt[kernSS/8] = kernDescData
	c.gdt[3] = kernTSSSize - 1 | uint64(t&0xffffff)<<16 | kernDescTSS | uint64(t>>24&0xff)<<56
	c.gdt[4] = uint64(t >> 32)
	kernPseudo(&c.gdtr, uintptr(unsafe.Pointer(&c.gdt)), unsafe.Sizeof(c.gdt))
	kernPseudo(&c.idtr, uintptr(unsafe.Pointer(&kernIDT)), unsafe.Sizeof(kernIDT))
}

// kernPseudo fills the 10 bytes that LGDT and LIDT take.
func kernPseudo(to *[10]byte, table, size uintptr) {
	*(*uint16)(unsafe.Pointer(to)) = uint16(size - 1)
	kernStore64(uintptr(unsafe.Pointer(to))+2, uint64(table))
}

// kernIDTInit points every vector to its stub. All are interrupt gates: the
// kernel runs with interrupts off.
func kernIDTInit() {
	for i := range uintptr(256) {
		a, ist := uint64(kernVectorEntry()+i*kernStubSize), uint64(1)
		switch i {
		case kernTrapDoubleFault:
			ist = 2
		case kernTrapNMI, kernTrapMachineCheck:
			ist = 3
		}
		kernIDT[i*2] = a&0xffff | kernCS<<16 | ist<<32 | kernGate | (a>>16&0xffff)<<48
		kernIDT[i*2+1] = a >> 32
	}
}

// start sets up the calling processor, whose block is prepared.
func (c *kernCPU) start() {
	kernLoadTables(uintptr(unsafe.Pointer(&c.gdtr)), uintptr(unsafe.Pointer(&c.idtr)))
	kernWriteMSR(kernMSREFER, kernReadMSR(kernMSREFER)|kernEFERSyscall)
	kernWriteMSR(kernMSRSTAR, kernCS<<32)
	kernWriteMSR(kernMSRLSTAR, uint64(kernStrayEntry()))
	kernWriteMSR(kernMSRFMASK, kernSyscallMask)
	c.startAPIC()
}

// startXSave turns on the vector state that the processor has and the task's
// area has room for.
func (c *kernCPU) startXSave() {
	if _, _, cx, _ := kernCPUID(1, 0); cx>>26&1 == 0 {
		return
	}
	has, _, _, _ := kernCPUID(0xd, 0)
	if has&kernXCR0Required != kernXCR0Required {
		return
	}
	want := uint64(has & kernXCR0Wanted)
	if want&^kernXCR0Required != kernXCR0Wanted&^kernXCR0Required {
		want = kernXCR0Required // AVX-512 is three components or none
	}
	kernWriteCR4(kernReadCR4() | kernCR4OSXSAVE)
	kernWriteXCR0(want)
	if _, size, _, _ := kernCPUID(0xd, 0); size > kernFPUSize {
		want = kernXCR0Required
		kernWriteXCR0(want)
	}
	c.xsave = uintptr(want)
}

func kernLoad64(p uintptr) uint64     { return *(*uint64)(unsafe.Pointer(p)) }
func kernStore64(p uintptr, v uint64) { *(*uint64)(unsafe.Pointer(p)) = v }
func kernLoad32(p uintptr) uint32     { return *(*uint32)(unsafe.Pointer(p)) }
func kernStore32(p uintptr, v uint32) { *(*uint32)(unsafe.Pointer(p)) = v }
