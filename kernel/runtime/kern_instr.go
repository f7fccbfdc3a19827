//go:build unikernel

package runtime

// Instructions, one each. The bodies are in kern_instr_amd64.s; arguments and
// results are in registers (ABIInternal), so none of them touches the stack.

// Port input and output (Intel SDM vol. 1 "I/O Ports").
func kernOut8(port uint16, v uint8)
func kernOut16(port uint16, v uint16)
func kernOut32(port uint16, v uint32)
func kernIn8(port uint16) uint8

// kernTSC reads the time stamp counter.
func kernTSC() uint64

func kernReadMSR(msr uint32) uint64
func kernWriteMSR(msr uint32, v uint64)
func kernReadCR2() uint64
func kernReadCR3() uint64
func kernWriteCR3(v uint64)
func kernReadCR4() uint64
func kernWriteCR4(v uint64)
func kernWriteXCR0(v uint64)

// kernCPUID executes CPUID and returns EAX, EBX, ECX, EDX.
func kernCPUID(eax, ecx uint32) (a, b, c, d uint32)

// kernRDRAND returns a number from the processor's generator and whether there was one.
func kernRDRAND() (v uint64, ok bool)

// kernInvalidate drops this processor's TLB entries for the page of va.
func kernInvalidate(va uintptr)

// kernSelf returns this processor's block.
func kernSelf() *kernCPU

// kernPause tells the processor that it is in a spin loop.
func kernPause()

// kernWaitInterrupt turns interrupts on, waits for one, and turns them off again.
func kernWaitInterrupt()

// kernHalt stops this processor for good.
func kernHalt()

// kernTripleFault resets the machine by a fault with no descriptor table.
func kernTripleFault()

// kernLoadTables loads GDTR and IDTR from the two pseudo-descriptors, and TR.
func kernLoadTables(gdtr, idtr uintptr)

// Addresses of entry points in assembly.
func kernBootEntry() uintptr    // kernBoot, the image's entry point
func kernAPBootEntry() uintptr  // kernAPBoot, where the trampoline goes
func kernStrayEntry() uintptr   // kernStray, for LSTAR
func kernVectorEntry() uintptr  // kernVectors, the first interrupt stub
func kernRuntimeEntry() uintptr // _rt0_amd64, the stock runtime
func kernClockEntry() uintptr   // kernClock, the vDSO clock
