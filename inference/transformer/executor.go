package transformer

import (
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Piece is tokens that a step appends to the text of a session, and what is wanted of
// them.
type Piece struct {
	Session *Session
	Tokens  []int32

	// Results are wanted of Tokens[From:]. For each of these, in order, the functions
	// that are not nil are called at the end of the step; the slices are valid
	// during the call.
	From   int
	Logits func(i int, logits []float32) // (vocab) for the token after Tokens[i]
	Hidden func(i int, hidden []float32) // (dim) the last norm's result for Tokens[i]
}

// Executor runs steps: tokens of several sessions that go through the model together,
// so that its weights are read once for all of them. The results have the same bits
// however tokens are put together.
//
// It holds the scratch memory of a step, and must not be used by two goroutines at
// once. Once it has seen the largest step, Step allocates nothing.
type Executor struct {
	m      *Model
	pieces []Piece
	runs   []run
	at     []place

	// Scratch for as many tokens as the largest step so far had (T).
	rows     int
	x        []float32 // (T, dim) residual stream
	h        []float32 // (T, dim) normalised, and results on their way to x
	q        []float32 // (T, heads*headDim) queries
	k, v     []float32 // (T, kvHeads*headDim)
	att      []float32 // (T, heads*headDim) attention's result
	gate, up []float32 // (T, hidden)
	cos, sin []float32 // (rotations, T, RopeDims/2)
	in       *matmul.Input
	scores   []float32 // attention's; see there
	logits   []float32 // (n, vocab), n up to maxResults

	mul      mulTask
	quantize quantizeTask
	attend   attendTask
	each     rowTask
}

// place is what a row of a step is.
type place struct {
	token int32
	pos   int
	cache *cache
}

// mostRows bounds the tokens of a step. More would use each weight more often once it is
// unpacked, at the price of scratch memory: 14 KiB a token for the embedded model, whose
// prompts ran at 20,600 tokens/s with 32, 21,400 with 64 and 21,900 with 128.
const mostRows = 64

// maxScratch bounds the bytes of that memory where tokens need much: a file of a few MiB
// can say that Dim is 1 and Hidden a million.
const maxScratch = 64 << 20

// rowsOf returns how many tokens a step of a model of this shape can have.
func rowsOf(c *Config) int {
	q := c.Heads * c.HeadDim
	row := 4 * (2*c.Dim + 2*q + 2*c.KVHeads*c.HeadDim + 2*c.Hidden + 2*c.RopeDims + 2*max(c.Dim, c.Hidden, q))
	return max(1, min(mostRows, maxScratch/row))
}

// MaxRows returns how many tokens a step can have.
func (m *Model) MaxRows() int { return m.rows }

// NewExecutor returns an executor. Its memory is made when it is first needed: some
// 4·MaxRows·(6·Dim + 4·Hidden) bytes, 64 MiB at most if MaxRows is not 1, and the logits of
// some tokens.
func (m *Model) NewExecutor() *Executor { return &Executor{m: m} }

// Step appends the tokens of all pieces to their sessions, of which no two may be the
// same. It refuses, with nothing appended, if there are more tokens than MaxRows, if one
// is not in the vocabulary or, wrapping ErrContextFull, if a session has no room.
func (e *Executor) Step(pieces []Piece) error {
	rows := 0
	for i, p := range pieces {
		if err := p.Session.check(p.Tokens); err != nil {
			return err
		}
		for _, q := range pieces[:i] {
			if q.Session == p.Session {
				return fmt.Errorf("transformer: a session is twice in a step")
			}
		}
		if p.Session.m != e.m || p.From < 0 {
			panic("transformer: piece of another model, or without a beginning")
		}
		rows += len(p.Tokens)
	}
	if rows > e.m.MaxRows() {
		return fmt.Errorf("transformer: step of %d tokens, at most %d", rows, e.m.MaxRows())
	}
	if rows == 0 {
		return nil
	}
	e.pieces = append(e.pieces[:0], pieces...)
	e.forward()
	return nil
}

// prepare makes room for the tokens of e.pieces and fills e.runs. It returns how many
// tokens there are.
func (e *Executor) prepare() int {
	e.runs, e.at = e.runs[:0], e.at[:0]
	rows := 0
	for _, p := range e.pieces {
		s := p.Session
		e.runs = append(e.runs, run{s.cache, rows, len(p.Tokens), s.pos})
		for i, id := range p.Tokens {
			e.at = append(e.at, place{id, s.pos + i, s.cache})
		}
		rows += len(p.Tokens)
	}
	if rows <= e.rows {
		return rows
	}
	c, f := &e.m.Config, func(n int) []float32 { return make([]float32, n) }
	t := rows // 1: who generates alone needs no more
	if t > 1 {
		if t = min(matmul.QuantizeUnit, e.m.MaxRows()); rows > t {
			t = e.m.MaxRows()
		}
	}
	e.rows = t
	q, kv := t*c.Heads*c.HeadDim, t*c.KVHeads*c.HeadDim
	angles := len(e.m.rotations) * t * c.RopeDims / 2
	e.x, e.h, e.q, e.att = f(t*c.Dim), f(t*c.Dim), f(q), f(q)
	e.k, e.v, e.gate, e.up = f(kv), f(kv), f(t*c.Hidden), f(t*c.Hidden)
	e.cos, e.sin = f(angles), f(angles)
	e.in = matmul.NewInput(t, max(c.Dim, c.Hidden, c.Heads*c.HeadDim))
	return rows
}

// release forgets the pieces, so that executors keep no session alive.
func (e *Executor) release() {
	clear(e.pieces)
	clear(e.runs)
	clear(e.at)
	e.pieces, e.runs, e.at = e.pieces[:0], e.runs[:0], e.at[:0]
}
