package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// ErrTooLong is returned (wrapped, with the numbers) for texts of more tokens than the
// model has positions.
var ErrTooLong = errors.New("text too long")

// Frame returns the tokens of a text between [CLS] and [SEP], as Embed wants them.
func (m *Model) Frame(tokens []int32) []int32 {
	return append(append([]int32{m.Tokens.CLS}, tokens...), m.Tokens.SEP)
}

// Embed returns the vector of the tokens, (Dim), of length 1. The caller owns it.
//
// It fails if there are no tokens, more than Context (wrapping ErrTooLong), or one that
// is not in the vocabulary. While it waits for its turn, and between layers, it looks
// at ctx and returns its cause when it is done.
func (m *Model) Embed(ctx context.Context, tokens []int32) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, errors.New("encoder: no tokens")
	}
	if len(tokens) > m.Context {
		return nil, fmt.Errorf("encoder: %d tokens, at most %d: %w", len(tokens), m.Context, ErrTooLong)
	}
	for _, id := range tokens {
		if id < 0 || int(id) >= m.Vocab {
			return nil, fmt.Errorf("encoder: token %d is not in the vocabulary of %d", id, m.Vocab)
		}
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-m.turn:
		defer func() { m.turn <- r }()
		if err := r.forward(ctx, tokens); err != nil {
			return nil, err
		}
		return m.pool(r.x[:len(tokens)*m.Dim])
	}
}

// pool makes one vector of those of the tokens, x (T, dim).
func (m *Model) pool(x []float32) ([]float32, error) {
	sums := make([]float64, m.Dim)
	if m.Pooling == First {
		x = x[:m.Dim]
	}
	for ; len(x) > 0; x = x[m.Dim:] {
		for i, v := range x[:m.Dim] {
			sums[i] += float64(v)
		}
	}
	length := 0.0 // a mean has the direction of the sum
	for _, v := range sums {
		length += float64(v * v)
	}
	if length = math.Sqrt(length); !(length > 0) || math.IsInf(length, 0) {
		return nil, fmt.Errorf("encoder: the model makes a vector of length %v of this text", length)
	}
	y := make([]float32, m.Dim)
	for i, v := range sums {
		y[i] = float32(v / length)
	}
	return y, nil
}
