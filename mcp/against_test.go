package mcp

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"
)

// The comparison with the official Go SDK's server over a net.Pipe. Both take turns, so
// that a busy machine is busy for both. //tests/bench/versus does the same in the guest.

// rival is one of the two servers being measured.
type rival struct {
	one    []time.Duration // latencies with one call in flight
	many   []time.Duration // time per call of each round with many in flight
	allocs float64         // per call
	run    func(n, window int) float64
	wait   func(n int) []time.Duration
}

func newRival(t testing.TB, c net.Conn) *rival {
	r := rawClient(t, c)
	return &rival{
		run: func(n, window int) float64 { return calls(t, c, r, n, window) },
		wait: func(n int) []time.Duration {
			all := make([]time.Duration, n)
			for i := range all {
				start := time.Now()
				if _, err := c.Write(benchCall); err != nil {
					t.Fatal(err)
				}
				answer, err := r.ReadSlice('\n')
				if err != nil || !bytes.Contains(answer, []byte("0123456789abcdef")) {
					t.Fatalf("answer %s, %v", answer, err)
				}
				all[i] = time.Since(start)
			}
			return all
		},
	}
}

// round measures n calls one after the other, and n with window in flight.
func (r *rival) round(n, window int) {
	r.one = append(r.one, r.wait(n)...)
	start := time.Now()
	r.allocs = r.run(n, window)
	r.many = append(r.many, time.Since(start)/time.Duration(n))
}

// against measures both in turns until each has made n calls a way.
func against(t testing.TB, n, window int) (ours, theirs *rival) {
	const round = 200
	c, _ := pipe(t, newFixture(nil))
	ours, theirs = newRival(t, c), newRival(t, sdkPipe(t))
	for done := 0; done < n; done += round { // the median counts: a stalled machine spoils some
		ours.round(round, window)
		theirs.round(round, window)
	}
	return ours, theirs
}

func (r *rival) p50() float64     { return median(r.one) }
func (r *rival) perCall() float64 { return median(r.many) }

func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2])
}

// TestAgainstSDK holds our ratios to the SDK's server, far below what is measured: at 1
// and 16 calls in flight half of its time, 0.6 of its p50, a third of its allocations.
func TestAgainstSDK(t *testing.T) {
	for _, window := range []int{1, 16} {
		ours, theirs := against(t, 1000, window)
		for _, r := range []struct {
			what             string
			our, their, most float64
		}{
			{"time per call", ours.perCall(), theirs.perCall(), 0.5},
			{"p50 latency", ours.p50(), theirs.p50(), 0.6},
			{"allocations", ours.allocs, theirs.allocs, 1.0 / 3},
		} {
			if r.our > r.most*r.their {
				t.Errorf("%s with %d in flight: %.1f to the SDK's %.1f, want at most %.2f of it", r.what, window, r.our, r.their, r.most)
			}
		}
	}
}

// BenchmarkAgainstSDK reports how many times as fast ours is.
func BenchmarkAgainstSDK(b *testing.B) {
	for _, c := range []struct {
		name   string
		window int
	}{{"inflight=1", 1}, {"inflight=16", 16}} {
		b.Run(c.name, func(b *testing.B) {
			ours, theirs := against(b, b.N, c.window)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours.perCall(), "ns/call")
			b.ReportMetric(theirs.perCall(), "sdk-ns/call")
			b.ReportMetric(theirs.perCall()/ours.perCall(), "x-sdk")
			b.ReportMetric(ours.p50(), "p50-ns")
			b.ReportMetric(theirs.p50(), "sdk-p50-ns")
			b.ReportMetric(ours.allocs, "allocs/call")
			b.ReportMetric(theirs.allocs, "sdk-allocs/call")
		})
	}
}
