// Package rng reads random bytes from a virtio entropy device (Virtio 1.2
// §5.4) and feeds them to the kernel's random number generator.
//
// The device belongs to the VMM, which may answer with nothing, with the same
// bytes for ever, with bytes it chose, or not at all. What it gives is
// therefore only ever added to what the processor's RDRAND gave, and a device
// that is no use is an error that an image may report and go on without.
package rng

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// Errors of a device that is no use.
var (
	ErrEmpty      = errors.New("rng: device gave no bytes")
	ErrDegenerate = errors.New("rng: device repeats itself")
	ErrSilent     = errors.New("rng: device does not answer")
)

const (
	requestQueue = 0   // §5.4.2: requestq
	blockSize    = 256 // bytes asked for at once, at most

	// DefaultTimeout is how long a Read waits for the device. QEMU answers in
	// well under a millisecond.
	DefaultTimeout = 500 * time.Millisecond
)

// Device is an entropy device. It is for one goroutine at a time.
type Device struct {
	dev     *virtio.Device
	queue   *virtio.Queue
	region  *virtio.Region
	timeout time.Duration
}

var _ io.ReadCloser = (*Device)(nil)

// Open takes over an entropy device. A Read fails after the timeout.
func Open(t virtio.Transport, p virtio.Platform, timeout time.Duration) (*Device, error) {
	if t.Type() != virtio.TypeRNG {
		return nil, fmt.Errorf("rng: %v is of type %d", t, t.Type())
	}
	dev, err := virtio.Open(t, p, 0)
	if err != nil {
		return nil, fmt.Errorf("rng: %w", err)
	}
	d := &Device{dev: dev, timeout: timeout}
	if d.queue, err = dev.Queue(requestQueue, 2); err != nil {
		return nil, fmt.Errorf("rng: %w", err)
	}
	if d.region, err = virtio.NewRegion(p, blockSize); err != nil {
		return nil, fmt.Errorf("rng: %w", err)
	}
	if err := dev.Start(); err != nil {
		return nil, fmt.Errorf("rng: %w", err)
	}
	return d, nil
}

// String names the device for messages.
func (d *Device) String() string { return d.dev.String() }

// Read asks the device once and puts what it gave into p, at least one byte.
//
// It returns ErrEmpty or ErrSilent for a device that gives none, and whatever
// package virtio says about one that breaks the rules; the device is of no use
// after that and should be closed.
func (d *Device) Read(p []byte) (int, error) {
	n := min(len(p), blockSize)
	if n == 0 {
		return 0, nil
	}
	// A device that claims more than it wrote must not hand out old bytes.
	clear(d.region.Bytes(0, n))
	if _, err := d.queue.Add(nil, []virtio.Buffer{d.region.Buffer(0, n)}); err != nil {
		return 0, fmt.Errorf("rng: %w", err)
	}
	d.queue.Kick()
	length, err := d.await()
	if err != nil {
		return 0, err
	}
	if length == 0 {
		return 0, ErrEmpty // §5.4.6.2: the device must give at least one byte
	}
	return copy(p, d.region.Bytes(0, length)), nil
}

// await waits for the one request in flight and returns its length.
func (d *Device) await() (int, error) {
	if err := d.dev.SetWaitDeadline(time.Now().Add(d.timeout)); err != nil {
		return 0, fmt.Errorf("rng: %w", err)
	}
	for {
		c, ok, err := d.queue.Take()
		if err != nil {
			return 0, fmt.Errorf("rng: %w", err)
		}
		if ok {
			return c.Len, nil
		}
		if d.queue.Arm() {
			continue
		}
		if _, err := d.dev.Wait(); errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, fmt.Errorf("%w in %v", ErrSilent, d.timeout)
		} else if err != nil {
			return 0, fmt.Errorf("rng: %w", err)
		}
	}
}

// Close resets the device.
func (d *Device) Close() error { return d.dev.Close() }

// seedSize is how much Seed adds, in two halves: twice what Go's generator
// (ChaCha8, 256 bits) can hold.
const seedSize = 64

// Seed reads from an entropy device and gives it to add, which mixes it into
// the kernel's generator. It returns how many bytes it added.
//
// It adds nothing, and returns ErrDegenerate, when the device gives the same
// bytes twice or one byte over and over. That is no test of randomness, which
// cannot be tested from here; it finds the devices that are plainly broken.
func Seed(device io.Reader, add func([]byte) error) (int, error) {
	var seed [seedSize]byte
	first, second := seed[:seedSize/2], seed[seedSize/2:]
	for _, half := range [][]byte{first, second} { // an answer each, or more
		if _, err := io.ReadFull(device, half); err != nil {
			return 0, err
		}
	}
	if bytes.Equal(first, second) || bytes.Count(first, first[:1]) == len(first) || bytes.Count(second, second[:1]) == len(second) {
		return 0, ErrDegenerate
	}
	if err := add(seed[:]); err != nil {
		return 0, fmt.Errorf("rng: add entropy: %w", err)
	}
	clear(seed[:])
	return seedSize, nil
}
