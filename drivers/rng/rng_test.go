package rng_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/rng"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

// open starts a driver on a device that answers each request by answer.
func open(t *testing.T, answer func(dev *virtiotest.Device, c *virtiotest.Chain)) (*rng.Device, *virtiotest.Device) {
	t.Helper()
	dev := virtiotest.New(virtio.TypeRNG, virtio.FeatureVersion1|virtio.FeatureEventIndex, nil, 8)
	dev.OnNotify = func(int) {
		for {
			c, ok := dev.Pop(0)
			if !ok {
				return
			}
			answer(dev, c)
			dev.WantNotify(0, true)
		}
	}
	d, err := rng.Open(dev.Transport(), dev.Platform(), rng.DefaultTimeout)
	if err != nil {
		t.Fatal(err)
	}
	return d, dev
}

// counter answers with bytes that go up, and no more than most at once.
func counter(most int) func(*virtiotest.Device, *virtiotest.Chain) {
	n := byte(0)
	return func(dev *virtiotest.Device, c *virtiotest.Chain) {
		p := make([]byte, min(most, c.Room()))
		for i := range p {
			n++
			p[i] = n
		}
		dev.Push(0, c.Head, c.Write(p))
	}
}

func TestReadGivesWhatTheDeviceGave(t *testing.T) {
	d, dev := open(t, counter(5))
	var got []byte
	for range 3 {
		p := make([]byte, 8)
		n, err := d.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p[:n]...)
	}
	if want := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; !bytes.Equal(got, want) {
		t.Errorf("3 Reads = %v, want %v", got, want)
	}
	if n, err := d.Read(make([]byte, 1000)); n != 5 || err != nil {
		t.Errorf("large Read = %d, %v", n, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, v := range dev.Violations() {
		t.Error(v)
	}
}

func TestReadOfUselessDevice(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(*virtiotest.Device, *virtiotest.Chain)
		want   error
	}{
		{"no bytes", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head, 0) }, rng.ErrEmpty},
		{"no answer", func(*virtiotest.Device, *virtiotest.Chain) {}, rng.ErrSilent},
		{"interrupts without an answer", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Interrupt(virtio.CauseQueue) }, rng.ErrSilent},
		{"more than was asked for", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head, 33) }, virtio.ErrUsedLength},
		{"another id", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head^1, 32) }, virtio.ErrUnsolicited},
		{"gave up", func(d *virtiotest.Device, c *virtiotest.Chain) {
			d.SetStatus(64)
			d.Interrupt(virtio.CauseConfig)
		}, virtio.ErrGaveUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, _ := open(t, tt.answer)
				start := time.Now()
				n, err := d.Read(make([]byte, 32))
				if n != 0 || !errors.Is(err, tt.want) {
					t.Errorf("Read = %d, %v, want %v", n, err, tt.want)
				}
				if took := time.Since(start); took > rng.DefaultTimeout {
					t.Errorf("Read took %v", took)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A device that says it wrote, and did not, must not hand out the last answer.
func TestReadGivesNoStaleBytes(t *testing.T) {
	lazy := false
	honest := counter(32)
	d, _ := open(t, func(dev *virtiotest.Device, c *virtiotest.Chain) {
		if lazy {
			dev.Push(0, c.Head, c.Room())
			return
		}
		honest(dev, c)
	})
	p := make([]byte, 32)
	if _, err := d.Read(p); err != nil {
		t.Fatal(err)
	}
	lazy = true
	if n, err := d.Read(p); n != 32 || err != nil || !bytes.Equal(p, make([]byte, 32)) {
		t.Errorf("Read = %d, %v, bytes %x, want zeros", n, err, p)
	}
}

func TestSeed(t *testing.T) {
	repeat := bytes.Repeat([]byte("0123456789abcdef0123456789abcdef"), 4)
	for _, tt := range []struct {
		name   string
		answer func(*virtiotest.Device, *virtiotest.Chain)
		want   error
	}{
		{"counter", counter(64), nil},
		{"counter, few at once", counter(7), nil},
		{"same bytes", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head, c.Write(repeat)) }, rng.ErrDegenerate},
		{"zeros", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head, c.Room()) }, rng.ErrDegenerate},
		{"no bytes", func(d *virtiotest.Device, c *virtiotest.Chain) { d.Push(0, c.Head, 0) }, rng.ErrEmpty},
	} {
		d, _ := open(t, tt.answer)
		var added []byte
		n, err := rng.Seed(d, func(p []byte) error { added = append(added, p...); return nil })
		if !errors.Is(err, tt.want) || n != len(added) || (n == 64) != (tt.want == nil) {
			t.Errorf("%s: Seed = %d, %v, want %v; added %d bytes", tt.name, n, err, tt.want, len(added))
		}
	}
	refused := errors.New("refused")
	d, _ := open(t, counter(64))
	if n, err := rng.Seed(d, func([]byte) error { return refused }); n != 0 || !errors.Is(err, refused) {
		t.Errorf("kernel refuses: Seed = %d, %v", n, err)
	}
}

func TestOpenRefusesAnotherType(t *testing.T) {
	dev := virtiotest.New(virtio.TypeVsock, virtio.FeatureVersion1, nil, 8)
	if _, err := rng.Open(dev.Transport(), dev.Platform(), time.Second); err == nil {
		t.Error("a socket device was taken for an entropy device")
	}
}

// Virtio 1.2 §5.4.6.1: no device-readable buffer is placed into the queue.
func TestRequestsAreWriteOnly(t *testing.T) {
	honest := counter(8)
	d, _ := open(t, func(dev *virtiotest.Device, c *virtiotest.Chain) {
		if len(c.Readable) != 0 || c.Room() == 0 {
			t.Errorf("a request of %d readable buffers and %d bytes of room", len(c.Readable), c.Room())
		}
		honest(dev, c)
	})
	if _, err := d.Read(make([]byte, 8)); err != nil {
		t.Error(err)
	}
}
