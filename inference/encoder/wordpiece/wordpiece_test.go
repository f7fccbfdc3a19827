package wordpiece

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// golden.json is what another program makes of texts (testdata/golden.py).
//
//go:embed testdata/golden.json
var golden []byte

type goldenFile struct {
	Tokens []string
	Cases  []struct {
		Text string
		IDs  []int32
	}
}

func readGolden(t testing.TB) goldenFile {
	t.Helper()
	var g goldenFile
	if err := json.Unmarshal(golden, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// asGGUF returns the pieces as GGUF writes them, and their kinds.
func asGGUF(tokens []string) (pieces []string, kinds []int32) {
	for _, w := range tokens {
		rest, continues := strings.CutPrefix(w, "##")
		switch {
		case continues && rest != "":
			pieces, kinds = append(pieces, rest), append(kinds, kindNormal)
		case w == "[UNK]":
			pieces, kinds = append(pieces, w), append(kinds, kindUnknown)
		case len(w) > 2 && w[0] == '[' && w[len(w)-1] == ']':
			pieces, kinds = append(pieces, w), append(kinds, kindControl)
		default:
			pieces, kinds = append(pieces, first+w), append(kinds, kindNormal)
		}
	}
	return pieces, kinds
}

func newTokenizer(t testing.TB, tokens []string, more ...gguftest.Key) (*Tokenizer, error) {
	t.Helper()
	pieces, kinds := asGGUF(tokens)
	f, err := gguf.Parse(gguftest.File{Keys: append([]gguftest.Key{
		{Name: "tokenizer.ggml.model", Value: "bert"}, {Name: "tokenizer.ggml.tokens", Value: pieces}, {Name: "tokenizer.ggml.token_type", Value: kinds},
	}, more...)}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return New(f)
}

func goldenTokenizer(t testing.TB) *Tokenizer {
	t.Helper()
	w, err := newTokenizer(t, readGolden(t).Tokens)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestEncodeEqualsOtherProgram(t *testing.T) {
	w := goldenTokenizer(t)
	for _, c := range readGolden(t).Cases {
		if got := w.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("Encode(%+q) = %v, want %v", c.Text, got, c.IDs)
		}
	}
}

func TestControlTokensAreNotMadeOfText(t *testing.T) {
	w := goldenTokenizer(t)
	for _, id := range w.Encode("[CLS] a [SEP][MASK] [unused0] [UNK]") {
		if id != w.Unknown && w.kinds[id] == kindControl {
			t.Errorf("token %d, %q, came out of text", id, w.pieces.At(int(id)))
		}
	}
	if w.CLS != 2 || w.SEP != 3 || w.Unknown != 1 {
		t.Errorf("special tokens %d %d %d", w.CLS, w.SEP, w.Unknown)
	}
}

func TestText(t *testing.T) {
	w := goldenTokenizer(t)
	ids := append(append([]int32{w.CLS}, w.Encode("Don't  be 龘 naïvely wordless!")...), w.SEP)
	if got, err := w.Text(ids); err != nil || got != "don ' t be [UNK] naively wordless !" {
		t.Errorf("Text = %q, %v", got, err)
	}
	for _, id := range []int32{-1, int32(w.Len())} {
		if _, err := w.Text([]int32{id}); err == nil {
			t.Errorf("token %d is accepted", id)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	ok := []string{"[UNK]", "[CLS]", "[SEP]", "a"}
	if _, err := newTokenizer(t, ok); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		tokens []string
		more   []gguftest.Key
		want   string
	}{
		{"empty", nil, nil, "0 tokens"},
		{"no cls", []string{"[UNK]", "[SEP]"}, nil, "no token [CLS]"},
		{"cls out of range", ok, []gguftest.Key{{Name: "tokenizer.ggml.cls_token_id", Value: uint32(4)}}, "token 4 is not in the vocabulary of 4"},
		{"cls a string", ok, []gguftest.Key{{Name: "tokenizer.ggml.cls_token_id", Value: "2"}}, "cls_token_id"},
	} {
		if _, err := newTokenizer(t, c.tokens, c.more...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	f, err := gguf.Parse(gguftest.File{Keys: []gguftest.Key{
		{Name: "tokenizer.ggml.model", Value: "llama"}, {Name: "tokenizer.ggml.tokens", Value: ok}, {Name: "tokenizer.ggml.token_type", Value: []int32{1}},
	}}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(f); err == nil || !strings.Contains(err.Error(), `"llama" is not supported`) {
		t.Errorf("model llama: %v", err)
	}
}

func TestEncodeIsBounded(t *testing.T) {
	// A vocabulary of long pieces that nearly match.
	tokens := []string{"[UNK]", "[CLS]", "[SEP]", "a", "##a"}
	for n := 2; n < 100; n++ {
		tokens = append(tokens, strings.Repeat("a", n)+"b", "##"+strings.Repeat("a", n)+"b")
	}
	w, err := newTokenizer(t, tokens)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(strings.Repeat("a", 100)+" ", 650) // 64 KiB
	if got := w.Encode(text); len(got) != 65000 {
		t.Errorf("%d tokens", len(got))
	}
	if got := w.Encode(strings.Repeat("a", 1<<16)); !slices.Equal(got, []int32{0}) {
		t.Errorf("one long word: %v", got)
	}
}

func FuzzEncode(f *testing.F) {
	for _, c := range readGolden(f).Cases {
		f.Add(c.Text)
	}
	f.Add("\xff\xc3(\xe2\x82")
	w := goldenTokenizer(f)
	f.Fuzz(func(t *testing.T, text string) {
		ids := w.Encode(text)
		if len(ids) > len(text) {
			t.Fatalf("%d tokens of %d bytes", len(ids), len(text))
		}
		again, err := w.Text(ids)
		if err != nil || !utf8.ValidString(again) {
			t.Fatalf("Text(%v) = %q, %v", ids, again, err)
		}
		if slices.Contains(ids, w.Unknown) {
			return
		}
		if got := w.Encode(again); !slices.Equal(got, ids) { // normalised text is its own normal form
			t.Fatalf("%q -> %v -> %q -> %v", text, ids, again, got)
		}
		// White space does not join, and invalid bytes are as if not there.
		if got := w.Encode("\xff" + text + " "); !slices.Equal(got, ids) {
			t.Fatalf("%v with %v", got, ids)
		}
	})
}
