package tool

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Benchmark is what the tool bench measures.
type Benchmark struct {
	Generator Generator // nil if the model cannot generate
	Sgemm     Sgemm
	Kernel    string // names what multiplies matrices
}

type benchIn struct {
	Seconds float64 `json:"seconds,omitempty" jsonschema:"about how long to measure; 3 if left out. The step at work is never cut short"`
}

type benchOut struct {
	Kernel          string  `json:"kernel" jsonschema:"what multiplies matrices"`
	GFLOPS          float64 `json:"gflops" jsonschema:"10^9 additions and multiplications a second in float32 products of 256 x 256"`
	PromptPerSecond float64 `json:"prompt_tokens_per_second,omitempty" jsonschema:"speed of reading the fastest prompt"`
	PromptTokens    int     `json:"prompt_tokens,omitempty" jsonschema:"tokens of that prompt"`
	TokensPerSecond float64 `json:"tokens_per_second,omitempty" jsonschema:"speed of generation"`
	Tokens          int     `json:"tokens,omitempty" jsonschema:"tokens that were generated"`
	Seconds         float64 `json:"seconds" jsonschema:"time that all of it took"`
}

// Bounds of bench.
const (
	benchSeconds    = 3
	maxBenchSeconds = 60
	benchMatrix     = 256
)

// Bench adds the tool bench: matrix products, prompts and generation, each for a third of
// the time, with a progress notification after each. One call at a time runs; others wait.
func Bench(s *mcp.Server, b Benchmark) {
	turn := make(chan struct{}, 1)
	a := reader()
	a.Idempotent = nil
	mcp.AddTool(s, mcp.Tool{
		Name: "bench", Title: "Benchmark", Description: "Measures for a few seconds how fast this image multiplies, reads prompts and generates.",
		Annotations: a,
		Tighten: func(p map[string]*jsonschema.Schema) {
			p["seconds"].Minimum, p["seconds"].Maximum = jsonschema.Ptr(0.01), jsonschema.Ptr(float64(maxBenchSeconds))
		},
	}, func(ctx context.Context, in benchIn) (benchOut, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return benchOut{}, ctx.Err()
		}
		if in.Seconds == 0 {
			in.Seconds = benchSeconds
		}
		return b.run(ctx, time.Duration(in.Seconds*float64(time.Second)))
	})
}

// run measures for about d.
func (b *Benchmark) run(ctx context.Context, d time.Duration) (benchOut, error) {
	out := benchOut{Kernel: b.Kernel}
	start := time.Now()
	parts := []func(ctx context.Context, end time.Time, out *benchOut) (string, error){b.multiply}
	if b.Generator != nil {
		parts = append(parts, b.read, b.generate)
	}
	for i, part := range parts {
		done := i + 1
		text, err := part(ctx, start.Add(d*time.Duration(done)/time.Duration(len(parts))), &out)
		if err == nil && mcp.WantsProgress(ctx) {
			err = mcp.Progress(ctx, float64(done), float64(len(parts)), text)
		}
		if err != nil {
			return benchOut{}, err
		}
	}
	out.Seconds = time.Since(start).Seconds()
	return out, nil
}

// multiply measures matrix products until end; the fastest counts.
func (b *Benchmark) multiply(ctx context.Context, end time.Time, out *benchOut) (string, error) {
	for first := true; first || time.Now().Before(end); first = false {
		m, err := multiply(ctx, b.Sgemm, benchMatrix, 1)
		if err != nil {
			return "", err
		}
		out.GFLOPS = max(out.GFLOPS, m.GFLOPS)
	}
	return fmt.Sprintf("matrix products: %.3g GFLOP/s", out.GFLOPS), nil
}

// read measures longer and longer prompts until end; the fastest counts.
func (b *Benchmark) read(ctx context.Context, end time.Time, out *benchOut) (string, error) {
	words, limit := 1, maxPromptWords
	for {
		started := time.Now()
		res, err := b.Generator.Generate(ctx, numbersFrom(started, words), inference.Options{MaxTokens: 1}, nil)
		switch {
		case errors.Is(err, inference.ErrContextFull) && words > 1:
			limit = words / 4
			words = limit
			continue
		case err != nil:
			return "", err
		}
		if rate := res.Stats.PromptRate(); rate > out.PromptPerSecond {
			out.PromptPerSecond, out.PromptTokens = rate, res.Stats.PromptTokens
		}
		now := time.Now()
		if !now.Before(end) {
			return fmt.Sprintf("prompt: %.3g tokens/s", out.PromptPerSecond), nil
		}
		if 4*words <= limit && now.Add(4*now.Sub(started)).Before(end) {
			words *= 4
		}
	}
}

// maxPromptWords is how long prompts get: some 200 tokens.
const maxPromptWords = 64

// numbersFrom returns a text of so many numbers that nobody has sent before, most likely: a
// model may still hold what follows from a prompt that it knows.
func numbersFrom(t time.Time, words int) string {
	var text strings.Builder
	for i, n := 0, uint64(t.UnixNano()); i < words; i++ {
		n = n*6364136223846793005 + 1442695040888963407 // Knuth, TAOCP vol. 2 §3.3.4
		text.WriteString(strconv.Itoa(int(n>>33) % 1000))
		text.WriteByte(' ')
	}
	return text.String()
}

// errEnough ends a generation whose time is over.
var errEnough = errors.New("enough")

// generate measures generation until end.
func (b *Benchmark) generate(ctx context.Context, end time.Time, out *benchOut) (string, error) {
	var steps int // of the model: the first token comes out of the prompt
	var spent time.Duration
	for first := true; first || time.Now().Before(end); first = false {
		res, err := b.Generator.Generate(ctx, numbersFrom(time.Now(), 1), inference.Options{MaxTokens: MaxTokens}, func(t inference.Token) error {
			if t.Index > 0 && !time.Now().Before(end) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return "", err
		}
		out.Tokens += res.Stats.Tokens
		steps += max(0, res.Stats.Tokens-1)
		spent += res.Stats.Decode
	}
	if spent > 0 {
		out.TokensPerSecond = float64(steps) / spent.Seconds()
	}
	return fmt.Sprintf("generation: %.3g tokens/s", out.TokensPerSecond), nil
}
