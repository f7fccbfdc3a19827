package inference

import (
	"context"
	"fmt"
	"math"
)

// PerplexityOptions says which tokens of a text count, and what the model sees before
// them. The zero value does what llama.cpp's llama-perplexity does with a context of 512.
type PerplexityOptions struct {
	// Window is how many tokens run together, each window from an empty context; at
	// least 2. 0 means 512, or Info.ContextLength if that is less.
	Window int
	// Skip is how many tokens at the beginning of a window are context only; at least
	// 1, since there is nothing to foretell the first from, and less than Window. 0
	// means half of Window and 1, as llama-perplexity has it, but 1 for a window of two
	// and for a text that does not fill one.
	Skip int
	// Each, if not nil, is called after each window with what there is by then, but for
	// Value. An error from it ends the measurement and is returned.
	Each func(Perplexity) error
}

// Perplexity is how badly a model foretells a text.
type Perplexity struct {
	Value   float64 // exp(NLL / Counted): 1 is perfect, Info.Vocabulary is guessing
	NLL     float64 // sum of -ln p(token | those before it in its window), over the counted tokens
	Squares float64 // sum of the squares of the same, for a standard error
	Counted int     // tokens that count
	Windows int
	Tokens  int // of the text, beginning-of-sequence included
}

const defaultWindow = 512

// Perplexity is PerplexityTokens for the tokens of text, with the beginning-of-sequence
// token in front where the model wants one.
func (m *Model) Perplexity(ctx context.Context, text string, o PerplexityOptions) (Perplexity, error) {
	if m.encoder != nil {
		return Perplexity{}, ErrEncoder
	}
	tokens, err := m.Tokenize(text, m.tokens.AddBOS)
	if err != nil {
		return Perplexity{}, err
	}
	return m.PerplexityTokens(ctx, tokens, o)
}

// PerplexityTokens measures a text of tokens:
//
//	exp(-1/N Σ ln p(token[i] | window's tokens before i))
//
// The text is cut into windows of o.Window tokens that do not overlap. What is left at
// the end counts only if there is no whole window. Tokens o.Skip, o.Skip+1, ... of each
// window, counted from 0, are the N that count; p is the softmax of the logits, in float64.
// If the model wants a beginning-of-sequence token, it takes the place of the first token
// of every window.
//
// With the same window this is the number that llama.cpp's llama-perplexity prints, for
// texts of at least two windows.
//
// It waits for a session as Generate does, and looks at ctx as often.
func (m *Model) PerplexityTokens(ctx context.Context, tokens []int32, o PerplexityOptions) (Perplexity, error) {
	if m.encoder != nil {
		return Perplexity{}, ErrEncoder
	}
	if o.Window == 0 {
		o.Window = min(defaultWindow, m.context)
	}
	if o.Window < 2 || o.Window > m.context {
		return Perplexity{}, fmt.Errorf("inference: window of %d tokens, at least 2 and at most %d fit", o.Window, m.context)
	}
	if o.Skip < 0 || o.Skip >= o.Window {
		return Perplexity{}, fmt.Errorf("inference: %d tokens of a window of %d are to be context only", o.Skip, o.Window)
	}
	if len(tokens) < 2 || len(tokens) <= o.Skip {
		return Perplexity{}, fmt.Errorf("inference: a text of %d tokens has none to foretell", len(tokens))
	}
	for i, id := range tokens {
		if id < 0 || int(id) >= m.net.Vocab {
			return Perplexity{}, fmt.Errorf("inference: token %d at %d is not in the vocabulary of %d", id, i, m.net.Vocab)
		}
	}
	if o.Skip == 0 {
		if o.Skip = 1; len(tokens) >= o.Window && o.Window > 2 {
			o.Skip = o.Window/2 + 1
		}
	}
	w, err := m.empty(ctx)
	if err != nil {
		return Perplexity{}, err
	}
	defer m.done(w)
	p := Perplexity{Tokens: len(tokens)}
	for len(tokens) >= o.Window || p.Windows == 0 {
		n := min(o.Window, len(tokens))
		if err := m.window(ctx, w, &p, tokens[:n], o.Skip); err != nil {
			return Perplexity{}, err
		}
		tokens = tokens[n:]
		if o.Each != nil {
			if err := o.Each(p); err != nil {
				return Perplexity{}, err
			}
		}
	}
	if p.Value = math.Exp(p.NLL / float64(p.Counted)); math.IsNaN(p.Value) {
		return Perplexity{}, fmt.Errorf("inference: a logit is not a number: the model is broken")
	}
	return p, nil
}

// window adds what tokens, from skip on, contribute to p.
func (m *Model) window(ctx context.Context, w *worker, p *Perplexity, tokens []int32, skip int) error {
	w.session.Reset()
	w.text = append(w.text[:0], tokens[:len(tokens)-1]...) // nothing follows the last
	if m.tokens.AddBOS && m.tokens.BOS >= 0 {
		w.text[0] = m.tokens.BOS
	}
	w.request.logits = func(i int, logits []float32) {
		nll := surprise(logits, tokens[i+1])
		p.NLL += nll
		p.Squares += nll * nll
		p.Counted++
	}
	p.Windows++
	return m.steps.run(ctx, w.request, w.text, skip-1)
}

// surprise returns -ln p(id) in the softmax of logits.
func surprise(logits []float32, id int32) float64 {
	top := math.Inf(-1)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return math.Log(sum) + top - float64(logits[id])
}
