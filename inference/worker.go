package inference

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/inference/sampler"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// worker is what one call in flight needs for itself.
type worker struct {
	session *transformer.Session
	sampler *sampler.Sampler
	request *request
	logits  []float32 // (vocab) after the last token
	keep    func(int, []float32)
	one     [1]int32
	text    []int32 // what the session holds, and at its end what it is about to
}

// workers is the bounded set of them. Those that are free keep their texts, since the
// next prompt often begins as the last did: a chat sends everything again.
type workers struct {
	net     *transformer.Model
	context int
	kind    transformer.CacheKind
	forget  bool
	size    int

	mu     sync.Mutex
	free   []*worker      // longest unused first; guarded by mu, as are:
	unmade int            // how many more there can be
	queue  []chan *worker // who waits, longest first; nil is one not made yet
}

// acquire waits for a free worker, in turn, and makes it if need be. Of several it takes
// the one whose text begins most like tokens, if that is half of either, so that no text
// is lost for a few tokens that all begin with. It returns how many of tokens its session
// holds: all but the last at most, since somebody wants to know what follows that.
func (p *workers) acquire(ctx context.Context, tokens []int32) (*worker, int, error) {
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	w, err := p.take(ctx, tokens)
	if err != nil {
		return nil, 0, err
	}
	if w == nil {
		if w, err = p.make(); err != nil {
			p.put(nil)
			return nil, 0, err
		}
	}
	n := w.begins(tokens)
	w.session.Truncate(n)
	w.text = w.text[:n]
	return w, n, nil
}

// take returns a free worker, nil for one not made yet.
func (p *workers) take(ctx context.Context, tokens []int32) (*worker, error) {
	p.mu.Lock()
	if len(p.queue) == 0 && len(p.free)+p.unmade > 0 {
		defer p.mu.Unlock()
		best, most := -1, 0
		for i, w := range p.free {
			if n := w.begins(tokens); n > most && 2*n >= min(len(w.text), len(tokens)) {
				best, most = i, n
			}
		}
		if best < 0 && p.unmade > 0 {
			p.unmade--
			return nil, nil
		}
		best = max(best, 0)
		w := p.free[best]
		p.free = slices.Delete(p.free, best, best+1)
		return w, nil
	}
	turn := make(chan *worker, 1)
	p.queue = append(p.queue, turn)
	p.mu.Unlock()
	select {
	case w := <-turn:
		return w, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	i := slices.Index(p.queue, turn)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 { // its turn came at the same time
		p.put(<-turn)
	}
	return nil, context.Cause(ctx)
}

// release is the end of a call with w.
func (p *workers) release(w *worker) {
	w.text = w.text[:w.session.Len()]
	if p.forget {
		w.session.Reset()
		w.text = w.text[:0]
	}
	p.put(w)
}

// put gives w, nil for one not made, to who waits longest, or keeps it.
func (p *workers) put(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.queue) > 0:
		p.queue[0] <- w
		p.queue = slices.Delete(p.queue, 0, 1)
	case w == nil:
		p.unmade++
	default:
		p.free = append(p.free, w)
	}
}

// make returns a new worker.
func (p *workers) make() (*worker, error) {
	s, err := p.net.NewSession(p.context, p.kind)
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	w := &worker{
		session: s, sampler: sampler.New(sampler.Params{}), request: newRequest(s),
		logits: make([]float32, p.net.Vocab), text: make([]int32, 0, p.context),
	}
	w.keep = func(_ int, logits []float32) { copy(w.logits, logits) }
	return w, nil
}

// begins returns how many of tokens, but for the last, w's text begins with.
func (w *worker) begins(tokens []int32) int {
	n := 0
	for n < len(w.text) && n < len(tokens)-1 && w.text[n] == tokens[n] {
		n++
	}
	return n
}
