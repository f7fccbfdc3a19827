package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// maxRounds is how many times one request may ask. It ends what never ends.
const maxRounds = 256

// rounds is what a call in a revision without requests to the client knows of its
// questions (MCP 2026-07-28 basic/patterns/mrtr).
type rounds struct {
	mu    sync.Mutex
	round int        // guarded by mu; times the client has been asked before
	given []byte     // guarded by mu; inputResponses of this request; nil if there are none
	kept  []kept     // guarded by mu; what goes into the state
	open  []question // guarded by mu; outstanding
}

// kept is a good answer, or a result of Once.
type kept struct {
	kind  keptKind
	key   string
	value []byte // JSON
}

type keptKind byte

const (
	keptAnswer keptKind = 'a'
	keptOnce   keptKind = 'o'
)

// question is one member of inputRequests.
type question struct {
	key     string
	request []byte // JSON object
}

// rounds returns c's, which is made when it is first needed.
func (c *call) getRounds() *rounds {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rounds == nil {
		c.rounds = &rounds{}
	}
	return c.rounds
}

// takeAnswers reads what r says of earlier rounds. The line of r may be gone after it.
func (c *call) takeAnswers(r *request) *Error {
	if !c.rev.asksInResults || r.p.inputResponses == nil && r.p.requestState == nil {
		return nil
	}
	rs := c.getRounds()
	if given := r.p.inputResponses; given != nil {
		if e := c.sess.srv.checkResponses(given); e != nil {
			return e
		}
		rs.given = append([]byte(nil), given...)
	}
	if r.p.requestState == nil {
		return nil
	}
	if !isString(r.p.requestState) {
		return Errorf(CodeInvalidParams, "params.requestState must be a string")
	}
	st, e := c.sess.srv.openState(unquote(r.p.requestState), c.rev, c.method, r.params)
	if e != nil {
		return e
	}
	rs.round = st.round
	eachMember(st.answers, func(name string, v []byte) {
		rs.kept = append(rs.kept, kept{keptKind(name[0]), name[1:], v})
	})
	return nil
}

// checkResponses checks the inputResponses of a request.
func (s *Server) checkResponses(given []byte) *Error {
	if !isObject(given) {
		return Errorf(CodeInvalidParams, "params.inputResponses must be an object")
	}
	if most := s.opts.Limits.MaxState; len(given) > most {
		return Errorf(CodeInvalidParams, "params.inputResponses is longer than the limit of %d bytes", most)
	}
	return nil
}

// find returns what is kept under key. Caller holds mu.
func (rs *rounds) find(kind keptKind, key string) []byte {
	for _, k := range rs.kept {
		if k.kind == kind && k.key == key {
			return k.value
		}
	}
	return nil
}

// answer returns the answer for key: the one that was good before, else the one that came
// with this request; nil if there is none. Caller holds mu.
func (rs *rounds) answer(key string) (v []byte, isNew bool) {
	if v := rs.find(keptAnswer, key); v != nil {
		return v, false
	}
	return memberOf(rs.given, key), true
}

// askInResult takes the answers that are there. If one is missing it notes the questions
// for the result and returns ErrInputRequired.
func (c *call) askInResult(asks []Ask) error {
	rs := c.getRounds()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.open != nil {
		return ErrInputRequired // the function went on after it
	}
	var open []Ask
	var first error
	for _, a := range asks {
		v, isNew := rs.answer(a.key)
		if v == nil {
			open = append(open, a)
			continue
		}
		err := a.accept(v)
		var bad badAnswer
		if errors.As(err, &bad) {
			return Errorf(CodeInvalidParams, "params.inputResponses: %v", err)
		}
		if isNew {
			rs.kept = append(rs.kept, kept{keptAnswer, a.key, v})
		}
		if first == nil {
			first = err
		}
	}
	if first != nil || len(open) == 0 {
		return first
	}
	if err := c.checkCaps(open); err != nil {
		return err
	}
	if rs.round >= maxRounds {
		return Errorf(CodeInternalError, "the client has been asked %d times, which is the limit", maxRounds)
	}
	for _, a := range open {
		req, err := a.request(c, []byte{'{'})
		if err != nil {
			rs.open = nil
			return err
		}
		rs.open = append(rs.open, question{a.key, append(req, '}')})
	}
	return ErrInputRequired
}

// asked reports whether the result of the call is to be questions.
func (c *call) asked() bool {
	c.mu.Lock()
	rs := c.rounds
	c.mu.Unlock()
	if rs == nil {
		return false
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.open != nil
}

// answered reports whether the call has had an answer, or a result of Once, in this round
// or before.
func (c *call) answered() bool {
	c.mu.Lock()
	rs := c.rounds
	c.mu.Unlock()
	if rs == nil {
		return false
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return len(rs.kept) > 0
}

// appendQuestions appends an InputRequiredResult.
func (c *call) appendQuestions(dst []byte) ([]byte, error) {
	rs := c.getRounds()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	srv := c.sess.srv
	st := state{
		expiry:  time.Since(srv.stats.start) + srv.opts.Limits.AskTimeout,
		round:   rs.round + 1,
		request: digest(c.rev, c.method, c.params),
		answers: rs.appendKept(nil),
	}
	text := srv.sealer.seal(&st)
	if most := srv.opts.Limits.MaxState; len(text) > most {
		return dst, Errorf(CodeInvalidParams, "the answers to this request are longer than the limit of %d bytes", most)
	}
	dst = append(dst, `{"inputRequests":{`...)
	for i, q := range rs.open {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, q.key), ':')
		dst = append(dst, q.request...)
	}
	dst = append(dst, `},"requestState":"`...)
	dst = append(dst, text...)
	c.marks = marks{kind: "input_required"}
	return append(dst, '"', '}'), nil
}

// appendKept appends what is kept as a JSON object. Caller holds mu.
func (rs *rounds) appendKept(dst []byte) []byte {
	dst = append(dst, '{')
	for i, k := range rs.kept {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, string(k.kind)+k.key), ':')
		dst = append(dst, k.value...)
	}
	return append(dst, '}')
}

// Once returns what f returned when it ran first in this request. In revision 2026-07-28
// a function that asks its client is run again for every round of questions; what is
// expensive, or must not be done twice, belongs into Once. The value travels to the client
// and back as JSON, encrypted; it counts towards Limits.MaxState. If f fails it will run
// again. A client that makes the first request twice makes f run twice: to exclude that,
// the program must keep account itself.
//
// Keys are apart from those of questions. Where the function runs once, so does f.
func Once[T any](ctx context.Context, key string, f func() (T, error)) (T, error) {
	var v T
	c := callOf(ctx)
	if c == nil {
		return v, errNoCall
	}
	if !c.rev.asksInResults {
		return f()
	}
	rs := c.getRounds()
	rs.mu.Lock()
	old := rs.find(keptOnce, key)
	rs.mu.Unlock()
	if old != nil {
		return v, json.Unmarshal(old, &v)
	}
	v, err := f() // which may ask, and call Once
	if err != nil {
		return v, err
	}
	doc, err := json.Marshal(v)
	if err != nil {
		return v, fmt.Errorf("mcp: Once %q: %w", key, err)
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.kept = append(rs.kept, kept{keptOnce, key, doc})
	return v, nil
}
