// Package virtiotest is the device side of virtio for tests of drivers: a
// register file of virtio-mmio, the device's end of the rings, an interrupt
// line and DMA memory, all in ordinary memory.
//
// A Device does what a test tells it: honest work by Pop, Push and Interrupt,
// or anything a hostile one could do by the methods in evil.go. It also checks
// the driver: whatever breaks a rule of Virtio 1.2 for drivers is kept and
// returned by Violations, which a test of honest operation wants empty.
package virtiotest

import (
	"fmt"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// Device is a virtio device for tests. Its methods may be called from any
// goroutine.
type Device struct {
	// OnNotify, when set before the driver starts, is called at each
	// notification, in the driver's goroutine, without locks held.
	OnNotify func(queue int)
	// RefuseFeatures makes the device clear FEATURES_OK.
	RefuseFeatures bool
	// NeverResets makes the status stay what it was.
	NeverResets bool
	// ConfigMoves makes the configuration generation change at every read.
	ConfigMoves bool

	mem  Memory
	line *Line

	mu         sync.Mutex
	kind       virtio.Type
	offered    uint64 // features
	accepted   uint64
	featureSel [2]uint32 // device's, driver's
	status     uint32
	queueSel   uint32
	queues     []queue
	config     []byte
	generation uint32
	interrupt  uint32 // InterruptStatus
	notified   []int  // per queue
	accesses   int    // register accesses
	violations []error
	override   map[int]uint32 // registers with a value of the test's
}

// New returns a device of a type that offers features, has a queue of each of
// the sizes, and this configuration space.
func New(kind virtio.Type, features uint64, config []byte, sizes ...int) *Device {
	d := &Device{kind: kind, offered: features, config: config, line: NewLine(), override: map[int]uint32{}}
	for _, size := range sizes {
		d.queues = append(d.queues, queue{limit: uint32(size)})
	}
	d.notified = make([]int, len(sizes))
	return d
}

// Platform returns a machine with this device's memory and interrupt.
func (d *Device) Platform() virtio.Platform {
	return virtio.Platform{
		MapDevice: func(uint64, int) error { return nil },
		AllocDMA:  d.mem.Alloc,
		OpenLine:  func(int) (virtio.Interrupt, error) { return d.line, nil },
	}
}

// Transport returns the virtio-mmio transport to this device.
func (d *Device) Transport() *virtio.MMIO {
	t, err := virtio.NewMMIO(d, configOff+len(d.config), "virtio-test", func() (virtio.Interrupt, error) { return d.line, nil })
	if err != nil || t == nil {
		panic(fmt.Sprintf("virtiotest: no transport: %v", err))
	}
	return t
}

// Memory returns the memory that the device can reach.
func (d *Device) Memory() *Memory { return &d.mem }

// Line returns the interrupt line.
func (d *Device) Line() *Line { return d.line }

// Status returns the device status field.
func (d *Device) Status() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// SetStatus sets bits of the status field, such as DEVICE_NEEDS_RESET, 64.
func (d *Device) SetStatus(bits uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status |= bits
}

// Accepted returns the features that the driver accepted.
func (d *Device) Accepted() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accepted
}

// Notified returns how often the driver notified a queue.
func (d *Device) Notified(queue int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.notified[queue]
}

// Accesses returns how many register accesses the driver made: exits, on a
// real machine.
func (d *Device) Accesses() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accesses
}

// SetConfig replaces the configuration space, by one of the same size.
func (d *Device) SetConfig(config []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	copy(d.config, config)
	d.generation++
}

// Violations returns what the driver did against the rules.
func (d *Device) Violations() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.violations
}

// violate notes a broken rule. Caller holds mu.
func (d *Device) violate(format string, args ...any) {
	d.violations = append(d.violations, fmt.Errorf(format, args...))
}

// Interrupt raises the line for a cause, like a device that has a reason.
func (d *Device) Interrupt(cause virtio.Cause) {
	d.mu.Lock()
	// The line is level, the interrupt controller takes edges: an interrupt
	// comes only when the last one was acknowledged.
	edge := d.interrupt == 0
	d.interrupt |= uint32(cause)
	d.mu.Unlock()
	if edge && cause != 0 {
		d.line.Raise()
	}
}
