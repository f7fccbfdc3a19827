package virtio

import (
	"errors"
	"fmt"
	"time"
)

// Errors of a device.
var (
	ErrFeatures = errors.New("virtio: device and driver agree on no features")
	ErrNoReset  = errors.New("virtio: device does not reset")
	ErrConfig   = errors.New("virtio: device configuration does not settle")
	ErrNoQueue  = errors.New("virtio: device lacks a queue")
	ErrGaveUp   = errors.New("virtio: device needs a reset")
)

// Bounds on a device that does not answer.
const (
	resetSpins  = 16               // reads of a status that should be 0, at once
	resetTries  = 200              // and then with resetPause in between: 200 ms
	resetPause  = time.Millisecond //
	configTries = 16               // reads of a configuration that keeps changing
)

// maxQueue is the largest size of a queue (Virtio 1.2 §2.7).
const maxQueue = 1 << 15

// common are the features that this package takes for every driver.
// ACCESS_PLATFORM and ORDER_PLATFORM ask for what holds here anyway: nothing but
// DMA memory is posted, and x86 keeps stores in order (§6.1: a driver should
// accept them).
const common = FeatureVersion1 | FeatureEventIndex | FeatureAccessPlatform | FeatureOrderPlatform

// Device is a virtio device that a driver took over.
//
// Setting up goes through Open, Queue for each queue, Start. Wait is for one
// goroutine at a time; Notify of its queues may run beside it.
type Device struct {
	transport Transport
	platform  Platform
	irq       Interrupt
	wanted    uint64
	features  uint64
	queues    []*Queue
	count     [8]byte // Wait's buffer
}

// Open resets a device and negotiates features (Virtio 1.2 §3.1.1, steps 1 to
// 6). features are those that the driver of this device type can use; what
// every device may offer is added here.
//
// It fails when the device is a legacy one, refuses the features, or does not
// reset in bounded time. The device is then marked as failed.
func Open(t Transport, p Platform, features uint64) (*Device, error) {
	d := &Device{transport: t, platform: p, wanted: features | common}
	if err := d.negotiate(); err != nil {
		return nil, err
	}
	return d, nil
}

// String names the device for messages.
func (d *Device) String() string { return d.transport.String() }

// Features returns the features in use.
func (d *Device) Features() uint64 { return d.features }

// Queue sets up queue number index with at most size descriptors, less if the
// device allows less. The buffers it is to start with can be added before
// Start; Kick them after.
func (d *Device) Queue(index, size int) (*Queue, error) {
	limit := d.transport.QueueSizeMax(index)
	if limit == 0 {
		return nil, d.failed(fmt.Errorf("%w: number %d", ErrNoQueue, index))
	}
	// §4.2.3.2 and §2.7: a power of two, not above what the device can do.
	n := 2
	for n*2 <= size && n*2 <= int(min(limit, maxQueue)) {
		n *= 2
	}
	if uint32(n) > limit {
		return nil, d.failed(fmt.Errorf("%w: number %d has %d descriptor", ErrNoQueue, index, limit))
	}
	q, err := newQueue(d.platform, index, n, d.features&FeatureEventIndex != 0, d.transport.Notify)
	if err != nil {
		return nil, d.failed(err)
	}
	if err := d.transport.EnableQueue(index, q.layout); err != nil {
		return nil, d.failed(err)
	}
	d.queues = append(d.queues, q)
	return q, nil
}

// Start opens the interrupt, unless that was done, and sets the device live
// (Virtio 1.2 §3.1.1, step 8). Queues may be kicked from here on.
func (d *Device) Start() error {
	if d.irq == nil {
		irq, err := d.transport.OpenInterrupt()
		if err != nil {
			return d.failed(fmt.Errorf("virtio: interrupt of %v: %w", d.transport, err))
		}
		d.irq = irq
	}
	d.addStatus(statusDriverOK)
	if d.transport.Status()&statusNeedsReset != 0 {
		return d.failed(ErrGaveUp)
	}
	return nil
}

// Wait parks the calling goroutine until the device interrupts and returns
// why. An interrupt may be spurious (no cause) and may be older than the last
// Arm: look at the queues, and Arm again before the next Wait.
//
// It returns os.ErrClosed after Close and os.ErrDeadlineExceeded after the
// deadline, as an *os.File does, and ErrGaveUp when the device asks for a reset.
func (d *Device) Wait() (Cause, error) {
	if _, err := d.irq.Read(d.count[:]); err != nil {
		return 0, err
	}
	cause := d.transport.TakeInterrupt()
	// §2.1.2: a device that needs a reset says so by a configuration interrupt.
	if cause&CauseConfig != 0 && d.transport.Status()&statusNeedsReset != 0 {
		return cause, ErrGaveUp
	}
	return cause, nil
}

// SetWaitDeadline bounds Wait, the running one included. Zero is no bound.
func (d *Device) SetWaitDeadline(t time.Time) error { return d.irq.SetReadDeadline(t) }

// Config reads a field of size 1, 2, 4 or 8 bytes of the configuration, with a
// value that the device had at one moment (Virtio 1.2 §2.5.1).
// It returns ErrConfig when the device changes it all the time.
func (d *Device) Config(off, size int) (uint64, error) {
	for range configTries {
		before := d.transport.ConfigGeneration()
		var v uint64
		if size == 8 {
			v = uint64(d.transport.Config(off, 4)) | uint64(d.transport.Config(off+4, 4))<<32
		} else {
			v = uint64(d.transport.Config(off, size))
		}
		if d.transport.ConfigGeneration() == before {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%w: %v, offset %d", ErrConfig, d.transport, off)
}

// Reset stops the device. After it, and only if it returns nil, every buffer
// belongs to the driver again; the queues return ErrReset until Reopen.
//
// It returns ErrNoReset when the device does not confirm: its memory must then
// never be used for anything else.
func (d *Device) Reset() error {
	for _, q := range d.queues {
		if q.err == nil {
			q.err = ErrReset
		}
	}
	return d.reset()
}

// Reopen resets the device and sets it up as before: same features, same
// queues, which are whole and empty again. Post buffers, then Start.
//
// The caller makes sure that no other goroutine uses the queues meanwhile.
func (d *Device) Reopen() error {
	had := d.features
	if err := d.Reset(); err != nil {
		return err
	}
	if err := d.negotiate(); err != nil {
		return err
	}
	if d.features != had {
		return d.failed(fmt.Errorf("%w: had %#x, now %#x", ErrFeatures, had, d.features))
	}
	for _, q := range d.queues {
		if d.transport.QueueSizeMax(q.index) < uint32(q.Size()) {
			return d.failed(fmt.Errorf("%w: number %d shrank", ErrNoQueue, q.index))
		}
		q.clear()
		if err := d.transport.EnableQueue(q.index, q.layout); err != nil {
			return d.failed(err)
		}
	}
	return nil
}

// Close resets the device and closes its interrupt, which ends Wait.
func (d *Device) Close() error {
	err := d.Reset()
	if d.irq != nil {
		err = errors.Join(err, d.irq.Close())
	}
	return err
}

// negotiate runs steps 1 to 6 of Virtio 1.2 §3.1.1.
func (d *Device) negotiate() error {
	if err := d.reset(); err != nil {
		return err
	}
	d.addStatus(statusAcknowledge)
	d.addStatus(statusDriver)
	offered := d.transport.Features()
	d.features = offered & d.wanted
	// §6.1: VERSION_1 must be accepted; without it this is a legacy device.
	if d.features&FeatureVersion1 == 0 {
		return d.failed(fmt.Errorf("%w: %v offers %#x", ErrFeatures, d.transport, offered))
	}
	d.transport.SetFeatures(d.features)
	d.addStatus(statusFeaturesOK)
	// §3.1.1 step 6: read it again, the device may have refused.
	if d.transport.Status()&statusFeaturesOK == 0 {
		return d.failed(fmt.Errorf("%w: %v refuses %#x of %#x", ErrFeatures, d.transport, d.features, offered))
	}
	return nil
}

// reset writes 0 to the status and waits until the device shows it
// (Virtio 1.2 §2.4.2).
func (d *Device) reset() error {
	d.transport.SetStatus(0)
	for i := range resetSpins + resetTries {
		if d.transport.Status() == 0 {
			return nil
		}
		if i >= resetSpins {
			time.Sleep(resetPause)
		}
	}
	return fmt.Errorf("%w: %v, status %#x", ErrNoReset, d.transport, d.transport.Status())
}

// addStatus sets a bit; none is ever cleared but by a reset (§2.1.1).
func (d *Device) addStatus(bit uint32) { d.transport.SetStatus(d.transport.Status() | bit) }

// failed marks the device as given up by the driver and returns err.
func (d *Device) failed(err error) error {
	d.addStatus(statusFailed)
	return err
}
