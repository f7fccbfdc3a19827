package virtio_test

import (
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// serve is a device that answers every chain by its own goroutine, sleeping
// until it is notified, as an honest device would.
func serve(r *rig, wake <-chan struct{}) {
	for {
		for {
			c, ok := r.dev.Pop(0)
			if !ok {
				break
			}
			r.dev.Push(0, c.Head, c.Write([]byte("answer")))
		}
		if r.dev.WantNotify(0, true) {
			r.dev.WantNotify(0, false)
			continue
		}
		if _, ok := <-wake; !ok {
			return
		}
	}
}

// Two sides that both sleep whenever they may lose no wake-up: a lost one
// would let the test hang.
func TestNoWakeUpIsLost(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			r := newRig(t, mode.features, 8)
			wake := make(chan struct{}, 1)
			r.dev.OnNotify = func(int) {
				select {
				case wake <- struct{}{}:
				default:
				}
			}
			go serve(r, wake)
			defer close(wake)
			if err := r.driver.SetWaitDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			const total = 20000
			for posted, taken := 0, 0; taken < total; {
				for ; posted < total && r.q.Free() > 0; posted++ {
					if _, err := r.q.Add(nil, []virtio.Buffer{r.buf(posted)}); err != nil {
						t.Fatal(err)
					}
				}
				r.q.Kick()
				c, ok, err := r.q.Take()
				switch {
				case err != nil:
					t.Fatal(err)
				case ok && c.Len != len("answer"):
					t.Fatalf("length %d", c.Len)
				case ok:
					taken++
				case !r.q.Arm():
					if _, err := r.driver.Wait(); err != nil {
						t.Fatalf("after %d of %d: %v", taken, total, err)
					}
				}
			}
			s := r.q.Stats()
			t.Logf("%d chains, %d notifications, %d interrupts", s.Taken, s.Notified, r.dev.Line().Total())
			r.obeyed(t)
		})
	}
}
