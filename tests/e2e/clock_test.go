package e2e

import (
	"math"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// now returns the guest's time since its first instruction, and the middle of
// the host's time in which it was asked, with how much that may be off.
func now(t *testing.T, s *mcp.ClientSession) (inGuest time.Duration, here time.Time, off time.Duration) {
	t.Helper()
	off = time.Hour
	for range 5 { // the quickest answer is the surest
		var info struct {
			Boot []struct {
				Name string
				Ms   float64
			}
		}
		t0 := time.Now()
		call(t, s, "system_info", map[string]any{}, &info)
		if d := time.Since(t0) / 2; d < off && len(info.Boot) > 0 {
			off, here = d, t0.Add(d)
			inGuest = time.Duration(info.Boot[len(info.Boot)-1].Ms * float64(time.Millisecond))
		}
	}
	return inGuest, here, off
}

// TestClock compares the guest's clock with the host's over two seconds, in
// several boots: the guest measures its rate anew at each.
func TestClock(t *testing.T) {
	const span, tolerance = 2 * time.Second, 0.02
	for range 3 {
		v := guest.Boot(t, vm.Config{})
		s := guest.Session(t, v, "", nil)
		g0, h0, off0 := now(t, s)
		time.Sleep(span)
		g1, h1, off1 := now(t, s)
		rate := float64(g1-g0) / float64(h1.Sub(h0))
		allowed := tolerance + float64(off0+off1)/float64(span)
		t.Logf("the guest's second lasts %.4f s here; listening after %v", 1/rate, v.ReadyAt().Sub(v.Started()))
		if math.Abs(rate-1) > allowed {
			t.Errorf("the guest's clock runs at %.4f of the host's, want 1 within %.3f", rate, allowed)
		}
		s.Close()
		v.Stop()
	}
}
