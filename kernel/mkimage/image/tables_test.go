package image

import (
	"encoding/binary"
	"testing"
)

// leaf is a page that the static tables map.
type leaf struct{ va, pa, size, flags uint64 }

// walk returns every leaf of the boot segment's tables.
func walk(t *testing.T, boot []byte) []leaf {
	t.Helper()
	var leaves []leaf
	var visit func(table, va uint64, shift int)
	visit = func(table, va uint64, shift int) {
		if table < BootAddress || table+pageSize > BootAddress+uint64(len(boot)) || table%pageSize != 0 {
			t.Fatalf("a table at %#x is not in the boot segment", table)
		}
		for i := range uint64(512) {
			e := binary.LittleEndian.Uint64(boot[table-BootAddress+i*8:])
			if e&present == 0 {
				continue
			}
			at := va + i<<shift
			if shift == 39 && i >= 256 {
				at |= 0xffff << 48
			}
			if shift == 12 || e&large != 0 {
				leaves = append(leaves, leaf{at, e & address &^ (1<<shift - 1), 1 << shift, e})
				continue
			}
			visit(e&address, at, shift-9)
		}
	}
	visit(root, 0, 39)
	return leaves
}

func bootOf(t *testing.T) []leaf {
	t.Helper()
	f := mustSeal(t, testSegments())
	boot := make([]byte, f.Progs[1].Filesz)
	if _, err := f.Progs[1].ReadAt(boot, 0); err != nil {
		t.Fatal(err)
	}
	return walk(t, boot)
}

func TestNothingIsWritableAndExecutable(t *testing.T) {
	for _, l := range bootOf(t) {
		if l.flags&writable != 0 && l.flags&noExecute == 0 {
			t.Errorf("%#x is writable and executable", l.va)
		}
	}
}

func TestZeroPageIsNotMapped(t *testing.T) {
	for _, l := range bootOf(t) {
		if l.va < pageSize {
			t.Errorf("%#x is mapped", l.va)
		}
	}
}

// No page that is executable or read-only somewhere is writable elsewhere.
func TestNoWritableAlias(t *testing.T) {
	leaves := bootOf(t)
	fixed := map[uint64]uint64{} // physical page: where it is not writable
	for _, l := range leaves {
		if l.flags&writable == 0 {
			for pa := l.pa; pa < l.pa+l.size; pa += pageSize {
				fixed[pa] = l.va
			}
		}
	}
	for _, l := range leaves {
		if l.flags&writable == 0 {
			continue
		}
		for pa := l.pa; pa < l.pa+l.size; pa += pageSize {
			if va, ok := fixed[pa]; ok {
				t.Errorf("physical page %#x is read-only at %#x and writable at %#x", pa, va, l.va+pa-l.pa)
			}
		}
	}
}

// What is mapped is what the package comment says, and nothing else.
func TestMapIsExact(t *testing.T) {
	direct, image := uint64(0), map[uint64]uint64{}
	for _, l := range bootOf(t) {
		switch {
		case l.va == BootAddress:
			if l.pa != BootAddress || l.size != pageSize || l.flags&(writable|noExecute) != 0 {
				t.Errorf("stub page: %+v, want identity mapped, read and execute", l)
			}
		case l.va >= Base:
			if l.pa != l.va-Base || l.size != pageSize || l.flags&global == 0 {
				t.Errorf("image page %#x: %+v", l.va, l)
			}
			image[l.va] = l.flags
		case l.va >= Direct && l.va < Direct+DirectSize:
			if l.pa != l.va-Direct || l.flags&noExecute == 0 {
				t.Errorf("direct map at %#x: %+v", l.va, l)
			}
			direct += l.size
		default:
			t.Errorf("%#x is mapped to %#x", l.va, l.pa)
		}
	}
	if direct != DirectSize {
		t.Errorf("direct map covers %#x bytes, want %#x", direct, uint64(DirectSize))
	}
	pages := 0
	for _, s := range testSegments() {
		for va := s.vaddr; va < s.vaddr+s.memsz; va += pageSize {
			pages++
			flags, ok := image[va]
			if !ok || flags&writable != 0 != (s.flags&2 != 0) || flags&noExecute == 0 != (s.flags&1 != 0) {
				t.Errorf("page %#x of a segment %v: entry %#x", va, s.flags, flags)
			}
		}
	}
	if len(image) != pages {
		t.Errorf("%d pages of the image are mapped, want %d", len(image), pages)
	}
}

// The largest kernel that fits has its last page mapped.
func TestLargeKernel(t *testing.T) {
	s := testSegments()
	s[2].memsz = 100 << 20
	f := mustSeal(t, s)
	if end := BootAddress + f.Progs[1].Memsz; end > imageStart {
		t.Errorf("the boot segment ends at %#x, in the kernel", end)
	}
}
