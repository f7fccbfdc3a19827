package encoder

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// tiny is a random model of 2 layers and 8 heads, or one that is wrong: keys and tensors
// of it can be replaced, or taken away.
type tiny struct {
	wide    bool      // 256 elements, which some formats need, in place of 64
	typ     gguf.Type // of the layers' matrices
	pooling uint32
	keys    map[string]any              // nil takes away
	tensors map[string]*gguftest.Tensor // nil takes away
	more    []gguftest.Tensor
}

const tinyDim, tinyHidden, tinyContext, tinyHeads = 64, 128, 80, 8

var tinyVocab = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁a", "▁b", "▁c", "▁the", "▁cat", "s", "▁.", "▁dog", "▁é"}

// bytes writes the model.
func (m tiny) bytes() []byte {
	r := rand.New(rand.NewPCG(3, uint64(m.typ)))
	dim, hidden := tinyDim, tinyHidden
	if m.wide {
		dim, hidden = 256, 512
	}
	kinds := make([]int32, len(tinyVocab))
	for i := range kinds {
		kinds[i] = 1
		if i < 4 {
			kinds[i] = 3
		}
	}
	var out gguftest.File
	for _, k := range []gguftest.Key{
		{Name: "general.architecture", Value: "bert"}, {Name: "bert.block_count", Value: uint32(2)}, {Name: "bert.embedding_length", Value: uint32(dim)},
		{Name: "bert.feed_forward_length", Value: uint32(hidden)}, {Name: "bert.attention.head_count", Value: uint32(tinyHeads)},
		{Name: "bert.context_length", Value: uint32(tinyContext)}, {Name: "bert.attention.layer_norm_epsilon", Value: float32(1e-6)},
		{Name: "bert.attention.causal", Value: false}, {Name: "bert.pooling_type", Value: m.pooling},
		{Name: "tokenizer.ggml.model", Value: "bert"}, {Name: "tokenizer.ggml.tokens", Value: tinyVocab}, {Name: "tokenizer.ggml.token_type", Value: kinds},
	} {
		if v, ok := m.keys[k.Name]; ok {
			k.Value = v
		}
		if k.Value != nil {
			out.Keys = append(out.Keys, k)
		}
	}
	put := func(t gguftest.Tensor) {
		if other, ok := m.tensors[t.Name]; ok {
			if other == nil {
				return
			}
			t = *other
		}
		out.Tensors = append(out.Tensors, t)
	}
	vector := func(name string, n int, middle float32) {
		v := make([]float32, n)
		for i := range v {
			v[i] = middle + 0.6*r.Float32() - 0.3
		}
		put(gguftest.Tensor{Name: name, Dims: []uint64{uint64(n)}, Offset: -1, Data: gguftest.Floats(v...)})
	}
	matrix := func(name string, typ gguf.Type, rows, cols int) {
		put(gguftest.Tensor{Name: name + ".weight", Dims: []uint64{uint64(cols), uint64(rows)}, Type: uint32(typ), Offset: -1, Data: randomWeights(r, typ, rows*cols)})
	}
	matrix("token_embd", m.typ, len(tinyVocab), dim)
	matrix("position_embd", gguf.F32, tinyContext, dim)
	matrix("token_types", gguf.F32, 2, dim)
	vector("token_embd_norm.weight", dim, 1)
	vector("token_embd_norm.bias", dim, 0)
	for l := range 2 {
		p := "blk." + strconv.Itoa(l) + "."
		for _, s := range []struct {
			name       string
			rows, cols int
		}{{"attn_q", dim, dim}, {"attn_k", dim, dim}, {"attn_v", dim, dim}, {"attn_output", dim, dim},
			{"ffn_up", hidden, dim}, {"ffn_down", dim, hidden}} {
			matrix(p+s.name, m.typ, s.rows, s.cols)
			vector(p+s.name+".bias", s.rows, 0)
		}
		for _, name := range []string{"attn_output_norm", "layer_output_norm"} {
			vector(p+name+".weight", dim, 1)
			vector(p+name+".bias", dim, 0)
		}
	}
	out.Tensors = append(out.Tensors, m.more...)
	return out.Bytes()
}

// file is the model, parsed.
func (m tiny) file(t testing.TB) *gguf.File {
	t.Helper()
	f, err := gguf.Parse(m.bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// model is the model, loaded.
func (m tiny) model(t testing.TB, threads int) *Model {
	t.Helper()
	e, err := New(m.file(t), threads)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// randomWeights returns n elements of size 0.1 or so.
func randomWeights(r *rand.Rand, typ gguf.Type, n int) []byte {
	elems, size := gguftest.BlockSize(uint32(typ))
	data := make([]byte, n/elems*size)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for b := 0; b < len(data); b += size {
		half := func(at int, h uint16) { binary.LittleEndian.PutUint16(data[b+at:], h+uint16(r.Uint32()&63)) }
		switch typ {
		case gguf.F32:
			binary.LittleEndian.PutUint32(data[b:], math.Float32bits(float32(r.NormFloat64()*0.06)))
		case gguf.F16: // 0.03 to 0.12, either sign
			half(0, uint16(r.Uint32()&0x8000)|0x2800+uint16(r.Uint32()&0x7FF))
		case gguf.Q8_0:
			half(0, 0x1000) // 0.0005
		case gguf.Q4_0:
			half(0, 0x2000) // 0.008
		case gguf.Q4_K:
			half(0, 0x0500) // 0.00008, times up to 63 times up to 31
			half(2, 0x1000) // 0.0005 times up to 63
		default:
			panic(fmt.Sprintf("no random weights of %v", typ))
		}
	}
	return data
}
