package tokenizer

import (
	_ "embed"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer/canonical"
)

// bytelevel.json is made by bytelevel.py beside it, with Hugging Face tokenizers.
//
//go:embed testdata/bytelevel.json
var byteLevelGolden []byte

//go:embed testdata/smollm2.json
var smolLM2Golden []byte

// encoding is a text, its words in characters, and its tokens.
type encoding struct {
	Text  string   `json:"text"`
	Words [][2]int `json:"words"`
	IDs   []int32  `json:"ids"`
}

type byteVocabulary struct {
	Pre    string     `json:"pre"`
	Tokens []string   `json:"tokens"`
	Merges []string   `json:"merges"`
	Cases  []encoding `json:"cases"`
}

func byteVocabularies(t testing.TB) []byteVocabulary {
	t.Helper()
	var list []byteVocabulary
	if err := json.Unmarshal(byteLevelGolden, &list); err != nil || len(list) != 4 {
		t.Fatal(len(list), err)
	}
	return list
}

// tokenizer returns the vocabulary with two control tokens and a user-defined one at
// its end.
func (v byteVocabulary) tokenizer(t testing.TB) *Tokenizer {
	t.Helper()
	var entries []entry
	for _, p := range v.Tokens {
		entries = append(entries, entry{p, 0, kindNormal})
	}
	entries = append(entries, entry{"<|im_start|>", 0, kindControl}, entry{"<|im_end|>", 0, kindControl}, entry{"<tool call>", 0, kindUserDefined})
	tok, err := load(vocabulary(entries, gguftest.Key{Name: "tokenizer.ggml.model", Value: "gpt2"},
		gguftest.Key{Name: "tokenizer.ggml.pre", Value: v.Pre}, gguftest.Key{Name: "tokenizer.ggml.merges", Value: v.Merges}))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestWordsAndTokensEqualHuggingFace(t *testing.T) {
	for _, v := range byteVocabularies(t) {
		tok := v.tokenizer(t)
		for _, c := range v.Cases {
			var got, want []string
			for rest := c.Text; rest != ""; {
				n := tok.byteLevel.split(rest)
				got, rest = append(got, rest[:n]), rest[n:]
			}
			runes := []rune(c.Text)
			for _, w := range c.Words {
				want = append(want, string(runes[w[0]:w[1]]))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: words of %q = %q, want %q", v.Pre, c.Text, got, want)
			}
			if ids := tok.Encode(c.Text); !slices.Equal(ids, c.IDs) {
				t.Errorf("%s: Encode(%q) = %v, want %v", v.Pre, c.Text, ids, c.IDs)
			}
		}
	}
}

// TestSmolLM2TokensEqualHuggingFace needs the model's file, for its vocabulary.
func TestSmolLM2TokensEqualHuggingFace(t *testing.T) {
	data := modeltest.Read(t, "smollm2-135m-instruct")
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	tok, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	loaded := time.Since(start)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start = time.Now()
	tok.Encode("x")
	built := time.Since(start)
	runtime.ReadMemStats(&after)
	t.Logf("New in %v; index in %v, %d KiB allocated", loaded, built, (after.TotalAlloc-before.TotalAlloc)>>10)
	var cases []encoding
	if err := json.Unmarshal(smolLM2Golden, &cases); err != nil || len(cases) < 50 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		if ids := tok.Encode(c.Text); !slices.Equal(ids, c.IDs) {
			t.Errorf("Encode(%q) = %v, want %v", c.Text, ids, c.IDs)
		}
	}
}

func TestByteOfReversesBytesToUnicode(t *testing.T) {
	n := rune(256) // encoder.py: bytes that are not visible are 256, 257, ... in order
	for b := range 256 {
		r := rune(b)
		if !visible(b) {
			r, n = n, n+1
		}
		if got, ok := byteOf(r); !ok || got != byte(b) {
			t.Errorf("%q stands for %#x, %v, want %#x", r, got, ok, b)
		}
	}
	for _, r := range []rune{' ', '\n', 0x7F, 0xA0, 0xAD, n, '東', 0xFFFD} {
		if b, ok := byteOf(r); ok {
			t.Errorf("%q stands for %#x, want nothing", r, b)
		}
	}
}

func TestByteLevelDecodeReversesEncode(t *testing.T) {
	for _, v := range byteVocabularies(t) {
		tok := v.tokenizer(t)
		for _, x := range append(slices.Clone(texts), "a<tool call>b", "▁ ▁", "<|im_end|>") {
			ids := tok.Encode(x)
			if got, err := tok.Decode(ids); err != nil || string(got) != x {
				t.Errorf("%s: Decode(Encode(%q)) = %q, %v", v.Pre, x, got, err)
			}
			for _, id := range ids {
				if kind(tok.kinds[id]) == kindControl {
					t.Errorf("%s: Encode(%q) gives control token %d", v.Pre, x, id)
				}
			}
		}
		if ids := tok.Encode("a<tool call>b"); !slices.Contains(ids, int32(len(v.Tokens)+2)) {
			t.Errorf("%s: no user-defined token in %v", v.Pre, ids)
		}
	}
}

// Control tokens come from the template alone.
func TestEncodeTemplateTrustsTheTemplateOnly(t *testing.T) {
	v := byteVocabularies(t)[1]
	tok := v.tokenizer(t)
	start, stop := int32(len(v.Tokens)), int32(len(v.Tokens)+1)
	const text = "<|im_start|>a<|im_end|>b<|im_end|>"
	for _, c := range []struct {
		name     string
		from, to int // the data
		want     [3]int
	}{
		{"all trusted", 0, 0, [3]int{1, 2, 0}},
		{"message trusted not", 12, 23, [3]int{1, 1, 0}},
		{"one byte of a token not trusted", 13, 14, [3]int{1, 1, 0}},
		{"nothing trusted", 0, len(text), [3]int{0, 0, 0}},
	} {
		ids := tok.EncodeTemplate(text, func(from, to int) bool { return to <= c.from || c.to <= from })
		var got [3]int
		for _, id := range ids {
			switch id {
			case start:
				got[0]++
			case stop:
				got[1]++
			}
		}
		if got != c.want {
			t.Errorf("%s: %d starts, %d ends, want %v in %v", c.name, got[0], got[1], c.want, ids)
		}
	}
	if !tok.Ends(stop) || tok.Ends(start) || tok.Ends(5) {
		t.Error("<|im_end|> is the one token that ends a turn")
	}
}

// TestLlamaTakesWholeWords: a word that is a token is not put together by merges.
func TestLlamaTakesWholeWords(t *testing.T) {
	entries := []entry{{"a", 0, kindNormal}, {"b", 0, kindNormal}, {"c", 0, kindNormal}, {"ab", 0, kindNormal}, {"abc", 0, kindNormal}, {"bc", 0, kindNormal}}
	for pre, want := range map[string][]int32{"llama-bpe": {4}, "gpt-2": {0, 5}} {
		tok, err := load(vocabulary(entries, gguftest.Key{Name: "tokenizer.ggml.model", Value: "gpt2"},
			gguftest.Key{Name: "tokenizer.ggml.pre", Value: pre}, gguftest.Key{Name: "tokenizer.ggml.merges", Value: []string{"b c", "x y", "nonsense", "b c", "a b"}}))
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode("abc"); !slices.Equal(got, want) {
			t.Errorf("%s: Encode(abc) = %v, want %v", pre, got, want)
		}
	}
}

func TestByteLevelMemoryIsBounded(t *testing.T) {
	const size = 64 << 10
	for _, v := range byteVocabularies(t) {
		tok := v.tokenizer(t)
		for _, text := range []string{strings.Repeat(" ", size), strings.Repeat("e", size), strings.Repeat("the ", size/4), strings.Repeat("\xff", size),
			strings.Repeat("\U00010348", size/4), strings.Repeat("<", size), strings.Repeat("\n", size), strings.Repeat("<|im_start|", size/11)} {
			tok.Encode("a")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			tok.Encode(text)
			runtime.ReadMemStats(&after)
			if per := float64(after.TotalAlloc-before.TotalAlloc) / size; per > 200 {
				t.Errorf("%s: %.0f bytes for each byte of %q..., want 200 at most", v.Pre, per, text[:8])
			}
		}
	}
}

// means reports whether text b came out of a, but for form C if that is what the
// tokenizer makes of text.
func (t *Tokenizer) means(a, b string) bool {
	return a == b || t.byteLevel.compose && canonical.Compose(a) == canonical.Compose(b)
}

// Qwen's tokenizer makes text form C first, between special tokens; others do not.
func TestQwenComposes(t *testing.T) {
	for _, v := range byteVocabularies(t) {
		tok := v.tokenizer(t)
		for _, c := range []struct{ text, composed string }{{"cafe\u0301 e\u0323\u0301", "café ẹ\u0301"}, {"\u1112\u1161\u11ab \u212b", "한 Å"}} {
			got, err := tok.Decode(tok.Encode(c.text))
			want := c.text
			if v.Pre == "qwen2" {
				want = c.composed
			}
			if err != nil || string(got) != want {
				t.Errorf("%s: Decode(Encode(%+q)) = %+q, %v, want %+q", v.Pre, c.text, got, err, want)
			}
			if a, b := tok.Encode(c.text), tok.Encode(c.composed); slices.Equal(a, b) != (v.Pre == "qwen2") {
				t.Errorf("%s: Encode(%+q) = %v, Encode(%+q) = %v", v.Pre, c.text, a, c.composed, b)
			}
		}
	}
}

// FuzzByteLevel checks the round trip for every byte string and splitter, and that words are never empty.
func FuzzByteLevel(f *testing.F) {
	for _, x := range texts {
		f.Add(x)
	}
	var list []*Tokenizer
	for _, v := range byteVocabularies(f) {
		list = append(list, v.tokenizer(f))
		for _, c := range v.Cases {
			f.Add(c.Text)
		}
	}
	f.Fuzz(func(t *testing.T, x string) {
		for _, tok := range list {
			for rest := x; rest != ""; {
				n := tok.byteLevel.split(rest)
				if n < 1 || n > len(rest) {
					t.Fatalf("word of %d bytes at the start of %q", n, rest)
				}
				rest = rest[n:]
			}
			if got, err := tok.Decode(tok.Encode(x)); err != nil || !tok.means(string(got), x) {
				t.Fatalf("Decode(Encode(%q)) = %q, %v", x, got, err)
			}
			all := func(int, int) bool { return true }
			if got, err := tok.Decode(tok.EncodeTemplate(x, all)); err != nil || !strings.Contains(x, "<|im_") && !tok.means(string(got), x) {
				t.Fatalf("as template: %q becomes %q, %v", x, got, err)
			}
		}
	})
}
