package inference_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
)

// TestTextsThatBeginAlikeAreTakenUp generates, and continues the text with what came out:
// the second time only what is new is run, and the tokens are those of a model that
// reuses nothing.
func TestTextsThatBeginAlikeAreTakenUp(t *testing.T) {
	keeps, forgets := load(t, inference.Config{Sessions: 1}), load(t, inference.Config{Sessions: 1, Forget: true})
	generate := func(m *inference.Model, prompt string) inference.Result {
		t.Helper()
		res, err := m.Generate(context.Background(), prompt, inference.Options{MaxTokens: 10}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	prompt, before := "And God said unto Moses", 0
	for turn := range 4 {
		got, want := generate(keeps, prompt), generate(forgets, prompt)
		if !slices.Equal(got.Tokens, want.Tokens) || got.Text != want.Text {
			t.Errorf("turn %d: %v, without reuse %v", turn, got.Tokens, want.Tokens)
		}
		if got.Stats.Reused < before || got.Stats.Reused >= got.Stats.PromptTokens || want.Stats.Reused != 0 || got.Stats.PromptTokens != want.Stats.PromptTokens {
			t.Errorf("turn %d: reused %d of %d tokens, at least %d were there; %d with Forget", turn, got.Stats.Reused, got.Stats.PromptTokens, before, want.Stats.Reused)
		}
		before = got.Stats.PromptTokens // all of it is in the session; the answer but its last, too, if its tokens are the prompt's
		prompt += got.Text + " And he said,"
	}
	// The same prompt again: its last token has to be run.
	res := generate(keeps, "And God said unto Moses")
	if res.Stats.Reused != res.Stats.PromptTokens-1 {
		t.Errorf("reused %d of %d tokens of a prompt that was there", res.Stats.Reused, res.Stats.PromptTokens)
	}
	if rate := res.Stats.PromptRate(); rate <= 0 {
		t.Errorf("prompt rate %v", rate)
	}
}

// TestEachTextFindsItsSession has three texts in turns on three sessions, and a fourth that
// takes the place of the one that was not used for longest.
func TestEachTextFindsItsSession(t *testing.T) {
	m := load(t, inference.Config{Sessions: 3})
	reused := func(prompt string) int {
		t.Helper()
		res, err := m.Generate(context.Background(), prompt, inference.Options{MaxTokens: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return res.Stats.PromptTokens - 1 - res.Stats.Reused // 0: all that can be
	}
	texts := []string{"In the beginning God created", "Thus saith the LORD of hosts", "Blessed is the man that walketh"}
	for _, text := range texts {
		reused(text)
	}
	for _, i := range []int{2, 0, 1, 1, 2, 0} {
		if n := reused(texts[i]); n != 0 {
			t.Errorf("text %d: %d tokens more than need be were run", i, n)
		}
	}
	// All begin with the beginning-of-sequence token, so that is no reason to lose a text
	// that was used later.
	reused("Then answered Bildad the Shuhite")
	if a, b, c := reused(texts[2]), reused(texts[0]), reused(texts[1]); a != 0 || b != 0 || c == 0 {
		t.Errorf("tokens run again: %d, %d and %d, want 0, 0 and more: the text used longest ago had to go", a, b, c)
	}
}

// TestReuseAfterAllKindsOfEnds ends generations at random in all ways, and compares with a
// model that forgets.
func TestReuseAfterAllKindsOfEnds(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 5))
	kind := inference.CacheKind(r.IntN(3))
	keeps := load(t, inference.Config{Sessions: 2, Context: 40, Cache: kind})
	forgets := load(t, inference.Config{Sessions: 1, Context: 40, Cache: kind, Forget: true})
	words := []string{"And", " the", " LORD", " said", " king", " of", " Israel", ",", " Moses"}
	enough := errors.New("enough")
	for i := range 150 {
		prompt := ""
		for range 1 + r.IntN(12) {
			prompt += words[r.IntN(1+r.IntN(len(words)))] // often the same beginnings
		}
		o := inference.Options{MaxTokens: 1 + r.IntN(50), Temperature: float32(r.IntN(2)), Seed: uint64(i)}
		kind, at := r.IntN(5), r.IntN(20)
		run := func(m *inference.Model) string {
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			res, err := m.Generate(ctx, prompt, o, func(tok inference.Token) error {
				switch {
				case tok.Index == at && kind == 0:
					return enough
				case tok.Index == at && kind == 1:
					cancel(enough)
				}
				return nil
			})
			return fmt.Sprintln(res.Tokens, res.Text, res.Stop, err)
		}
		if kind == 2 {
			if _, err := keeps.Embed(context.Background(), prompt); err != nil {
				t.Fatal(err)
			}
		}
		if kind == 3 {
			if _, err := keeps.Perplexity(context.Background(), prompt+" and"+" the", inference.PerplexityOptions{Window: 5}); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := run(keeps), run(forgets); got != want {
			t.Fatalf("seed %d, text %d, cache %v: %q gave\n%s\nand without reuse\n%s", seed, i, kind, prompt, got, want)
		}
	}
}
