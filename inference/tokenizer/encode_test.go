package tokenizer

import (
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
)

// kjvTokenizer returns the embedded model's tokenizer.
func kjvTokenizer(t testing.TB) *Tokenizer {
	t.Helper()
	f, err := gguf.Parse(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	tok, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestEncodeMatchesSentencePiece compares with Google's SentencePiece.
func TestEncodeMatchesSentencePiece(t *testing.T) {
	tok := kjvTokenizer(t)
	g, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Tokenize {
		if got := tok.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
		}
	}
}
