package tool

import (
	"context"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Embedder turns text into a vector; *inference.Model is one.
type Embedder interface {
	Embed(ctx context.Context, text string) ([]float32, error)
}

var _ Embedder = (*inference.Model)(nil)

type embedIn struct {
	Text string `json:"text" jsonschema:"text to stand for"`
}

type embedOut struct {
	Embedding  []float32 `json:"embedding" jsonschema:"a vector of length 1; the inner product of two says how much their texts are alike"`
	Dimensions int       `json:"dimensions" jsonschema:"how many numbers that is"`
}

// Embed adds the tool embed.
func Embed(s *mcp.Server, e Embedder) {
	mcp.AddTool(s, mcp.Tool{
		Name: "embed", Title: "Embed", Description: "Turns text into a vector that stands for its meaning, as far as the model sees it.",
		Annotations: reader(),
	}, func(ctx context.Context, in embedIn) (embedOut, error) {
		v, err := e.Embed(ctx, in.Text)
		return embedOut{v, len(v)}, err
	})
}
