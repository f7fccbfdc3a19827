package inference_test

import (
	"context"
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/f16"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/q4"
)

// files returns the model files that golden results exist for.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{"kjv-Q8_0.gguf": kjv.Q8_0(), "kjv-f16.gguf": f16.File(), "kjv-Q4_0.gguf": q4.File()}
}

// TestGenerateEqualsGoldenText compares greedy text with an independent engine's.
func TestGenerateEqualsGoldenText(t *testing.T) {
	g, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files(t) {
		m, err := inference.Load(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Models[name].Cases {
			t.Run(name+"/"+c.Prompt, func(t *testing.T) {
				var streamed string
				res, err := m.Generate(context.Background(), c.Prompt, inference.Options{MaxTokens: len(c.GreedyIDs)}, func(tok inference.Token) error {
					streamed += tok.Text
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(res.Tokens, c.GreedyIDs) {
					t.Errorf("Generate(%q) = %v, want %v", c.Prompt, res.Tokens, c.GreedyIDs)
				}
				if text, err := m.Detokenize(res.Tokens); err != nil || text != c.GreedyText {
					t.Errorf("Detokenize = %q, %v, want %q", text, err, c.GreedyText)
				}
				if streamed != res.Text {
					t.Errorf("streamed %q, result has %q", streamed, res.Text)
				}
			})
		}
	}
}
