package inference

import (
	"sync"
	"testing"
)

// TestDecodeAllocatesNothing runs tokens as Generate does, alone and beside three others
// that run as many.
func TestDecodeAllocatesNothing(t *testing.T) {
	const tokens = 100
	for _, c := range []struct {
		sessions int
		kind     CacheKind
	}{{1, CacheF32}, {1, CacheF16}, {1, CacheQ8}, {4, CacheF32}, {4, CacheF16}, {4, CacheQ8}} {
		sessions := c.sessions
		m := loadKJV(t, Config{Sessions: sessions, Threads: 1, Cache: c.kind})
		var all []*generation
		for range sessions {
			w, err := m.workers.make()
			if err != nil {
				t.Fatal(err)
			}
			g := &generation{m: m, w: w, ctx: t.Context()}
			all = append(all, g)
			if err := g.feed([]int32{1, 2, 3}); err != nil {
				t.Fatal(err)
			}
		}
		decode := func(g *generation) {
			g.w.session.Truncate(3)
			g.w.text = g.w.text[:3]
			for range tokens {
				id, err := g.w.sampler.Next(g.w.logits)
				if g.w.one[0] = id; err == nil {
					err = g.feed(g.w.one[:])
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
		n := testing.AllocsPerRun(5, func() {
			var group sync.WaitGroup
			for _, g := range all[1:] {
				group.Go(func() { decode(g) })
			}
			decode(all[0])
			group.Wait()
		})
		if n > float64(4*sessions) { // goroutines of the test's own
			t.Errorf("%d sessions, cache %v: %v allocations for %d tokens each", sessions, c.kind, n, tokens)
		}
		t.Logf("%d sessions, cache %v: %v allocations for %d tokens each", sessions, c.kind, n, tokens)
	}
}
