package vm

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// elfImage returns an ELF file for a machine with one note segment.
func elfImage(machine elf.Machine, notes []byte) []byte {
	const headerSize, progSize = 64, 56
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	put(elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Ehsize: headerSize, Phentsize: progSize, Phnum: 1,
	})
	put(elf.Prog64{Type: uint32(elf.PT_NOTE), Off: headerSize + progSize, Filesz: uint64(len(notes)), Memsz: uint64(len(notes))})
	b.Write(notes)
	return b.Bytes()
}

// note returns an ELF note.
func note(name string, typ uint32, desc []byte) []byte {
	var b []byte
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)+1))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(desc)))
	b = binary.LittleEndian.AppendUint32(b, typ)
	b = append(b, name...)
	b = append(b, make([]byte, align4(uint64(len(name)+1))-uint64(len(name)))...)
	b = append(b, desc...)
	return append(b, make([]byte, align4(uint64(len(desc)))-uint64(len(desc)))...)
}

var pvhNote = note("Xen", notePhys32Entry, []byte{0, 0, 0x10, 0})

// fakeImage writes the smallest file that looks bootable.
func fakeImage(t *testing.T) string {
	return writeFile(t, elfImage(elf.EM_X86_64, pvhNote))
}

func writeFile(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.elf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckImage(t *testing.T) {
	other := note("GNU", 3, []byte("build id of 20 bytes"))
	tests := []struct {
		name string
		file []byte
		say  string // "" if bootable
	}{
		{"bootable", elfImage(elf.EM_X86_64, pvhNote), ""},
		{"32-bit entry of a kernel for 386", elfImage(elf.EM_386, pvhNote), ""},
		{"note after another", elfImage(elf.EM_X86_64, append(bytes.Clone(other), pvhNote...)), ""},
		{"empty", nil, "not a bootable image"},
		{"text", []byte("#!/bin/sh\n"), "not a bootable image"},
		{"cut header", elfImage(elf.EM_X86_64, pvhNote)[:40], "not a bootable image"},
		{"ordinary program", elfImage(elf.EM_X86_64, other), "sealed by unikernel_image"},
		{"other machine", elfImage(elf.EM_AARCH64, pvhNote), "EM_AARCH64"},
		{"other name", elfImage(elf.EM_X86_64, note("Zen", notePhys32Entry, nil)), "no PVH entry"},
		{"note cut short", elfImage(elf.EM_X86_64, pvhNote[:8]), "no PVH entry"},
		{"note with a huge name", elfImage(elf.EM_X86_64, bytes.Repeat([]byte{0xff}, 64)), "no PVH entry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkImage(writeFile(t, tt.file))
			if (err == nil) != (tt.say == "") || err != nil && !strings.Contains(err.Error(), tt.say) {
				t.Errorf("checkImage = %v, want an error that says %q", err, tt.say)
			}
		})
	}
	if err := checkImage(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("checkImage of a directory = %v", err)
	}
	if err := checkImage("/nonexistent/image.elf"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("checkImage of nothing = %v", err)
	}
}

func FuzzHasNote(f *testing.F) {
	f.Add(pvhNote)
	f.Add(pvhNote[:13])
	f.Fuzz(func(t *testing.T, b []byte) {
		if hasNote(b, binary.LittleEndian, "Xen", notePhys32Entry) && !bytes.Contains(b, []byte("Xen\x00")) {
			t.Fatalf("hasNote(%x) found a name that is not there", b)
		}
	})
}
