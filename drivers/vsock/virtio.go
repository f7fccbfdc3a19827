package vsock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// The queues of a socket device (Virtio 1.2 §5.10.2).
const (
	rxQueue    = 0
	txQueue    = 1
	eventQueue = 2
)

// Feature bits of a socket device (Virtio 1.2 §5.10.3). A device that offers none
// has stream sockets.
const (
	featureStream          uint64 = 1 << 0 // VIRTIO_VSOCK_F_STREAM
	featureNoImpliedStream uint64 = 1 << 2 // VIRTIO_VSOCK_F_NO_IMPLIED_STREAM
)

// Device configuration (Virtio 1.2 §5.10.4).
const (
	guestCIDOff  = 0 // le64 guest_cid
	guestCIDSize = 8
)

const (
	defaultPoll = 200 * time.Microsecond
	looks       = 1024 // looks at the ring between two looks at the clock: some 30 us under TCG
)

// maxRestarts is how often a device may break the rules before it is given up.
const maxRestarts = 16

// Errors of a socket device.
var (
	ErrNoStream = errors.New("vsock: device has no stream sockets")
	ErrBadCID   = errors.New("vsock: device gives a reserved address")
)

// A Virtio is the Carrier over a virtio socket device.
//
// A device that breaks the rules of virtqueues is reset and set up anew, which
// is a transport reset to the sockets above.
type Virtio struct {
	dev   *virtio.Device
	rx    *receiver
	tx    *sender
	event *receiver

	// Poll is how long Wait looks for more before it parks, counted from the
	// last packet. It is set before New. An interrupt and the way back to a
	// parked goroutine cost more than what most peers take to answer: under
	// QEMU's TCG bulk to the host is twice as fast with it, a small echo takes half.
	Poll time.Duration

	broken   error       // why the device has to be set up anew
	gaveUp   atomic.Bool // the device asks for it
	starved  atomic.Bool // room to send is waited for, and an interrupt will tell
	busy     bool        // packets came since Wait polled last
	stopped  atomic.Bool
	restarts int
}

var _ Carrier = (*Virtio)(nil)

// OpenVirtio takes a socket device over. Give the result to New.
func OpenVirtio(t virtio.Transport, p virtio.Platform) (*Virtio, error) {
	if t.Type() != virtio.TypeVsock {
		return nil, fmt.Errorf("vsock: %v is of type %d", t, t.Type())
	}
	dev, err := virtio.Open(t, p, featureStream|featureNoImpliedStream)
	if err != nil {
		return nil, fmt.Errorf("vsock: %w", err)
	}
	v := &Virtio{dev: dev, Poll: defaultPoll}
	if err := v.setUp(p); err != nil {
		_ = dev.Reset()
		return nil, fmt.Errorf("vsock: %v: %w", dev, err)
	}
	return v, nil
}

func (v *Virtio) setUp(p virtio.Platform) (err error) {
	if f := v.dev.Features(); f&featureNoImpliedStream != 0 && f&featureStream == 0 {
		return ErrNoStream
	}
	if v.rx, err = newReceiver(v.dev, p, rxQueue, rxCount, rxSize); err != nil {
		return err
	}
	v.rx.scrub = packet.HeaderSize
	if v.tx, err = newSender(v.dev, p); err != nil {
		return err
	}
	if v.event, err = newReceiver(v.dev, p, eventQueue, eventCount, eventSize); err != nil {
		return err
	}
	return v.begin()
}

// begin sets a device live whose queues are empty.
func (v *Virtio) begin() error {
	for _, r := range []*receiver{v.rx, v.event} {
		if err := r.fill(); err != nil {
			return err
		}
	}
	v.tx.empty()
	if err := v.dev.Start(); err != nil {
		return err
	}
	v.rx.queue.Kick()
	v.event.queue.Kick()
	return nil
}

// CID reads guest_cid. The device may change it at a transport reset only.
func (v *Virtio) CID() (uint32, error) {
	cid, err := v.dev.Config(guestCIDOff, guestCIDSize)
	if err != nil {
		return 0, err
	}
	// Virtio 1.2 §5.10.4: the upper half is zero; 0, 1, 2 and all ones are reserved.
	if cid <= uint64(Host) || cid >= uint64(Any) {
		return 0, fmt.Errorf("%w: %#x", ErrBadCID, cid)
	}
	return uint32(cid), nil
}

// Receive returns the oldest packet.
func (v *Virtio) Receive() ([]byte, error) {
	if v.gaveUp.Swap(false) {
		v.fail(virtio.ErrGaveUp)
	}
	if v.broken == nil {
		v.fail(v.tx.queue.Err())
	}
	reset := v.broken == nil && v.transportReset()
	if v.broken != nil {
		if err := v.restart(); err != nil {
			return nil, err
		}
		reset = true
	}
	if reset {
		return nil, ErrTransportReset
	}
	b, err := v.rx.take()
	if err != nil {
		v.fail(err)
		return v.Receive()
	}
	if b == nil {
		v.rx.queue.Kick() // what Release has posted
	} else {
		v.busy = true
	}
	return b, nil
}

// transportReset looks whether the device says that connections are gone.
func (v *Virtio) transportReset() bool {
	reset := false
	for {
		b, err := v.event.take()
		if err != nil {
			v.fail(err)
		}
		if b == nil {
			return reset
		}
		// Virtio 1.2 §5.10.6.7: struct virtio_vsock_event is le32 id, and 0 is
		// VIRTIO_VSOCK_EVENT_TRANSPORT_RESET, the only one.
		if len(b) == eventSize && b[0]|b[1]|b[2]|b[3] == 0 {
			reset = true
		}
		v.event.release()
		v.event.queue.Kick()
	}
}

// Release posts the last received packet's buffer again.
func (v *Virtio) Release() { v.rx.release() }

// Buffer returns where to put the next packet.
func (v *Virtio) Buffer(n int) []byte {
	b := v.tx.buffer(n)
	v.starved.Store(b == nil)
	if b == nil && v.tx.queue.Err() != nil {
		v.wake()
	}
	return b
}

// Send posts it.
func (v *Virtio) Send(n int) { v.tx.send(n) }

// Flush notifies the device as far as it wants to be.
func (v *Virtio) Flush() { v.tx.queue.Kick() }

// Wait parks until the device interrupts. The receive and event queues are
// the caller's alone, so it may look at them without a lock.
func (v *Virtio) Wait() error {
	if v.look() || v.rx.queue.Arm() || v.event.queue.Arm() {
		return nil
	}
	_, err := v.dev.Wait()
	v.rx.queue.Disarm()
	switch {
	case errors.Is(err, virtio.ErrGaveUp):
		v.gaveUp.Store(true)
	case errors.Is(err, os.ErrDeadlineExceeded): // wake was called
		err = v.dev.SetWaitDeadline(time.Time{})
		if v.stopped.Load() {
			return net.ErrClosed
		}
		return err
	case err != nil:
		return err
	}
	return nil
}

// look polls for a packet for a while and reports whether there is one.
func (v *Virtio) look() bool {
	if !v.busy || v.Poll <= 0 {
		return false
	}
	v.busy = false
	for end := time.Now().Add(v.Poll); !v.starved.Load() && time.Now().Before(end); {
		// Those who got something must run, and they are why there may be more.
		// Not too often: with several processors it wakes one that idles.
		runtime.Gosched()
		for range looks {
			if v.rx.queue.Pending() {
				return true
			}
		}
	}
	return false
}

// wake makes Wait return.
func (v *Virtio) wake() { _ = v.dev.SetWaitDeadline(time.Unix(1, 0)) }

// Stop makes Wait return.
func (v *Virtio) Stop() {
	v.stopped.Store(true)
	v.wake()
}

// Close resets the device.
func (v *Virtio) Close() error { return v.dev.Close() }

// fail notes that the device has to be set up anew.
func (v *Virtio) fail(err error) {
	if v.broken == nil {
		v.broken = err
	}
}

// restart sets a broken device up anew, or returns why not.
func (v *Virtio) restart() error {
	cause := v.broken
	if v.restarts++; v.restarts > maxRestarts {
		return fmt.Errorf("vsock: %v broke the rules too often: %w", v.dev, cause)
	}
	v.broken = nil
	err := v.dev.Reopen()
	if err == nil {
		err = v.begin()
	}
	if err != nil {
		return fmt.Errorf("vsock: %v does not recover: %w", v.dev, errors.Join(err, cause))
	}
	return nil
}
