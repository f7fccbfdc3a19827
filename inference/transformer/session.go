package transformer

import (
	"errors"
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// ErrContextFull is wrapped by Run's error when the tokens do not fit.
var ErrContextFull = errors.New("context is full")

// maxBatch is how many tokens of a prompt run together. More would use each
// weight more often while it is in cache, at the price of scratch memory.
const maxBatch = 32

// maxCache bounds the elements of keys, and as many of values (64 GiB together).
const maxCache = 1 << 33

// Session is one text on its way through a model. It must not be used by two
// goroutines at once. After the first Run it allocates nothing.
type Session struct {
	m   *Model
	max int // positions there is room for
	pos int // positions used

	// The KV cache, float32: (layers, kvHeads, max, headDim), so that the keys of
	// one head are one matrix. A quantized cache would replace these two.
	keys, values []float32

	// Scratch for up to maxBatch tokens (T).
	x        []float32 // (T, dim) residual stream
	h        []float32 // (T, dim) normalised, and results on their way to x
	q        []float32 // (T, heads*headDim) queries
	k, v     []float32 // (T, kvHeads*headDim)
	att      []float32 // (T, heads*headDim) attention's result
	gate, up []float32 // (T, hidden)
	cos, sin []float32 // (rotations, T, RopeDims/2)
	scores   []float32 // (heads, max)
	logits   []float32 // (vocab)
	in       *matmul.Input

	// For matrices that take vectors of 8 bits; see product.go.
	cut     bool // in is the first of two parts
	rest    *matmul.Input
	residue []float32 // (T, cols)
	second  []float32 // (T, rows)

	mul    mulTask
	attend attendTask
}

// NewSession returns an empty session with room for context tokens. It holds
//
//	8 · layers · kvHeads · headDim · context bytes
//
// and scratch memory of a few hundred KiB for small models.
func (m *Model) NewSession(context int) (*Session, error) {
	if context < 1 || context > m.Context {
		return nil, fmt.Errorf("transformer: context of %d tokens, the model has 1 to %d", context, m.Context)
	}
	c := &m.Config
	row := c.KVHeads * c.HeadDim
	if c.Layers*row > maxCache/context {
		return nil, fmt.Errorf("transformer: context of %d tokens needs too much memory", context)
	}
	t := min(maxBatch, context)
	f := func(n int) []float32 { return make([]float32, n) }
	s := &Session{
		m: m, max: context,
		keys: f(c.Layers * row * context), values: f(c.Layers * row * context),
		x: f(t * c.Dim), h: f(t * c.Dim),
		q: f(t * c.Heads * c.HeadDim), att: f(t * c.Heads * c.HeadDim),
		k: f(t * row), v: f(t * row),
		gate: f(t * c.Hidden), up: f(t * c.Hidden),
		cos: f(len(m.rotations) * t * c.RopeDims / 2), sin: f(len(m.rotations) * t * c.RopeDims / 2),
		scores: f(c.Heads * context), logits: f(c.Vocab),
		in: matmul.NewInput(t, max(c.Dim, c.Hidden, c.Heads*c.HeadDim)),
	}
	return s, nil
}

// CacheBytes returns what the KV cache of a session for context tokens takes.
func (c *Config) CacheBytes(context int) int64 {
	return 8 * int64(c.Layers) * int64(c.KVHeads) * int64(c.HeadDim) * int64(context)
}

// Len returns the number of tokens the session holds.
func (s *Session) Len() int { return s.pos }

// Free returns how many more tokens it can hold.
func (s *Session) Free() int { return s.max - s.pos }

// Reset makes the session empty.
func (s *Session) Reset() { s.pos = 0 }

// Run appends tokens to the text and returns the logits (vocab) for the token
// after them, valid until the next Run. It refuses, with nothing appended, if a
// token is not in the vocabulary or, wrapping ErrContextFull, if there is no room.
// stop, if not nil, is asked before each batch of the tokens; its error ends Run
// with the batches before appended.
func (s *Session) Run(tokens []int32, stop func() error) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, errors.New("transformer: no tokens")
	}
	if len(tokens) > s.Free() {
		return nil, fmt.Errorf("transformer: %d tokens do not fit after %d of %d: %w", len(tokens), s.pos, s.max, ErrContextFull)
	}
	for _, id := range tokens {
		if id < 0 || int(id) >= s.m.Vocab {
			return nil, fmt.Errorf("transformer: token %d is not in the vocabulary of %d", id, s.m.Vocab)
		}
	}
	for len(tokens) > 0 {
		if stop != nil {
			if err := stop(); err != nil {
				return nil, err
			}
		}
		n := min(maxBatch, len(tokens))
		s.forward(tokens[:n], n == len(tokens))
		tokens = tokens[n:]
	}
	return s.logits, nil
}
