//go:build unikernel

// Instructions that Go has no word for, one per function, and the addresses of
// assembly labels. Declared with their meaning in kern_instr.go.

#include "go_asm.h"
#include "textflag.h"

TEXT ·kernOut8<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTB
	RET

TEXT ·kernIn8<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, DX
	XORL	AX, AX
	INB
	RET

TEXT ·kernOut16<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTW
	RET

TEXT ·kernOut32<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTL
	RET

TEXT ·kernTSC<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	RET

TEXT ·kernReadMSR<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, CX
	RDMSR
	SHLQ	$32, DX
	ORQ	DX, AX
	RET

TEXT ·kernWriteMSR<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	AX, CX
	MOVQ	BX, AX
	MOVQ	BX, DX
	SHRQ	$32, DX
	WRMSR
	RET

TEXT ·kernReadCR2<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	CR2, AX
	RET

TEXT ·kernReadCR3<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	CR3, AX
	RET

TEXT ·kernWriteCR3<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	AX, CR3
	RET

TEXT ·kernReadCR4<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	CR4, AX
	RET

TEXT ·kernWriteCR4<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	AX, CR4
	RET

TEXT ·kernWriteXCR0<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	XORL	CX, CX
	XORL	DX, DX
	XSETBV
	RET

TEXT ·kernInvalidate<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	INVLPG	(AX)
	RET

TEXT ·kernSelf<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	kernCPU_self(GS), AX
	RET

TEXT ·kernPause<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	PAUSE
	RET

TEXT ·kernWaitInterrupt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	STI
	HLT
	CLI
	RET

TEXT ·kernHalt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	CLI
again:
	HLT
	JMP	again

TEXT ·kernTripleFault<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	SUBQ	$16, SP
	MOVQ	$0, 0(SP)
	MOVQ	$0, 8(SP)
	LIDT	(SP)
	INT	$3

TEXT ·kernLoadTables<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LGDT	(AX)
	LIDT	(BX)
	MOVW	$const_kernTSSSelector, CX
	LTR	CX
	RET

TEXT ·kernCPUID<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVL	BX, CX
	CPUID
	MOVL	DX, DI	// results are in AX, BX, CX, DI
	RET

TEXT ·kernRDRAND<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	BYTE $0x48; BYTE $0x0f; BYTE $0xc7; BYTE $0xf0	// RDRAND RAX
	SETCS	BX
	RET

TEXT ·kernBootEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	runtime·kernBoot(SB), AX
	RET

TEXT ·kernAPBootEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	·kernAPBoot(SB), AX
	RET

TEXT ·kernStrayEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	·kernStray(SB), AX
	RET

TEXT ·kernVectorEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	·kernVectors(SB), AX
	RET

TEXT ·kernRuntimeEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	_rt0_amd64(SB), AX
	RET

TEXT ·kernClockEntry<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	LEAQ	·kernClock(SB), AX
	RET
