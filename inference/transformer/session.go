package transformer

import (
	"errors"
	"fmt"
)

// ErrContextFull is wrapped by errors about tokens that do not fit.
var ErrContextFull = errors.New("context is full")

// Session is one text on its way through a model: the keys and values of its tokens,
// and how many there are. It must not be used by two goroutines at once.
type Session struct {
	m      *Model
	cache  *cache
	pos    int       // positions used
	logits []float32 // (vocab) Run's result
	keep   func(int, []float32)
}

// NewSession returns an empty session with room for context tokens. It holds
// CacheBytes(context, kind) bytes, and after a Run the logits of one token.
func (m *Model) NewSession(context int, kind CacheKind) (*Session, error) {
	if context < 1 || context > m.Context {
		return nil, fmt.Errorf("transformer: context of %d tokens, the model has 1 to %d", context, m.Context)
	}
	c, err := newCache(&m.Config, kind, context)
	if err != nil {
		return nil, err
	}
	return &Session{m: m, cache: c}, nil
}

// Len returns the number of tokens the session holds.
func (s *Session) Len() int { return s.pos }

// Free returns how many more tokens it can hold.
func (s *Session) Free() int { return s.cache.max - s.pos }

// Reset makes the session empty.
func (s *Session) Reset() { s.pos = 0 }

// Truncate forgets all but the first n tokens; n is at most Len.
func (s *Session) Truncate(n int) {
	if n < 0 || n > s.pos {
		panic("transformer: truncation beyond the text")
	}
	s.pos = n
}

// check returns why tokens cannot be appended.
func (s *Session) check(tokens []int32) error {
	if len(tokens) == 0 {
		return errors.New("transformer: no tokens")
	}
	if len(tokens) > s.Free() {
		return fmt.Errorf("transformer: %d tokens do not fit after %d of %d: %w", len(tokens), s.pos, s.cache.max, ErrContextFull)
	}
	for _, id := range tokens {
		if id < 0 || int(id) >= s.m.Vocab {
			return fmt.Errorf("transformer: token %d is not in the vocabulary of %d", id, s.m.Vocab)
		}
	}
	return nil
}

// Run appends tokens to the text and returns the logits (vocab) for the token
// after them, valid until the next Run. It refuses, with nothing appended, if a
// token is not in the vocabulary or, wrapping ErrContextFull, if there is no room.
// stop, if not nil, is asked before each step of the tokens; its error ends Run
// with the steps before appended.
//
// Runs of several sessions of a model take turns. After the first, Run allocates
// nothing. To run sessions together, use an Executor.
func (s *Session) Run(tokens []int32, stop func() error) ([]float32, error) {
	if err := s.check(tokens); err != nil {
		return nil, err
	}
	if s.logits == nil {
		s.logits = make([]float32, s.m.Vocab)
		s.keep = func(_ int, logits []float32) { copy(s.logits, logits) }
	}
	for len(tokens) > 0 {
		if stop != nil {
			if err := stop(); err != nil {
				return nil, err
			}
		}
		n := min(s.m.MaxRows(), len(tokens))
		from := n
		if n == len(tokens) {
			from--
		}
		s.m.alone(Piece{Session: s, Tokens: tokens[:n], From: from, Logits: s.keep})
		tokens = tokens[n:]
	}
	return s.logits, nil
}

// alone runs a piece that has been checked with the model's own executor.
func (m *Model) alone(p Piece) {
	m.turn.Lock()
	defer m.turn.Unlock()
	if m.executor == nil {
		m.executor = m.NewExecutor()
	}
	m.executor.pieces = append(m.executor.pieces[:0], p)
	m.executor.forward()
}
