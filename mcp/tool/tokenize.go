package tool

import (
	"context"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

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
	Pieces []string `json:"pieces" jsonschema:"the text of each token; put together, the text, but for characters of several tokens"`
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
			if out.Pieces[i], err = piece(t, tokens, i); err != nil {
				return tokenizeOut{}, err
			}
		}
		return out, nil
	})
}

// piece returns what token i adds to the text: by itself it would lose a space at its
// start, as a text does.
func piece(t Tokenizer, tokens []int32, i int) (string, error) {
	alone, err := t.Detokenize(tokens[i : i+1])
	if err != nil || i == 0 {
		return alone, err
	}
	before, err := t.Detokenize(tokens[i-1 : i])
	if err != nil {
		return "", err
	}
	both, err := t.Detokenize(tokens[i-1 : i+1])
	if added, ok := strings.CutPrefix(both, before); ok && !strings.HasSuffix(before, "\ufffd") {
		return added, err
	}
	return alone, err
}

type detokenizeIn struct {
	Tokens []int32 `json:"tokens" jsonschema:"numbers in the vocabulary"`
}

type detokenizeOut struct {
	Text string `json:"text" jsonschema:"their text; control tokens have none"`
}

// maxDetokenize is how many tokens a call of detokenize may have: more than any text that
// tokenize takes gives.
const maxDetokenize = inference.MaxText + 1

// Detokenize adds the tool detokenize, which undoes tokenize.
func Detokenize(s *mcp.Server, t Tokenizer) {
	mcp.AddTool(s, mcp.Tool{
		Name: "detokenize", Title: "Detokenize", Description: "Puts tokens of the model together to text.",
		Annotations: reader(),
		Tighten:     func(p map[string]*jsonschema.Schema) { p["tokens"].MaxItems = jsonschema.Ptr(maxDetokenize) },
	}, func(_ context.Context, in detokenizeIn) (detokenizeOut, error) {
		text, err := t.Detokenize(in.Tokens)
		return detokenizeOut{text}, err
	})
}
