//go:build unikernel

package runtime

// All addresses of the kernel are in this file.
//
//	0                    zero page, never mapped
//	0x1000 ..            devices: identity mapped by kernMapDevice, uncached, NX
//	                     (the local APIC of the processors is at 0xfee00000)
//	0x8000000000         mmap area: Go heap, demand-zero, NX. The stock runtime
//	                     asks for random places below 0x400000000000
//	0x400000000000       devices again, to the end of the lower half
//	0xffff888000000000   direct map of RAM, NX; where the image is, as writable as the image
//	0xffffb00000000000   stacks, one per 1 MiB slot, mapped at its top, guard below
//	0xffffffff80000000   image: physical address 0
//	0xffffffff80200000   text RX, rodata R, data RW (laid out by the Go linker); a tail of
//	                     large variables is demand-zero, NX (kern_tail)
//
// The image tool (kernel/mkimage/image) builds the same map for the boot: keep
// kernImageBase, kernDirectMap and kernBootDirect equal to its constants.
const (
	kernPage  = 4 << 10
	kernLarge = 2 << 20

	kernImageBase  = 0xffffffff80000000
	kernDirectMap  = 0xffff888000000000
	kernBootDirect = 1 << 30 // bytes of the direct map in the image's own tables
	kernStackBase  = 0xffffb00000000000
	kernStackEnd   = kernStackBase + kernStackSlots*kernStackSlot
	kernHeapBase   = 0x8000000000
	kernHeapEnd    = 0x400000000000

	// kernDeviceEnd bounds identity-mapped devices: the lower half of the
	// 48-bit address space.
	kernDeviceEnd = 1 << 47

	// kernAPIC is where the local APIC is after reset. Intel SDM vol. 3A
	// "Local APIC Status and Location".
	kernAPIC = 0xfee00000

	// kernBootStub is the physical address of the boot stub, whose page is
	// identity mapped and executable until the kernel drops it.
	kernBootStub = 0x100000
)

// Stacks, in bytes. A slot is kernStackSlot; the rest of it is guard.
const (
	kernStackSlot      = 1 << 20
	kernBootStackSize  = 32 << 10 // in the image, until kernInit is done
	kernCPUStackSize   = 32 << 10 // kernel and emergency stack of a processor
	kernFaultStackSize = 16 << 10 // double faults; NMI and machine checks
	kernTaskStackSize  = 64 << 10 // a runtime M's g0
	kernFirstStackSize = 68 << 10 // rt0_go takes 64 KiB below its SP for g0

	// kernSpill bytes stay free above the first frame of a stack: compiled Go
	// code spills register arguments into its caller's frame.
	kernSpill = 64

	// kernNestSize is what a fault inside the kernel gets below the one that it
	// interrupts on the emergency stack.
	kernNestSize = 4096
)

// Port addresses of the PC.
const (
	kernPortPIT0    = 0x40  // 8254 channel 0
	kernPortPITMode = 0x43  // 8254 mode and command
	kernPortReset   = 0x64  // 8042 command: 0xfe pulses the reset line
	kernPortRTC     = 0x70  // MC146818 index; data is the next port
	kernPortPIC0    = 0x21  // 8259 masks
	kernPortPIC1    = 0xa1  //
	kernPortCOM1    = 0x3f8 // 16550
	kernPortExit    = 0x501 // QEMU's isa-debug-exit, by convention of this project
	kernPortFWCfg   = 0x510 // QEMU's fw_cfg selector; data is the next port
)

// Interrupt vectors.
const (
	kernVecDevice = 32 // first vector of devices: /dev/irq/32 ..
	kernVecTimer  = 0xf0
	kernVecIPI    = 0xf1
	kernVecSpur   = 0xff
)
