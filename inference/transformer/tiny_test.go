package transformer

import (
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// tiny is a random model: 2 layers (or so), 4 query and 2 key heads of 64.
type tiny struct {
	arch    string
	typ     gguf.Type // of matrices
	layers  int
	keys    []gguftest.Key
	vectors map[string]int // more vectors of each layer: name and length
	tensors []gguftest.Tensor
}

const tinyDim, tinyHidden, tinyVocab, tinyHead = 256, 512, 40, 64

// file writes the model.
func (m tiny) file(t testing.TB) *gguf.File {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(m.typ)))
	key := func(name string, v any) { m.keys = append(m.keys, gguftest.Key{Name: m.arch + "." + name, Value: v}) }
	m.keys = append(m.keys, gguftest.Key{Name: "general.architecture", Value: m.arch})
	key("embedding_length", uint32(tinyDim))
	key("block_count", uint32(m.layers))
	key("attention.head_count", uint32(4))
	key("attention.head_count_kv", uint32(2))
	key("feed_forward_length", uint32(tinyHidden))
	key("context_length", uint32(256))
	key("attention.layer_norm_rms_epsilon", float32(1e-5))
	key("attention.key_length", uint32(tinyHead))
	key("attention.value_length", uint32(tinyHead))
	tensors := m.tensors
	vector := func(name string, n int) {
		v := make([]float32, n)
		for i := range v {
			v[i] = 0.7 + 0.6*r.Float32()
		}
		tensors = append(tensors, gguftest.Tensor{Name: name, Dims: []uint64{uint64(n)}, Offset: -1, Data: gguftest.Floats(v...)})
	}
	matrix := func(name string, rows, cols int) {
		tensors = append(tensors, gguftest.Tensor{Name: name + ".weight", Dims: []uint64{uint64(cols), uint64(rows)}, Type: uint32(m.typ), Offset: -1,
			Data: randomWeights(r, m.typ, rows*cols)})
	}
	matrix("token_embd", tinyVocab, tinyDim)
	vector("output_norm.weight", tinyDim)
	for l := range m.layers {
		p := "blk." + strconv.Itoa(l) + "."
		for _, s := range []struct {
			name       string
			rows, cols int
		}{{"attn_q", 4 * tinyHead, tinyDim}, {"attn_k", 2 * tinyHead, tinyDim}, {"attn_v", 2 * tinyHead, tinyDim}, {"attn_output", tinyDim, 4 * tinyHead},
			{"ffn_gate", tinyHidden, tinyDim}, {"ffn_up", tinyHidden, tinyDim}, {"ffn_down", tinyDim, tinyHidden}} {
			matrix(p+s.name, s.rows, s.cols)
		}
		vector(p+"attn_norm.weight", tinyDim)
		vector(p+"ffn_norm.weight", tinyDim)
		for _, name := range slices.Sorted(maps.Keys(m.vectors)) {
			vector(p+name, m.vectors[name])
		}
	}
	f, err := gguf.Parse(gguftest.File{Keys: m.keys, Tensors: tensors}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
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
		case gguf.BF16:
			binary.LittleEndian.PutUint16(data[b:], uint16(math.Float32bits(float32(r.NormFloat64()*0.06))>>16))
		case gguf.F16: // 0.03 to 0.12, either sign
			half(0, uint16(r.Uint32()&0x8000)|0x2800+uint16(r.Uint32()&0x7FF))
		case gguf.Q8_0:
			half(0, 0x1000) // 0.0005
		case gguf.Q4_0:
			half(0, 0x2000) // 0.008
		case gguf.Q5_0:
			half(0, 0x1C00) // 0.004
		case gguf.IQ4_NL:
			half(0, 0x1000)
		case gguf.Q5_1:
			half(0, 0x1C00)
			half(2, 0xAB00)
		case gguf.Q4_1:
			half(0, 0x2000)
			half(2, 0xAB00) // -0.055
		case gguf.Q4_K, gguf.Q5_K:
			half(0, 0x0500) // 0.00008, times up to 63 times up to 31
			half(2, 0x1000) // 0.0005 times up to 63
		case gguf.Q6_K:
			half(208, 0x0100) // 0.00002, times up to 127 times 32
		}
	}
	return data
}

// TestEachFormatEqualsFloat64Reference runs random models in every format that
// package matmul multiplies, with every kernel.
func TestEachFormatEqualsFloat64Reference(t *testing.T) {
	tokens := []int32{1, 5, 9, 30, 2, 2, 17, 39, 0, 4, 11, 12}
	for _, typ := range []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q4_1,
		gguf.Q5_0, gguf.Q5_1, gguf.IQ4_NL, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
		f := tiny{arch: "llama", typ: typ, layers: 2}.file(t)
		want := reference(f, tokens)
		size := 0.0
		for _, v := range want {
			size = max(size, math.Abs(v))
		}
		eachKernel(t, func(t *testing.T) {
			got := feed(t, session(t, f, 2, 64), tokens...)
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(float64(v)-want[i]))
			}
			t.Logf("%v: logits up to %.2f, largest difference %.2g", typ, size, worst)
			if !(worst <= 3e-4*size) || size < 0.05 {
				t.Errorf("%v: a logit differs by %v, of logits up to %v", typ, worst, size)
			}
		})
	}
}

func TestCutVectorsAllocateNothing(t *testing.T) {
	s := session(t, tiny{arch: "llama", typ: gguf.Q4_K, layers: 2}.file(t), 1, 128)
	prompt, one := make([]int32, 40), []int32{3}
	feed(t, s, prompt...)
	if n := testing.AllocsPerRun(10, func() { s.Reset(); feed(t, s, prompt...); feed(t, s, one...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
