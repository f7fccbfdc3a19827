package inference_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

const psalm = "The LORD is my shepherd; I shall not want. He maketh me to lie down in green pastures: " +
	"he leadeth me beside the still waters. He restoreth my soul: he leadeth me in the paths of righteousness for his name's sake."

// surprises returns -ln p of each of tokens but the first, from one session that runs them
// one at a time.
func surprises(t *testing.T, tokens []int32) (nll []float64) {
	t.Helper()
	f, err := gguf.Parse(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	m, err := transformer.New(f, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.NewSession(len(tokens), transformer.CacheF32)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range tokens[:len(tokens)-1] {
		logits, err := s.Run([]int32{id}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v))
		}
		nll = append(nll, -math.Log(math.Exp(float64(logits[tokens[i+1]]))/sum))
	}
	return nll
}

func TestPerplexityIsThePublishedDefinition(t *testing.T) {
	m := load(t, inference.Config{})
	tokens, err := m.Tokenize(psalm, true)
	if err != nil {
		t.Fatal(err)
	}
	bos := tokens[0]
	for _, c := range []struct {
		name         string
		window, skip int
		windows      [][2]int // of tokens
		from         int      // counted from, in each
	}{
		{"default, short text", 0, 0, [][2]int{{0, len(tokens)}}, 1},
		{"short text, skip", 200, 10, [][2]int{{0, len(tokens)}}, 10},
		{"windows", 20, 0, [][2]int{{0, 20}, {20, 40}, {40, 60}}, 11},
		{"odd windows", 21, 0, [][2]int{{0, 21}, {21, 42}}, 11},
		{"windows of three", 3, 0, [][2]int{{0, 3}, {3, 6}}, 2},
		{"windows, skip", 25, 1, [][2]int{{0, 25}, {25, 50}}, 1},
		{"pairs", 2, 0, [][2]int{{0, 2}, {2, 4}, {4, 6}, {6, 8}}, 1},
	} {
		text := tokens
		if c.window > 0 && len(c.windows)*c.window < len(tokens) {
			text = tokens[:min(len(tokens), len(c.windows)*c.window+c.window/2)]
		}
		want, counted := 0.0, 0
		for _, w := range c.windows {
			part := slices.Clone(tokens[w[0]:w[1]])
			part[0] = bos
			for _, v := range surprises(t, part)[c.from-1:] {
				want += v
				counted++
			}
		}
		p, err := m.PerplexityTokens(context.Background(), text, inference.PerplexityOptions{Window: c.window, Skip: c.skip})
		if err != nil || p.Counted != counted || p.Windows != len(c.windows) || math.Abs(p.NLL-want) > 1e-9*want || math.Abs(p.Value-math.Exp(want/float64(counted))) > 1e-9*p.Value {
			t.Errorf("%s: %+v, %v, want a sum of %v over %d tokens", c.name, p, err, want, counted)
		}
	}
	p, err := m.Perplexity(context.Background(), psalm, inference.PerplexityOptions{})
	if err != nil || p.Tokens != len(tokens) || !(p.Value > 2 && p.Value < 100) {
		t.Errorf("of its own book: %+v, %v", p, err)
	}
	q, err := m.Perplexity(context.Background(), strings.Repeat("xq;7", 30), inference.PerplexityOptions{})
	if err != nil || q.Value < 5*p.Value {
		t.Errorf("of letters that make no sense: %+v, %v", q, err)
	}
}

func TestPerplexityRefuses(t *testing.T) {
	m := load(t, inference.Config{Context: 64})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	long := make([]int32, 100)
	for _, c := range []struct {
		name   string
		ctx    context.Context
		tokens []int32
		o      inference.PerplexityOptions
		want   string
	}{
		{"no text", context.Background(), nil, inference.PerplexityOptions{}, "none to foretell"},
		{"one token", context.Background(), []int32{1}, inference.PerplexityOptions{}, "none to foretell"},
		{"all skipped", context.Background(), []int32{1, 2, 3}, inference.PerplexityOptions{Skip: 3}, "none to foretell"},
		{"window", context.Background(), long, inference.PerplexityOptions{Window: 65}, "at most 64 fit"},
		{"small window", context.Background(), long, inference.PerplexityOptions{Window: 1}, "at least 2"},
		{"negative window", context.Background(), long, inference.PerplexityOptions{Window: -3}, "at least 2"},
		{"skip", context.Background(), long, inference.PerplexityOptions{Window: 8, Skip: 8}, "context only"},
		{"negative skip", context.Background(), long, inference.PerplexityOptions{Skip: -1}, "context only"},
		{"token", context.Background(), []int32{1, 2, 1024}, inference.PerplexityOptions{}, "not in the vocabulary"},
		{"cancelled", ctx, long, inference.PerplexityOptions{}, "canceled"},
	} {
		if p, err := m.PerplexityTokens(c.ctx, c.tokens, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", c.name, p, err, c.want)
		}
	}
}

func TestEmbedIsTheMeanDirection(t *testing.T) {
	f, err := gguf.Parse(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	net, err := transformer.New(f, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, inference.Config{Threads: 2})
	tokens, err := m.Tokenize(psalm, true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := net.NewSession(len(tokens), transformer.CacheF32)
	if err != nil {
		t.Fatal(err)
	}
	e, mean, squares := net.NewExecutor(), make([]float64, net.Dim), 0.0
	for i := range tokens {
		err := e.Step([]transformer.Piece{{Session: s, Tokens: tokens[i : i+1], Hidden: func(_ int, h []float32) {
			for i, v := range h {
				mean[i] += float64(v) / float64(len(tokens))
			}
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range mean {
		squares += v * v
	}
	got, err := m.Embed(context.Background(), psalm)
	if err != nil || len(got) != net.Dim {
		t.Fatalf("Embed = %d elements, %v", len(got), err)
	}
	for i, v := range got {
		if want := mean[i] / math.Sqrt(squares); math.Abs(float64(v)-want) > 1e-6 {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
	}
	cosine := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	embed := func(text string) []float32 {
		v, err := m.Embed(context.Background(), text)
		if err != nil || math.Abs(cosine(v, v)-1) > 1e-6 {
			t.Fatalf("Embed(%q): %v, length² %v", text, err, cosine(v, v))
		}
		return v
	}
	king, ruler, cubits := embed("And the king of Judah went up to Jerusalem"), embed("And the king of Israel went up to Samaria"), embed("twenty cubits was the breadth")
	if a, b := cosine(king, ruler), cosine(king, cubits); !(a > b+0.05) {
		t.Errorf("two kings are alike by %v, a king and cubits by %v", a, b)
	}
}

func TestEmbedRefuses(t *testing.T) {
	m := load(t, inference.Config{Context: 16})
	if _, err := m.Embed(context.Background(), psalm); !errors.Is(err, inference.ErrContextFull) {
		t.Errorf("long text: %v", err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(enough)
	if _, err := m.Embed(ctx, "a"); err != enough {
		t.Errorf("cancelled: %v", err)
	}
	if v, err := m.Embed(context.Background(), ""); err != nil || len(v) != m.Info().Embedding {
		t.Errorf("nothing but the token that begins a text: %d elements, %v", len(v), err)
	}
}
