package virtio

import "time"

// Transport is how a driver reaches the registers of one virtio device.
//
// What it returns comes from the device and is checked by [Open] and [Device];
// implementations only move it. Notify may be called from several goroutines,
// the other methods by one at a time.
type Transport interface {
	// String names the device for messages: "virtio-mmio 0xfeb00e00".
	String() string
	// Type returns the kind of the device.
	Type() Type
	// Status returns the device status field (Virtio 1.2 §2.1).
	Status() uint32
	// SetStatus writes the device status field; 0 resets the device.
	SetStatus(status uint32)
	// Features returns the feature bits that the device offers.
	Features() uint64
	// SetFeatures writes the feature bits that the driver accepts.
	SetFeatures(features uint64)
	// QueueSizeMax returns the largest size of a queue, 0 when it does not exist.
	QueueSizeMax(queue int) uint32
	// EnableQueue gives a queue its size and guest-physical addresses and sets
	// it live. It fails when the queue is in use already.
	EnableQueue(queue int, layout Layout) error
	// Notify tells the device that a queue has new available buffers.
	Notify(queue int)
	// ConfigGeneration changes whenever the device changed its configuration.
	ConfigGeneration() uint32
	// Config reads a field of size 1, 2 or 4 bytes of the device configuration.
	Config(off, size int) uint32
	// TakeInterrupt returns why the device interrupted and acknowledges it.
	TakeInterrupt() Cause
	// OpenInterrupt routes the device's interrupt and returns where it arrives.
	OpenInterrupt() (Interrupt, error)
}

// Interrupt is an open interrupt line, like the file /dev/irq/V.
//
// Read parks the goroutine until an interrupt came and gives 8 bytes, little
// endian, the number of interrupts since the last Read. *os.File is one.
type Interrupt interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
	Close() error
}

// Cause says why a device interrupted; spurious interrupts have none.
type Cause uint32

// Causes, as the bits of the register InterruptStatus (Virtio 1.2 §4.2.2).
const (
	CauseQueue  Cause = 1 << 0 // a queue has used buffers
	CauseConfig Cause = 1 << 1 // the device changed its configuration
)

// Type is the kind of a virtio device (Virtio 1.2 §5).
type Type uint32

// Device types that this project drives.
const (
	TypeNone  Type = 0  // an empty place on the bus
	TypeRNG   Type = 4  // entropy source, §5.4
	TypeVsock Type = 19 // socket device, §5.10
)

// Feature bits of every device (Virtio 1.2 §6).
const (
	FeatureEventIndex     uint64 = 1 << 29 // VIRTIO_F_EVENT_IDX: suppression by index
	FeatureVersion1       uint64 = 1 << 32 // VIRTIO_F_VERSION_1: not a legacy device
	FeatureAccessPlatform uint64 = 1 << 33 // VIRTIO_F_ACCESS_PLATFORM: limited access to memory
	FeatureOrderPlatform  uint64 = 1 << 36 // VIRTIO_F_ORDER_PLATFORM: platform memory ordering
)

// Bits of the device status field (Virtio 1.2 §2.1).
const (
	statusAcknowledge uint32 = 1 << 0 // ACKNOWLEDGE: the guest found the device
	statusDriver      uint32 = 1 << 1 // DRIVER: it knows how to drive it
	statusDriverOK    uint32 = 1 << 2 // DRIVER_OK: the driver is ready
	statusFeaturesOK  uint32 = 1 << 3 // FEATURES_OK: negotiation is complete
	statusNeedsReset  uint32 = 1 << 6 // DEVICE_NEEDS_RESET: the device gave up
	statusFailed      uint32 = 1 << 7 // FAILED: the driver gave up
)

// Layout says where the three parts of a queue are, in guest-physical memory.
type Layout struct {
	Size       int    // descriptors, a power of two
	Descriptor uint64 // descriptor table, 16-aligned
	Driver     uint64 // available ring, 4-aligned here (2 would do)
	Device     uint64 // used ring, 4-aligned
}

// Platform is what this package needs of the machine.
type Platform struct {
	// MapDevice maps registers, uncached, at the address they have.
	MapDevice func(phys uint64, size int) error
	// AllocDMA returns zeroed, page-aligned, physically contiguous memory that
	// is not part of the Go heap and is never freed.
	AllocDMA func(size int) (mem []byte, phys uint64, err error)
	// OpenLine routes a global system interrupt to this machine and opens it.
	OpenLine func(gsi int) (Interrupt, error)
}
