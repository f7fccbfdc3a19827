package virtio_test

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

func TestKickNotifiesOnlyWhenWanted(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			r := newRig(t, mode.features, 8)
			r.dev.WantNotify(0, true)
			for i := range 3 {
				r.q.Add(nil, []virtio.Buffer{r.buf(i)})
			}
			r.q.Kick()
			if got := r.dev.Notified(0); got != 1 {
				t.Errorf("3 Adds, 1 Kick: %d notifications, want 1", got)
			}
			r.q.Kick()
			if got := r.dev.Notified(0); got != 1 {
				t.Errorf("Kick without Add: %d notifications, want 1", got)
			}
			r.dev.WantNotify(0, false)
			r.q.Add(nil, []virtio.Buffer{r.buf(3)})
			r.q.Kick()
			if got := r.dev.Notified(0); got != 1 {
				t.Errorf("unwanted: %d notifications, want 1", got)
			}
			r.q.Notify()
			if got := r.dev.Notified(0); got != 2 {
				t.Errorf("forced: %d notifications, want 2", got)
			}
			for range 4 {
				r.dev.Pop(0)
			}
			if r.dev.WantNotify(0, true) {
				t.Error("device sees a fifth chain")
			}
			r.q.Add(nil, []virtio.Buffer{r.buf(4)})
			r.q.Kick()
			if got := r.dev.Notified(0); got != 3 {
				t.Errorf("wanted again: %d notifications, want 3", got)
			}
			r.obeyed(t)
		})
	}
}

// vm-virtio's test_needs_notification, seen from the driver's side: a kick of
// many chains notifies when the event lies anywhere among them.
func TestKickEventInsideBatch(t *testing.T) {
	for _, tt := range []struct {
		name  string
		event uint32 // avail_event, with 4 chains already kicked
		want  int
	}{
		{"before", 3, 0}, {"first", 4, 1}, {"inside", 6, 1}, {"last", 7, 1}, {"behind", 8, 0}, {"far behind", 0x8000, 0},
	} {
		r := newRig(t, allFeatures, 8)
		r.dev.WantNotify(0, false)
		add4 := func() {
			for i := range 4 {
				r.q.Add(nil, []virtio.Buffer{r.buf(i)})
			}
			r.q.Kick()
		}
		add4()
		r.dev.SetSharedWord(0, r.dev.SharedWords(0)-1, tt.event)
		add4()
		if got := r.dev.Notified(0); got != tt.want {
			t.Errorf("%s: %d notifications, want %d", tt.name, got, tt.want)
		}
	}
}

func TestArmAndDisarm(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			r := newRig(t, mode.features, 8)
			complete := func() bool {
				r.q.Add(nil, []virtio.Buffer{r.buf(0)})
				r.q.Kick()
				c, _ := r.dev.Pop(0)
				return r.dev.PushQuiet(0, uint32(c.Head), 1)
			}
			if complete() {
				t.Error("interrupt before Arm")
			}
			if !r.q.Arm() {
				t.Error("Arm() = false with a completion there")
			}
			r.q.Take()
			if r.q.Arm() {
				t.Error("Arm() = true with nothing there")
			}
			if !complete() {
				t.Error("no interrupt after Arm")
			}
			r.q.Take()
			r.q.Disarm()
			if complete() {
				t.Error("interrupt after Disarm")
			}
			r.q.Take()
			r.obeyed(t)
		})
	}
}

func TestArmAfterCountsCompletions(t *testing.T) {
	r := newRig(t, allFeatures, 8)
	for i := range 4 {
		r.q.Add(nil, []virtio.Buffer{r.buf(i)})
	}
	r.q.Kick()
	if r.q.ArmAfter(3) {
		t.Fatal("ArmAfter(3) = true with nothing there")
	}
	for i, want := range []bool{false, false, true, false} {
		c, _ := r.dev.Pop(0)
		if got := r.dev.PushQuiet(0, uint32(c.Head), 0); got != want {
			t.Errorf("completion %d: interrupt %v, want %v", i, got, want)
		}
	}
	if !r.q.ArmAfter(4) || r.q.ArmAfter(5) {
		t.Error("ArmAfter does not count what is there")
	}
}

func TestOperationsDoNotAllocate(t *testing.T) {
	for _, mode := range modes {
		r := newRig(t, mode.features, 8)
		out, in := r.buf(0), r.buf(1)
		if n := testing.AllocsPerRun(100, func() {
			token, _ := r.q.Add([]virtio.Buffer{out}, []virtio.Buffer{in})
			r.q.Kick()
			r.dev.PushQuiet(0, uint32(token), 3)
			r.q.Arm()
			r.q.Take()
			r.q.Disarm()
		}); n != 0 {
			t.Errorf("%s: %v allocations per operation, want 0", mode.name, n)
		}
	}
}

func BenchmarkQueue(b *testing.B) {
	r := newRig(b, allFeatures, 64)
	out, in := r.buf(0), r.buf(1)
	b.ReportAllocs()
	for b.Loop() {
		token, _ := r.q.Add([]virtio.Buffer{out, in}, nil)
		r.q.Kick()
		r.dev.PushQuiet(0, uint32(token), 3)
		r.q.Arm()
		r.q.Take()
	}
}
