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

// TestTokensOfGenerateAllocateNothing compares a text with one twice as long, tokens and
// their texts included: what grows with it doubles its room.
func TestTokensOfGenerateAllocateNothing(t *testing.T) {
	m := loadKJV(t, Config{Sessions: 1, Threads: 1})
	allocs := func(tokens int) float64 {
		return testing.AllocsPerRun(5, func() {
			length := 0
			res, err := m.Generate(t.Context(), "In the beginning", Options{MaxTokens: tokens, Temperature: 1, TopK: 40, TopP: 0.9}, func(tok Token) error {
				length += len(tok.Text)
				return nil
			})
			if err != nil || len(res.Tokens) != tokens || length != len(res.Text) {
				t.Fatal(res, err)
			}
		})
	}
	short, long := allocs(64), allocs(128)
	if t.Logf("%v and %v allocations for 64 and 128 tokens", short, long); long > short+3 {
		t.Errorf("%v allocations for 64 tokens, %v for 128", short, long)
	}
}
