package inference_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

func load(t testing.TB, cfg inference.Config) *inference.Model {
	t.Helper()
	m, err := inference.LoadConfig(kjv.Q8_0(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTextContinuesThePrompt(t *testing.T) {
	m := load(t, inference.Config{})
	for _, c := range []struct{ prompt, want string }{
		{"In the beginning", " of the LORD,"},
		{"And Jesus said unto them,", " What shall ye"},
		{"", "And the LORD said"}, // nothing before it: no space
	} {
		res, err := m.Generate(context.Background(), c.prompt, inference.Options{MaxTokens: 12}, nil)
		if err != nil || !strings.HasPrefix(res.Text, c.want) {
			t.Errorf("Generate(%q) = %q, %v, want %q...", c.prompt, res.Text, err, c.want)
		}
		if res.Stop != inference.StopLength || len(res.Tokens) != 12 || res.Stats.Tokens != 12 {
			t.Errorf("Generate(%q): stop %q, %d tokens, %+v", c.prompt, res.Stop, len(res.Tokens), res.Stats)
		}
	}
}

func TestInfo(t *testing.T) {
	i := load(t, inference.Config{Threads: 3, Sessions: 2, Context: 100}).Info()
	if i.Name != "kjv-2M" || i.Architecture != "llama" || i.License != "CC0-1.0" || i.Quantization != "Q8_0" || i.Parameters != 2033408 ||
		i.ContextLength != 100 || i.Vocabulary != 1024 || i.Threads != 3 || i.Sessions != 2 || i.Kernel == "" || i.Size != 2190240 {
		t.Errorf("Info = %+v", i)
	}
}

func TestContextBounds(t *testing.T) {
	m := load(t, inference.Config{Context: 10})
	res, err := m.Generate(context.Background(), "In the beginning", inference.Options{MaxTokens: 100}, nil)
	// 8 tokens of prompt, 2 places, and the token that would come after them.
	if err != nil || res.Stop != inference.StopContext || len(res.Tokens) != 3 {
		t.Errorf("stop %q after %d tokens, %v, want %q after 3", res.Stop, len(res.Tokens), err, inference.StopContext)
	}
	_, err = m.Generate(context.Background(), "In the beginning God created the heaven and", inference.Options{}, nil)
	if !errors.Is(err, inference.ErrContextFull) || !strings.Contains(err.Error(), "at most 10 fit") {
		t.Errorf("long prompt: %v", err)
	}
	if _, err := m.Generate(context.Background(), strings.Repeat("a", inference.MaxText+1), inference.Options{}, nil); err == nil {
		t.Error("endless prompt is accepted")
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	m := load(t, inference.Config{})
	for _, o := range []inference.Options{{MaxTokens: -1}, {Temperature: -1}, {TopK: -1}, {TopP: 2}} {
		if _, err := m.Generate(context.Background(), "a", o, nil); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := inference.LoadConfig(kjv.Q8_0(), inference.Config{Sessions: -1}); err == nil {
		t.Error("-1 sessions are accepted")
	}
	if _, err := inference.LoadConfig(kjv.Q8_0(), inference.Config{Cache: 99}); err == nil {
		t.Error("a cache of kind 99 is accepted")
	}
}

func TestCancellationBetweenTokens(t *testing.T) {
	m := load(t, inference.Config{})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	res, err := m.Generate(ctx, "In the beginning", inference.Options{MaxTokens: 100}, func(tok inference.Token) error {
		if tok.Index == 4 {
			cancel(enough)
		}
		return nil
	})
	if err != enough || len(res.Tokens) != 5 {
		t.Errorf("cancelled: %v after %d tokens, want %v after 5", err, len(res.Tokens), enough)
	}
	res, err = m.Generate(context.Background(), "In the beginning", inference.Options{}, func(tok inference.Token) error {
		if tok.Index == 2 {
			return enough
		}
		return nil
	})
	if err != enough || len(res.Tokens) != 3 || res.Text == "" {
		t.Errorf("callback: %v, %q", err, res.Text)
	}
	if _, err := m.Generate(ctx, "a", inference.Options{}, nil); err != enough {
		t.Errorf("cancelled before: %v", err)
	}
}

// TestSessionsAreBounded holds the only session and cancels one that waits.
func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := load(t, inference.Config{Sessions: 1, Threads: 1})
		release := make(chan bool)
		go m.Generate(context.Background(), "a", inference.Options{MaxTokens: 1}, func(inference.Token) error {
			<-release
			return nil
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := m.Generate(ctx, "a", inference.Options{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("second session: %v", err)
		}
		close(release)
		res, err := m.Generate(context.Background(), "a", inference.Options{MaxTokens: 1}, nil)
		if err != nil || res.Stats.Wait != 0 {
			t.Errorf("after release: %v, %+v", err, res.Stats)
		}
	})
}

// TestConcurrentTextsAreTheSame runs more texts than sessions, seeded.
func TestConcurrentTextsAreTheSame(t *testing.T) {
	m := load(t, inference.Config{Sessions: 3, Threads: 2})
	o := inference.Options{MaxTokens: 20, Temperature: 0.8, TopK: 50, TopP: 0.95}
	text := func(seed uint64) []int32 {
		o := o
		o.Seed = seed
		res, err := m.Generate(context.Background(), fmt.Sprintf("Thus saith %d", seed%3), o, nil)
		if err != nil {
			t.Error(err)
		}
		return res.Tokens
	}
	want := make([][]int32, 8)
	for i := range want {
		want[i] = text(uint64(i))
	}
	if slices.Equal(want[0], want[3]) {
		t.Error("seeds 0 and 3 give the same text")
	}
	var group sync.WaitGroup
	for i := range want {
		group.Go(func() {
			if got := text(uint64(i)); !slices.Equal(got, want[i]) {
				t.Errorf("seed %d beside others: %v, want %v", i, got, want[i])
			}
		})
	}
	group.Wait()
}

func TestTokenize(t *testing.T) {
	m := load(t, inference.Config{})
	ids, err := m.Tokenize("In the beginning", true)
	if err != nil || !slices.Equal(ids, []int32{1, 299, 968, 261, 810, 267, 968, 294}) {
		t.Errorf("Tokenize = %v, %v", ids, err)
	}
	if text, err := m.Detokenize(ids); err != nil || text != "In the beginning" {
		t.Errorf("Detokenize = %q, %v", text, err)
	}
	if _, err := m.Detokenize([]int32{5000}); err == nil {
		t.Error("Detokenize accepts token 5000")
	}
}

func TestCacheBytesBoundSessionsAndContext(t *testing.T) {
	free := load(t, inference.Config{}).Info()
	token := load(t, inference.Config{Context: 1, Sessions: 1}).CacheBytes()
	for _, c := range []struct {
		bytes                  int64
		context, sessions      int
		wantContext, wantCount int
	}{
		{bytes: 1 << 40, wantContext: free.ContextLength, wantCount: inference.DefaultSessions},
		{bytes: 1 << 40, context: 10, sessions: 2, wantContext: 10, wantCount: 2},
	} {
		i := load(t, inference.Config{CacheBytes: c.bytes, Context: c.context, Sessions: c.sessions}).Info()
		if i.ContextLength != c.wantContext || i.Sessions != c.wantCount {
			t.Errorf("%+v: context %d, %d sessions", c, i.ContextLength, i.Sessions)
		}
	}
	// Whatever the bound, what is offered keeps it.
	for bytes := token / 4; bytes < token*32<<10; bytes += bytes / 2 {
		m, err := inference.LoadConfig(kjv.Q8_0(), inference.Config{CacheBytes: bytes})
		if err != nil {
			if !strings.Contains(err.Error(), "KV cache") || bytes >= token {
				t.Errorf("%d bytes: %v", bytes, err)
			}
			continue
		}
		i := m.Info()
		if took := m.CacheBytes(); took > bytes || took > 0 && took < bytes/4 && (i.ContextLength < free.ContextLength || i.Sessions < inference.DefaultSessions) {
			t.Errorf("%d bytes allowed, %d used: context %d, %d sessions", bytes, took, i.ContextLength, i.Sessions)
		}
	}
}
