//go:build unikernel

// The 256 interrupt and exception stubs, 12 bytes each (kernStubSize), so that
// the address of one follows from its number. Each leaves an error code and the
// vector on the stack.

#include "textflag.h"

// The processor pushed no error code / pushed one (Intel SDM vol. 3A "Error
// Code"). BYTE, since the assembler would choose shorter forms for some.
#define NOCODE(v)	BYTE $0x6a; BYTE $0x00; BYTE $0x68; LONG $v; JMP ·kernCommon(SB)	// push 0; push v
#define CODE(v)	BYTE $0x66; BYTE $0x90; BYTE $0x68; LONG $v; JMP ·kernCommon(SB)	// nop; push v
#define NOCODE4(v)	NOCODE(v); NOCODE(v+1); NOCODE(v+2); NOCODE(v+3)
#define NOCODE16(v)	NOCODE4(v); NOCODE4(v+4); NOCODE4(v+8); NOCODE4(v+12)

TEXT ·kernVectors(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	NOCODE(0)
	NOCODE(1)
	NOCODE(2)
	NOCODE(3)
	NOCODE(4)
	NOCODE(5)
	NOCODE(6)
	NOCODE(7)
	CODE(8)
	NOCODE(9)
	CODE(10)
	CODE(11)
	CODE(12)
	CODE(13)
	CODE(14)
	NOCODE(15)
	NOCODE(16)
	CODE(17)
	NOCODE(18)
	NOCODE(19)
	NOCODE(20)
	CODE(21)
	NOCODE(22)
	NOCODE(23)
	NOCODE(24)
	NOCODE(25)
	NOCODE(26)
	NOCODE(27)
	NOCODE(28)
	CODE(29)
	CODE(30)
	NOCODE(31)
	NOCODE16(32)
	NOCODE16(48)
	NOCODE16(64)
	NOCODE16(80)
	NOCODE16(96)
	NOCODE16(112)
	NOCODE16(128)
	NOCODE16(144)
	NOCODE16(160)
	NOCODE16(176)
	NOCODE16(192)
	NOCODE16(208)
	NOCODE16(224)
	NOCODE16(240)
