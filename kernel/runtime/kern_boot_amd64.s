//go:build unikernel

// The first instructions of every processor on the high side of the address
// space: a stack, a g and the per-processor block, then Go.

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

// kernBoot is where the image's boot stub jumps to: long mode, the image's own
// page tables, interrupts off. BX is the physical address of hvm_start_info,
// SI and DI are the low and high half of the TSC at the first instruction.
TEXT runtime·kernBoot(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	$runtime·kernBootStack(SB), SP
	ADDQ	$const_kernBootStackSize, SP
	ANDQ	$~63, SP
	SUBQ	$const_kernSpill, SP
	MOVQ	BX, R12			// start info
	MOVQ	DI, R13
	SHLQ	$32, R13
	ORQ	SI, R13			// TSC
	MOVQ	$runtime·kernCPUs(SB), AX
	WRITEMSR(const_kernMSRGSBase)
	MOVQ	$runtime·kernCPUs(SB), AX
	MOVQ	AX, kernCPU_self(GS)
	LEAQ	kernCPU_g0(AX), BX
	MOVQ	BX, kernCPU_g(GS)
	MOVQ	BX, kernCPU_tlsSlot(GS)
	ADDQ	$(kernCPU_tlsSlot+8), AX
	MOVQ	AX, kernCPU_tls(GS)
	WRITEMSR(const_kernMSRFSBase)
	MOVQ	$1, kernCPU_inKernel(GS)
	MOVQ	kernCPU_g(GS), R14
	GOABI
	MOVQ	R12, AX
	MOVQ	R13, BX
	CALL	·kernInit<ABIInternal>(SB)
	// The boot stack is left for good.
	MOVQ	kernCPU_stack(GS), SP
	SUBQ	$const_kernSpill, SP
	MOVQ	kernCPU_g(GS), R14
	GOABI
	CALL	·kernBooted<ABIInternal>(SB)
	JMP	·kernExit(SB)

// kernAPBoot is where the trampoline jumps to, on every other processor at its
// own time: long mode, the trampoline's page tables, interrupts off, no stack.
// Processors number themselves. One that nobody prepared for halts.
TEXT ·kernAPBoot(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	runtime·kernTables(SB), AX
	MOVQ	AX, CR3
	MOVL	$1, BX
	LOCK
	XADDL	BX, runtime·kernAPTicket(SB)
	CMPL	BX, runtime·kernCPUCount(SB)
	JAE	unwanted
	IMULQ	$kernCPU__size, BX
	MOVQ	$runtime·kernCPUs(SB), AX
	ADDQ	AX, BX
	MOVQ	BX, AX
	WRITEMSR(const_kernMSRGSBase)
	MOVQ	kernCPU_tls(BX), AX
	WRITEMSR(const_kernMSRFSBase)
	MOVQ	kernCPU_stack(BX), SP
	SUBQ	$const_kernSpill, SP
	MOVQ	kernCPU_g(BX), R14
	MOVQ	$1, kernCPU_inKernel(BX)
	GOABI
	MOVQ	BX, AX
	CALL	·kernAPInit<ABIInternal>(SB)
	JMP	·kernExit(SB)
unwanted:
	CLI
	HLT
	JMP	unwanted
