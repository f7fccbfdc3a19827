package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"
)

// segment describes one loadable segment of a kernel made for a test.
type segment struct {
	vaddr, memsz uint64
	flags        elf.ProgFlag
	data         string
}

const testEntry = Base + 0x201000

// testSegments are laid out as the Go linker does.
func testSegments() []segment {
	return []segment{
		{Base + 0x200000, 0x3000, elf.PF_R | elf.PF_X, strings.Repeat("text", 0xc00)},
		{Base + 0x203000, 0x1800, elf.PF_R, strings.Repeat("read", 0x600)},
		{Base + 0x205000, 0x9000, elf.PF_R | elf.PF_W, "data"},
	}
}

// makeELF returns an executable with these segments.
func makeELF(entry uint64, segments []segment) []byte {
	var out, body bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: entry,
		Phoff: headerSize, Ehsize: headerSize, Phentsize: programSize, Phnum: uint16(len(segments))}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	binary.Write(&out, binary.LittleEndian, &h)
	for _, s := range segments {
		off := uint64(headerSize + programSize*len(segments) + body.Len())
		binary.Write(&out, binary.LittleEndian, &elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(s.flags), Off: off,
			Vaddr: s.vaddr, Paddr: s.vaddr, Filesz: uint64(len(s.data)), Memsz: s.memsz, Align: pageSize})
		body.WriteString(s.data)
	}
	out.Write(body.Bytes())
	return out.Bytes()
}

func mustSeal(t *testing.T, segments []segment) *elf.File {
	t.Helper()
	out, err := Seal(makeELF(testEntry, segments))
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(out))
	if err != nil {
		t.Fatal("the image is no ELF file:", err)
	}
	return f
}

func TestNoteNamesTheStub(t *testing.T) {
	f := mustSeal(t, testSegments())
	if f.Progs[0].Type != elf.PT_NOTE {
		t.Fatalf("first program header is %v, want the note", f.Progs[0].Type)
	}
	b := make([]byte, f.Progs[0].Filesz)
	if _, err := f.Progs[0].ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if le.Uint32(b) != 4 || le.Uint32(b[4:]) != 8 || le.Uint32(b[8:]) != 18 || string(b[12:16]) != "Xen\x00" {
		t.Fatalf("note % x, want XEN_ELFNOTE_PHYS32_ENTRY", b)
	}
	if got := le.Uint64(b[16:]); got != BootAddress {
		t.Fatalf("entry in the note %#x, want %#x", got, BootAddress)
	}
}

func TestSegmentsAreLoadedWhereTheirPagesPoint(t *testing.T) {
	in := testSegments()
	f := mustSeal(t, in)
	loads := f.Progs[2:]
	if len(loads) != len(in) {
		t.Fatalf("%d segments, want %d", len(loads), len(in))
	}
	for i, s := range in {
		p := loads[i]
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil || string(b) != s.data {
			t.Errorf("segment %d: %d bytes (%v), want the kernel's %d", i, len(b), err, len(s.data))
		}
		if p.Paddr != s.vaddr-Base || p.Memsz != s.memsz || p.Flags != s.flags || p.Off%pageSize != 0 {
			t.Errorf("segment %d: %+v, want %+v at physical %#x and a page of the file", i, p.ProgHeader, s, s.vaddr-Base)
		}
	}
}

func TestSealIsDeterministic(t *testing.T) {
	in := makeELF(testEntry, testSegments())
	a, _ := Seal(in)
	b, _ := Seal(in)
	if !bytes.Equal(a, b) {
		t.Error("two images of one kernel differ")
	}
}

func TestSealRefuses(t *testing.T) {
	with := func(change func(s []segment) []segment) []byte { return makeELF(testEntry, change(testSegments())) }
	for _, c := range []struct {
		name, want string
		in         []byte
	}{
		{"no ELF", "bad magic", []byte("hello, this is no executable")},
		{"empty", "EOF", nil},
		{"low address", "-T", with(func(s []segment) []segment { s[0].vaddr = 0x401000; return s })},
		{"wraps", "-T", with(func(s []segment) []segment { s[2].memsz = 1 << 63; return s })},
		{"too large", "-T", with(func(s []segment) []segment { s[2].memsz = 1 << 31; return s })},
		{"writable and executable", "writable and executable", with(func(s []segment) []segment { s[2].flags |= elf.PF_X; return s })},
		{"unaligned", "beginning of a page", with(func(s []segment) []segment { s[1].vaddr += 8; return s })},
		{"overlap", "shares a page", with(func(s []segment) []segment { s[1].vaddr -= pageSize; return s })},
		{"no segments", "no loadable segment", with(func(s []segment) []segment { return nil })},
		{"entry in data", "entry point", makeELF(Base+0x205000, testSegments())},
		{"truncated", "not in the file", with(func(s []segment) []segment { return s })[:600]},
		{"too many pages", "too large", with(func(s []segment) []segment { s[2].memsz = 0x3f000000; return s })},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Seal(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Seal = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func FuzzSeal(f *testing.F) {
	f.Add(makeELF(testEntry, testSegments()))
	f.Add(makeELF(testEntry, withData(goodMark(), tailBss)))
	f.Fuzz(func(t *testing.T, in []byte) { Seal(in) })
}
