package virtio_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

const allFeatures = virtio.FeatureVersion1 | virtio.FeatureEventIndex

// rig is a started device with one queue and a region to post from.
type rig struct {
	dev    *virtiotest.Device
	driver *virtio.Device
	q      *virtio.Queue
	region *virtio.Region
}

func newRig(t testing.TB, features uint64, size int) *rig {
	t.Helper()
	r := &rig{dev: virtiotest.New(virtio.TypeRNG, features, nil, size)}
	var err error
	if r.driver, err = virtio.Open(r.dev.Transport(), r.dev.Platform(), 0); err != nil {
		t.Fatal(err)
	}
	if r.q, err = r.driver.Queue(0, size); err != nil {
		t.Fatal(err)
	}
	if r.region, err = virtio.NewRegion(r.dev.Platform(), 64*64); err != nil {
		t.Fatal(err)
	}
	if err := r.driver.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// obeyed fails the test when the driver broke a rule.
func (r *rig) obeyed(t testing.TB) {
	t.Helper()
	for _, v := range r.dev.Violations() {
		t.Errorf("driver: %v", v)
	}
}

// buf returns 64 bytes of the region.
func (r *rig) buf(i int) virtio.Buffer { return r.region.Buffer(64*(i%64), 64) }

// modes are the ways to suppress notifications.
var modes = []struct {
	name     string
	features uint64
}{
	{"flags", virtio.FeatureVersion1},
	{"event index", allFeatures},
}

func TestAddReachesTheDevice(t *testing.T) {
	r := newRig(t, allFeatures, 8)
	copy(r.region.Bytes(0, 64), "head")
	copy(r.region.Bytes(64, 64), "body")
	token, err := r.q.Add([]virtio.Buffer{r.region.Buffer(0, 4), r.region.Buffer(64, 4)}, []virtio.Buffer{r.buf(2), r.buf(3)})
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := r.dev.Pop(0); ok {
		t.Fatalf("the device saw %v before Kick", c)
	}
	r.q.Kick()
	c, ok := r.dev.Pop(0)
	if !ok || string(c.Read()) != "headbody" || c.Room() != 128 {
		t.Fatalf("device got %+v, %v", c, ok)
	}
	answer := bytes.Repeat([]byte("x"), 100)
	r.dev.Push(0, c.Head, c.Write(answer))
	got, ok, err := r.q.Take()
	if want := (virtio.Completion{Token: token, Len: 100}); got != want || !ok || err != nil {
		t.Errorf("Take() = %v, %v, %v, want %v", got, ok, err, want)
	}
	if _, ok, err := r.q.Take(); ok || err != nil {
		t.Errorf("second Take() = %v, %v", ok, err)
	}
	if r.q.Free() != 8 {
		t.Errorf("Free() = %d, want 8", r.q.Free())
	}
	r.obeyed(t)
}

func TestAddRefuses(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	five := []virtio.Buffer{r.buf(0), r.buf(1), r.buf(2), r.buf(3), r.buf(4)}
	for _, tt := range []struct {
		name    string
		out, in []virtio.Buffer
	}{
		{"nothing", nil, nil},
		{"empty readable buffer", []virtio.Buffer{{}}, nil},
		{"empty writable buffer", nil, []virtio.Buffer{r.buf(0), r.region.Buffer(9, 0)}},
		{"more than the queue has", five, nil},
	} {
		if _, err := r.q.Add(tt.out, tt.in); err == nil {
			t.Errorf("%s: Add succeeded", tt.name)
		}
	}
	if _, err := r.q.Add(five[:3], nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.q.Add(five[:2], nil); !errors.Is(err, virtio.ErrFull) {
		t.Errorf("Add(2 buffers) with 1 free = %v, want ErrFull", err)
	}
	if _, err := r.q.Add(five[:1], nil); err != nil {
		t.Errorf("Add(1 buffer) with 1 free = %v", err)
	}
	r.q.Kick()
	r.obeyed(t)
}

// Every rule about what a device may write to the used ring, Virtio 1.2
// §2.7.8.2, broken once.
func TestTakeRejects(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(r *rig, head uint16)
		want error
	}{
		{"id of no descriptor", func(r *rig, _ uint16) { r.dev.PushQuiet(0, 8, 0) }, virtio.ErrUsedID},
		{"id that is right in its lower half", func(r *rig, h uint16) { r.dev.PushQuiet(0, 1<<16|uint32(h), 0) }, virtio.ErrUsedID},
		{"largest id", func(r *rig, _ uint16) { r.dev.PushQuiet(0, 1<<32-1, 0) }, virtio.ErrUsedID},
		{"free descriptor", func(r *rig, _ uint16) { r.dev.PushQuiet(0, 7, 0) }, virtio.ErrUnsolicited},
		{"second of a chain", func(r *rig, h uint16) { r.dev.PushQuiet(0, uint32(h)+1, 0) }, virtio.ErrUnsolicited},
		{"not yet kicked", func(r *rig, h uint16) {
			token, _ := r.q.Add(nil, []virtio.Buffer{r.buf(5)})
			r.dev.PushQuiet(0, uint32(token), 0)
		}, virtio.ErrUnsolicited},
		{"one byte too long", func(r *rig, h uint16) { r.dev.PushQuiet(0, uint32(h), 65) }, virtio.ErrUsedLength},
		{"largest length", func(r *rig, h uint16) { r.dev.PushQuiet(0, uint32(h), 1<<32-1) }, virtio.ErrUsedLength},
		{"index one ahead", func(r *rig, h uint16) {
			r.dev.SetUsedElem(0, 0, uint32(h), 1)
			r.dev.SetUsedIndex(0, 3)
		}, virtio.ErrUsedIndex},
		{"index behind", func(r *rig, h uint16) { r.dev.SetUsedIndex(0, 0xffff) }, virtio.ErrUsedIndex},
		{"index far ahead", func(r *rig, h uint16) { r.dev.SetUsedIndex(0, 0x8000) }, virtio.ErrUsedIndex},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, allFeatures, 8)
			head, err := r.q.Add([]virtio.Buffer{r.buf(0)}, []virtio.Buffer{r.buf(1)})
			if err != nil {
				t.Fatal(err)
			}
			r.q.Add(nil, []virtio.Buffer{r.buf(2)})
			r.q.Kick()
			r.dev.Pop(0)
			r.dev.Pop(0)
			tt.do(r, uint16(head))
			if !r.q.Arm() {
				t.Error("Arm() = false: the owner would park before it sees the error")
			}
			c, ok, err := r.q.Take()
			if ok || !errors.Is(err, tt.want) {
				t.Fatalf("Take() = %v, %v, %v, want %v", c, ok, err, tt.want)
			}
			first := err
			if _, _, err := r.q.Take(); err != first {
				t.Errorf("second Take: %v, want the first error", err)
			}
			if _, err := r.q.Add(nil, []virtio.Buffer{r.buf(3)}); err != first {
				t.Errorf("Add on a broken queue: %v, want the first error", err)
			}
			n := r.dev.Notified(0)
			r.q.Kick()
			if r.dev.Notified(0) != n || !r.q.Pending() || r.q.Err() != first {
				t.Error("broken queue: Kick notified, nothing is pending, or the error is gone")
			}
			if err := r.driver.Reopen(); err != nil {
				t.Fatal(err)
			}
			if err := r.driver.Start(); err != nil {
				t.Fatal(err)
			}
			roundTrip(t, r, 1)
			r.obeyed(t)
		})
	}
}

func TestTakeRejectsDuplicate(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	roundTrip(t, r, 1)
	a, _ := r.q.Add(nil, []virtio.Buffer{r.buf(0)})
	r.q.Add(nil, []virtio.Buffer{r.buf(1)})
	r.q.Kick()
	r.dev.PushQuiet(0, uint32(a), 1)
	r.dev.PushQuiet(0, uint32(a), 1)
	if _, ok, err := r.q.Take(); !ok || err != nil {
		t.Fatalf("first Take() = %v, %v", ok, err)
	}
	if _, _, err := r.q.Take(); !errors.Is(err, virtio.ErrUnsolicited) {
		t.Errorf("second Take() = %v, want ErrUnsolicited", err)
	}
}

// A device may say that it wrote into buffers that it could only read, as
// vhost-device-vsock does. There is nothing to trust, so the length is 0.
func TestTakeIgnoresLengthOfReadableChain(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	token, _ := r.q.Add([]virtio.Buffer{r.buf(0)}, nil)
	r.q.Kick()
	r.dev.PushQuiet(0, uint32(token), 1<<31)
	if c, ok, err := r.q.Take(); c != (virtio.Completion{Token: token}) || !ok || err != nil {
		t.Errorf("Take() = %v, %v, %v", c, ok, err)
	}
}

// The driver must not read back what the device can have changed.
func TestSharedMemoryIsNotReadBack(t *testing.T) {
	r := newRig(t, virtio.FeatureVersion1, 8)
	r.q.Add([]virtio.Buffer{r.buf(0), r.buf(1)}, []virtio.Buffer{r.buf(2)})
	token, _ := r.q.Add(nil, []virtio.Buffer{r.buf(3)})
	r.q.Kick()
	for n := range 8*4 + (4+2*8+4)/4 { // descriptor table and available ring
		r.dev.SetSharedWord(0, n, 0xa5a5a5a5)
	}
	r.dev.PushQuiet(0, uint32(token), 64)
	r.dev.PushQuiet(0, 0, 64)
	for i, want := range []virtio.Token{token, 0} {
		if c, ok, err := r.q.Take(); c.Token != want || !ok || err != nil {
			t.Errorf("Take %d = %v, %v, %v, want token %d", i, c, ok, err, want)
		}
	}
	if r.q.Free() != 8 {
		t.Errorf("Free() = %d, want 8", r.q.Free())
	}
	if err := r.driver.Reopen(); err != nil {
		t.Fatal(err)
	}
	if err := r.driver.Start(); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, r, 20)
	r.obeyed(t)
}

// roundTrip sends n chains through, one after the other.
func roundTrip(t testing.TB, r *rig, n int) {
	t.Helper()
	for i := range n {
		token, err := r.q.Add([]virtio.Buffer{r.buf(0)}, []virtio.Buffer{r.buf(1)})
		if err != nil {
			t.Fatal(err)
		}
		r.q.Kick()
		c, ok := r.dev.Pop(0)
		if !ok {
			t.Fatalf("round %d: the device sees nothing", i)
		}
		r.dev.PushQuiet(0, uint32(c.Head), uint32(i%65))
		got, ok, err := r.q.Take()
		if want := (virtio.Completion{Token: token, Len: i % 65}); got != want || !ok || err != nil {
			t.Fatalf("round %d: Take() = %v, %v, %v, want %v", i, got, ok, err, want)
		}
	}
}

func TestIndicesWrap(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			r := newRig(t, mode.features, 4)
			roundTrip(t, r, 1<<16+10)
			if r.q.Free() != 4 {
				t.Errorf("Free() = %d, want 4", r.q.Free())
			}
			r.obeyed(t)
		})
	}
}

func TestDescriptorFormat(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	head, _ := r.q.Add([]virtio.Buffer{r.region.Buffer(3, 5)}, []virtio.Buffer{r.region.Buffer(64, 7)})
	base, _, _, second := r.dev.Descriptor(0, int(head))
	for _, tt := range []struct {
		i    int
		want string
	}{
		{int(head), fmt.Sprintf("%#x 5 1 %d", base, second)},
		{int(second), fmt.Sprintf("%#x 7 2 0", base-3+64)},
	} {
		phys, size, flags, next := r.dev.Descriptor(0, tt.i)
		if got := fmt.Sprintf("%#x %d %d %d", phys, size, flags, next); got != tt.want {
			t.Errorf("descriptor %d = %s, want %s", tt.i, got, tt.want)
		}
	}
	if base < 1<<32 {
		t.Errorf("descriptor address %#x: the upper half is lost", base)
	}
}
