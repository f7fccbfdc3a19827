package tool

import (
	"context"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Tokenizer turns text into the numbers of a model's vocabulary and back.
type Tokenizer interface {
	Tokenize(text string, addBOS bool) ([]int32, error)
	Detokenize(tokens []int32) (string, error)
}

var _ Tokenizer = (*inference.Model)(nil)

type tokenizeIn struct {
	Text string `json:"text" jsonschema:"text to split into tokens"`
	BOS  bool   `json:"bos,omitempty" jsonschema:"put the beginning-of-sequence token first"`
}

type tokenizeOut struct {
	Tokens []int32  `json:"tokens" jsonschema:"numbers in the vocabulary"`
	Pieces []string `json:"pieces" jsonschema:"the text of each token"`
	Count  int      `json:"count" jsonschema:"how many tokens"`
}

// Tokenize adds the tool tokenize. One call at a time runs, since its answer is much
// longer than the text; others wait.
func Tokenize(s *mcp.Server, t Tokenizer) {
	turn := make(chan struct{}, 1)
	mcp.AddTool(s, mcp.Tool{
		Name: "tokenize", Title: "Tokenize", Description: "Splits text into the tokens of the model.",
		Annotations: reader(),
	}, func(ctx context.Context, in tokenizeIn) (tokenizeOut, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return tokenizeOut{}, ctx.Err()
		}
		tokens, err := t.Tokenize(in.Text, in.BOS)
		if err != nil {
			return tokenizeOut{}, err
		}
		out := tokenizeOut{Tokens: tokens, Pieces: make([]string, len(tokens)), Count: len(tokens)}
		if tokens == nil {
			out.Tokens = []int32{}
		}
		for i := range tokens {
			if ctx.Err() != nil {
				return tokenizeOut{}, ctx.Err()
			}
			if out.Pieces[i], err = t.Detokenize(tokens[i : i+1]); err != nil {
				return tokenizeOut{}, err
			}
		}
		return out, nil
	})
}
