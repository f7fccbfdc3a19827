package tool_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// newMeasured returns a server with the tools that need a real model.
func newMeasured(t *testing.T, c inference.Config) *mcp.Server {
	m, err := inference.LoadConfig(kjv.Q8_0(), c)
	if err != nil {
		t.Fatal(err)
	}
	s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
	tool.Embed(s, m)
	tool.Tokenize(s, m)
	tool.Detokenize(s, m)
	tool.Perplexity(s, m)
	tool.Bench(s, tool.Benchmark{Generator: m, Sgemm: gonum.Implementation{}, Kernel: "some"})
	if err := s.CheckTools(); err != nil {
		t.Fatal(err)
	}
	return s
}

func args(name string, a map[string]any) *sdk.CallToolParams {
	return &sdk.CallToolParams{Name: name, Arguments: a}
}

func TestEmbed(t *testing.T) {
	cs := connectTo(t, newMeasured(t, inference.Config{}), make(chan string, 100))
	embed := func(text string) []float32 {
		var out struct {
			Embedding  []float32
			Dimensions int
		}
		call(t, cs, args("embed", map[string]any{"text": text}), &out)
		if out.Dimensions != 256 || len(out.Embedding) != 256 {
			t.Fatalf("embed(%q) has %d dimensions, %d numbers", text, out.Dimensions, len(out.Embedding))
		}
		return out.Embedding
	}
	dot := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	a, b, c := embed("And God said unto Moses"), embed("And God spake unto Moses"), embed("two hundred shekels of silver")
	if d := dot(a, a); math.Abs(d-1) > 1e-5 {
		t.Errorf("length %v, want 1", d)
	}
	if dot(a, b) < dot(a, c) {
		t.Errorf("likeness %v to what says the same, %v to something else", dot(a, b), dot(a, c))
	}
}

func TestTokenizeAndBack(t *testing.T) {
	cs := connectTo(t, newMeasured(t, inference.Config{}), make(chan string, 100))
	for _, text := range []string{"In the beginning God", " two  spaces", "a", "", "naïve 😀"} {
		var out struct {
			Tokens []int32
			Pieces []string
		}
		call(t, cs, args("tokenize", map[string]any{"text": text, "bos": true}), &out)
		var back struct{ Text string }
		call(t, cs, args("detokenize", map[string]any{"tokens": out.Tokens}), &back)
		if back.Text != text {
			t.Errorf("detokenize(tokenize(%q)) = %q", text, back.Text)
		}
		if got := strings.Join(out.Pieces, ""); got != text && !strings.Contains(got, "\ufffd") {
			t.Errorf("pieces of %q: %q", text, out.Pieces)
		}
	}
	for _, tokens := range [][]int32{{-1}, {5000}} {
		res, err := cs.CallTool(t.Context(), args("detokenize", map[string]any{"tokens": tokens}))
		if err != nil || !res.IsError {
			t.Errorf("detokenize(%v) = %+v, %v", tokens, res, err)
		}
	}
}

func TestPerplexity(t *testing.T) {
	const text = "In the beginning God created the heaven and the earth. And the earth was without form, and void."
	pieces := make(chan string, 100)
	cs := connectTo(t, newMeasured(t, inference.Config{}), pieces)
	var out struct {
		Perplexity, Error, NLL   float64
		Tokens, Counted, Windows int
	}
	p := args("perplexity", map[string]any{"text": text, "window": 8, "skip": 4})
	p.SetProgressToken("p")
	call(t, cs, p, &out)
	m, err := inference.Load(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Perplexity(t.Context(), text, inference.PerplexityOptions{Window: 8, Skip: 4})
	if err != nil || out.Perplexity != want.Value || out.Tokens != want.Tokens || out.Counted != want.Counted || out.Windows != want.Windows {
		t.Errorf("perplexity = %+v, want %+v, %v", out, want, err)
	}
	if math.Abs(math.Exp(out.NLL)-out.Perplexity) > 1e-9*out.Perplexity || out.Error <= 0 || out.Error > out.Perplexity {
		t.Errorf("perplexity = %+v", out)
	}
	if n := len(pieces); n != out.Windows || !strings.HasPrefix(<-pieces, "perplexity of 4 tokens: ") {
		t.Errorf("%d reports of progress, want %d", n, out.Windows)
	}
	for name, a := range map[string]map[string]any{
		"no text":          {"text": ""},
		"window of 1":      {"text": text, "window": 1},
		"skip of a window": {"text": text, "window": 8, "skip": 8},
		"wide window":      {"text": text, "window": 100000},
		"long text":        {"text": strings.Repeat("a", inference.MaxText+1)},
	} {
		if res, err := cs.CallTool(t.Context(), args("perplexity", a)); err != nil || !res.IsError {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
}

func TestBench(t *testing.T) {
	for _, context := range []int{0, 12} { // the second is soon full
		pieces := make(chan string, 100)
		cs := connectTo(t, newMeasured(t, inference.Config{Context: context}), pieces)
		var out map[string]any
		p := args("bench", map[string]any{"seconds": 0.3})
		p.SetProgressToken("b")
		start := time.Now()
		call(t, cs, p, &out)
		for _, name := range []string{"gflops", "prompt_tokens_per_second", "prompt_tokens", "tokens_per_second", "tokens"} {
			if v, _ := out[name].(float64); v <= 0 {
				t.Errorf("context %d: %s is %v", context, name, out[name])
			}
		}
		if s, _ := out["seconds"].(float64); out["kernel"] != "some" || s < 0.1 || s > time.Since(start).Seconds() {
			t.Errorf("bench = %v", out)
		}
		for _, want := range []string{"matrix products: ", "prompt: ", "generation: "} {
			if got := <-pieces; !strings.HasPrefix(got, want) {
				t.Errorf("progress %q, want %q", got, want)
			}
		}
	}
}

// stuck is a model that works until it is told to stop.
type stuck struct{}

func (stuck) Generate(ctx context.Context, _ string, _ inference.Options, _ func(inference.Token) error) (inference.Result, error) {
	<-ctx.Done()
	return inference.Result{}, context.Cause(ctx)
}

// broken is a model whose steps fail.
type broken struct{}

func (broken) Generate(context.Context, string, inference.Options, func(inference.Token) error) (inference.Result, error) {
	return inference.Result{}, errors.New("no logit is a number")
}

func TestBenchEnds(t *testing.T) {
	serve := func(g tool.Generator) *sdk.ClientSession {
		s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
		tool.Bench(s, tool.Benchmark{Generator: g, Sgemm: gonum.Implementation{}})
		return connectTo(t, s, nil)
	}
	short := args("bench", map[string]any{"seconds": 0.02})

	cs := serve(stuck{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := cs.CallTool(ctx, short); err == nil {
		t.Error("a cancelled call has a result")
	}
	if res, err := serve(broken{}).CallTool(t.Context(), short); err != nil || !res.IsError {
		t.Errorf("with a broken model: %+v, %v", res, err)
	}
	var out map[string]any
	call(t, serve(nil), short, &out) // a model that does not generate
	if v, _ := out["gflops"].(float64); v <= 0 || out["tokens"] != nil {
		t.Errorf("without a generator: %v", out)
	}
	for _, seconds := range []float64{-1, 0, 61} {
		if res, err := cs.CallTool(t.Context(), args("bench", map[string]any{"seconds": seconds})); err != nil || !res.IsError {
			t.Errorf("%v seconds: %+v, %v", seconds, res, err)
		}
	}
}
