package encoder

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/inference/encoder/wordpiece"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/weights"
)

// Architecture is general.architecture of the files that New takes.
const Architecture = "bert"

// Config is the shape of a model.
type Config struct {
	Dim     int // width of the residual stream
	Layers  int
	Heads   int // divides Dim
	Hidden  int // width of the feed-forward network
	Vocab   int
	Context int     // tokens of a text at most, [CLS] and [SEP] included; may be made less
	Epsilon float32 // of LayerNorm
	Pooling Pooling
}

// Pooling is how the vectors of tokens become one.
type Pooling uint32

// The ways, numbered as in the key pooling_type.
const (
	Mean  Pooling = 1 // of all tokens
	First Pooling = 2 // [CLS]'s
)

// Limits of shapes: far beyond models that fit in memory, and small enough that
// products of three do not overflow. maxContext is also a bound of time, which grows
// with its square; known encoders have up to 8,192.
const (
	maxDim     = 1 << 20
	maxLayers  = 1 << 12
	maxContext = 1 << 13
)

// Model is the weights of one file. It may be used by many goroutines at once; texts
// take turns.
type Model struct {
	Config
	Type   gguf.Type // of most weights
	Tokens *wordpiece.Tokenizer

	embed    matmul.Matrix // (vocab, dim)
	position matmul.Matrix // (context, dim)
	types    matmul.Matrix // (types, dim); 0 is a text's
	norm     affine
	layers   []layer

	threads int
	turn    chan *run // holds the one there is while nobody uses it
}

// layer is the weights of one layer.
type layer struct {
	q, k, v  linear // (dim, dim)
	o        linear // (dim, dim)
	attnNorm affine
	up       linear // (hidden, dim)
	down     linear // (dim, hidden)
	ffnNorm  affine
}

// linear is x·Wᵀ + b.
type linear struct {
	w matmul.Matrix // (rows, cols)
	b []float32     // (rows)
}

// affine is what LayerNorm scales and shifts by, (dim) both.
type affine struct{ w, b []float32 }

// New finds the weights of a model in f and checks their shapes. They stay where they
// are. Work is spread over at most threads threads.
func New(f *gguf.File, threads int) (*Model, error) {
	l := loader{weights.Loader{Package: "encoder", File: f}}
	m := &Model{Config: l.config(), threads: max(1, threads), turn: make(chan *run, 1)}
	if l.Err != nil {
		return nil, l.Err
	}
	var err error
	if m.Tokens, err = wordpiece.New(f); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	m.Vocab = m.Tokens.Len()
	m.embed = l.Matrix("token_embd.weight", m.Vocab, m.Dim)
	m.position = l.Matrix("position_embd.weight", l.rows("position_embd.weight"), m.Dim)
	m.types = l.Matrix("token_types.weight", l.rows("token_types.weight"), m.Dim)
	m.norm = l.affine("token_embd_norm", m.Dim)
	for i := 0; i < m.Layers && l.Err == nil; i++ {
		p := "blk." + strconv.Itoa(i) + "."
		m.layers = append(m.layers, layer{
			q: l.linear(p+"attn_q", m.Dim, m.Dim), k: l.linear(p+"attn_k", m.Dim, m.Dim), v: l.linear(p+"attn_v", m.Dim, m.Dim),
			o: l.linear(p+"attn_output", m.Dim, m.Dim), attnNorm: l.affine(p+"attn_output_norm", m.Dim),
			up: l.linear(p+"ffn_up", m.Hidden, m.Dim), down: l.linear(p+"ffn_down", m.Dim, m.Hidden), ffnNorm: l.affine(p+"layer_output_norm", m.Dim),
		})
	}
	l.Rest("blk.")
	if l.Err != nil {
		return nil, l.Err
	}
	m.Context = min(m.Context, m.position.Rows)
	m.Type = l.Type()
	m.turn <- newRun(m)
	return m, nil
}

// loader is a Loader that knows an encoder's keys and parts.
type loader struct{ weights.Loader }

// config reads the shape.
func (l *loader) config() Config {
	const arch = "general.architecture"
	if name, err := l.File.String(arch); err != nil {
		l.Fail(err)
	} else if name != Architecture {
		l.Fail(fmt.Errorf("key %q: architecture %q is not supported, only %q", arch, name, Architecture))
	}
	const p = Architecture + "."
	c := Config{
		Dim:     l.Count(p+"embedding_length", maxDim, 0),
		Layers:  l.Count(p+"block_count", maxLayers, 0),
		Heads:   l.Count(p+"attention.head_count", maxDim, 0),
		Hidden:  l.Count(p+"feed_forward_length", maxDim, 0),
		Context: min(l.Count(p+"context_length", 1<<30, 0), maxContext),
		Epsilon: float32(l.Float(p+"attention.layer_norm_epsilon", 1)),
		Pooling: Pooling(l.Count(p+"pooling_type", 1<<30, int(Mean))),
	}
	switch causal, err := l.File.Bool(p + "attention.causal"); {
	case l.Err != nil:
	case c.Dim%c.Heads != 0:
		l.Fail(fmt.Errorf("%d elements cannot be cut into %d heads", c.Dim, c.Heads))
	case c.Context < 3:
		l.Fail(fmt.Errorf("key %q: %d positions leave no room for a text", p+"context_length", c.Context))
	case c.Pooling != Mean && c.Pooling != First:
		l.Fail(fmt.Errorf("key %q: %d is not supported, only 1 (mean) and 2 (first token)", p+"pooling_type", c.Pooling))
	case causal:
		l.Fail(fmt.Errorf("key %q: tokens that see only those before them are not supported", p+"attention.causal"))
	case err != nil && !errors.Is(err, gguf.ErrMissing):
		l.Fail(err)
	}
	return c
}

// rows returns how many rows a matrix has.
func (l *loader) rows(name string) int {
	if t := l.File.Tensor(name); t != nil && len(t.Dims) == 2 {
		return t.Dims[1]
	}
	return 1
}

func (l *loader) linear(name string, rows, cols int) linear {
	return linear{l.Matrix(name+".weight", rows, cols), l.Vector(name+".bias", rows)}
}

func (l *loader) affine(name string, n int) affine {
	return affine{l.Vector(name+".weight", n), l.Vector(name+".bias", n)}
}
