package virtio_test

import (
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

// Words of a queue of 8 that a device shares: the descriptor table, then the
// available ring with used_event, then the used ring with avail_event.
const (
	availHeadWord = 8 * 4
	usedHeadWord  = availHeadWord + 1 + 4 + 1
)

// Virtio 1.2 §6.1: a driver should accept ACCESS_PLATFORM and ORDER_PLATFORM; it
// must not accept what it does not know, such as the packed ring.
func TestOpenAcceptsPlatformFeatures(t *testing.T) {
	const platform = virtio.FeatureAccessPlatform | virtio.FeatureOrderPlatform
	const indirect, packed, inOrder, sriov, notification, ringReset = 1 << 28, 1 << 34, 1 << 35, 1 << 37, 1 << 38, 1 << 40
	dev := virtiotest.New(virtio.TypeRNG, allFeatures|platform|indirect|packed|inOrder|sriov|notification|ringReset, nil, 4)
	if _, err := virtio.Open(dev.Transport(), dev.Platform(), 0); err != nil {
		t.Fatal(err)
	}
	if got, want := dev.Accepted(), allFeatures|platform; got != want {
		t.Errorf("accepted %#x, want %#x", got, want)
	}
}

// Virtio 1.2 §2.7.10.1: with EVENT_IDX the flag in the used ring is ignored,
// without it avail_event is.
func TestOnlyTheNegotiatedSuppressionCounts(t *testing.T) {
	for _, tt := range []struct {
		name     string
		features uint64
		flags    uint32 // and index 0
		event    uint32
		want     int
	}{
		{"event index, flag says no", allFeatures, 1, 0, 1},
		{"event index, event is elsewhere", allFeatures, 0, 100, 0},
		{"flags, event is elsewhere", virtio.FeatureVersion1, 0, 100, 1},
		{"flags, flag says no", virtio.FeatureVersion1, 1, 0, 0},
	} {
		r := newRig(t, tt.features, 8)
		r.dev.SetSharedWord(0, usedHeadWord, tt.flags)
		r.dev.SetSharedWord(0, r.dev.SharedWords(0)-1, tt.event)
		if _, err := r.q.Add(nil, []virtio.Buffer{r.buf(0)}); err != nil {
			t.Fatal(err)
		}
		r.q.Kick()
		if got := r.dev.Notified(0); got != tt.want {
			t.Errorf("%s: %d notifications, want %d", tt.name, got, tt.want)
		}
	}
}

// Virtio 1.2 §2.7.7.1: the flags of the available ring are 0 with EVENT_IDX, 0 or 1
// without.
func TestAvailableFlags(t *testing.T) {
	for _, mode := range modes {
		r := newRig(t, mode.features, 8)
		check := func(when string) {
			t.Helper()
			flags := r.dev.SharedWord(0, availHeadWord) & 0xffff
			if flags > 1 || flags != 0 && mode.features&virtio.FeatureEventIndex != 0 {
				t.Errorf("%s, %s: flags %#x", mode.name, when, flags)
			}
		}
		check("new")
		for range 3 {
			r.q.Disarm()
			check("disarmed")
			roundTrip(t, r, 1)
			check("used")
			r.q.Arm()
			check("armed")
		}
	}
}
