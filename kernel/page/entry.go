package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Entries of all levels.
//
//	bit   63  61..52  51..12   10     9       8  7   6  5  4    3    2    1   0
//	leaf  NX  0       address  owned  -       G  PS  D  A  PCD  PWT  U/S  RW  P=1
//	table 0   count   address  owned  -       0  0   0  A  0    0    0    1   P=1
//	else  0   0       0        0      demand  0  0   0  0  0    0    0    RW  P=0
//
// Bits 9 and 10, and 52 to 61 of an entry that names a table, are ignored by the
// processor. Intel SDM vol. 3A "4-Level Paging", tables of the entry formats; AMD
// APM vol. 2 §5.4.1. In a table that we own, count is how many of the entries of
// the named table are not zero: at zero the table can go.
const (
	present    = 1 << 0 // P
	writable   = 1 << 1 // R/W
	through    = 1 << 3 // PWT
	cacheOff   = 1 << 4 // PCD
	accessed   = 1 << 5 // A
	dirty      = 1 << 6 // D
	large      = 1 << 7 // PS, in leaves of the upper levels
	global     = 1 << 8 // G
	demand     = 1 << 9
	owned      = 1 << 10
	countShift = 52
	countOne   = 1 << countShift
	countMask  = 0x3ff << countShift
	noExecute  = 1 << 63 // NX, XD

	addrMask = 0x000f_ffff_ffff_f000

	entryCount = 512
)

// Levels: the entry at level l covers 4096 << 9l bytes.
const (
	levelPT   = 0
	levelPD   = 1
	levelPDPT = 2
	levelPML4 = 3
)

// span returns how many bytes an entry at level covers.
func span(level int) uint64 { return phys.PageSize << (9 * uint(level)) }

// index returns the number of va's entry in a table at level.
func index(va uint64, level int) phys.Addr {
	return phys.Addr(va>>(12+9*uint(level))) & (entryCount - 1)
}

// leaf returns the entry bits for f. A and D are set at once: nobody reads them,
// and the processor need not write them. It returns OK or WriteExec.
func leaf(f Flags) (uint64, Result) {
	if f&Write != 0 && f&Exec != 0 {
		return 0, WriteExec
	}
	e := uint64(present | accessed | dirty)
	if f&Write != 0 {
		e |= writable
	}
	if f&Exec == 0 {
		e |= noExecute
	}
	if f&Uncached != 0 {
		e |= cacheOff | through
	}
	if f&Global != 0 {
		e |= global
	}
	if f&Owned != 0 {
		e |= owned
	}
	return e, OK
}

// canonical reports whether va is sign-extended from bit 47.
// Intel SDM vol. 1 "Canonical Addressing", AMD APM vol. 2 §5.3.1.
func canonical(va uint64) bool { return va+1<<47 < 1<<48 }

// checkRange returns OK if [va, end) is whole pages in one canonical half. The
// last page of the address space is not accepted: end would be 0.
func checkRange(va, end uint64) Result {
	switch {
	case (va|end)&(phys.PageSize-1) != 0:
		return NotAligned
	case va == end && canonical(va):
		return OK
	case va > end || !canonical(va) || !canonical(end-1) || (va^(end-1))>>63 != 0:
		return NotCanonical
	}
	return OK
}
