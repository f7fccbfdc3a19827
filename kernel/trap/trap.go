// Package trap says what an exception means: its name, what is to be done about
// it, and, for a page fault, the reason in words.
//
// It decides from numbers: the vector, the error code, CR2 and a description of
// the address space. Saving registers, delivering signals and printing are the
// kernel's. It is used at every exception from the first IDT on.
package trap

// Vectors of exceptions. Intel SDM vol. 3A "Exception and Interrupt Vectors",
// AMD APM vol. 2 §8.2.
const (
	DivideError       = 0
	Debug             = 1
	NMI               = 2
	Breakpoint        = 3
	Overflow          = 4
	BoundRange        = 5
	InvalidOpcode     = 6
	DeviceNotAvail    = 7
	DoubleFault       = 8
	InvalidTSS        = 10
	SegmentNotPresent = 11
	StackFault        = 12
	GeneralProtection = 13
	PageFault         = 14
	FloatingPoint     = 16
	AlignmentCheck    = 17
	MachineCheck      = 18
	SIMDFloatingPoint = 19
	Virtualization    = 20
	ControlProtection = 21

	// FirstInterrupt is the first vector that is not an exception.
	FirstInterrupt = 32
)

var names = [FirstInterrupt]string{
	DivideError: "divide error", Debug: "debug", NMI: "non-maskable interrupt", Breakpoint: "breakpoint",
	Overflow: "overflow", BoundRange: "bound range exceeded", InvalidOpcode: "invalid opcode",
	DeviceNotAvail: "device not available", DoubleFault: "double fault", InvalidTSS: "invalid TSS",
	SegmentNotPresent: "segment not present", StackFault: "stack fault", GeneralProtection: "general protection",
	PageFault: "page fault", FloatingPoint: "x87 floating point", AlignmentCheck: "alignment check",
	MachineCheck: "machine check", SIMDFloatingPoint: "SIMD floating point", Virtualization: "virtualization",
	ControlProtection: "control protection",
}

// Name returns the name of an exception, "reserved exception" for those without,
// and "interrupt" from FirstInterrupt on.
func Name(vector uint64) string {
	if vector >= FirstInterrupt {
		return "interrupt"
	}
	if n := names[vector]; n != "" {
		return n
	}
	return "reserved exception"
}

// HasErrorCode reports whether the processor pushes an error code for the vector.
// Intel SDM vol. 3A "Error Code", AMD APM vol. 2 §8.2.
func HasErrorCode(vector uint64) bool {
	const with = 1<<DoubleFault | 1<<InvalidTSS | 1<<SegmentNotPresent | 1<<StackFault |
		1<<GeneralProtection | 1<<PageFault | 1<<AlignmentCheck | 1<<ControlProtection | 1<<29 | 1<<30
	return vector < FirstInterrupt && with>>vector&1 != 0
}
