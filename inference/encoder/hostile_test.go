package encoder

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// floats is an F32 tensor of ones.
func floats(name string, dims ...uint64) *gguftest.Tensor {
	n := uint64(1)
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return &gguftest.Tensor{Name: name, Dims: dims, Offset: -1, Data: gguftest.Floats(v...)}
}

// hostile is models that New must refuse, with a message that contains want.
func hostile() []struct {
	name string
	m    tiny
	want string
} {
	key := func(name string, v any) tiny { return tiny{pooling: 1, keys: map[string]any{name: v}} }
	tensor := func(name string, t *gguftest.Tensor) tiny {
		return tiny{pooling: 1, tensors: map[string]*gguftest.Tensor{name: t}}
	}
	return []struct {
		name string
		m    tiny
		want string
	}{
		{"no architecture", key("general.architecture", nil), `"general.architecture"`},
		{"other architecture", key("general.architecture", "nomic-bert"), `architecture "nomic-bert" is not supported`},
		{"no layers", key("bert.block_count", uint32(0)), "0 is not between"},
		{"too many layers", key("bert.block_count", uint32(1<<30)), "is not between 1 and 4096"},
		{"more layers than there are", key("bert.block_count", uint32(3)), `"blk.2.attn_q.weight" is missing`},
		{"fewer layers than there are", key("bert.block_count", uint32(1)), `"blk.1.attn_q.weight" at offset`},
		{"no width", key("bert.embedding_length", nil), "bert.embedding_length"},
		{"wide", key("bert.embedding_length", uint32(1<<31)), "is not between"},
		{"other width", key("bert.embedding_length", uint32(32)), "has dimensions [64 13], want [32 13]"},
		{"negative heads", key("bert.attention.head_count", int32(-4)), "negative"},
		{"heads that do not divide", key("bert.attention.head_count", uint32(3)), "cannot be cut into 3 heads"},
		{"hidden of other size", key("bert.feed_forward_length", uint32(32)), "want [64 32]"},
		{"no context", key("bert.context_length", uint32(0)), "0 is not between"},
		{"no room for text", key("bert.context_length", uint32(2)), "no room for a text"},
		{"epsilon 0", key("bert.attention.layer_norm_epsilon", float32(0)), "is not between 0 and 1"},
		{"epsilon NaN", key("bert.attention.layer_norm_epsilon", float32(math.NaN())), "NaN"},
		{"causal", key("bert.attention.causal", true), "not supported"},
		{"causal a number", key("bert.attention.causal", uint32(0)), "want a bool"},
		{"no pooling", key("bert.pooling_type", uint32(0)), "pooling_type"},
		{"rank", key("bert.pooling_type", uint32(4)), "4 is not supported"},
		{"other tokenizer", key("tokenizer.ggml.model", "llama"), "WordPiece"},
		{"too few token types", key("tokenizer.ggml.token_type", []int32{1}), "13 tokens but 1 types"},
		{"more tokens than rows", key("tokenizer.ggml.tokens", append([]string{"x"}, tinyVocab...)), "14 tokens but 13 types"},
		{"embedding of other size", tensor("token_embd.weight", floats("token_embd.weight", tinyDim, 12)), "want [64 13]"},
		{"no positions", tensor("position_embd.weight", nil), `"position_embd.weight" is missing`},
		{"positions of three dimensions", tensor("position_embd.weight", floats("position_embd.weight", tinyDim, 2, 2)), "dimensions [64 2 2]"},
		{"no types", tensor("token_types.weight", nil), `"token_types.weight" is missing`},
		{"no norm", tensor("token_embd_norm.weight", nil), "missing"},
		{"no bias", tensor("blk.1.attn_k.bias", nil), `"blk.1.attn_k.bias" is missing`},
		{"short bias", tensor("blk.0.ffn_up.bias", floats("blk.0.ffn_up.bias", 4)), "dimensions [4], want [128]"},
		{"bias of halves", tensor("blk.0.attn_q.bias", &gguftest.Tensor{Name: "blk.0.attn_q.bias", Dims: []uint64{tinyDim}, Type: 1, Offset: -1, Data: make([]byte, 2*tinyDim)}), "is F16, want F32"},
		{"transposed", tensor("blk.0.ffn_up.weight", floats("blk.0.ffn_up.weight", tinyHidden, tinyDim)), "dimensions [128 64], want [64 128]"},
		{"gate", tiny{pooling: 1, more: []gguftest.Tensor{*floats("blk.0.ffn_gate.weight", tinyDim, tinyHidden)}}, `"blk.0.ffn_gate.weight" at offset`},
	}
}

func TestNewRefusesHostileFiles(t *testing.T) {
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(c.m.file(t), 1); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// Fewer positions than the key says, and an absurd number of them, are no error: the
// text's length is bounded by what is there.
func TestContextIsBounded(t *testing.T) {
	for says, want := range map[uint32]int{40: 40, 1 << 29: tinyContext} {
		m := tiny{pooling: 1, keys: map[string]any{"bert.context_length": says}}.model(t, 1)
		if m.Context != want {
			t.Errorf("context_length %d: %d, want %d", says, m.Context, want)
		}
		embed(t, m, tokensOf(want))
	}
}

// TestEmbedOfNoNumbers: weights may be anything; the answer is then an error.
func TestEmbedOfNoNumbers(t *testing.T) {
	for name, v := range map[string]float32{"NaN": float32(math.NaN()), "infinite": float32(math.Inf(1)), "zero": 0} {
		for _, tensor := range []string{"blk.1.layer_output_norm.weight", "blk.0.attn_q.bias"} {
			w := floats(tensor, tinyDim)
			for i := 0; i < len(w.Data); i += 4 {
				copy(w.Data[i:], gguftest.Floats(v))
			}
			tensors := map[string]*gguftest.Tensor{tensor: w}
			if v == 0 {
				tensors["blk.1.layer_output_norm.bias"] = &gguftest.Tensor{Name: "blk.1.layer_output_norm.bias", Dims: []uint64{tinyDim}, Offset: -1, Data: make([]byte, 4*tinyDim)}
			}
			m := tiny{pooling: 1, tensors: tensors}.model(t, 2)
			got, err := m.Embed(t.Context(), tokensOf(5))
			if good := v == 0 && tensor == "blk.0.attn_q.bias"; good != (err == nil) {
				t.Errorf("%s in %s: %v", name, tensor, err)
			} else if err != nil && !strings.Contains(err.Error(), "a vector of length") {
				t.Errorf("%s in %s: %v", name, tensor, err)
			}
			for _, f := range got {
				if f != f {
					t.Fatalf("%s in %s: NaN in the vector", name, tensor)
				}
			}
		}
	}
}

// FuzzNew changes bytes of the header; what is accepted must run.
func FuzzNew(f *testing.F) {
	whole := tiny{typ: gguf.Q8_0, pooling: 1}.bytes()
	parsed, err := gguf.Parse(whole)
	if err != nil {
		f.Fatal(err)
	}
	header := parsed.Tensors[0].Offset
	for _, c := range hostile() {
		b := c.m.bytes()
		f.Add(uint16(0), b[:min(len(b), header)], "the cat")
	}
	f.Add(uint16(24), []byte{0xff}, "a")
	f.Add(uint16(header-8), []byte{1, 2, 3}, "cats.")
	f.Fuzz(func(t *testing.T, at uint16, patch []byte, text string) {
		b := append([]byte(nil), whole...)
		copy(b[min(int(at), header):header], patch)
		file, err := gguf.Parse(b)
		if err != nil {
			return
		}
		m, err := New(file, 2)
		if err != nil {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ids := m.Frame(m.Tokens.Encode(text))
		v, err := m.Embed(ctx, ids[:min(len(ids), m.Context)])
		if err == nil && len(v) != m.Dim {
			t.Fatalf("%d elements, want %d", len(v), m.Dim)
		}
	})
}
