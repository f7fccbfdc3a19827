package tokenizer

import (
	"runtime"
	"slices"
	"strings"
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

// Whoever may send text must not get memory out of proportion for it: Encode
// says 200 bytes for each, and texts of one character are the worst.
func TestEncodeMemoryIsBounded(t *testing.T) {
	tok := kjvTokenizer(t)
	const size = 64 << 10
	for _, c := range []struct{ name, text string }{
		{"spaces", strings.Repeat(" ", size)},
		{"letters", strings.Repeat("e", size)},
		{"words", strings.Repeat("the ", size/4)},
		{"no UTF-8", strings.Repeat("\xff", size)},
		{"long characters", strings.Repeat("\U00010348", size/4)},
	} {
		tok.Encode(c.text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tok.Encode(c.text)
		runtime.ReadMemStats(&after)
		per := float64(after.TotalAlloc-before.TotalAlloc) / size
		t.Logf("%s: %.0f bytes for each", c.name, per)
		if per > 200 {
			t.Errorf("%s: %.0f bytes for each byte of text, want 200 at most", c.name, per)
		}
	}
}
