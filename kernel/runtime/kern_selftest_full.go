//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/phys"
	kernstack "internal/kernel/stack"
	"unsafe"
)

// The longer self tests: selftest=full.

func kernSelfTestFull() {
	t := kernNow()
	kernTestDone(kernTestIsStacks, t, kernTestStacks())
	t = kernNow()
	kernTestDone(kernTestIsMappings, t, kernTestMappings())
	t = kernNow()
	kernTestDone(kernTestIsAliases, t, kernTestAliases())
	t = kernNow()
	kernTestDone(kernTestIsMemory, t, kernTestMemory())
	t = kernNow()
	kernTestDone(kernTestIsVector, t, kernTestVector())
}

// kernTestStacks looks at every slot in use.
func kernTestStacks() bool {
	for slot := range kernStackSlots {
		if !kernStackUsed.InUse(slot) {
			continue
		}
		base := kernStackBase + uint64(slot)*kernstack.SlotSize
		if kernReachable(base) {
			return false
		}
		low := base
		for !kernReachable(low) {
			if low += kernPage; low == base+kernstack.SlotSize {
				return false
			}
		}
		if kernStackHealth(uintptr(low)) != kernstack.Intact {
			return false
		}
	}
	return true
}

// kernTestMappings walks the page tables, also the trampoline's.
func kernTestMappings() bool {
	if kernTrampolinePage != 0 && !kernWalk(uint64(kernTrampolineTop.Root()), 0) {
		return false
	}
	return kernWalk(uint64(kernSpace.Root()), 0)
}

const (
	kernEntryPresent = 1 << 0
	kernEntryWrite   = 1 << 1
	kernEntryLarge   = 1 << 7
	kernEntryNoExec  = 1 << 63
	kernEntryAddr    = 0x000ffffffffff000
)

// kernWalk reports whether no leaf below the table is writable and executable.
func kernWalk(table uint64, level int) bool {
	for i := range uint64(512) {
		e := kernMem{}.Load(phys.Addr(table + i*8))
		if e&kernEntryPresent == 0 {
			continue
		}
		if level == 3 || e&kernEntryLarge != 0 {
			if e&kernEntryWrite != 0 && e&kernEntryNoExec == 0 {
				return false
			}
		} else if !kernWalk(e&kernEntryAddr, level+1) {
			return false
		}
	}
	return true
}

// kernTestAliases looks at the direct map of every page of text and constants, of
// the boot stub and of the trampoline.
func kernTestAliases() bool {
	m := &firstmoduledata
	for va := uint64(m.text) &^ (kernPage - 1); va < uint64(m.noptrdata)&^(kernPage-1); va += kernPage {
		if kernWritableAlias(phys.Addr(va - kernImageBase)) {
			return false
		}
	}
	return !kernWritableAlias(kernBootStub) && (kernTrampolinePage == 0 || !kernWritableAlias(kernTrampolinePage))
}

// kernWritableAlias reports whether p can be written or executed in the direct map.
func kernWritableAlias(p phys.Addr) bool {
	x := kernSpace.Lookup(kernMem{}, kernDirectMap+uint64(p))
	return x.State == page.Present && x.Flags&(page.Write|page.Exec) != 0
}

// kernTestMemory writes patterns to a few frames and reads them back.
func kernTestMemory() bool {
	good := true
	for range 16 {
		p, ok := kernMem{}.AllocFrame()
		if !ok {
			return false
		}
		for off := phys.Addr(0); off < kernPage; off += 8 {
			kernMem{}.Store(p+off, uint64(p+off)*0x9e3779b97f4a7c15)
		}
		for off := phys.Addr(0); off < kernPage; off += 8 {
			good = good && kernMem{}.Load(p+off) == uint64(p+off)*0x9e3779b97f4a7c15
		}
		kernMem{}.Zero(p)
		kernMem{}.freeFrame(p)
	}
	return good
}

// kernTestVector has a fault between loading and storing vector registers.
func kernTestVector() bool {
	var in, out [32]byte
	for i := range in {
		in[i] = byte(i*7 + 1)
	}
	kernProbeVector(noescape(unsafe.Pointer(&in)), noescape(unsafe.Pointer(&out)))
	return in == out
}
