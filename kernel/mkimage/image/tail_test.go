package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"
)

const (
	tailData = Base + 0x205000 // of testSegments
	tailBss  = 64 << 20
)

// markOf returns a mark with these variables, address and size each.
func markOf(vars ...uint64) string {
	b := []byte(markMagic)
	b = append(b, make([]byte, 16)...) // start and end
	b = binary.LittleEndian.AppendUint64(b, uint64(len(vars)/2))
	for _, v := range vars {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return string(b)
}

// goodMark names variables that end at 0x20010 bytes into the segment.
func goodMark() string {
	return markOf(tailData+0x1000, 8, tailData+0x2000, 0x800, tailData+0x10000, 0x10010)
}

// withData returns testSegments with these contents and size of the last.
func withData(data string, memsz uint64) []segment {
	s := testSegments()
	s[2].data, s[2].memsz = data, memsz
	return s
}

func TestTailIsLeftOut(t *testing.T) {
	const want = 0x21000 // the last variable's end, at a page
	for _, before := range []string{"", "data", strings.Repeat("x", 0x777)} {
		f := mustSeal(t, withData(before+goodMark()+"behind", tailBss))
		p := f.Progs[4]
		if p.Memsz != want {
			t.Errorf("memory of the last segment is %#x bytes, want %#x", p.Memsz, want)
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		mark := b[len(before):]
		start, end := binary.LittleEndian.Uint64(mark[markStartOff:]), binary.LittleEndian.Uint64(mark[markEndOff:])
		if start != tailData+want || end != tailData+tailBss {
			t.Errorf("the mark says %#x to %#x, want %#x to %#x", start, end, uint64(tailData+want), uint64(tailData+tailBss))
		}
		copy(mark[markStartOff:markCountOff], make([]byte, 16))
		if string(b) != before+goodMark()+"behind" {
			t.Error("other bytes changed")
		}
		boot := make([]byte, f.Progs[1].Filesz)
		if _, err := f.Progs[1].ReadAt(boot, 0); err != nil {
			t.Fatal(err)
		}
		for _, l := range walk(t, boot) {
			if l.va >= start && l.va < end {
				t.Fatalf("page %#x of the tail is mapped", l.va)
			}
		}
	}
}

func TestTailStays(t *testing.T) {
	readOnly := withData(goodMark(), tailBss)
	readOnly[2].flags = elf.PF_R
	for _, c := range []struct {
		name string
		in   []segment
	}{
		{"no mark", withData("data", tailBss)},
		{"half a magic", withData(markMagic[:8], tailBss)},
		{"small tail", withData(goodMark(), 0x21000+tailLeast-pageSize)},
		{"read-only segment", readOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := mustSeal(t, c.in).Progs[4]
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err != nil || string(b) != c.in[2].data || p.Memsz != c.in[2].memsz {
				t.Errorf("segment of %#x bytes (%v), want %#x and the kernel's contents", p.Memsz, err, c.in[2].memsz)
			}
		})
	}
}

func TestTailRefuses(t *testing.T) {
	patched := func(off int, v byte) string {
		b := []byte(goodMark())
		b[off] = v
		return string(b)
	}
	for _, c := range []struct{ name, data, want string }{
		{"twice", goodMark() + goodMark(), "twice"},
		{"cut off", markMagic, "cut off"},
		{"sealed already", patched(markStartOff, 1), "filled in"},
		{"end only", patched(markEndOff, 1), "filled in"},
		{"no variables", markOf(), "0 variables"},
		{"more variables than data", patched(markCountOff, 4), "4 variables"},
		{"endless variables", patched(markCountOff+7, 0xff), "variables"},
		{"out of order", markOf(tailData+0x2000, 8, tailData+0x1000, 16), "variable 1"},
		{"overlap", markOf(tailData+0x1000, 16, tailData+0x1008, 16), "variable 1"},
		{"not by size", markOf(tailData+0x1000, 16, tailData+0x2000, 8), "variable 1"},
		{"in the file", markOf(tailData, 8), "variable 0"},
		{"below", markOf(Base, 8), "variable 0"},
		{"behind", markOf(tailData+tailBss, 8), "variable 0"},
		{"wraps", markOf(tailData+0x1000, 1<<64-8), "variable 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Seal(makeELF(testEntry, withData(c.data, tailBss)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Seal = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestSealKeepsItsInput(t *testing.T) {
	in := makeELF(testEntry, withData(goodMark(), tailBss))
	was := bytes.Clone(in)
	a, err := Seal(in)
	if err != nil || !bytes.Equal(in, was) {
		t.Fatalf("Seal changed its input (%v)", err)
	}
	b, _ := Seal(in)
	if !bytes.Equal(a, b) {
		t.Error("two images of one kernel differ")
	}
}
