package virtio_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

func TestOpenNegotiates(t *testing.T) {
	const private = 1 << 1
	dev := virtiotest.New(virtio.TypeVsock, allFeatures|private|1<<2|1<<35, nil, 4)
	d, err := virtio.Open(dev.Transport(), dev.Platform(), private|1<<3)
	if err != nil {
		t.Fatal(err)
	}
	if want := allFeatures | private; d.Features() != want || dev.Accepted() != want {
		t.Errorf("features %#x, device saw %#x, want %#x", d.Features(), dev.Accepted(), want)
	}
	if got := dev.Status(); got != 1|2|8 {
		t.Errorf("status %#x after Open, want ACKNOWLEDGE, DRIVER, FEATURES_OK", got)
	}
	if err := d.Start(); err != nil || dev.Status() != 1|2|4|8 {
		t.Errorf("Start() = %v, status %#x, want DRIVER_OK too", err, dev.Status())
	}
	for _, v := range dev.Violations() {
		t.Error(v)
	}
}

func TestOpenRejects(t *testing.T) {
	for _, tt := range []struct {
		name     string
		features uint64
		change   func(*virtiotest.Device)
		want     error
		status   uint32
	}{
		{"device without VERSION_1", virtio.FeatureEventIndex, nil, virtio.ErrFeatures, 1 | 2 | 128},
		{"device that refuses", allFeatures, func(d *virtiotest.Device) { d.RefuseFeatures = true }, virtio.ErrFeatures, 1 | 2 | 128},
		{"device that does not reset", allFeatures, func(d *virtiotest.Device) { d.NeverResets = true; d.SetStatus(4) }, virtio.ErrNoReset, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dev := virtiotest.New(virtio.TypeRNG, tt.features, nil, 4)
				if tt.change != nil {
					tt.change(dev)
				}
				start := time.Now()
				_, err := virtio.Open(dev.Transport(), dev.Platform(), 0)
				if !errors.Is(err, tt.want) || dev.Status() != tt.status {
					t.Errorf("Open = %v, status %#x, want %v, %#x", err, dev.Status(), tt.want, tt.status)
				}
				if took := time.Since(start); took > time.Second {
					t.Errorf("gave up after %v, want less than 1 s", took)
				}
				if _, err := virtio.Open(dev.Transport(), dev.Platform(), 0); err != nil && !strings.HasPrefix(err.Error(), "virtio: ") {
					t.Errorf("error %q does not say where it is from", err)
				}
			})
		})
	}
}

func TestQueueSize(t *testing.T) {
	for _, tt := range []struct {
		limit, ask, want int // want 0 is an error
	}{
		{128, 64, 64}, {128, 1024, 128}, {100, 1024, 64}, {128, 100, 64}, {128, 0, 2},
		{1 << 20, 1 << 20, 1 << 15}, {2, 64, 2}, {1, 64, 0}, {0, 64, 0},
	} {
		dev := virtiotest.New(virtio.TypeRNG, allFeatures, nil, tt.limit)
		d, err := virtio.Open(dev.Transport(), dev.Platform(), 0)
		if err != nil {
			t.Fatal(err)
		}
		q, err := d.Queue(0, tt.ask)
		if tt.want == 0 {
			if !errors.Is(err, virtio.ErrNoQueue) {
				t.Errorf("queue of %d, asked for %d: %v, want ErrNoQueue", tt.limit, tt.ask, err)
			}
			continue
		}
		if err != nil || q.Size() != tt.want {
			t.Errorf("queue of %d, asked for %d: %v, want size %d", tt.limit, tt.ask, err, tt.want)
		}
		for _, v := range dev.Violations() {
			t.Error(v)
		}
	}
}

func TestQueueInUseIsRefused(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	if _, err := r.driver.Queue(0, 4); err == nil {
		t.Error("a live queue was set up again")
	}
	if _, err := r.driver.Queue(1, 4); !errors.Is(err, virtio.ErrNoQueue) {
		t.Errorf("Queue(1) = %v, want ErrNoQueue", err)
	}
}

func TestConfigIsReadAtOneMoment(t *testing.T) {
	config := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	dev := virtiotest.New(virtio.TypeVsock, allFeatures, config, 4)
	d, err := virtio.Open(dev.Transport(), dev.Platform(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		off, size int
		want      uint64
	}{{0, 1, 1}, {2, 2, 0x0403}, {4, 4, 0x08070605}, {0, 8, 0x0807060504030201}, {8, 4, 0}} {
		if got, err := d.Config(tt.off, tt.size); got != tt.want || err != nil {
			t.Errorf("Config(%d, %d) = %#x, %v, want %#x", tt.off, tt.size, got, err, tt.want)
		}
	}
	dev.ConfigMoves = true
	if _, err := d.Config(0, 8); !errors.Is(err, virtio.ErrConfig) {
		t.Errorf("Config that moves = %v, want ErrConfig", err)
	}
	for _, v := range dev.Violations() {
		t.Error(v)
	}
}

func TestWait(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	r.dev.Interrupt(virtio.CauseQueue)
	if cause, err := r.driver.Wait(); cause != virtio.CauseQueue || err != nil {
		t.Errorf("Wait() = %v, %v, want a queue", cause, err)
	}
	r.dev.Line().Raise() // with nothing in InterruptStatus
	if cause, err := r.driver.Wait(); cause != 0 || err != nil {
		t.Errorf("spurious: Wait() = %v, %v, want no cause", cause, err)
	}
	r.dev.Interrupt(0xfffffff8 | virtio.CauseConfig)
	if cause, err := r.driver.Wait(); cause != virtio.CauseConfig || err != nil {
		t.Errorf("undefined bits: Wait() = %v, %v, want configuration", cause, err)
	}
	r.dev.SetRegister(0x60, 0)
	r.driver.SetWaitDeadline(time.Now())
	if _, err := r.driver.Wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Wait() after the deadline = %v", err)
	}
	r.obeyed(t)
}

func TestWaitReportsDeviceThatGaveUp(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	r.dev.SetStatus(64)
	r.dev.Interrupt(virtio.CauseConfig)
	if _, err := r.driver.Wait(); !errors.Is(err, virtio.ErrGaveUp) {
		t.Errorf("Wait() = %v, want ErrGaveUp", err)
	}
	if err := r.driver.Reopen(); err != nil {
		t.Fatal(err)
	}
	if err := r.driver.Start(); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, r, 3)
	r.obeyed(t)
}

func TestCloseEndsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, allFeatures, 4)
		done := make(chan error)
		go func() {
			_, err := r.driver.Wait()
			done <- err
		}()
		synctest.Wait()
		if err := r.driver.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("Wait() = %v, want os.ErrClosed", err)
		}
		if _, err := r.q.Add(nil, []virtio.Buffer{r.buf(0)}); !errors.Is(err, virtio.ErrReset) {
			t.Errorf("Add after Close = %v, want ErrReset", err)
		}
		if r.dev.Status() != 0 {
			t.Errorf("status %#x after Close, want 0", r.dev.Status())
		}
	})
}

// vm-virtio's test_regression_timeout_after_reset, from the driver's side:
// whatever was in flight is forgotten, and the same memory serves again.
func TestReopenForgetsWhatWasInFlight(t *testing.T) {
	for _, mode := range modes {
		r := newRig(t, mode.features, 8)
		roundTrip(t, r, 5)
		for i := range 4 {
			r.q.Add([]virtio.Buffer{r.buf(2 * i), r.buf(2*i + 1)}, nil)
		}
		r.q.Kick()
		if err := r.driver.Reopen(); err != nil {
			t.Fatal(err)
		}
		if r.q.Free() != 8 {
			t.Errorf("%s: Free() = %d after Reopen, want 8", mode.name, r.q.Free())
		}
		if err := r.driver.Start(); err != nil {
			t.Fatal(err)
		}
		if _, ok := r.dev.Pop(0); ok {
			t.Errorf("%s: a chain survived the reset", mode.name)
		}
		roundTrip(t, r, 50)
		r.obeyed(t)
	}
}

func TestReopenRejectsAnotherDevice(t *testing.T) {
	r := newRig(t, allFeatures, 8)
	r.dev.SetRegister(0x34, 4) // QueueSizeMax
	if err := r.driver.Reopen(); !errors.Is(err, virtio.ErrNoQueue) {
		t.Errorf("smaller queue: Reopen() = %v, want ErrNoQueue", err)
	}
	r = newRig(t, allFeatures, 8)
	r.dev.RefuseFeatures = true
	if err := r.driver.Reopen(); !errors.Is(err, virtio.ErrFeatures) {
		t.Errorf("refused features: Reopen() = %v, want ErrFeatures", err)
	}
}

func TestRegion(t *testing.T) {
	p := virtiotest.New(virtio.TypeRNG, 0, nil).Platform()
	if _, err := virtio.NewRegion(p, 0); err == nil {
		t.Error("a region of 0 bytes")
	}
	p.AllocDMA = func(int) ([]byte, uint64, error) { return make([]byte, 7), 0, nil }
	if _, err := virtio.NewRegion(p, 8); err == nil {
		t.Error("a region larger than its memory")
	}
	none := errors.New("none left")
	p.AllocDMA = func(int) ([]byte, uint64, error) { return nil, 0, none }
	if _, err := virtio.NewRegion(p, 8); !errors.Is(err, none) {
		t.Errorf("NewRegion without memory = %v", err)
	}
}
