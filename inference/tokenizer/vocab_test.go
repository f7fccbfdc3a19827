package tokenizer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// entry is a token of a made vocabulary.
type entry struct {
	piece string
	score float32
	kind  kind
}

// vocabulary writes a model file that is only a vocabulary. Keys replace or add.
func vocabulary(entries []entry, keys ...gguftest.Key) []byte {
	var pieces []string
	var scores []float32
	var kinds []int32
	for _, e := range entries {
		pieces, scores, kinds = append(pieces, e.piece), append(scores, e.score), append(kinds, int32(e.kind))
	}
	all := []gguftest.Key{{Name: "tokenizer.ggml.model", Value: "llama"}, {Name: "tokenizer.ggml.tokens", Value: pieces},
		{Name: "tokenizer.ggml.scores", Value: scores}, {Name: "tokenizer.ggml.token_type", Value: kinds}}
	for _, k := range keys {
		all = slices.DeleteFunc(all, func(o gguftest.Key) bool { return o.Name == k.Name })
		all = append(all, k)
	}
	return gguftest.File{Keys: all}.Bytes()
}

func load(data []byte) (*Tokenizer, error) {
	f, err := gguf.Parse(data)
	if err != nil {
		return nil, err
	}
	return New(f)
}

// letters has no byte tokens.
var letters = []entry{
	{"<unk>", 0, kindUnknown}, {"<s>", 0, kindControl}, {"</s>", 0, kindControl},
	{"▁", -9, kindNormal}, {"a", -10, kindNormal}, {"b", -11, kindNormal}, {"c", -12, kindNormal},
	{"ab", -2, kindNormal}, {"bc", -1, kindNormal}, {"abc", -5, kindNormal}, {"aa", -3, kindNormal}, {"<t>", 0, kindUserDefined}, {"▁a", -4, kindNormal},
}

func TestEncodeMergesByScoreThenLeftmost(t *testing.T) {
	tok, err := load(vocabulary(letters, gguftest.Key{Name: "tokenizer.ggml.add_space_prefix", Value: false}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		want       []int32
	}{
		{"best score first", "abc", []int32{9}}, // bc, then a+bc
		{"leftmost on a tie", "aaa", []int32{10, 4}},
		{"space", " a", []int32{12}},
		{"unknown once a character", "aé", []int32{4, 0}},
		{"control token is text", "<s>", []int32{0, 0, 0}},
		{"user-defined is whole", "a<t>a", []int32{4, 11, 4}},
		{"empty", "", nil},
	} {
		if got := tok.Encode(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: Encode(%q) = %v, want %v", c.name, c.text, got, c.want)
		}
	}
}

func TestBadVocabulariesAreRefused(t *testing.T) {
	K := func(name string, v any) gguftest.Key { return gguftest.Key{Name: name, Value: v} }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"other tokenizer", vocabulary(letters, K("tokenizer.ggml.model", "bert")), `"bert" is not supported`},
		{"byte BPE without splitter", vocabulary(letters, K("tokenizer.ggml.model", "gpt2")), `key "tokenizer.ggml.pre": missing`},
		{"byte BPE with other splitter", vocabulary(letters, K("tokenizer.ggml.model", "gpt2"), K("tokenizer.ggml.pre", "falcon")), `"falcon" is not supported`},
		{"merges of wrong kind", vocabulary(letters, K("tokenizer.ggml.model", "gpt2"), K("tokenizer.ggml.pre", "gpt-2"), K("tokenizer.ggml.merges", "a b")), "want an array of strings"},
		{"no tokens", vocabulary(nil), "0 tokens"},
		{"tokens of wrong kind", vocabulary(letters, K("tokenizer.ggml.tokens", "x")), "want an array of strings"},
		{"too few scores", vocabulary(letters, K("tokenizer.ggml.scores", []float32{1})), "13 tokens but 1 scores"},
		{"too few types", vocabulary(letters, K("tokenizer.ggml.token_type", []int32{1})), "1 types"},
		{"NaN score", vocabulary([]entry{{"a", float32(math.NaN()), kindNormal}}), "token 0 has score NaN"},
		{"unknown type", vocabulary([]entry{{"a", 0, 9}}), "unknown type 9"},
		{"byte token without byte", vocabulary([]entry{{"<0xG0>", 0, kindByte}}), `byte token 0 is called "<0xG0>"`},
		{"BOS outside", vocabulary(letters, K("tokenizer.ggml.bos_token_id", uint32(13))), "token 13 is not in the vocabulary of 13"},
	} {
		if _, err := load(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}
