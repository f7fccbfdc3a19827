package image

import "encoding/binary"

// Places in the stub's page.
const (
	gdtOff   = 0x100 // null, code, data
	gdtrOff  = 0x120 // limit, address
	noteOff  = 0x140
	noteSize = 24
)

// GDT entries: 64-bit code and data, accessed bit set.
const (
	descCode = 0x00209b0000000000
	descData = 0x0000930000000000
)

// notePhys32Entry is XEN_ELFNOTE_PHYS32_ENTRY: the address where a VMM enters in
// 32-bit mode. Xen public/elfnote.h.
const notePhys32Entry = 18

// stub is what the VMM jumps to: 32-bit protected mode, flat segments, no paging,
// EBX the physical address of the start information. It leaves the time in
// EDI:ESI, turns on PAE, long mode, no-execute, write protection and SSE, and jumps to
// the kernel. EBX, ESI and EDI are its arguments.
var stub = [...]byte{
	0xfa,       // cli
	0x0f, 0x31, // rdtsc: the time of the first instruction
	0x89, 0xc6, // mov esi, eax
	0x89, 0xd7, // mov edi, edx
	0x0f, 0x20, 0xe0, // mov eax, cr4
	0x0d, 0xa0, 0x06, 0, 0, // or eax, PAE|PGE|OSFXSR|OSXMMEXCPT
	0x0f, 0x22, 0xe0, // mov cr4, eax
	0xb8, 0, 0, 0, 0, // mov eax, root
	0x0f, 0x22, 0xd8, // mov cr3, eax
	0xb9, 0x80, 0, 0, 0xc0, // mov ecx, EFER
	0x0f, 0x32, // rdmsr
	0x0d, 0x00, 0x09, 0, 0, // or eax, LME|NXE
	0x0f, 0x30, // wrmsr
	0x0f, 0x20, 0xc0, // mov eax, cr0
	0x83, 0xe0, 0xfb, // and eax, ~EM
	0x0d, 0x23, 0x00, 0x01, 0x80, // or eax, PG|WP|NE|MP|PE
	0x0f, 0x22, 0xc0, // mov cr0, eax
	0x0f, 0x01, 0x15, 0, 0, 0, 0, // lgdt [gdtr]
	0xea, 0, 0, 0, 0, 8, 0, // jmp 8:long
	0x66, 0xb8, 0x10, 0x00, // long: mov ax, 16
	0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, // mov ds, es, ss
	0x31, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8, // xor eax, eax; mov fs, gs
	0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, // mov rax, entry
	0xff, 0xe0, // jmp rax
}

// Places in the stub that are filled in.
const (
	stubRootOff  = 19
	stubGDTROff  = 57
	stubLongOff  = 62
	stubLong     = 68
	stubEntryOff = 86
)

// fillStub fills the first page of the boot segment.
func fillStub(p []byte, entry uint64) error {
	if len(stub) > gdtOff || stub[stubRootOff-1] != 0xb8 || stub[stubLongOff-1] != 0xea || stub[stubEntryOff-1] != 0xb8 || stub[stubLong] != 0x66 {
		return errStub
	}
	le := binary.LittleEndian
	copy(p, stub[:])
	le.PutUint32(p[stubRootOff:], root)
	le.PutUint32(p[stubGDTROff:], BootAddress+gdtrOff)
	le.PutUint32(p[stubLongOff:], BootAddress+stubLong)
	le.PutUint64(p[stubEntryOff:], entry)
	le.PutUint64(p[gdtOff+8:], descCode)
	le.PutUint64(p[gdtOff+16:], descData)
	le.PutUint16(p[gdtrOff:], 3*8-1)
	le.PutUint32(p[gdtrOff+2:], BootAddress+gdtOff)
	le.PutUint32(p[noteOff:], 4) // length of the name
	le.PutUint32(p[noteOff+4:], 8)
	le.PutUint32(p[noteOff+8:], notePhys32Entry)
	copy(p[noteOff+12:], "Xen\x00")
	le.PutUint64(p[noteOff+16:], BootAddress)
	return nil
}
