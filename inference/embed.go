package inference

import (
	"context"
	"fmt"
	"math"
)

// Embed returns a vector (Info.Embedding) of length 1 that stands for text: the mean,
// over all tokens, of the hidden states after the model's last norm, divided by its
// Euclidean length. The cosine of the angle between two of them, their inner product,
// says how much the texts are alike to the model. Tokens are those of Tokenize with the
// beginning-of-sequence token where the model wants one, and count in the mean like the
// others.
//
// An encoder makes the vector as it was trained to, with its own tokens before and after
// the text.
//
// It waits for a session as Generate does, and looks at ctx as often.
func (m *Model) Embed(ctx context.Context, text string) ([]float32, error) {
	if m.encoder != nil {
		return m.encode(ctx, text)
	}
	tokens, err := m.Tokenize(text, m.tokens.AddBOS)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("inference: empty text, and the model has no beginning-of-sequence token")
	}
	if err := m.fits(tokens); err != nil {
		return nil, err
	}
	w, err := m.empty(ctx)
	if err != nil {
		return nil, err
	}
	defer m.done(w)
	sum := make([]float64, m.net.Dim)
	w.request.hidden = func(_ int, h []float32) {
		for i, v := range h {
			sum[i] += float64(v)
		}
	}
	w.text = append(w.text, tokens...)
	if err := m.steps.run(ctx, w.request, tokens, 0); err != nil {
		return nil, err
	}
	return unit(sum)
}

// unit returns v divided by its length. That the mean is a sum divided by a count makes no
// difference then.
func unit(v []float64) ([]float32, error) {
	squares := 0.0
	for _, x := range v {
		squares += x * x
	}
	length := math.Sqrt(squares)
	if !(length > 0) || math.IsInf(length, 1) {
		return nil, fmt.Errorf("inference: the hidden states have no direction (length %v): the model is broken", length)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / length)
	}
	return out, nil
}
