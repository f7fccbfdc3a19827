// Package irq routes the interrupt lines of devices to this machine's
// interrupt vectors, through the I/O APICs.
//
// It decides nothing about a device and handles no interrupt: the kernel counts
// interrupts of a vector in a file, which a goroutine reads, see package kernel.
// The registers are driven by tamago's ioapic package. Message-signalled
// interrupts of PCI will not come through here: they name their vector.
package irq

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/usbarmory/tamago/soc/intel/ioapic"
)

// ErrNoLine is an interrupt that no I/O APIC of this machine has.
var ErrNoLine = errors.New("irq: no such interrupt line")

// Where I/O APICs are (QEMU 11.0 hw/i386/x86.h; Firecracker has the first).
// ACPI's MADT would say so too; nothing here reads it.
const (
	firstBase  = 0xfec00000 // IO_APIC_DEFAULT_ADDRESS, lines 0 to 23
	secondBase = 0xfec10000 // IO_APIC_SECONDARY_ADDRESS, lines 24 to 47
	perAPIC    = 24         // lines of each
	windowSize = 0x20       // bytes of registers: IOREGSEL and IOWIN
)

// firstVector is what line 0 gets; line n gets firstVector + n. The first 32
// vectors are the processor's exceptions (Intel SDM vol. 3A "Sources of Interrupts").
const firstVector = 32

// controller is one I/O APIC.
type controller interface {
	Version() uint32
	Entries() int
	EnableInterrupt(line, vector int)
}

// Router knows the I/O APICs of a machine. It may be used from any goroutine.
type Router struct {
	mapDevice func(phys uint64, size int) error
	open      func(vector int) (*os.File, error)
	newAPIC   func(index int, base uint32) controller

	mu    sync.Mutex            // the registers are an index and a window
	apics map[uint32]controller // guarded by mu; by base
}

// NewRouter returns a router that maps registers and opens vectors by these
// functions, which are package kernel's in an image.
func NewRouter(mapDevice func(phys uint64, size int) error, open func(vector int) (*os.File, error)) *Router {
	return &Router{mapDevice: mapDevice, open: open, newAPIC: newAPIC, apics: map[uint32]controller{}}
}

func newAPIC(index int, base uint32) controller {
	return &ioapic.IOAPIC{Index: index, Base: base, GSIBase: index * perAPIC}
}

// Open routes a line, given as a global system interrupt, to the first
// processor, edge triggered, and returns the file that becomes readable when
// it is raised. It returns ErrNoLine when no I/O APIC has that line.
//
// A level-triggered device works too as long as its driver acknowledges it
// before it looks for work: a new edge follows every acknowledgement.
func (r *Router) Open(gsi int) (*os.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	apic, err := r.find(gsi)
	if err != nil {
		return nil, err
	}
	vector := firstVector + gsi
	// The file first: an interrupt that nobody has opened is lost.
	file, err := r.open(vector)
	if err != nil {
		return nil, fmt.Errorf("irq: vector %d for line %d: %w", vector, gsi, err)
	}
	apic.EnableInterrupt(gsi, vector)
	return file, nil
}

// find returns the I/O APIC of a line. Caller holds mu.
func (r *Router) find(gsi int) (controller, error) {
	index, base := 0, uint32(firstBase)
	if gsi >= perAPIC {
		index, base = 1, secondBase
	}
	if gsi < 0 || gsi >= 2*perAPIC {
		return nil, fmt.Errorf("%w: %d", ErrNoLine, gsi)
	}
	apic := r.apics[base]
	if apic == nil {
		// The second one is mapped, and touched, only when a device names it.
		if err := r.mapDevice(uint64(base), windowSize); err != nil {
			return nil, fmt.Errorf("irq: map I/O APIC at %#x: %w", base, err)
		}
		apic = r.newAPIC(index, base)
		// 82093AA, and every later version, says 0x1x or 0x2x; nothing there
		// reads as all zeros or all ones.
		if v := apic.Version() & 0xff; v < 0x10 || v > 0x2f {
			return nil, fmt.Errorf("%w: %d, no I/O APIC at %#x (version %#x)", ErrNoLine, gsi, base, v)
		}
		r.apics[base] = apic
	}
	if line := gsi - index*perAPIC; line >= apic.Entries() {
		return nil, fmt.Errorf("%w: %d, I/O APIC at %#x has %d", ErrNoLine, gsi, base, apic.Entries())
	}
	return apic, nil
}
