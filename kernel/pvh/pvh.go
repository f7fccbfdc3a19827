// Package pvh reads what a VMM hands over at the PVH entry point: the start
// information, the memory map, the command line's place and the modules.
//
//	EBX at entry -> hvm_start_info
//	  +0  magic 0x336ec578   +4  version    +8  flags      +12 modules
//	  +16 module list        +24 cmdline    +32 RSDP
//	  version >= 1:          +40 memory map +48 entries    +52 0
//	module:      +0 address  +8 size        +16 cmdline    +24 0        (32 bytes)
//	memory map:  +0 address  +8 size        +16 type       +20 0        (24 bytes)
//
// Xen public/arch-x86/hvm/start_info.h; QEMU hw/i386/pvh.c and Firecracker write
// version 1.
//
// The VMM is hostile here: every field is copied once, checked without overflow,
// and used from the copy. The package does not decide what the memory is used
// for, and reads no byte outside the window it is given.
// It is the first core in the boot path.
package pvh

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Limits on what is believed.
const (
	MaxEntries = 128 // entries of the memory map
	MaxModules = 8
)

// Type is the type of a memory map entry, as in the E820 map of ACPI 6.5 §15.
type Type uint32

// Types of memory. Everything that is not RAM is left alone.
const (
	RAM      Type = 1
	Reserved Type = 2
	ACPI     Type = 3
	NVS      Type = 4
	Unusable Type = 5
)

// Entry is one entry of the memory map.
type Entry struct {
	Range phys.Range
	Type  Type
}

// Module is a file that the VMM loaded beside the image. The address of its command
// line is not kept: what the firmware of QEMU 11's microvm (qboot) leaves there is
// whatever its stack held.
type Module struct{ Range phys.Range }

// Info is the checked copy of the start information. It is 4 KiB: a global, not a
// local variable.
type Info struct {
	Version     uint32
	Flags       uint32
	CommandLine phys.Addr // NUL-terminated text, 0: none
	RSDP        phys.Addr // ACPI root pointer, 0: none
	Start       phys.Addr // of the structure itself

	entries     [MaxEntries]Entry
	entryCount  int
	modules     [MaxModules]Module
	moduleCount int
	tables      [2]phys.Range // memory map and module list, where they are
}

// Result tells how Parse ended.
type Result uint8

// Results.
const (
	OK             Result = iota
	BadPointer            // the start information is outside the window
	BadMagic              // not PVH start information
	NoMemoryMap           // version 0, or no entries
	BadMap                // the memory map is unaligned or outside the window
	TooManyEntries        // more than MaxEntries
	BadEntry              // an entry's end does not fit in 64 bits
	BadModules            // the module list is outside the window, or a module's end does not fit in 64 bits
	TooManyModules        // more than MaxModules
	BadCommandLine        // the command line is outside the window
	NoRAM                 // no whole page of RAM
)

var resultNames = [...]string{
	OK: "ok", BadPointer: "start information out of reach", BadMagic: "no PVH start information",
	NoMemoryMap: "no memory map", BadMap: "memory map out of reach", TooManyEntries: "memory map too long",
	BadEntry: "memory map entry wraps", BadModules: "module list is bad", TooManyModules: "too many modules",
	BadCommandLine: "command line out of reach", NoRAM: "no usable RAM",
}

// String returns r in words.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return "unknown result"
}
