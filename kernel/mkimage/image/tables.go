package image

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Bits of page table entries. Intel SDM vol. 3A "4-Level Paging".
const (
	present   = 1 << 0
	writable  = 1 << 1
	large     = 1 << 7 // PS: maps 2 MiB
	global    = 1 << 8
	noExecute = 1 << 63
	address   = 0x000ffffffffff000

	pageSize  = 4 << 10
	largeSize = 2 << 20
)

// tables are the static page tables, in the boot segment: buf[0] is the stub's
// page, the PML4 is the page after.
type tables struct{ buf []byte }

const root = BootAddress + pageSize

// bootSegment returns the boot segment for a kernel with these segments.
func bootSegment(loads []elf.ProgHeader, entry uint64) ([]byte, error) {
	t := &tables{buf: make([]byte, 2*pageSize)}
	t.map4K(BootAddress, BootAddress, present)
	for pa := uint64(0); pa < DirectSize; pa += largeSize {
		t.map2M(Direct+pa, pa, present|writable|global|noExecute)
	}
	t.map4K(Direct+BootAddress, BootAddress, present|global|noExecute) // no writable alias of the stub
	for _, p := range loads {
		flags := uint64(present | global)
		if p.Flags&elf.PF_W != 0 {
			flags |= writable
		}
		if p.Flags&elf.PF_X == 0 {
			flags |= noExecute
		}
		for va := p.Vaddr; va < p.Vaddr+p.Memsz; va += pageSize {
			t.map4K(va, va-Base, flags)
			t.map4K(Direct+va-Base, va-Base, flags&writable|present|global|noExecute)
		}
	}
	if len(t.buf) > imageStart-BootAddress {
		return nil, fmt.Errorf("%d bytes of page tables do not fit below %#x: the kernel is too large", len(t.buf), imageStart)
	}
	if err := fillStub(t.buf[:pageSize], entry); err != nil {
		return nil, err
	}
	return t.buf, nil
}

// table returns the table that entry i of the table at phys points to, new if there is none.
func (t *tables) table(phys uint64, i uint64) uint64 {
	e := t.entry(phys, i)
	if v := binary.LittleEndian.Uint64(e); v != 0 {
		return v & address
	}
	n := t.grow()
	binary.LittleEndian.PutUint64(t.entry(phys, i), n|present|writable)
	return n
}

// grow adds a table and returns its physical address.
func (t *tables) grow() uint64 {
	p := BootAddress + uint64(len(t.buf))
	t.buf = append(t.buf, make([]byte, pageSize)...)
	return p
}

func (t *tables) entry(phys uint64, i uint64) []byte { return t.buf[phys-BootAddress+i*8:] }

// directory returns the page directory for va.
func (t *tables) directory(va uint64) uint64 {
	return t.table(t.table(root, va>>39&511), va>>30&511)
}

// map4K maps a page, splitting a large one if need be.
func (t *tables) map4K(va, pa, flags uint64) {
	pd, i := t.directory(va), va>>21&511
	if old := binary.LittleEndian.Uint64(t.entry(pd, i)); old&large != 0 {
		n := t.grow()
		for j := range uint64(512) {
			binary.LittleEndian.PutUint64(t.entry(n, j), old&^large+j*pageSize)
		}
		binary.LittleEndian.PutUint64(t.entry(pd, i), n|present|writable)
	}
	binary.LittleEndian.PutUint64(t.entry(t.table(pd, i), va>>12&511), pa|flags)
}

// map2M maps a large page.
func (t *tables) map2M(va, pa, flags uint64) {
	binary.LittleEndian.PutUint64(t.entry(t.directory(va), va>>21&511), pa|flags|large)
}

var errStub = errors.New("boot stub does not fit its place")
