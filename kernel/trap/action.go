package trap

// Action is what to do about an exception of a task.
type Action struct {
	Kind   Kind
	Signal uint8 // Linux signal number, for Signal
	Code   int32 // its si_code
	Addr   Addr  // its si_addr
	Report bool  // print a report first: not the kind of fault Go code recovers from
}

// Kind of action.
type Kind uint8

// Kinds.
const (
	Fatal     Kind = iota // stop the kernel with a report
	Signal                // deliver the signal to the task: Go turns it into a panic or dies
	Interrupt             // not an exception: for the interrupt controller
)

// Addr says which address a signal carries.
type Addr uint8

// Addresses.
const (
	AddrNone Addr = iota // 0
	AddrCR2              // the address of the page fault
	AddrRIP              // the instruction
)

// Linux signals on amd64 and their codes. linux/include/uapi/asm-generic/siginfo.h
const (
	sigILL  = 4
	sigTRAP = 5
	sigBUS  = 7
	sigFPE  = 8
	sigSEGV = 11

	fpeIntDiv  = 1 // FPE_INTDIV
	fpeFltInv  = 7 // FPE_FLTINV
	illOpN     = 2 // ILL_ILLOPN
	trapBrk    = 1 // TRAP_BRKPT
	trapTrace  = 2 // TRAP_TRACE
	busAlign   = 1 // BUS_ADRALN
	segvMap    = 1 // SEGV_MAPERR
	segvAccess = 2 // SEGV_ACCERR
	siKernel   = 0x80
)

// Decide says what to do about vector, with its error code, at address cr2 (for
// page faults) and instruction rip, when it came from a task. What comes from the
// kernel itself is Fatal unless the fault can be resolved (page.Space.Fault), and
// is not asked here.
func Decide(vector, code, cr2, rip uint64) Action {
	switch vector {
	case PageFault:
		return pageFault(Code(code), cr2, rip)
	case DivideError:
		return Action{Kind: Signal, Signal: sigFPE, Code: fpeIntDiv, Addr: AddrRIP}
	case FloatingPoint, SIMDFloatingPoint:
		return Action{Kind: Signal, Signal: sigFPE, Code: fpeFltInv, Addr: AddrRIP}
	case Debug:
		return Action{Kind: Signal, Signal: sigTRAP, Code: trapTrace, Addr: AddrRIP}
	case Breakpoint:
		return Action{Kind: Signal, Signal: sigTRAP, Code: trapBrk, Addr: AddrRIP}
	case InvalidOpcode:
		return Action{Kind: Signal, Signal: sigILL, Code: illOpN, Addr: AddrRIP, Report: true}
	case StackFault, GeneralProtection:
		// Linux gives no address and SI_KERNEL: the processor does not tell, it is
		// often an address that is not canonical.
		return Action{Kind: Signal, Signal: sigSEGV, Code: siKernel, Report: true}
	case AlignmentCheck:
		return Action{Kind: Signal, Signal: sigBUS, Code: busAlign, Report: true}
	}
	if vector >= FirstInterrupt {
		return Action{Kind: Interrupt}
	}
	return Action{Kind: Fatal, Report: true}
}

// pageFault decides about a page fault that was not demand paging. A read or
// write of the zero page is a nil dereference, which Go turns into a panic that
// programs recover from: nothing is reported. Anything else is reported, also
// what Go makes recoverable by debug.SetPanicOnFault, and so is execution of an
// address that the program did not jump to through a nil function value.
func pageFault(c Code, cr2, rip uint64) Action {
	a := Action{Kind: Signal, Signal: sigSEGV, Code: segvMap, Addr: AddrCR2}
	if c&CodePresent != 0 {
		a.Code = segvAccess
	}
	nilPointer := cr2 < ZeroPageSize
	if c&CodeFetch != 0 {
		nilPointer = rip < ZeroPageSize
	}
	a.Report = !nilPointer
	if c&CodeReserved != 0 {
		return Action{Kind: Fatal, Report: true} // page tables are damaged
	}
	return a
}
