package tool

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Judge says how badly a model foretells a text; *inference.Model is one.
type Judge interface {
	Perplexity(ctx context.Context, text string, o inference.PerplexityOptions) (inference.Perplexity, error)
}

var _ Judge = (*inference.Model)(nil)

type perplexityIn struct {
	Text   string `json:"text" jsonschema:"text to judge"`
	Window int    `json:"window,omitempty" jsonschema:"tokens that are seen together; 512, or the model's context if less, if left out"`
	Skip   int    `json:"skip,omitempty" jsonschema:"tokens at the start of each window that do not count; half of it and one more if left out, or 1 for a text shorter than a window"`
}

type perplexityOut struct {
	Perplexity float64 `json:"perplexity" jsonschema:"exp(nll): 1 foretells every token, the size of the vocabulary none"`
	Error      float64 `json:"error" jsonschema:"standard error of the perplexity"`
	NLL        float64 `json:"nll" jsonschema:"mean of -ln p over the tokens that count"`
	Tokens     int     `json:"tokens" jsonschema:"tokens of the text"`
	Counted    int     `json:"counted" jsonschema:"tokens that count"`
	Windows    int     `json:"windows" jsonschema:"windows that were run"`
}

// Perplexity adds the tool perplexity, with a progress notification after each window.
func Perplexity(s *mcp.Server, j Judge) {
	mcp.AddTool(s, mcp.Tool{
		Name: "perplexity", Title: "Perplexity", Description: "Measures how badly the model foretells a text.",
		Annotations: reader(),
		Tighten: func(p map[string]*jsonschema.Schema) {
			p["window"].Minimum, p["window"].Maximum = jsonschema.Ptr(2.0), jsonschema.Ptr(float64(1<<20))
			p["skip"].Minimum, p["skip"].Maximum = jsonschema.Ptr(1.0), jsonschema.Ptr(float64(1<<20))
		},
	}, func(ctx context.Context, in perplexityIn) (perplexityOut, error) {
		o := inference.PerplexityOptions{Window: in.Window, Skip: in.Skip}
		if mcp.WantsProgress(ctx) {
			o.Each = func(p inference.Perplexity) error {
				text := fmt.Sprintf("perplexity of %d tokens: %.4g", p.Counted, math.Exp(p.NLL/float64(p.Counted)))
				return mcp.Progress(ctx, float64(p.Windows), 0, text)
			}
		}
		p, err := j.Perplexity(ctx, in.Text, o)
		if err != nil {
			return perplexityOut{}, err
		}
		return judged(p)
	})
}

// judged returns the tool's result.
func judged(p inference.Perplexity) (perplexityOut, error) {
	n := float64(p.Counted)
	out := perplexityOut{Perplexity: p.Value, NLL: p.NLL / n, Tokens: p.Tokens, Counted: p.Counted, Windows: p.Windows}
	if p.Counted > 1 { // of exp(x), x with the standard error of a mean: first order
		out.Error = p.Value * math.Sqrt(max(0, p.Squares/n-out.NLL*out.NLL)/(n-1))
	}
	if sum := out.Perplexity + out.Error; math.IsInf(sum, 0) || math.IsNaN(sum) { // JSON has no such numbers
		return perplexityOut{}, errors.New("the perplexity is infinite: the text is impossible to this model")
	}
	return out, nil
}
