package inference_test

import (
	"context"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
)

// TestCacheKinds compares what each kind costs in memory and in perplexity with what is
// said of it.
func TestCacheKinds(t *testing.T) {
	var whole int64
	var exact float64
	for _, c := range []struct {
		name   string
		kind   inference.CacheKind
		bytes  float64 // of CacheF32's
		change float64 // of the perplexity, at most
	}{
		{"f32", inference.CacheF32, 1, 0},
		{"f16", inference.CacheF16, 1. / 2, 1e-4},
		{"q8_0", inference.CacheQ8, 9. / 32, 1e-2},
	} {
		kind, err := inference.ParseCacheKind(c.name)
		if err != nil || kind != c.kind || kind.String() != c.name {
			t.Errorf("ParseCacheKind(%q) = %v, %v", c.name, kind, err)
		}
		m := load(t, inference.Config{Cache: kind})
		p, err := m.Perplexity(context.Background(), psalm, inference.PerplexityOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if c.kind == inference.CacheF32 {
			whole, exact = m.CacheBytes(), p.Value
		}
		t.Logf("%s: %d bytes, perplexity %v", c.name, m.CacheBytes(), p.Value)
		if got := float64(m.CacheBytes()) / float64(whole); got != c.bytes {
			t.Errorf("%s takes %v of f32's memory, want %v", c.name, got, c.bytes)
		}
		if d := p.Value/exact - 1; d > c.change || d < -c.change {
			t.Errorf("%s changes the perplexity by %v, want at most %v", c.name, d, c.change)
		}
	}
	if kind, err := inference.ParseCacheKind(""); err != nil || kind != inference.CacheF32 {
		t.Errorf("default: %v, %v", kind, err)
	}
	if _, err := inference.ParseCacheKind("q4"); err == nil {
		t.Error("q4 is accepted")
	}
}
