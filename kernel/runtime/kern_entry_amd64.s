//go:build unikernel

// The doors of the kernel: system calls, exceptions and interrupts in, and the
// way back to a task. GS always points to this processor's kernCPU.

#include "go_asm.h"
#include "textflag.h"

// WRITEMSR writes the 64-bit value in AX to an MSR; AX, CX, DX change.
#define WRITEMSR(msr) \
	MOVL	$msr, CX \
	MOVQ	AX, DX \
	SHRQ	$32, DX \
	WRMSR

// GOABI sets what compiled Go code (ABIInternal) expects besides SP, R14, TLS.
#define GOABI \
	XORPS	X15, X15 \
	XORL	BP, BP \
	CLD

// ENTERKERNEL goes from a task to the kernel: its stack, g and TLS, and the
// emergency stack for what happens from here on. AX, CX, DX change.
#define ENTERKERNEL \
	MOVQ	$1, kernCPU_inKernel(GS) \
	MOVQ	kernCPU_tss(GS), CX \
	MOVQ	kernCPU_emergency(GS), AX \
	MOVQ	AX, const_kernTSSIST1(CX) \
	MOVQ	kernCPU_tls(GS), AX \
	WRITEMSR(const_kernMSRFSBase) \
	MOVQ	kernCPU_stack(GS), SP \
	SUBQ	$const_kernSpill, SP \
	MOVQ	kernCPU_g(GS), R14 \
	GOABI

// kernEntry is the system call, reached by CALL where the stock runtime has a
// SYSCALL instruction, and with the same contract: AX number, DI SI DX R10 R8 R9
// arguments, AX result, CX and R11 clobbered.
TEXT runtime·kernEntry(SB),NOSPLIT|NOFRAME,$0
	PUSHFQ
	POPQ	R11
	CLI
	CMPQ	kernCPU_inKernel(GS), $0
	JNE	nested
	MOVQ	kernCPU_cur(GS), CX
	MOVQ	R11, (kernTask_frame+kernFrame_rflags)(CX)
	MOVQ	0(SP), R11
	MOVQ	R11, (kernTask_frame+kernFrame_rip)(CX)
	LEAQ	8(SP), R11
	MOVQ	R11, (kernTask_frame+kernFrame_rsp)(CX)
	JMP	·kernEnter(SB)
nested:	// the kernel itself printed or threw
	ADJSP	$const_kernSpill
	MOVQ	DI, BX
	MOVQ	SI, CX
	MOVQ	DX, DI
	MOVQ	$·kernNestedCall<ABIInternal>(SB), R12
	CALL	R12
	ADJSP	$-const_kernSpill
	RET

// kernStray is where LSTAR points to: a SYSCALL instruction that is not the
// runtime's (golang.org/x/sys/unix has some). CX is the return address, R11
// RFLAGS, the stack is unchanged, FMASK has turned interrupts off.
TEXT ·kernStray(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	CMPQ	kernCPU_inKernel(GS), $0
	JNE	nested
	MOVQ	CX, kernCPU_scratch(GS)
	MOVQ	kernCPU_cur(GS), CX
	MOVQ	R11, (kernTask_frame+kernFrame_rflags)(CX)
	MOVQ	kernCPU_scratch(GS), R11
	MOVQ	R11, (kernTask_frame+kernFrame_rip)(CX)
	MOVQ	SP, (kernTask_frame+kernFrame_rsp)(CX)
	INCQ	runtime·kernStrays(SB)
	JMP	·kernEnter(SB)
nested:
	PUSHQ	CX
	ADJSP	$const_kernSpill
	MOVQ	DI, BX
	MOVQ	SI, CX
	MOVQ	DX, DI
	MOVQ	$·kernNestedCall<ABIInternal>(SB), R12
	CALL	R12
	ADJSP	$-const_kernSpill
	POPQ	CX
	JMP	CX

// kernEnter completes the frame of the task in CX, whose RIP, RSP and RFLAGS
// are there already, and runs the system call on the kernel's stack.
TEXT ·kernEnter(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	$const_kernCS, (kernTask_frame+kernFrame_cs)(CX)
	MOVQ	$const_kernSS, (kernTask_frame+kernFrame_ss)(CX)
	MOVQ	$-1, (kernTask_frame+kernFrame_vec)(CX)
	MOVQ	AX, (kernTask_frame+kernFrame_rax)(CX)
	MOVQ	BX, (kernTask_frame+kernFrame_rbx)(CX)
	MOVQ	DX, (kernTask_frame+kernFrame_rdx)(CX)
	MOVQ	SI, (kernTask_frame+kernFrame_rsi)(CX)
	MOVQ	DI, (kernTask_frame+kernFrame_rdi)(CX)
	MOVQ	BP, (kernTask_frame+kernFrame_rbp)(CX)
	MOVQ	R8, (kernTask_frame+kernFrame_r8)(CX)
	MOVQ	R9, (kernTask_frame+kernFrame_r9)(CX)
	MOVQ	R10, (kernTask_frame+kernFrame_r10)(CX)
	MOVQ	R12, (kernTask_frame+kernFrame_r12)(CX)
	MOVQ	R13, (kernTask_frame+kernFrame_r13)(CX)
	MOVQ	R14, (kernTask_frame+kernFrame_r14)(CX)
	MOVQ	R15, (kernTask_frame+kernFrame_r15)(CX)
	LEAQ	kernTask_frame(CX), R12
	ENTERKERNEL
	MOVQ	R12, AX
	MOVQ	$·kernSyscall<ABIInternal>(SB), CX
	CALL	CX	// indirect: the linker's stack check does not follow the switch
	JMP	·kernExit(SB)

// kernCommon is where the vector stubs jump to, with the vector and an error
// code pushed. IST1 points to the end of the current task's frame (or to the
// emergency stack while the kernel runs), so the processor and the code below
// build the kernFrame in place.
TEXT ·kernCommon(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUBQ	$kernFrame_vec, SP
	MOVQ	AX, kernFrame_rax(SP)
	MOVQ	BX, kernFrame_rbx(SP)
	MOVQ	CX, kernFrame_rcx(SP)
	MOVQ	DX, kernFrame_rdx(SP)
	MOVQ	SI, kernFrame_rsi(SP)
	MOVQ	DI, kernFrame_rdi(SP)
	MOVQ	BP, kernFrame_rbp(SP)
	MOVQ	R8, kernFrame_r8(SP)
	MOVQ	R9, kernFrame_r9(SP)
	MOVQ	R10, kernFrame_r10(SP)
	MOVQ	R11, kernFrame_r11(SP)
	MOVQ	R12, kernFrame_r12(SP)
	MOVQ	R13, kernFrame_r13(SP)
	MOVQ	R14, kernFrame_r14(SP)
	MOVQ	R15, kernFrame_r15(SP)
	MOVQ	SP, R12
	CMPQ	kernCPU_inKernel(GS), $0
	JNE	nested
	MOVQ	kernCPU_cur(GS), BX
	LEAQ	kernTask_fpu(BX), DI
	MOVQ	kernCPU_xsave(GS), AX
	TESTQ	AX, AX
	JEQ	fx
	XORL	DX, DX
	XSAVE64	(DI)
	JMP	saved
fx:
	FXSAVE64	(DI)
saved:
	MOVQ	$1, kernTask_fpuValid(BX)
	ENTERKERNEL
	MOVQ	R12, AX
	CALL	·kernTrap<ABIInternal>(SB)
	JMP	·kernExit(SB)
nested:	// in the kernel: stay on this stack, save the vector registers
	// below the frame (memmove and memclr use them)
	SUBQ	$const_kernFPUSize, SP
	ANDQ	$~63, SP
	MOVQ	SP, R13
	MOVQ	kernCPU_xsave(GS), AX
	TESTQ	AX, AX
	JEQ	nfx
	LEAQ	const_kernXSaveHeader(R13), DI
	MOVL	$8, CX
	XORL	AX, AX
	CLD
	REP; STOSQ
	MOVQ	kernCPU_xsave(GS), AX
	XORL	DX, DX
	XSAVE64	(R13)
	JMP	nsaved
nfx:
	FXSAVE64	(R13)
nsaved:
	MOVQ	kernCPU_g(GS), R14
	GOABI
	MOVQ	kernCPU_tss(GS), CX	// the next level goes below
	MOVQ	const_kernTSSIST1(CX), R15
	LEAQ	-const_kernNestSize(SP), AX
	MOVQ	AX, const_kernTSSIST1(CX)
	MOVQ	R12, AX
	SUBQ	$const_kernSpill, SP
	MOVQ	R12, 32(SP)
	MOVQ	R13, 40(SP)
	MOVQ	R15, 48(SP)
	CALL	·kernNested<ABIInternal>(SB)
	MOVQ	32(SP), R12
	MOVQ	40(SP), R13
	MOVQ	48(SP), R15
	MOVQ	kernCPU_tss(GS), CX
	MOVQ	R15, const_kernTSSIST1(CX)
	MOVQ	kernCPU_xsave(GS), AX
	TESTQ	AX, AX
	JEQ	nfxr
	XORL	DX, DX
	XRSTOR64	(R13)
	JMP	nrestored
nfxr:
	FXRSTOR64	(R13)
nrestored:
	MOVQ	R12, SP
	JMP	·kernRestore(SB)

// kernExit leaves the kernel for the current task, which need not be the one
// that came in, and releases the kernel lock.
TEXT ·kernExit(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	kernCPU_cur(GS), BX
	CMPQ	kernTask_fpuValid(BX), $0
	JEQ	nofpu
	MOVQ	$0, kernTask_fpuValid(BX)
	LEAQ	kernTask_fpu(BX), DI
	MOVQ	kernCPU_xsave(GS), AX
	TESTQ	AX, AX
	JEQ	fx
	XORL	DX, DX
	XRSTOR64	(DI)
	JMP	nofpu
fx:
	FXRSTOR64	(DI)
nofpu:
	MOVQ	kernTask_fsBase(BX), AX
	WRITEMSR(const_kernMSRFSBase)
	MOVQ	kernCPU_tss(GS), CX
	LEAQ	(kernTask_frame+kernFrame__size)(BX), AX
	MOVQ	AX, const_kernTSSIST1(CX)
	MOVQ	$0, kernCPU_inKernel(GS)
	MOVL	$0, runtime·kernLockWord(SB)
	LEAQ	kernTask_frame(BX), SP
	JMP	·kernRestore(SB)

// kernRestore resumes what the kernFrame at SP describes.
TEXT ·kernRestore(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	kernFrame_rax(SP), AX
	MOVQ	kernFrame_rbx(SP), BX
	MOVQ	kernFrame_rcx(SP), CX
	MOVQ	kernFrame_rdx(SP), DX
	MOVQ	kernFrame_rsi(SP), SI
	MOVQ	kernFrame_rdi(SP), DI
	MOVQ	kernFrame_rbp(SP), BP
	MOVQ	kernFrame_r8(SP), R8
	MOVQ	kernFrame_r9(SP), R9
	MOVQ	kernFrame_r10(SP), R10
	MOVQ	kernFrame_r11(SP), R11
	MOVQ	kernFrame_r12(SP), R12
	MOVQ	kernFrame_r13(SP), R13
	MOVQ	kernFrame_r14(SP), R14
	MOVQ	kernFrame_r15(SP), R15
	ADDQ	$kernFrame_rip, SP
	IRETQ
