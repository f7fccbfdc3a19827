package mcp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// maxWaiting is how many requests of ours one client may have to answer at a time.
const maxWaiting = 16

var (
	// errNoAnswer: the time for it is over.
	errNoAnswer = errors.New("the client has not answered in time")
	errGone     = errors.New("the client sends nothing any more")
)

// outgoing are the requests of ours that a client of a handshake revision has to answer.
type outgoing struct {
	mu      sync.Mutex
	last    int64                  // guarded by mu; id of the request made last; they count from 1
	waiting map[int64]chan<- reply // guarded by mu; each takes one
	ended   bool                   // guarded by mu; nothing will be answered any more

	roots      []byte // guarded by mu; the client's last answer to roots/list; nil if not known
	rootsRound int    // guarded by mu; how often the client has said that they changed
}

// reply is what came of a request of ours.
type reply struct {
	result []byte // JSON, ours to keep
	held   int    // bytes of the budget, for the one who waits to give back
	err    error
}

// begin makes n requests known and returns their ids, which follow on each other.
func (o *outgoing) begin(n int, to []chan reply) (first int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return 0, errGone
	}
	if len(o.waiting)+n > maxWaiting {
		return 0, Errorf(CodeBusy, "the client has %d questions to answer, and may have %d", len(o.waiting), maxWaiting)
	}
	if o.waiting == nil {
		o.waiting = map[int64]chan<- reply{}
	}
	first = o.last + 1
	o.last += int64(n)
	for i, ch := range to {
		o.waiting[first+int64(i)] = ch
	}
	return first, nil
}

// take removes a request and returns where its reply goes; nil if there is none of that id.
func (o *outgoing) take(id int64) chan<- reply {
	o.mu.Lock()
	defer o.mu.Unlock()
	ch := o.waiting[id]
	delete(o.waiting, id)
	return ch
}

// end fails all that wait.
func (o *outgoing) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	for id, ch := range o.waiting {
		ch <- reply{err: errGone}
		delete(o.waiting, id)
	}
}

// answered takes a response of the client's. One that nobody waits for is dropped: it may
// be late, or made up.
func (s *session) answered(m *message) {
	if !isInteger(m.id) || len(m.id) > 18 {
		return
	}
	id, err := strconv.ParseInt(string(m.id), 10, 64)
	if err != nil {
		return
	}
	ch := s.asks.take(id)
	if ch == nil {
		return
	}
	var r reply
	eachMember(m.raw, func(name string, v []byte) {
		switch name {
		case "result":
			if size := len(v); size > freeSize {
				if !s.srv.budget.take(size) {
					r.err = Errorf(CodeBusy, "no memory for an answer of %d bytes now", size)
					return
				}
				r.held = size
			}
			r.result = append([]byte(nil), v...)
		case "error":
			r.err = clientError(v)
		}
	})
	ch <- r // has room for one, and take gives it out once
}

// clientError is what the client says instead of a result. It is no *Error: that would be
// passed on as if it were ours.
func clientError(v []byte) error {
	var code, text []byte
	if isObject(v) {
		eachMember(v, func(name string, v []byte) {
			switch {
			case name == "code" && isInteger(v):
				code = v
			case name == "message" && isString(v):
				text = v
			}
		})
	}
	if string(code) == "-1" { // MCP client/sampling, client/elicitation "Error Handling": rejected
		return ErrDeclined
	}
	if text == nil {
		text = []byte(`""`)
	}
	return fmt.Errorf("the client answered with error %s: %s", clip(code), clip(unquote(text)))
}

// askOnConnection sends the questions as requests and waits for the responses.
func (c *call) askOnConnection(ctx context.Context, asks []Ask) error {
	if err := c.checkCaps(asks); err != nil {
		return err
	}
	s := c.sess
	asks, rootsRound, err := s.fromCache(asks)
	if err != nil || len(asks) == 0 {
		return err
	}
	requests := make([][]byte, len(asks))
	for i, a := range asks {
		if requests[i], err = a.request(c, nil); err != nil {
			return err
		}
	}
	if e := s.srv.beginWaiting(); e != nil {
		return e
	}
	defer s.srv.endWaiting()
	replies := make([]chan reply, len(asks))
	for i := range replies {
		replies[i] = make(chan reply, 1)
	}
	first, err := s.asks.begin(len(asks), replies)
	if err != nil {
		return err
	}
	defer func() { s.withdraw(c, first, replies) }()
	var lines []byte
	for i, r := range requests {
		lines = append(lines, `{"jsonrpc":"2.0","id":`...)
		lines = strconv.AppendInt(lines, first+int64(i), 10)
		lines = append(lines, ',')
		lines = append(lines, r...)
		lines = append(lines, "}\n"...)
	}
	if err := c.send(lines); err != nil {
		return err
	}
	run := c.task.Load()
	run.waits(+1)
	defer run.waits(-1)
	timer := time.NewTimer(s.srv.opts.Limits.AskTimeout)
	defer timer.Stop()
	for i, a := range asks {
		select {
		case r := <-replies[i]:
			replies[i] = nil
			err := r.err
			if err == nil {
				if err = a.accept(r.result); err == nil && a.method == "roots/list" {
					s.cacheRoots(c, r.result, rootsRound)
				}
			} else {
				err = fmt.Errorf("%s: %w", a.key, err)
			}
			s.srv.budget.give(r.held)
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return fmt.Errorf("%s: %w", a.key, errNoAnswer)
		}
	}
	return nil
}

// beginWaiting makes room for a call that waits for its client or for a task, since it
// takes the place of one that works. endWaiting gives it back.
func (s *Server) beginWaiting() *Error {
	if most := int64(s.opts.Limits.MaxCalls+1) / 2; s.waiting.Add(1) > most {
		s.waiting.Add(-1)
		return Errorf(CodeBusy, "%d calls wait for their clients or for tasks, which is the limit", most)
	}
	return nil
}

func (s *Server) endWaiting() { s.waiting.Add(-1) }

// send sends lines about the call, if it is not over.
func (c *call) send(lines []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.cancelled.Load() {
		return ErrCallOver
	}
	return c.sess.out.send(lines, true)
}

// withdraw tells the client which of the requests from first on we do not wait for any
// more (MCP basic/utilities/cancellation), and forgets them.
func (s *session) withdraw(c *call, first int64, replies []chan reply) {
	var lines []byte
	for i, ch := range replies {
		if ch == nil {
			continue
		}
		id := first + int64(i)
		if s.asks.take(id) == nil { // the reply is there, or comes at once
			select {
			case r := <-ch:
				s.srv.budget.give(r.held)
			case <-s.done:
			}
			continue
		}
		lines = append(lines, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`...)
		lines = strconv.AppendInt(lines, id, 10)
		lines = append(lines, "}}\n"...)
	}
	if lines != nil {
		_ = s.out.send(lines, true)
	}
}

// rootsChanged forgets the roots (MCP client/roots "Root List Changes").
func (o *outgoing) rootsChanged() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.roots, o.rootsRound = nil, o.rootsRound+1
}

// fromCache answers what needs not be asked: roots that have not changed. It returns the
// rest, and how often the roots had changed.
func (s *session) fromCache(asks []Ask) (rest []Ask, round int, err error) {
	s.asks.mu.Lock()
	roots, round := s.asks.roots, s.asks.rootsRound
	s.asks.mu.Unlock()
	if roots == nil {
		return asks, round, nil
	}
	for _, a := range asks {
		if a.method != "roots/list" {
			rest = append(rest, a)
		} else if err := a.accept(roots); err != nil {
			return nil, round, err
		}
	}
	return rest, round, nil
}

// cacheRoots keeps the client's roots if it tells when they change, and they have not since
// they were asked for in that round.
func (s *session) cacheRoots(c *call, result []byte, round int) {
	if c.caps&capRootsChanged == 0 || len(result) > baseSize { // each connection may have one
		return
	}
	s.asks.mu.Lock()
	defer s.asks.mu.Unlock()
	if s.asks.rootsRound == round {
		s.asks.roots = result
	}
}
