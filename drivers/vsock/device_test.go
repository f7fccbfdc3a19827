package vsock

import (
	"net"
	"sync"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// deviceEnd is the VMM's end of a socket device as a Carrier, so that a second
// Stack can be the host behind it.
type deviceEnd struct {
	dev     *virtiotest.Device
	wake    chan struct{}
	closed  chan struct{}
	once    sync.Once
	in, out *virtiotest.Chain
	scratch []byte
}

func newDeviceEnd(dev *virtiotest.Device) *deviceEnd {
	e := &deviceEnd{dev: dev, wake: make(chan struct{}, 1), closed: make(chan struct{}), scratch: make([]byte, rxSize)}
	dev.OnNotify = func(int) {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	return e
}

func (e *deviceEnd) CID() (uint32, error) { return Host, nil }

func (e *deviceEnd) Receive() ([]byte, error) {
	e.dev.WantNotify(txQueue, false)
	c, ok := e.dev.Pop(txQueue)
	if !ok {
		return nil, nil
	}
	e.in = c
	return c.Read(), nil
}

func (e *deviceEnd) Release() { e.dev.Push(txQueue, e.in.Head, 0) }

func (e *deviceEnd) Buffer(n int) []byte {
	if e.out == nil {
		c, ok := e.dev.Pop(rxQueue)
		if !ok && e.dev.WantNotify(rxQueue, true) {
			c, ok = e.dev.Pop(rxQueue)
		}
		if !ok {
			return nil
		}
		e.out = c
	}
	return e.scratch[:packet.HeaderSize+n]
}

func (e *deviceEnd) Send(n int) {
	e.dev.Push(rxQueue, e.out.Head, e.out.Write(e.scratch[:n]))
	e.out = nil
}

func (e *deviceEnd) Flush() {}

func (e *deviceEnd) Wait() error {
	if e.dev.WantNotify(txQueue, true) {
		return nil
	}
	select {
	case <-e.wake:
		return nil
	case <-e.closed:
		return net.ErrClosed
	}
}

func (e *deviceEnd) Stop()        { e.once.Do(func() { close(e.closed) }) }
func (e *deviceEnd) Close() error { return nil }

// newDevice returns a socket device for tests whose guest has CID 3.
func newDevice(features uint64) *virtiotest.Device {
	return virtiotest.New(virtio.TypeVsock, virtio.FeatureVersion1|features, []byte{3, 0, 0, 0, 0, 0, 0, 0}, 128, 128, 64)
}

// virtioStacks returns a guest on a virtio device, and the host behind it.
func virtioStacks(t testing.TB, dev *virtiotest.Device) (guest, host *Stack) {
	t.Helper()
	end := newDeviceEnd(dev)
	v, err := OpenVirtio(dev.Transport(), dev.Platform())
	if err != nil {
		t.Fatal(err)
	}
	guest, err = New(v, Config{Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	host, err = New(end, Config{Limits: machine.Limits{AnyPeer: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		host.Close()
		guest.Close()
		for _, err := range dev.Violations() {
			t.Errorf("driver broke a rule: %v", err)
		}
	})
	return guest, host
}
