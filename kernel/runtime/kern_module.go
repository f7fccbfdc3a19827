//go:build unikernel

package runtime

import (
	"internal/kernel/page"
	"internal/kernel/pvh"
)

// Modules: files that the VMM loaded beside the image, for example a model. They
// stay where they are, and nobody can write to them.

// kernModulesProtect takes away the right to write to the modules. Their frames are
// reserved (pvh.Info.Occupied), and the direct map covers the RAM.
func kernModulesProtect() {
	for i := range kernInfo.Modules() {
		m := kernInfo.Module(i)
		if !kernModuleOK(m) {
			// QEMU 11's microvm with acpi=on puts tables over the end of -initrd's memory.
			kernPrint("[pvh] a module is ignored: it is empty, not all in RAM (QEMU: needs acpi=off), or where the image is\n")
			continue
		}
		r := m.Range.Outer(kernPage)
		if res := kernProtect(kernDirectMap+uint64(r.Start), kernDirectMap+uint64(r.End), 0); res != page.OK {
			kernFatalWord(kernExitBoot, "a module cannot be protected: ", res.String())
		}
	}
}

// kernModuleOK reports whether the program may have the module.
func kernModuleOK(m pvh.Module) bool {
	r := m.Range.Outer(kernPage)
	return !m.Range.IsEmpty() && kernAllRAM(r) && !r.Overlaps(kernImage())
}

// kernModule stores the address and the size of module i at out; both are 0 for a
// module that is ignored.
func kernModule(i int, out uintptr) int64 {
	if i < 0 || i >= kernInfo.Modules() {
		return -kernENOENT
	}
	if !kernUserOK(out, 16) {
		return -kernEFAULT
	}
	m := kernInfo.Module(i)
	if !kernModuleOK(m) {
		m = pvh.Module{}
		kernStore64(out, 0)
	} else {
		kernStore64(out, kernDirectMap+uint64(m.Range.Start))
	}
	kernStore64(out+8, m.Range.Size())
	return 0
}
