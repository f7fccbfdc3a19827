// Package image makes a bootable image of a linked kernel.
//
// The image is an ELF executable with one more segment, the boot segment, at
// physical address 1 MiB:
//
//	page 0   boot stub (32-bit code), GDT, PVH note      identity mapped, read and execute
//	page 1   PML4 of the static page tables
//	...      the tables below it
//
// The VMM finds the note, loads all segments at their physical addresses (virtual
// address less Base) and jumps to the stub in 32-bit mode; the stub turns on the
// page tables and jumps to the kernel's entry point in the top 2 GiB.
//
// The tables map what the kernel needs to run at all: the image's own segments
// with their permissions, and the first GiB of physical memory (Direct), where
// the image is only as writable as the image. Nothing is writable and executable,
// nothing maps the zero page. Large variables at the end of the last segment, its
// tail, are neither loaded nor mapped. The kernel goes on from there
// (kernel/runtime).
//
// The result depends on nothing but the input.
package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Addresses, which kernel/runtime/kern_layout.go repeats.
const (
	Base        = 0xffffffff80000000 // virtual address of physical address 0, for the image
	Direct      = 0xffff888000000000 // virtual address of physical address 0, for everything
	DirectSize  = 1 << 30            // bytes of the direct map in the static tables
	BootAddress = 0x100000           // physical address of the boot segment

	// imageStart is the lowest physical address of the kernel's segments; the
	// boot segment ends below.
	imageStart = 0x200000
)

// Sizes of ELF structures, bytes.
const (
	headerSize  = 64
	programSize = 56
)

// Seal returns the bootable image of the kernel, an ELF executable linked to run
// above Base. Errors name the segment and what is wrong with it.
func Seal(kernel []byte) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(kernel))
	if err != nil {
		return nil, err
	}
	if f.Class != elf.ELFCLASS64 || f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC {
		return nil, fmt.Errorf("%v %v %v, want an x86-64 executable", f.Class, f.Machine, f.Type)
	}
	loads, err := segments(f, uint64(len(kernel)))
	if err != nil {
		return nil, err
	}
	if kernel, err = cutTail(kernel, loads); err != nil {
		return nil, err
	}
	boot, err := bootSegment(loads, f.Entry)
	if err != nil {
		return nil, err
	}
	return layOut(kernel, f.Entry, loads, boot), nil
}

// segments returns the loadable segments after checking that they can be mapped
// page by page: above Base, each in pages of its own, none writable and executable.
func segments(f *elf.File, size uint64) ([]elf.ProgHeader, error) {
	var loads []elf.ProgHeader
	last, entry := uint64(0), false
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Memsz == 0 {
			continue
		}
		name := fmt.Sprintf("segment at %#x", p.Vaddr)
		switch {
		case p.Vaddr < Base+imageStart || p.Vaddr+p.Memsz < p.Vaddr || p.Vaddr+p.Memsz > Base+DirectSize:
			return nil, fmt.Errorf("%s, %d bytes: not between %#x and %#x (is the linker's -T right?)", name, p.Memsz, uint64(Base+imageStart), uint64(Base+DirectSize))
		case p.Vaddr%pageSize != 0:
			return nil, fmt.Errorf("%s: not at the beginning of a page", name)
		case p.Vaddr < last:
			return nil, fmt.Errorf("%s: shares a page with the segment before, or is out of order", name)
		case p.Flags&elf.PF_W != 0 && p.Flags&elf.PF_X != 0:
			return nil, fmt.Errorf("%s: writable and executable", name)
		case p.Filesz > p.Memsz || p.Off > size || p.Filesz > size-p.Off:
			return nil, fmt.Errorf("%s: %d bytes at offset %#x are not in the file", name, p.Filesz, p.Off)
		}
		if p.Flags&elf.PF_X != 0 && f.Entry >= p.Vaddr && f.Entry < p.Vaddr+p.Filesz {
			entry = true
		}
		last = roundUp(p.Vaddr + p.Memsz)
		loads = append(loads, p.ProgHeader)
	}
	if len(loads) == 0 {
		return nil, errors.New("no loadable segment")
	}
	if !entry {
		return nil, fmt.Errorf("entry point %#x is not in an executable segment", f.Entry)
	}
	return loads, nil
}

// layOut writes the image: headers, the boot segment, the kernel's segments, each
// at a page of the file.
func layOut(kernel []byte, entry uint64, loads []elf.ProgHeader, boot []byte) []byte {
	var out bytes.Buffer
	put := func(v any) { binary.Write(&out, binary.LittleEndian, v) } // a buffer takes everything
	header := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: entry,
		Phoff: headerSize, Ehsize: headerSize, Phentsize: programSize, Phnum: uint16(len(loads) + 2)}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	put(&header)

	off := roundUp(headerSize + programSize*uint64(len(loads)+2))
	put(&elf.Prog64{Type: uint32(elf.PT_NOTE), Flags: uint32(elf.PF_R), Off: off + noteOff,
		Vaddr: BootAddress + noteOff, Paddr: BootAddress + noteOff, Filesz: noteSize, Memsz: noteSize, Align: 4})
	put(&elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: off,
		Vaddr: BootAddress, Paddr: BootAddress, Filesz: uint64(len(boot)), Memsz: uint64(len(boot)), Align: pageSize})
	off += uint64(len(boot))
	for _, p := range loads {
		put(&elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(p.Flags), Off: off,
			Vaddr: p.Vaddr, Paddr: p.Vaddr - Base, Filesz: p.Filesz, Memsz: p.Memsz, Align: pageSize})
		off += roundUp(p.Filesz)
	}
	pad := func() { out.Write(make([]byte, roundUp(uint64(out.Len()))-uint64(out.Len()))) }
	pad()
	out.Write(boot)
	for _, p := range loads {
		pad()
		out.Write(kernel[p.Off : p.Off+p.Filesz])
	}
	return out.Bytes()
}

func roundUp(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }
