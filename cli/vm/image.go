package vm

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// The note by which QEMU finds the entry point of a PVH kernel (Xen
// public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY, name "Xen").
const notePhys32Entry = 18

// maxNotes bounds how much of a note segment is read, in bytes.
const maxNotes = 64 << 10

// checkImage reports why QEMU could not boot the file as a PVH kernel, or nil.
// QEMU itself says little, and boots some wrong files into silence.
func checkImage(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("vm: image: %w", err)
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("vm: image: %s is not a regular file", path)
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("vm: image: %s is not a bootable image: %w", path, err)
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 && f.Machine != elf.EM_386 {
		return fmt.Errorf("vm: image: %s is for %v, want %v", path, f.Machine, elf.EM_X86_64)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(p.Open(), maxNotes))
		if err != nil {
			return fmt.Errorf("vm: image: %s: notes: %w", path, err)
		}
		if hasNote(b, f.ByteOrder, "Xen", notePhys32Entry) {
			return nil
		}
	}
	return fmt.Errorf("vm: image: %s has no PVH entry point; an ordinary program must be sealed by unikernel_image first", path)
}

// hasNote reports whether ELF notes contain one of that name and type.
//
//	4 name size | 4 descriptor size | 4 type | name, padded to 4 | descriptor, padded to 4
func hasNote(b []byte, order binary.ByteOrder, name string, typ uint32) bool {
	const header = 12
	for len(b) >= header {
		nameSize, descSize := uint64(order.Uint32(b)), uint64(order.Uint32(b[4:]))
		got := order.Uint32(b[8:])
		b = b[header:]
		if nameSize > uint64(len(b)) {
			return false
		}
		if got == typ && string(b[:nameSize]) == name+"\x00" {
			return true
		}
		skip := align4(nameSize) + align4(descSize)
		if skip > uint64(len(b)) {
			return false
		}
		b = b[skip:]
	}
	return false
}

func align4(n uint64) uint64 { return (n + 3) &^ 3 }
