package transformer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
)

// surprise returns -ln p(id) in the softmax of logits.
func surprise[T float32 | float64](logits []T, id int32) float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - float64(logits[id]))
	}
	return math.Log(sum)
}

// TestPerplexityOfEachQuantization compares the perplexity of texts in each file of the
// embedded model with the published definition's, run in float64 on the same weights:
// 1 % is what was asked for.
func TestPerplexityOfEachQuantization(t *testing.T) {
	g, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range parse(t) {
		m, err := New(f, 2)
		if err != nil {
			t.Fatal(err)
		}
		e := m.NewExecutor()
		ours, theirs, counted := 0.0, 0.0, 0
		for i, c := range g.Models[name].Cases[:2] { // the float64 engine takes a second for each
			text := append([]int32{}, c.PromptIDs...)
			text = append(text, c.GreedyIDs...)
			r := rand.New(rand.NewPCG(uint64(i), 0)) // and words that the model does not expect
			for range 10 {
				text = append(text, int32(3+r.IntN(m.Vocab-3)))
			}
			text = text[:min(len(text), e.m.MaxRows())]
			want := referenceFrom(f, text, 0)
			s, err := m.NewSession(len(text), CacheF32)
			if err != nil {
				t.Fatal(err)
			}
			err = e.Step([]Piece{{Session: s, Tokens: text, Logits: func(i int, logits []float32) {
				if i+1 == len(text) {
					return
				}
				ours += surprise(logits, text[i+1])
				theirs += surprise(want[i], text[i+1])
				counted++
			}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		p, q := math.Exp(ours/float64(counted)), math.Exp(theirs/float64(counted))
		t.Logf("%s: perplexity %.6f over %d tokens, by definition %.6f", name, p, counted, q)
		if !(math.Abs(p/q-1) < 1e-4) || counted < 100 {
			t.Errorf("%s: perplexity %v over %d tokens, by definition %v", name, p, counted, q)
		}
	}
}

// TestHiddenStatesEqualFloat64Reference does so for each architecture.
func TestHiddenStatesEqualFloat64Reference(t *testing.T) {
	tokens := []int32{1, 5, 9, 30, 2, 2, 17, 39, 0, 4}
	for name, v := range variants() {
		f := v.file(t)
		m, err := New(f, 1)
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.NewSession(len(tokens), CacheF32)
		if err != nil {
			t.Fatal(err)
		}
		want, n := (&second{f: f, arch: v.arch}).run(tokens), 0
		err = m.NewExecutor().Step([]Piece{{Session: s, Tokens: tokens, Hidden: func(i int, hidden []float32) {
			for j, h := range hidden {
				if d := math.Abs(float64(h) - want[i][j]); !(d <= 1e-4) {
					t.Fatalf("%s: hidden state %d after token %d is %v, want %v", name, j, i, h, want[i][j])
				}
			}
			n++
		}}})
		if err != nil || n != len(tokens) {
			t.Errorf("%s: %d hidden states, %v", name, n, err)
		}
	}
}
