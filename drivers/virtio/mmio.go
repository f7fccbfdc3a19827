package virtio

import (
	"errors"
	"fmt"
)

// Registers of a virtio-mmio device (Virtio 1.2 §4.2.2). All are 32 bits wide
// and little endian.
const (
	magicOff             = 0x000 // MagicValue, "virt"
	versionOff           = 0x004 // Version
	deviceIDOff          = 0x008 // DeviceID
	deviceFeaturesOff    = 0x010 // DeviceFeatures, of the half chosen by
	deviceFeaturesSelOff = 0x014 // DeviceFeaturesSel
	driverFeaturesOff    = 0x020 // DriverFeatures, of the half chosen by
	driverFeaturesSelOff = 0x024 // DriverFeaturesSel
	queueSelOff          = 0x030 // QueueSel
	queueSizeMaxOff      = 0x034 // QueueSizeMax (QueueNumMax)
	queueSizeOff         = 0x038 // QueueSize (QueueNum)
	queueReadyOff        = 0x044 // QueueReady
	queueNotifyOff       = 0x050 // QueueNotify
	interruptStatusOff   = 0x060 // InterruptStatus
	interruptAckOff      = 0x064 // InterruptACK
	statusOff            = 0x070 // Status
	queueDescOff         = 0x080 // QueueDescLow, High
	queueDriverOff       = 0x090 // QueueDriverLow, High
	queueDeviceOff       = 0x0a0 // QueueDeviceLow, High
	configGenerationOff  = 0x0fc // ConfigGeneration
	configOff            = 0x100 // Config

	magicValue  = 0x74726976 // "virt", little endian
	mmioVersion = 2          // 1 is the legacy layout
)

// ErrLegacy is a device with the registers of before Virtio 1.0, which QEMU's
// microvm has unless told otherwise.
var ErrLegacy = errors.New("virtio: legacy virtio-mmio device (QEMU wants -global virtio-mmio.force-legacy=false)")

// Registers is a range of device registers, at byte offsets from its start.
// Each call is exactly one access of that width.
type Registers interface {
	Load8(off int) uint8
	Load16(off int) uint16
	Load32(off int) uint32
	Store32(off int, v uint32)
}

// MMIO is virtio over memory-mapped registers, version 2 (Virtio 1.2 §4.2).
type MMIO struct {
	regs Registers
	name string
	kind Type
	size int // bytes of the window
	open func() (Interrupt, error)
}

var _ Transport = (*MMIO)(nil)

// NewMMIO looks for a device behind registers of size bytes, and opens its
// interrupt by open when the driver starts it.
//
// It returns nil without an error for an empty place: no magic value, or
// device ID 0. It returns ErrLegacy for a device of another version.
func NewMMIO(regs Registers, size int, name string, open func() (Interrupt, error)) (*MMIO, error) {
	kind, version := identify(regs)
	if kind == TypeNone {
		return nil, nil
	}
	if version != mmioVersion {
		return nil, fmt.Errorf("%w: %s, version %d", ErrLegacy, name, version)
	}
	return &MMIO{regs: regs, name: name, kind: kind, size: size, open: open}, nil
}

// identify returns what is behind registers, TypeNone for an empty place.
func identify(regs Registers) (kind Type, version uint32) {
	// §4.2.2.2: first the magic value, then the version, then the ID; nothing
	// else is touched when the ID is 0.
	if regs.Load32(magicOff) != magicValue {
		return TypeNone, 0
	}
	version = regs.Load32(versionOff)
	return Type(regs.Load32(deviceIDOff)), version
}

// String implements Transport.
func (m *MMIO) String() string { return m.name }

// Type implements Transport.
func (m *MMIO) Type() Type { return m.kind }

// Status implements Transport.
func (m *MMIO) Status() uint32 { return m.regs.Load32(statusOff) }

// SetStatus implements Transport.
func (m *MMIO) SetStatus(status uint32) { m.regs.Store32(statusOff, status) }

// Features implements Transport.
func (m *MMIO) Features() uint64 {
	m.regs.Store32(deviceFeaturesSelOff, 0)
	low := m.regs.Load32(deviceFeaturesOff)
	m.regs.Store32(deviceFeaturesSelOff, 1)
	return uint64(low) | uint64(m.regs.Load32(deviceFeaturesOff))<<32
}

// SetFeatures implements Transport.
func (m *MMIO) SetFeatures(features uint64) {
	// §4.2.2: the selector is written before the half that it selects.
	m.regs.Store32(driverFeaturesSelOff, 0)
	m.regs.Store32(driverFeaturesOff, uint32(features))
	m.regs.Store32(driverFeaturesSelOff, 1)
	m.regs.Store32(driverFeaturesOff, uint32(features>>32))
}

// QueueSizeMax implements Transport.
func (m *MMIO) QueueSizeMax(queue int) uint32 {
	m.regs.Store32(queueSelOff, uint32(queue))
	return m.regs.Load32(queueSizeMaxOff)
}

// EnableQueue implements Transport, by the steps of Virtio 1.2 §4.2.3.2.
func (m *MMIO) EnableQueue(queue int, l Layout) error {
	m.regs.Store32(queueSelOff, uint32(queue))
	if m.regs.Load32(queueReadyOff) != 0 {
		return fmt.Errorf("virtio: %s: queue %d is in use", m.name, queue)
	}
	if limit := m.regs.Load32(queueSizeMaxOff); uint32(l.Size) > limit {
		return fmt.Errorf("virtio: %s: queue %d holds %d, not %d", m.name, queue, limit, l.Size)
	}
	m.regs.Store32(queueSizeOff, uint32(l.Size))
	m.storeAddress(queueDescOff, l.Descriptor)
	m.storeAddress(queueDriverOff, l.Driver)
	m.storeAddress(queueDeviceOff, l.Device)
	m.regs.Store32(queueReadyOff, 1)
	return nil
}

// storeAddress writes a pair of registers, the low half first.
func (m *MMIO) storeAddress(off int, phys uint64) {
	m.regs.Store32(off, uint32(phys))
	m.regs.Store32(off+4, uint32(phys>>32))
}

// Notify implements Transport.
func (m *MMIO) Notify(queue int) { m.regs.Store32(queueNotifyOff, uint32(queue)) }

// ConfigGeneration implements Transport.
func (m *MMIO) ConfigGeneration() uint32 { return m.regs.Load32(configGenerationOff) }

// Config implements Transport. It returns 0 for a field behind the window.
func (m *MMIO) Config(off, size int) uint32 {
	off += configOff
	if off+size > m.size {
		return 0
	}
	// §4.2.2.2: accesses by the width of the field.
	switch size {
	case 1:
		return uint32(m.regs.Load8(off))
	case 2:
		return uint32(m.regs.Load16(off))
	default:
		return m.regs.Load32(off)
	}
}

// TakeInterrupt implements Transport.
func (m *MMIO) TakeInterrupt() Cause {
	// §4.2.2.2: acknowledge what is handled; undefined bits are ignored.
	cause := Cause(m.regs.Load32(interruptStatusOff)) & (CauseQueue | CauseConfig)
	if cause != 0 {
		m.regs.Store32(interruptAckOff, uint32(cause))
	}
	return cause
}

// OpenInterrupt implements Transport.
func (m *MMIO) OpenInterrupt() (Interrupt, error) { return m.open() }
