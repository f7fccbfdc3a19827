package transformer

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/weights"
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
	rows int // of a step, at most

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
	l := loader{weights.Loader{Package: "transformer", File: f}}
	if t := f.Tensor("token_embd.weight"); t != nil && len(t.Dims) == 2 {
		c.Vocab = t.Dims[1] // the tokenizer's size is compared by the facade
	}
	if c.Vocab > 1<<24 {
		return nil, fmt.Errorf("transformer: tensor %q: %d rows", "token_embd.weight", c.Vocab)
	}
	m := &Model{Config: c}
	m.embed = l.Matrix("token_embd.weight", c.Vocab, c.Dim)
	m.norm = l.Vector("output_norm.weight", c.Dim)
	m.output = m.embed
	if f.Tensor("output.weight") != nil {
		m.output = l.Matrix("output.weight", c.Vocab, c.Dim)
	}
	for i := 0; i < c.Layers && l.Err == nil; i++ {
		m.layers = append(m.layers, l.layer(c, "blk."+strconv.Itoa(i)+"."))
	}
	m.rotations = []rotation{l.rotation(c)}
	if c.arch.gemma {
		local := c
		local.RopeBase, local.RopeLine, local.yarn = c.arch.localBase, 1, yarn{}
		m.rotations = append(m.rotations, l.rotation(local))
	}
	if l.Err != nil {
		return nil, l.Err
	}
	m.Type = l.Type()
	m.pool, m.rows = newPool(threads), rowsOf(&c)
	return m, nil
}

// Threads returns how many threads large products are spread over.
func (m *Model) Threads() int { return m.pool.size }

// loader is a Loader that knows the parts of these models.
type loader struct{ weights.Loader }

func (l *loader) layer(c Config, p string) layer {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for _, name := range []string{"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias", "attn_qkv.weight", "attn_sinks.weight"} {
		if l.File.Tensor(p+name) != nil {
			l.Fail(fmt.Errorf("tensor %q is not supported", p+name))
		}
	}
	w := layer{
		attnNorm: l.Vector(p+"attn_norm.weight", c.Dim),
		q:        l.Matrix(p+"attn_q.weight", q, c.Dim),
		k:        l.Matrix(p+"attn_k.weight", kv, c.Dim),
		v:        l.Matrix(p+"attn_v.weight", kv, c.Dim),
		o:        l.Matrix(p+"attn_output.weight", c.Dim, q),
		ffnNorm:  l.Vector(p+"ffn_norm.weight", c.Dim),
		gate:     l.Matrix(p+"ffn_gate.weight", c.Hidden, c.Dim),
		up:       l.Matrix(p+"ffn_up.weight", c.Hidden, c.Dim),
		down:     l.Matrix(p+"ffn_down.weight", c.Dim, c.Hidden),

		qBias: l.optional(p+"attn_q.bias", q), kBias: l.optional(p+"attn_k.bias", kv), vBias: l.optional(p+"attn_v.bias", kv),
		qNorm: l.optional(p+"attn_q_norm.weight", c.HeadDim), kNorm: l.optional(p+"attn_k_norm.weight", c.HeadDim),
	}
	if c.arch.gemma {
		w.attnPost, w.ffnPost = l.Vector(p+"post_attention_norm.weight", c.Dim), l.Vector(p+"post_ffw_norm.weight", c.Dim)
	}
	return w
}

// optional is Vector for a tensor that may not be there.
func (l *loader) optional(name string, n int) []float32 {
	if l.File.Tensor(name) == nil {
		return nil
	}
	return l.Vector(name, n)
}
