//go:build unikernel

package runtime

import "unsafe"

// The trampoline is what a processor executes after its startup IPI: from real
// mode in a page below 1 MiB to kernAPBoot in long mode. The page is mapped
// only in page tables of its own, which differ from the kernel's in their lower
// half. So it can stay for good, and a processor that arrives late finds it.
//
// Intel SDM vol. 3A "Multiple-Processor (MP) Initialization".

// Places in the trampoline that are filled in.
const (
	kernTrampTablesOff = 0x0c // page tables, 32 bits
	kernTrampLongOff   = 0x35 // linear address of the 64-bit part, 32 bits
	kernTrampLong      = 0x3b // offset of the 64-bit part
	kernTrampEntryOff  = 0x4d // kernAPBoot, 64 bits
	kernTrampGDTOff    = 0x60 // null, code, data
	kernTrampGDTROff   = 0x78 // limit, linear address of the GDT
)

var kernTrampoline = [kernTrampGDTOff]byte{
	0xfa,                               // cli
	0x66, 0xb8, 0xa0, 0x06, 0x00, 0x00, // mov eax, PAE|PGE|OSFXSR|OSXMMEXCPT
	0x0f, 0x22, 0xe0, // mov cr4, eax
	0x66, 0xb8, 0x00, 0x00, 0x00, 0x00, // mov eax, tables
	0x0f, 0x22, 0xd8, // mov cr3, eax
	0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, // mov ecx, EFER
	0x0f, 0x32, // rdmsr
	0x66, 0x0d, 0x00, 0x09, 0x00, 0x00, // or eax, LME|NXE
	0x0f, 0x30, // wrmsr
	0x2e, 0x66, 0x0f, 0x01, 0x16, kernTrampGDTROff, 0x00, // lgdt cs:[gdtr]
	0x66, 0xb8, 0x33, 0x00, 0x01, 0x80, // mov eax, PG|WP|NE|ET|MP|PE
	0x0f, 0x22, 0xc0, // mov cr0, eax
	0x66, 0xea, 0x00, 0x00, 0x00, 0x00, kernCS, 0x00, // jmp kernCS:long
	0x66, 0xb8, kernSS, 0x00, // long: mov ax, kernSS
	0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, // mov ds, es, ss
	0x31, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8, // xor eax, eax; mov fs, gs
	0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, // mov rax, entry
	0xff, 0xe0, // jmp rax
}

// kernTrampolineFill writes the trampoline to the page at phys, for the page
// tables with the given root (below 4 GiB).
func kernTrampolineFill(page uintptr, root uint64) {
	p := kernDirectMap + page
	memmove(unsafe.Pointer(p), unsafe.Pointer(&kernTrampoline), unsafe.Sizeof(kernTrampoline))
	kernStore32(p+kernTrampTablesOff, uint32(root))
	kernStore32(p+kernTrampLongOff, uint32(page+kernTrampLong))
	kernStore64(p+kernTrampEntryOff, uint64(kernAPBootEntry()))
	kernStore64(p+kernTrampGDTOff, 0)
	kernStore64(p+kernTrampGDTOff+kernCS, kernDescCode)
	kernStore64(p+kernTrampGDTOff+kernSS, kernDescData)
	*(*uint16)(unsafe.Pointer(p + kernTrampGDTROff)) = 3*8 - 1
	kernStore32(p+kernTrampGDTROff+2, uint32(page+kernTrampGDTOff))
}
