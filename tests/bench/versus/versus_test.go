package versus

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/bench/door"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// side is one of the two guests.
type side struct {
	name   string
	image  string
	size   int64           // of the image, bytes
	boots  []time.Duration // from QEMU's start until it listens
	client *client

	one    []time.Duration // latencies with one call in flight
	long   []time.Duration // the same with 64 KiB
	queued []time.Duration // the same with 16 in flight
	rates  [2][]float64    // calls a second of each round, with one in flight and with 16
	allocs float64         // per call
}

const (
	window   = 16
	rounds   = 11 // of which the median counts: a stalled machine spoils some
	text     = "0123456789abcdef"
	longSize = 64 << 10
)

// newSide boots an image and connects to it.
func newSide(t *testing.T, name, image string) *side {
	info, err := os.Stat(image)
	if err != nil {
		t.Fatal(err)
	}
	v := guest.Boot(t, vm.Config{Image: image})
	c, err := newClient(guest.Dial(t, v))
	if err != nil {
		t.Fatal(err)
	}
	s := &side{name: name, image: image, size: info.Size(), client: c}
	if err := c.send("resources/read", `{"uri":"`+door.ResourceURI+`"}`); err != nil {
		t.Fatal(err)
	}
	if err := c.answer(door.ResourceText); err != nil {
		t.Fatal(err)
	}
	return s
}

// reboot boots another guest of the image, for the time that takes.
func (s *side) reboot(t *testing.T) {
	v := guest.Boot(t, vm.Config{Image: s.image})
	s.boots = append(s.boots, v.ReadyAt().Sub(v.Started()))
	v.Stop()
}

// round measures n calls in each of the ways.
func (s *side) round(t *testing.T, n int) {
	one, err := s.client.latencies(n, text)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	before, err := s.client.allocs()
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	many, queued, err := s.client.stream(2*n, window, text)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	after, err := s.client.allocs()
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	long, err := s.client.latencies(max(n/20, 1), strings.Repeat("x", longSize))
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	s.one, s.long = append(s.one, one...), append(s.long, long...)
	s.queued = append(s.queued, queued...)
	var sum time.Duration
	for _, d := range one {
		sum += d
	}
	s.rates[0] = append(s.rates[0], float64(n)/sum.Seconds())
	s.rates[1] = append(s.rates[1], float64(2*n)/many.Seconds())
	s.allocs = float64(after-before) / float64(2*n) // the last round's: all is warm
}

func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

func millis(d time.Duration) float64 { return d.Seconds() * 1e3 }

// TestAgainstSDK holds what the README says of our server beside the official SDK's in
// the same guest. UNIKAI_BENCH_CALLS=N measures longer: the table is for people.
func TestAgainstSDK(t *testing.T) {
	n := 220
	if v := os.Getenv("UNIKAI_BENCH_CALLS"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	ours := newSide(t, "ours", guest.File(t, "UNIKAI_ECHO_IMAGE", "build it with `bazel build //tests/bench:echo_image`"))
	theirs := newSide(t, "SDK", guest.File(t, "UNIKAI_SDK_IMAGE", "build it with `bazel build //tests/bench:sdk_image`"))
	for range max(n/200, 1) {
		ours.reboot(t)
		theirs.reboot(t)
	}
	warm := func(s *side) { *s = side{name: s.name, size: s.size, boots: s.boots, client: s.client} }
	for range 2 {
		ours.round(t, 50) // code that was never run is translated first
		theirs.round(t, 50)
	}
	warm(ours)
	warm(theirs)
	for range rounds {
		ours.round(t, n/rounds)
		theirs.round(t, n/rounds)
	}
	compare(t, ours, theirs)
}

// compare prints the table and holds the bars.
func compare(t *testing.T, ours, theirs *side) {
	const mb = 1e6
	rows := []struct {
		what       string
		our, their float64
		bar        float64 // of our/their; 0 is none: too few boots
		least      bool    // the ratio must be the bar at least, else at most
	}{
		{"calls/s, 1 in flight", median(ours.rates[0]), median(theirs.rates[0]), 2, true},
		{"calls/s, 16 in flight", median(ours.rates[1]), median(theirs.rates[1]), 2, true},
		{"echo 16 B p50, ms", millis(median(ours.one)), millis(median(theirs.one)), 0.6, false},
		{"the same, 16 in flight", millis(median(ours.queued)), millis(median(theirs.queued)), 0.6, false},
		{"echo 64 KiB p50, ms", millis(median(ours.long)), millis(median(theirs.long)), 1, false},
		{"allocations/call", ours.allocs, theirs.allocs, 1.0 / 3, false},
		{"image, MB", float64(ours.size) / mb, float64(theirs.size) / mb, float64(theirs.size-2*mb) / float64(theirs.size), false},
		{"boot until it listens, ms", millis(median(ours.boots)), millis(median(theirs.boots)), 0, false},
	}
	table := fmt.Sprintf("\n%-28s %10s %10s %8s %8s\n", "", ours.name, theirs.name, "ratio", "bar")
	for _, r := range rows {
		ratio := r.our / r.their
		sign := "<="
		if r.least {
			sign = ">="
		}
		table += fmt.Sprintf("%-28s %10.2f %10.2f %8.2f", r.what, r.our, r.their, ratio)
		if r.bar == 0 {
			table += "\n"
			continue
		}
		table += fmt.Sprintf(" %5s %.2f\n", sign, r.bar)
		if r.least && ratio < r.bar || !r.least && ratio > r.bar {
			t.Errorf("%s: %.2f of the SDK's, the bar is %s %.2f", r.what, ratio, sign, r.bar)
		}
	}
	t.Log(table)
}
