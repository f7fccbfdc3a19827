//go:build unikernel

// Accesses that are expected to fault. Each leaves in the per-processor block
// where to go on (probeIP, probeSP); the trap handler takes that way out and
// forgets it. The result in AX is 1 if the access went through, 0 if it was
// refused. Declared in kern_probe.go.

#include "go_asm.h"
#include "textflag.h"

#define BEGIN \
	MOVQ	$·kernProbeRefused(SB), CX \
	MOVQ	CX, kernCPU_probeIP(GS) \
	MOVQ	SP, kernCPU_probeSP(GS)
#define END \
	MOVQ	$0, kernCPU_probeIP(GS) \
	MOVL	$1, AX \
	RET

TEXT ·kernProbeLoad<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	BEGIN
	MOVB	(AX), BX
	END

TEXT ·kernProbeStore<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	BEGIN
	MOVB	BX, (AX)
	END

TEXT ·kernProbeExecute<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	BEGIN
	CALL	AX
	END

TEXT ·kernProbeVector<ABIInternal>(SB),NOSPLIT|NOFRAME,$0
	MOVQ	AX, DI
	MOVQ	BX, SI
	MOVOU	0(DI), X3
	MOVOU	16(DI), X14
	XORL	AX, AX
	CALL	·kernProbeLoad<ABIInternal>(SB)
	MOVOU	X3, 0(SI)
	MOVOU	X14, 16(SI)
	RET

TEXT ·kernProbeRefused(SB),NOSPLIT|NOFRAME,$0
	XORL	AX, AX
	RET
