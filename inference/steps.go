package inference

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// Generations in flight share steps of the model, so that its weights are read once for
// all of them. No goroutine of its own does that: whoever finds no leader leads.
//
//	run:   nobody leads    -> lead: collect what waits, run a step, hand out, until the
//	                          own tokens are done; then pass the lead to one that waits
//	       somebody leads  -> wait until the own tokens are done, or for the lead
//
// So a lone generation pays two locks a token and no switch of goroutines. Between its
// steps a generation chooses a token and calls its caller back. The leader waits a
// moment for those who are at it, or else sessions of the same pace would run by turns
// instead of together; who is late once is not waited for until it is quick again.

// request is the tokens of one session that are to be run. It belongs to a worker and is
// used again and again.
type request struct {
	session *transformer.Session
	ctx     context.Context
	tokens  []int32 // left to run
	done    int     // tokens run, of those that run was given
	from    int     // results are wanted of tokens[from:]
	err     error

	// Called, on the leader's goroutine, for each token from the first wanted, in order;
	// i counts from the first token that run was given. They must not block.
	logits func(i int, logits []float32)
	hidden func(i int, hidden []float32)
	// The same for the executor, which counts from the first token of its piece.
	pieceLogits, pieceHidden func(int, []float32)

	ready chan bool // what a waiting request is told: true to lead, false that it is done

	finished bool      // guarded by steps.mu, as are:
	take     int       // tokens in the step that is running
	away     bool      // in steps.away
	slow     bool      // was late
	left     time.Time // when its tokens were done
}

func newRequest(s *transformer.Session) *request {
	r := &request{session: s, ready: make(chan bool, 1)}
	r.pieceLogits = func(i int, v []float32) { r.logits(r.done+i, v) }
	r.pieceHidden = func(i int, v []float32) { r.hidden(r.done+i, v) }
	return r
}

// steps is what the generations of a model share.
type steps struct {
	net *transformer.Model

	mu      sync.Mutex
	leader  *request      // who runs steps, or has been told to; guarded by mu, as are:
	waiting []*request    // unfinished, longest in wait first
	away    []*request    // done, and likely to come back at once
	took    time.Duration // the last step
	ended   time.Time     // the same
	yielded time.Time     // the leader let others run

	// The leader's.
	executor *transformer.Executor
	running  bool
	pieces   []transformer.Piece
	batch    []*request // whose pieces they are
}

// errLost is what others in a step get when it panicked.
var errLost = errors.New("inference: the step failed that this text was in")

// run appends tokens to r's session, in as many steps as it takes. It returns the cause
// if ctx is done before the last of them; r.session.Len tells what was run. The caller
// sees to it that tokens are in the vocabulary and fit.
func (s *steps) run(ctx context.Context, r *request, tokens []int32, from int) error {
	r.ctx, r.tokens, r.from, r.done, r.err = ctx, tokens, from, 0, nil
	s.mu.Lock()
	s.arrive(r)
	if s.leader != nil {
		s.mu.Unlock()
		if lead := <-r.ready; !lead {
			return r.err
		}
		s.mu.Lock()
	}
	s.leader = r
	defer s.pass()
	for !r.finished {
		s.gather()
		if s.compose(); len(s.batch) > 0 {
			s.step()
		}
	}
	return r.err
}

// step runs a step. Caller holds mu and leads.
func (s *steps) step() {
	if s.executor == nil {
		s.executor = s.net.NewExecutor()
	}
	s.mu.Unlock()
	s.running = true
	start := time.Now()
	err := s.executor.Step(s.pieces)
	end := time.Now()
	s.running = false
	s.mu.Lock()
	s.took, s.ended = end.Sub(start), end
	s.settle(err, end)
}

// pass gives the lead to one that waits. Caller leads, and holds mu unless its step
// panicked.
func (s *steps) pass() {
	if s.running {
		s.mu.Lock()
		s.running, s.executor = false, nil
		s.settle(errLost, time.Now())
	}
	if s.leader = nil; len(s.waiting) > 0 {
		s.leader = s.waiting[0]
		s.leader.ready <- true
	}
	s.mu.Unlock()
}

// arrive puts r among those that wait. Caller holds mu.
func (s *steps) arrive(r *request) {
	s.forget(r)
	if r.slow && time.Since(r.left) < s.patience() {
		r.slow = false
	}
	r.finished, r.take = false, 0
	s.waiting = append(s.waiting, r)
}

// forget says that nobody has to wait for r. Caller holds mu.
func (s *steps) forget(r *request) {
	if r.away {
		r.away = false
		s.away = slices.DeleteFunc(s.away, func(a *request) bool { return a == r })
	}
}

// leave is for generations that end.
func (s *steps) leave(r *request) {
	s.mu.Lock()
	s.forget(r)
	s.mu.Unlock()
	r.ctx, r.tokens, r.logits, r.hidden = nil, nil, nil, nil
}

// patience is how long a step waits for others: what matters little beside it, once.
func (s *steps) patience() time.Duration {
	return min(max(s.took/4, 60*time.Microsecond), 2*time.Millisecond)
}

// maxLead is how long a leader keeps its processor for itself. The runtime would take it
// away after 10 ms; until then goroutines that are ready may wait for it, a new
// generation's among them, even where another processor looks for pieces of products.
const maxLead = time.Millisecond / 2

// maxYields bounds gather where time stands still (testing/synctest).
const maxYields = 1 << 14

// gather lets others run, and waits for those that are away, if they are quick. Caller
// holds mu and leads.
func (s *steps) gather() {
	if s.ended.Sub(s.yielded) > maxLead {
		s.yielded = s.ended
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
	}
	if len(s.away) == 0 {
		return
	}
	end := time.Now().Add(s.patience())
	for range maxYields {
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
		if len(s.away) == 0 {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	for _, r := range s.away {
		r.away, r.slow = false, true
	}
	clear(s.away)
	s.away = s.away[:0]
}

// compose chooses what runs in the next step, and ends requests whose context is done.
// Caller holds mu and leads.
func (s *steps) compose() {
	s.waiting = slices.DeleteFunc(s.waiting, func(r *request) bool {
		if r.ctx.Err() == nil {
			return false
		}
		s.finish(r, context.Cause(r.ctx))
		return true
	})
	share(s.waiting, s.net.MaxRows())
	s.pieces, s.batch = s.pieces[:0], s.batch[:0]
	for _, r := range s.waiting {
		if r.take == 0 {
			continue
		}
		p := transformer.Piece{Session: r.session, Tokens: r.tokens[:r.take], From: max(0, r.from)}
		if r.logits != nil {
			p.Logits = r.pieceLogits
		}
		if r.hidden != nil {
			p.Hidden = r.pieceHidden
		}
		s.pieces, s.batch = append(s.pieces, p), append(s.batch, r)
	}
}

// besideDecode is how many tokens a step has, as long as prompts are in it beside
// generated tokens: more would make those wait.
const besideDecode = 16

// share says how many tokens of each request a step takes, at most room in all. First
// come those that want one, so that generations go on while others' prompts are read;
// prompts get equal shares of the rest.
func share(waiting []*request, room int) {
	prompts, single := 0, 0
	for _, r := range waiting {
		r.take = 0
		if len(r.tokens) > 1 {
			prompts++
		} else if room > 0 {
			r.take = 1
			single++
			room--
		}
	}
	if single > 0 {
		room = min(room, max(besideDecode-single, besideDecode/4))
	}
	for _, r := range waiting {
		if len(r.tokens) > 1 {
			r.take = min(len(r.tokens), (room+prompts-1)/prompts)
			room -= r.take
			prompts--
		}
	}
}

// settle counts what the step did. Caller holds mu and leads.
func (s *steps) settle(err error, now time.Time) {
	n := 0 // who was in the step goes behind those for whom there was no room
	for _, r := range s.waiting {
		if r.take == 0 {
			s.waiting[n] = r
			n++
		}
	}
	for _, r := range s.batch {
		r.tokens, r.from, r.done = r.tokens[r.take:], r.from-r.take, r.done+r.take
		if len(r.tokens) > 0 && err == nil {
			s.waiting[n] = r
			n++
			continue
		}
		if r.left = now; !r.slow {
			r.away = true
			s.away = append(s.away, r)
		}
		s.finish(r, err)
	}
	clear(s.waiting[n:])
	clear(s.batch)
	clear(s.pieces)
	s.waiting = s.waiting[:n]
}

// finish tells r that it is done. Caller holds mu and leads.
func (s *steps) finish(r *request, err error) {
	r.finished, r.err = true, err
	if r != s.leader {
		r.ready <- false
	}
}
