//go:build unikernel

#include "go_asm.h"
#include "textflag.h"

// kernClock is the fast clock, with the contract of the vDSO's clock_gettime (C
// ABI): DI clock, SI timespec. It equals kernNow, and works while the kernel
// changes the rate: the record that it reads is not written any more.
TEXT ·kernClock(SB),NOSPLIT|NOFRAME,$0
	MOVQ	runtime·kernRateNow(SB), R8
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	SUBQ	kernRate_TSC0(R8), AX
	MULQ	kernRate_Mult(R8)
	SHRQ	$32, AX
	SHLQ	$32, DX
	ORQ	DX, AX
	ADDQ	kernRate_NS0(R8), AX
	CMPQ	DI, $0
	JNE	monotonic
	ADDQ	runtime·kernWallOffset(SB), AX
monotonic:
	XORL	DX, DX
	MOVQ	$1000000000, CX
	DIVQ	CX
	MOVQ	AX, 0(SI)
	MOVQ	DX, 8(SI)
	XORL	AX, AX
	RET
