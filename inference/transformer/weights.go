package transformer

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Model is the weights of one file and the threads that multiply with them.
type Model struct {
	Config
	Type gguf.Type // of most weights

	embed  matmul.Matrix // (vocab, dim)
	layers []layer
	norm   []float32     // (dim)
	output matmul.Matrix // (vocab, dim); embed again where the file ties them

	// Rotations of layers that see all positions, and of those that do not, if any.
	rotations []rotation

	pool *pool

	turn     sync.Mutex
	executor *Executor // of Session.Run; guarded by turn
}

// layer is the weights of one layer.
type layer struct {
	attnNorm []float32     // (dim)
	q        matmul.Matrix // (heads*headDim, dim)
	k, v     matmul.Matrix // (kvHeads*headDim, dim)
	o        matmul.Matrix // (dim, heads*headDim)
	ffnNorm  []float32     // (dim)
	gate, up matmul.Matrix // (hidden, dim)
	down     matmul.Matrix // (dim, hidden)

	// What only some models have; nil in others.
	qBias, kBias, vBias []float32 // (rows of q, k, v) Qwen2
	qNorm, kNorm        []float32 // (headDim) Qwen3, Gemma
	attnPost, ffnPost   []float32 // (dim) Gemma
}

// New finds the weights of a model in f and checks their shapes. They stay
// where they are. Products are spread over at most threads threads.
func New(f *gguf.File, threads int) (*Model, error) {
	c, err := readConfig(f)
	if err != nil {
		return nil, err
	}
	l := loader{f: f, count: make(map[gguf.Type]int)}
	if t := f.Tensor("token_embd.weight"); t != nil && len(t.Dims) == 2 {
		c.Vocab = t.Dims[1] // the tokenizer's size is compared by the facade
	}
	if c.Vocab > 1<<24 {
		return nil, fmt.Errorf("transformer: tensor %q: %d rows", "token_embd.weight", c.Vocab)
	}
	m := &Model{Config: c}
	m.embed = l.matrix("token_embd.weight", c.Vocab, c.Dim)
	m.norm = l.vector("output_norm.weight", c.Dim)
	m.output = m.embed
	if f.Tensor("output.weight") != nil {
		m.output = l.matrix("output.weight", c.Vocab, c.Dim)
	}
	for i := 0; i < c.Layers && l.err == nil; i++ {
		m.layers = append(m.layers, l.layer(c, "blk."+strconv.Itoa(i)+"."))
	}
	m.rotations = []rotation{l.rotation(c)}
	if c.arch.gemma {
		local := c
		local.RopeBase, local.RopeLine, local.yarn = c.arch.localBase, 1, yarn{}
		m.rotations = append(m.rotations, l.rotation(local))
	}
	if l.err != nil {
		return nil, l.err
	}
	for t, n := range l.count {
		if n > l.count[m.Type] {
			m.Type = t
		}
	}
	m.pool = newPool(threads)
	return m, nil
}

// Threads returns how many threads large products are spread over.
func (m *Model) Threads() int { return m.pool.size }

// formats says what package matmul calls the types it multiplies, F32 besides.
var formats = [...]matmul.Format{
	gguf.F16: matmul.F16, gguf.Q8_0: matmul.Q8_0, gguf.Q4_0: matmul.Q4_0, gguf.Q4_1: matmul.Q4_1,
	gguf.Q4_K: matmul.Q4_K, gguf.Q5_K: matmul.Q5_K, gguf.Q6_K: matmul.Q6_K, gguf.BF16: matmul.BF16,
	gguf.Q5_0: matmul.Q5_0, gguf.Q5_1: matmul.Q5_1, gguf.IQ4_NL: matmul.IQ4_NL,
}

// loader looks tensors up and keeps the first error.
type loader struct {
	f     *gguf.File
	count map[gguf.Type]int // elements, by type
	err   error
}

func (l *loader) layer(c Config, p string) layer {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for _, name := range []string{"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias", "attn_qkv.weight", "attn_sinks.weight"} {
		if l.err == nil && l.f.Tensor(p+name) != nil {
			l.err = fmt.Errorf("transformer: tensor %q is not supported", p+name)
		}
	}
	w := layer{
		attnNorm: l.vector(p+"attn_norm.weight", c.Dim),
		q:        l.matrix(p+"attn_q.weight", q, c.Dim),
		k:        l.matrix(p+"attn_k.weight", kv, c.Dim),
		v:        l.matrix(p+"attn_v.weight", kv, c.Dim),
		o:        l.matrix(p+"attn_output.weight", c.Dim, q),
		ffnNorm:  l.vector(p+"ffn_norm.weight", c.Dim),
		gate:     l.matrix(p+"ffn_gate.weight", c.Hidden, c.Dim),
		up:       l.matrix(p+"ffn_up.weight", c.Hidden, c.Dim),
		down:     l.matrix(p+"ffn_down.weight", c.Dim, c.Hidden),

		qBias: l.optional(p+"attn_q.bias", q), kBias: l.optional(p+"attn_k.bias", kv), vBias: l.optional(p+"attn_v.bias", kv),
		qNorm: l.optional(p+"attn_q_norm.weight", c.HeadDim), kNorm: l.optional(p+"attn_k_norm.weight", c.HeadDim),
	}
	if c.arch.gemma {
		w.attnPost, w.ffnPost = l.vector(p+"post_attention_norm.weight", c.Dim), l.vector(p+"post_ffw_norm.weight", c.Dim)
	}
	return w
}

// optional is vector for a tensor that may not be there.
func (l *loader) optional(name string, n int) []float32 {
	if l.f.Tensor(name) == nil {
		return nil
	}
	return l.vector(name, n)
}

// tensor returns the named tensor if it has the dimensions, given as the file
// gives them, contiguous one first.
func (l *loader) tensor(name string, dims ...int) *gguf.Tensor {
	if l.err != nil {
		return nil
	}
	t := l.f.Tensor(name)
	if t == nil {
		l.err = fmt.Errorf("transformer: tensor %q is missing", name)
		return nil
	}
	if !slices.Equal(t.Dims, dims) {
		l.err = fmt.Errorf("transformer: tensor %q at offset %d has dimensions %v, want %v", name, t.Offset, t.Dims, dims)
		return nil
	}
	return t
}

// vector returns an F32 tensor of n elements.
func (l *loader) vector(name string, n int) []float32 {
	t := l.tensor(name, n)
	if t == nil {
		return nil
	}
	if t.Type != gguf.F32 {
		l.err = fmt.Errorf("transformer: tensor %q at offset %d is %v, want F32", name, t.Offset, t.Type)
		return nil
	}
	return t.Float32s()
}

// matrix returns a tensor of any supported type as a matrix.
func (l *loader) matrix(name string, rows, cols int) matmul.Matrix {
	t := l.tensor(name, cols, rows)
	if t == nil {
		return matmul.Matrix{}
	}
	l.count[t.Type] += t.Elems()
	var m matmul.Matrix
	var err error
	if format := formats[t.Type]; t.Type == gguf.F32 {
		m, err = matmul.NewFloat(t.Float32s(), rows, cols)
	} else if format == matmul.F32 {
		err = fmt.Errorf("a matrix of type %v is not supported", t.Type)
	} else {
		m, err = matmul.New(format, t.Data, rows, cols)
	}
	if err != nil {
		l.err = fmt.Errorf("transformer: tensor %q at offset %d: %w", name, t.Offset, err)
	}
	return m
}
