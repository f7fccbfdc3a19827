package inference

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// smallEncoder is an encoder of one layer, 8 elements and 40 positions, which tells words
// apart.
func smallEncoder() []byte {
	const dim, hidden, context = 8, 16, 40
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁cat", "s", "▁dog", "▁the"}
	kinds := []int32{3, 3, 3, 3, 1, 1, 1, 1}
	seed := uint32(1)
	tensor := func(name string, plus float32, dims ...uint64) gguftest.Tensor {
		n := uint64(1)
		for _, d := range dims {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			seed = seed*1664525 + 1013904223
			v[i] = plus + float32(seed>>8)/(1<<24) - 0.5
		}
		return gguftest.Tensor{Name: name, Dims: dims, Offset: -1, Data: gguftest.Floats(v...)}
	}
	f := gguftest.File{
		Keys: []gguftest.Key{
			{Name: "general.architecture", Value: "bert"}, {Name: "general.name", Value: "small"}, {Name: "bert.block_count", Value: uint32(1)},
			{Name: "bert.embedding_length", Value: uint32(dim)}, {Name: "bert.feed_forward_length", Value: uint32(hidden)},
			{Name: "bert.attention.head_count", Value: uint32(2)}, {Name: "bert.context_length", Value: uint32(context)},
			{Name: "bert.attention.layer_norm_epsilon", Value: float32(1e-12)}, {Name: "bert.pooling_type", Value: uint32(1)},
			{Name: "tokenizer.ggml.model", Value: "bert"}, {Name: "tokenizer.ggml.tokens", Value: words},
			{Name: "tokenizer.ggml.token_type", Value: kinds}, {Name: templateKey, Value: "{{ messages }}"},
		},
		Tensors: []gguftest.Tensor{
			tensor("token_embd.weight", 0, dim, uint64(len(words))), tensor("position_embd.weight", 0, dim, context), tensor("token_types.weight", 0, dim, 2),
			tensor("token_embd_norm.weight", 1, dim), tensor("token_embd_norm.bias", 0, dim),
		},
	}
	for _, l := range []struct {
		name    string
		in, out uint64
	}{{"attn_q", dim, dim}, {"attn_k", dim, dim}, {"attn_v", dim, dim}, {"attn_output", dim, dim}, {"ffn_up", dim, hidden}, {"ffn_down", hidden, dim}} {
		f.Tensors = append(f.Tensors, tensor("blk.0."+l.name+".weight", 0, l.in, l.out), tensor("blk.0."+l.name+".bias", 0, l.out))
	}
	for _, name := range []string{"attn_output_norm", "layer_output_norm"} {
		f.Tensors = append(f.Tensors, tensor("blk.0."+name+".weight", 1, dim), tensor("blk.0."+name+".bias", 0, dim))
	}
	return f.Bytes()
}

func TestEncoderIsAModel(t *testing.T) {
	m, err := Load(smallEncoder())
	if err != nil {
		t.Fatal(err)
	}
	i := m.Info()
	if i.Name != "small" || i.Architecture != "bert" || i.Quantization != "F32" || i.ContextLength != 40 || i.Embedding != 8 || i.Layers != 1 ||
		i.Vocabulary != 8 || i.Parameters == 0 || i.Kernel == "" || i.Threads < 1 || i.Sessions != 1 {
		t.Errorf("Info = %+v", i)
	}
	if m.Generates() || m.HasChat() || m.CacheBytes() <= 0 {
		t.Errorf("Generates %v, HasChat %v, CacheBytes %d", m.Generates(), m.HasChat(), m.CacheBytes())
	}
	ids, err := m.Tokenize("The cats!", true)
	if err != nil || !slices.Equal(ids, []int32{2, 7, 4, 5, 1}) {
		t.Errorf("Tokenize = %v, %v", ids, err)
	}
	if text, err := m.Detokenize(ids); err != nil || text != "the cats" {
		t.Errorf("Detokenize = %q, %v", text, err)
	}
	if _, err := m.Detokenize([]int32{8}); err == nil {
		t.Error("a token outside the vocabulary is accepted")
	}
	ctx := t.Context()
	v, err := m.Embed(ctx, "the cats")
	if err != nil {
		t.Fatal(err)
	}
	length := 0.0
	for _, x := range v {
		length += float64(x) * float64(x)
	}
	if len(v) != 8 || math.Abs(length-1) > 1e-6 {
		t.Errorf("Embed = %v", v)
	}
	if w, err := m.Embed(ctx, "THE  cáts"); err != nil || !slices.Equal(v, w) {
		t.Errorf("the same words have another vector: %v, %v", w, err)
	}
	if w, err := m.Embed(ctx, "the dogs"); err != nil || slices.Equal(v, w) {
		t.Errorf("other words have the same vector: %v", err)
	}
	if _, err := m.Embed(ctx, ""); err != nil {
		t.Errorf("empty text: %v", err)
	}
}

func TestEncoderDoesNotGenerate(t *testing.T) {
	m, err := Load(smallEncoder())
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, e1 := m.Generate(ctx, "the", Options{}, nil)
	_, e2 := m.Chat(ctx, []Message{{Role: "user", Content: "the"}}, Options{}, nil)
	_, e3 := m.Perplexity(ctx, "the cats", PerplexityOptions{})
	_, e4 := m.PerplexityTokens(ctx, []int32{1, 2, 3}, PerplexityOptions{})
	_, e5 := m.ChatTokens([]Message{{Role: "user", Content: "the"}})
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if !errors.Is(err, ErrEncoder) {
			t.Errorf("call %d: %v, want ErrEncoder", i+1, err)
		}
	}
}

func TestEncoderIsBounded(t *testing.T) {
	data := smallEncoder()
	m, err := LoadConfig(data, Config{Context: 6})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(t.Context(), "the cats"); err != nil { // 5 with [CLS] and [SEP]
		t.Error(err)
	}
	if _, err := m.Embed(t.Context(), "the the cats the"); !errors.Is(err, ErrContextFull) || !strings.Contains(err.Error(), "7 tokens, at most 6 fit") {
		t.Errorf("a long text: %v", err)
	}
	if _, err := m.Embed(t.Context(), strings.Repeat("x", MaxText+1)); err == nil {
		t.Error("a text of more than MaxText bytes is accepted")
	}
	if _, err := LoadConfig(data, Config{CacheBytes: 10}); err == nil || !strings.Contains(err.Error(), "10 are allowed") {
		t.Errorf("no memory: %v", err)
	}
	small, err := LoadConfig(data, Config{CacheBytes: 8 << 10, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := small.Info().ContextLength; n < 1 || n >= 40 {
		t.Errorf("8 KiB hold %d tokens", n)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if _, err := m.Embed(ctx, "the"); err != why {
		t.Errorf("cancelled: %v", err)
	}
}
