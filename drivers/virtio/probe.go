package virtio

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Window is a place where a virtio-mmio device may be.
type Window struct {
	Phys uint64 // guest-physical address of the registers
	Size int    // bytes
	GSI  int    // global system interrupt
}

// String returns "virtio-mmio 0xfeb00e00".
//
// It does without fmt, whose first use takes a booting guest 2 ms under QEMU TCG.
func (w Window) String() string { return "virtio-mmio 0x" + strconv.FormatUint(w.Phys, 16) }

// QEMU's microvm (hw/i386/microvm.c, 11.0): 24 places in one range, with the
// interrupts of the second I/O APIC in that order.
const (
	microvmBase  = 0xfeb00000
	microvmSize  = 0x200
	microvmCount = 24
	microvmGSI   = 24
)

// MicroVM returns the places where QEMU's machine "microvm" puts devices when
// it has ACPI, and so two I/O APICs, as it has unless told otherwise.
func MicroVM() []Window {
	w := make([]Window, microvmCount)
	for i := range w {
		w[i] = Window{Phys: microvmBase + uint64(i)*microvmSize, Size: microvmSize, GSI: microvmGSI + i}
	}
	return w
}

// MicroVMAround returns the places of a microvm without ACPI, which names those
// that are used on the command line, given one of them; nil when the place is
// not one of a microvm's. Programs cannot see the other words: a Go environment
// keeps only the first variable of a name.
func MicroVMAround(known Window) []Window {
	i := (known.Phys - microvmBase) / microvmSize
	first := known.GSI - int(i)
	if known.Phys < microvmBase || i >= microvmCount || known.Phys%microvmSize != 0 || known.Size != microvmSize || first < 0 {
		return nil
	}
	w := make([]Window, 0, microvmCount)
	for i := 0; i < microvmCount && first+i < microvmGSI; i++ { // the first I/O APIC only
		w = append(w, Window{Phys: microvmBase + uint64(i)*microvmSize, Size: microvmSize, GSI: first + i})
	}
	return w
}

// deviceWord starts a command-line word that names a place, as Linux defined
// it (Linux, Documentation/admin-guide/kernel-parameters.txt), and as QEMU's
// microvm without ACPI and Firecracker write it.
const deviceWord = "virtio_mmio.device="

// ParseWindows returns the places that the words of a kernel command line
// name: virtio_mmio.device=SIZE[K|M]@BASE:IRQ[:ID]. Other words are skipped.
// The error names every word that could not be understood; the places of the
// others are returned all the same.
func ParseWindows(words []string) ([]Window, error) {
	var windows []Window
	var errs []error
	for _, word := range words {
		value, ok := strings.CutPrefix(word, deviceWord)
		if !ok {
			continue
		}
		w, err := parseWindow(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("virtio: %q: %w", word, err))
			continue
		}
		windows = append(windows, w)
	}
	return windows, errors.Join(errs...)
}

// parseWindow parses SIZE[K|M]@BASE:IRQ[:ID].
func parseWindow(value string) (Window, error) {
	sizeText, rest, ok := strings.Cut(value, "@")
	baseText, irqText, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return Window{}, errors.New("not of the form SIZE@BASE:IRQ")
	}
	irqText, _, _ = strings.Cut(irqText, ":") // the ID is for Linux
	unit := uint64(1)
	switch {
	case strings.HasSuffix(sizeText, "K"), strings.HasSuffix(sizeText, "k"):
		unit, sizeText = 1<<10, sizeText[:len(sizeText)-1]
	case strings.HasSuffix(sizeText, "M"), strings.HasSuffix(sizeText, "m"):
		unit, sizeText = 1<<20, sizeText[:len(sizeText)-1]
	}
	size, err := strconv.ParseUint(sizeText, 0, 32)
	if err != nil {
		return Window{}, err
	}
	size *= unit
	base, err := strconv.ParseUint(baseText, 0, 64)
	if err != nil {
		return Window{}, err
	}
	irq, err := strconv.ParseUint(irqText, 0, 8)
	if err != nil {
		return Window{}, err
	}
	// The command line comes from the VMM too. A window above the first 4 GiB,
	// or larger than any device's, is not what a VMM of ours would say.
	if size < configOff || size > 1<<20 || base%4 != 0 || base == 0 || base+size > math.MaxUint32 {
		return Window{}, errors.New("size or address out of range")
	}
	return Window{Phys: base, Size: int(size), GSI: int(irq)}, nil
}

// Probe maps each place and returns the devices that are there, in order.
//
// A place that cannot be mapped, or holds a legacy device, is skipped and told
// in the error; the devices of the others are returned all the same.
func Probe(p Platform, windows []Window) ([]*MMIO, error) {
	var devices []*MMIO
	var errs []error
	for _, w := range windows {
		if err := p.MapDevice(w.Phys, w.Size); err != nil {
			errs = append(errs, fmt.Errorf("virtio: map %s: %w", w, err))
			continue
		}
		regs := newWindow(w.Phys, w.Size)
		if kind, _ := identify(regs); kind == TypeNone {
			continue // most places are empty: no more work for them
		}
		d, err := NewMMIO(regs, w.Size, w.String(), func() (Interrupt, error) { return p.OpenLine(w.GSI) })
		if err != nil {
			errs = append(errs, err)
		} else if d != nil {
			devices = append(devices, d)
		}
	}
	return devices, errors.Join(errs...)
}

// Find returns the first device of a type, or nil.
func Find(devices []*MMIO, kind Type) *MMIO {
	for _, d := range devices {
		if d.Type() == kind {
			return d
		}
	}
	return nil
}
