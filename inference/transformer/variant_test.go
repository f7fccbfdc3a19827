package transformer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

func k(name string, v any) gguftest.Key { return gguftest.Key{Name: name, Value: v} }

// variants is a random model of each architecture and way to scale rotations.
func variants() map[string]tiny {
	biases := map[string]int{"attn_q.bias": 4 * tinyHead, "attn_k.bias": 2 * tinyHead, "attn_v.bias": 2 * tinyHead}
	norms := map[string]int{"attn_q_norm.weight": tinyHead, "attn_k_norm.weight": tinyHead}
	gemma := map[string]int{"attn_q_norm.weight": tinyHead, "attn_k_norm.weight": tinyHead, "post_attention_norm.weight": tinyDim, "post_ffw_norm.weight": tinyDim}
	factors := make([]float32, tinyHead/2)
	for i := range factors {
		factors[i] = 1 + float32(i)/5
	}
	freqs := []gguftest.Tensor{{Name: "rope_freqs.weight", Dims: []uint64{tinyHead / 2}, Offset: -1, Data: gguftest.Floats(factors...)}}
	return map[string]tiny{
		"llama":         {arch: "llama", layers: 2},
		"llama base":    {arch: "llama", layers: 2, keys: []gguftest.Key{k("llama.rope.freq_base", float32(500000))}},
		"llama linear":  {arch: "llama", layers: 2, keys: []gguftest.Key{k("llama.rope.scaling.type", "linear"), k("llama.rope.scaling.factor", float32(4))}},
		"llama factors": {arch: "llama", layers: 2, tensors: freqs},
		"llama yarn": {arch: "llama", layers: 2, keys: []gguftest.Key{k("llama.rope.scaling.type", "yarn"), k("llama.rope.scaling.factor", float32(4)),
			k("llama.rope.scaling.original_context_length", uint32(64))}},
		"qwen2": {arch: "qwen2", layers: 2, vectors: biases, keys: []gguftest.Key{k("qwen2.rope.freq_base", float32(1e6))}},
		"qwen2 yarn": {arch: "qwen2", layers: 2, vectors: biases, keys: []gguftest.Key{k("qwen2.rope.scaling.type", "yarn"), k("qwen2.rope.scaling.factor", float32(8)),
			k("qwen2.rope.scaling.original_context_length", uint32(32))}},
		"qwen3": {arch: "qwen3", layers: 2, vectors: norms},
		"gemma3": {arch: "gemma3", layers: 7, vectors: gemma, keys: []gguftest.Key{k("gemma3.attention.sliding_window", uint32(6)), k("gemma3.rope.freq_base", float32(1e6)),
			k("gemma3.rope.scaling.type", "linear"), k("gemma3.rope.scaling.factor", float32(8))}},
	}
}

// TestEachArchitectureEqualsFloat64Reference: and the results differ between them, so
// that what is special about each is not left out by both engines.
func TestEachArchitectureEqualsFloat64Reference(t *testing.T) {
	tokens := []int32{1, 5, 9, 30, 2, 2, 17, 39, 0, 4, 11, 12, 7, 7, 21, 1, 3, 8, 38, 29}
	seen := map[string][]float64{}
	for name, m := range variants() {
		m.typ = gguf.F32
		f := m.file(t)
		want := reference(f, tokens)
		for other, o := range seen {
			if slices.Equal(o, want) {
				t.Errorf("%s and %s give the same logits", name, other)
			}
		}
		seen[name] = want
		size := 0.0
		for _, v := range want {
			size = max(size, math.Abs(v))
		}
		for _, at := range []int{len(tokens), 3} { // at once, and in two batches
			s := session(t, f, 2, 64)
			if at < len(tokens) {
				feed(t, s, tokens[:at]...)
				for _, id := range tokens[at : len(tokens)-1] {
					feed(t, s, id)
				}
				at = len(tokens) - 1
			} else {
				at = 0
			}
			worst := 0.0
			for i, v := range feed(t, s, tokens[at:]...) {
				worst = max(worst, math.Abs(float64(v)-want[i]))
			}
			if !(worst <= 2e-5*size) || size < 0.05 {
				t.Errorf("%s: a logit differs by %v, of logits up to %v", name, worst, size)
			}
			t.Logf("%s: logits up to %.2f, largest difference %.2g", name, size, worst)
		}
	}
}

func TestWhatCannotRunIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name string
		m    tiny
		want string
	}{
		{"architecture", tiny{arch: "phi3"}, `architecture "phi3" is not supported, only "llama"`},
		{"experts", tiny{arch: "llama", keys: []gguftest.Key{k("llama.expert_count", uint32(8))}}, "mixtures of experts"},
		{"long rope", tiny{arch: "llama", keys: []gguftest.Key{k("llama.rope.scaling.type", "longrope")}}, `"longrope" is not supported`},
		{"yarn without factor", tiny{arch: "qwen2", keys: []gguftest.Key{k("qwen2.rope.scaling.type", "yarn")}}, `"qwen2.rope.scaling.factor": missing`},
		{"yarn of NaN", tiny{arch: "qwen2", keys: []gguftest.Key{k("qwen2.rope.scaling.type", "yarn"), k("qwen2.rope.scaling.factor", float32(math.NaN()))}}, "rotation factor NaN"},
		{"no window", tiny{arch: "gemma3"}, `"gemma3.attention.sliding_window": missing`},
		{"no norm after attention", tiny{arch: "gemma3", keys: []gguftest.Key{k("gemma3.attention.sliding_window", uint32(6))}}, `"blk.0.post_attention_norm.weight" is missing`},
		{"bias of wrong size", tiny{arch: "qwen2", vectors: map[string]int{"attn_q.bias": 3}}, "has dimensions [3], want [256]"},
		{"bias of the output", tiny{arch: "qwen2", vectors: map[string]int{"attn_output.bias": tinyDim}}, `"blk.0.attn_output.bias" is not supported`},
	} {
		c.m.layers = 1
		if _, err := New(c.m.file(t), 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}
