// Package sampler chooses the next token from a model's logits.
//
// It is deterministic: the same logits, parameters and seed give the same
// tokens on every machine. It knows nothing of models and texts.
//
// The steps, in order:
//
//	temperature 0:  the highest logit, the lowest token on a tie; done
//	p[i] = exp((logit[i] - highest) / temperature)
//	TopK:           the k largest p, the lower token first among equals
//	TopP:           of these, the fewest largest whose sum is TopP of theirs
//	draw:           one of the rest, with chances in proportion to p
package sampler

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Params says how to choose. The zero value is greedy.
type Params struct {
	Temperature float32 // 0 is greedy, 1 the model's own distribution
	TopK        int     // 0 keeps all
	TopP        float32 // 0 and 1 keep all
	Seed        uint64
}

// Check returns an error for parameters that make no sense.
func (p Params) Check() error {
	switch {
	case !(p.Temperature >= 0 && p.Temperature <= 100):
		return fmt.Errorf("sampler: temperature %v is not between 0 and 100", p.Temperature)
	case p.TopK < 0:
		return fmt.Errorf("sampler: top-k %d is negative", p.TopK)
	case !(p.TopP >= 0 && p.TopP <= 1):
		return fmt.Errorf("sampler: top-p %v is not between 0 and 1", p.TopP)
	}
	return nil
}

// ErrNoToken is returned when no logit is a number: the model is broken.
var ErrNoToken = errors.New("sampler: no logit is a finite number")

// Sampler chooses tokens of one text. After the first Next it allocates
// nothing. It must not be used by two goroutines at once.
type Sampler struct {
	p    Params
	rand rand.PCG
	list []candidate
}

// candidate is a token and its chance, up to a common factor.
type candidate struct {
	p  float32
	id int32
}

// New returns a sampler. It panics on parameters that Check refuses.
func New(p Params) *Sampler {
	s := &Sampler{}
	s.Reset(p)
	return s
}

// Reset makes s as New(p) would, keeping its memory.
func (s *Sampler) Reset(p Params) {
	if err := p.Check(); err != nil {
		panic(err)
	}
	s.p = p
	s.rand.Seed(p.Seed, 0x9E3779B97F4A7C15) // any fixed second half will do
}

// Next returns the next token. Logits that are NaN or -Inf are never chosen.
func (s *Sampler) Next(logits []float32) (int32, error) {
	best := Greedy(logits)
	if best < 0 || math.IsInf(float64(logits[best]), 1) {
		return 0, ErrNoToken
	}
	if s.p.Temperature == 0 {
		return best, nil
	}
	s.weigh(logits, logits[best])
	list := s.list
	if k := s.p.TopK; k > 0 && k < len(list) {
		list = topK(list, k)
	}
	if p := s.p.TopP; p > 0 && p < 1 {
		list = topP(list, p)
	}
	return s.draw(list), nil
}

// Greedy returns the index of the highest logit, the lowest on a tie, or -1 if
// none is above -Inf.
func Greedy(logits []float32) int32 {
	best, top := int32(-1), float32(math.Inf(-1))
	for i, v := range logits {
		if v > top {
			best, top = int32(i), v
		}
	}
	return best
}

// weigh fills s.list with every token that has a chance, in order of tokens.
func (s *Sampler) weigh(logits []float32, highest float32) {
	if cap(s.list) < len(logits) {
		s.list = make([]candidate, 0, len(logits))
	}
	s.list = s.list[:0]
	for i, v := range logits {
		if d := (v - highest) / s.p.Temperature; d > -80 { // e^-80: no chance; skips NaN too
			s.list = append(s.list, candidate{matmul.Exp(d), int32(i)})
		}
	}
	if len(s.list) == 0 { // highest/temperature overflowed
		s.list = append(s.list, candidate{1, Greedy(logits)})
	}
}

// draw chooses one of list, which is not empty.
func (s *Sampler) draw(list []candidate) int32 {
	total := sum(list)
	r := float64(s.rand.Uint64()>>11) * 0x1p-53 * total // [0, total)
	for _, c := range list {
		if r -= float64(c.p); r < 0 {
			return c.id
		}
	}
	return list[len(list)-1].id // rounding
}

// sum adds the chances up.
func sum(list []candidate) float64 {
	total := 0.0
	for _, c := range list {
		total += float64(c.p)
	}
	return total
}
