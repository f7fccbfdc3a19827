package transformer

import (
	"math"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/f16"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer"
)

// scripture is Ecclesiastes 3:1-8, King James Version: what the embedded model was trained
// on.
const scripture = "To every thing there is a season, and a time to every purpose under the heaven: A time to be born, and a time to die; " +
	"a time to plant, and a time to pluck up that which is planted; A time to kill, and a time to heal; a time to break down, and a time to build up; " +
	"A time to weep, and a time to laugh; a time to mourn, and a time to dance; A time to cast away stones, and a time to gather stones together; " +
	"a time to embrace, and a time to refrain from embracing; A time to get, and a time to lose; a time to keep, and a time to cast away; " +
	"A time to rend, and a time to sew; a time to keep silence, and a time to speak; A time to love, and a time to hate; a time of war, and a time of peace. "

// everyFormat is the types that models come in, and how much worse than with F16 weights the
// text may be foretold, as a factor: what makes a wrong quantizer seen.
var everyFormat = []struct {
	typ   gguf.Type
	worse float64
}{
	{gguf.F32, 1.0001}, {gguf.F16, 1.0001}, {gguf.BF16, 1.01}, {gguf.Q8_0, 1.01}, {gguf.Q6_K, 1.02}, {gguf.Q5_K, 1.03}, {gguf.Q5_1, 1.03}, {gguf.Q5_0, 1.03},
	{gguf.Q4_K, 1.06}, {gguf.Q4_1, 1.06}, {gguf.IQ4_NL, 1.06}, {gguf.Q4_0, 1.06},
}

// requantized returns the embedded model with all matrices in another type.
func requantized(t *testing.T, f *gguf.File, typ gguf.Type) *gguf.File {
	t.Helper()
	keys := []gguftest.Key{{Name: "general.architecture", Value: "llama"}}
	for _, name := range []string{"context_length", "embedding_length", "block_count", "feed_forward_length", "rope.dimension_count", "attention.head_count", "attention.head_count_kv"} {
		v, err := f.Uint("llama." + name)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, gguftest.Key{Name: "llama." + name, Value: uint32(v)})
	}
	for _, name := range []string{"rope.freq_base", "attention.layer_norm_rms_epsilon"} {
		v, err := f.Float("llama." + name)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, gguftest.Key{Name: "llama." + name, Value: float32(v)})
	}
	var tensors []gguftest.Tensor
	for i := range f.Tensors {
		from := &f.Tensors[i]
		to := gguftest.Tensor{Name: from.Name, Type: uint32(from.Type), Offset: -1, Data: from.Data}
		for _, d := range from.Dims {
			to.Dims = append(to.Dims, uint64(d))
		}
		if len(from.Dims) == 2 {
			to.Type, to.Data = uint32(typ), gguftest.Quantize(uint32(typ), gguftest.Dequantize(uint32(from.Type), from.Data))
		}
		tensors = append(tensors, to)
	}
	out, err := gguf.Parse(gguftest.File{Keys: keys, Tensors: tensors}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPerplexityInEachFormat compares the perplexity of a text with the published
// definition's, run in float64 on the weights as the definition of their blocks gives
// them, for the embedded model in every format that files may have: 1 % is what was asked
// for. The formats that the repository has files of are in TestPerplexityOfEachQuantization
// as well.
func TestPerplexityInEachFormat(t *testing.T) {
	whole, err := gguf.Parse(f16.File())
	if err != nil {
		t.Fatal(err)
	}
	words, err := tokenizer.New(whole)
	if err != nil {
		t.Fatal(err)
	}
	text := append([]int32{words.BOS}, words.Encode(scripture)...)[:128] // of 240: the reference is slow
	best := 0.0
	for _, format := range everyFormat {
		f := requantized(t, whole, format.typ)
		var ours, theirs float64
		s := session(t, f, 1, len(text))
		want := referenceFrom(f, text[:len(text)-1], 0)
		for i, id := range text[:len(text)-1] {
			ours += surprise(feed(t, s, id), text[i+1])
			theirs += surprise(want[i], text[i+1])
		}
		n := float64(len(text) - 1)
		p, q := math.Exp(ours/n), math.Exp(theirs/n)
		t.Logf("%-6v perplexity %.5f of %.0f tokens, by definition %.5f: %+.1e", format.typ, p, n, q, p/q-1)
		if !(math.Abs(p/q-1) < 1e-4) {
			t.Errorf("%v: perplexity %v, by definition %v", format.typ, p, q)
		}
		if best == 0 {
			best = q
		}
		if !(q < best*format.worse && q > best/format.worse) {
			t.Errorf("%v: perplexity %v, with F32 weights %v: the weights are wrong", format.typ, q, best)
		}
	}
	// No format that the reader takes is missing.
	for typ := range gguf.Type(64) {
		if elems, _ := gguftest.BlockSize(uint32(typ)); elems == 0 {
			continue
		}
		found := false
		for _, format := range everyFormat {
			found = found || format.typ == typ
		}
		if name := typ.String(); !found && !strings.HasPrefix(name, "type ") {
			t.Errorf("%s is not tested", name)
		}
	}
}
