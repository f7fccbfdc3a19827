package mcp

import "sync"

// takeLine checks a line, takes it apart and puts its messages in the queue.
func (s *session) takeLine(line []byte) error {
	for len(line) > 0 && isSpace(line[0]) {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil
	}
	lim := &s.srv.opts.Limits
	switch err := check(line, lim.MaxDepth, lim.MaxValues); err {
	case nil:
	case errTooDeep:
		return s.refuse(nil, Errorf(CodeInvalidRequest, "message nests deeper than the limit of %d", lim.MaxDepth))
	case errTooMany:
		return s.refuse(nil, Errorf(CodeInvalidRequest, "message holds more than the limit of %d values", lim.MaxValues))
	default:
		return s.refuse(nil, Errorf(CodeParseError, "parse error: %v", err))
	}
	s.queue, s.taken = s.queue[:0], 0
	if line[0] == '[' {
		return s.takeBatch(line)
	}
	return s.takeMessage(line, nil)
}

// takeMessage puts one message in the queue, or answers it if it is no good.
func (s *session) takeMessage(raw []byte, b *batch) error {
	m, e := decode(raw)
	if e != nil {
		if m.method != nil && m.id == nil {
			s.srv.stats.refuse(e.Code)
			return nil
		}
		if b == nil {
			return s.refuse(m.id, e)
		}
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, b, e)
		return nil
	}
	s.bad = 0
	m.batch = b
	s.queue = append(s.queue, m)
	return nil
}

// takeBatch puts the messages of an array in the queue. JSON-RPC 2.0 "Batch": an
// empty array is an invalid request; MCP 2025-03-26 basic/lifecycle
// "Initialization": initialize is not part of a batch.
func (s *session) takeBatch(raw []byte) error {
	switch {
	case s.rev == nil:
		return s.refuse(nil, Errorf(CodeInvalidRequest, "a batch cannot come before initialize"))
	case !s.rev.batching:
		return s.refuse(nil, Errorf(CodeInvalidRequest, "revision %s has no batches", s.rev.name))
	}
	var elements [][]byte
	answers := 0
	for w := walk(raw); ; {
		e, ok := w.element()
		if !ok {
			break
		}
		elements = append(elements, e)
		if m, err := decode(e); m.method != nil && m.id != nil || m.method == nil && err != nil {
			answers++
		}
	}
	if most := s.srv.opts.Limits.MaxInFlight; len(elements) == 0 || len(elements) > most {
		return s.refuse(nil, Errorf(CodeInvalidRequest, "a batch holds 1 to %d messages, not %d", most, len(elements)))
	}
	b := &batch{left: answers}
	for _, e := range elements {
		if err := s.takeMessage(e, b); err != nil {
			return err
		}
	}
	return nil
}

// batch collects the responses to the messages of one array; they go out
// together when the last is there.
type batch struct {
	mu    sync.Mutex
	left  int    // guarded by mu; answers still to come
	lines []byte // guarded by mu; the array so far
	held  int    // guarded by mu; bytes of the budget
}

// add takes one response of s, or nil for a request that gets none because it was
// cancelled. It returns the whole array once it is complete. One slow call keeps all
// other responses here, so they count: what finds no room becomes an error.
func (b *batch) add(s *session, response []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if response != nil {
		if size := len(b.lines) + len(response); size > freeSize {
			if s.hold(size - b.held) {
				b.held = size
			} else {
				m, _ := decode(response)
				if m.id == nil {
					m.id = nullID
				}
				response = appendError(nil, m.id, Errorf(CodeBusy, "no memory for %d bytes of responses to a batch now", size))
			}
		}
		if len(b.lines) == 0 {
			b.lines = append(b.lines, '[')
		} else {
			b.lines = append(b.lines, ',')
		}
		b.lines = append(b.lines, response...)
	}
	if b.left--; b.left > 0 || len(b.lines) == 0 {
		return nil
	}
	return append(b.lines, ']')
}

// reply sends a complete response, without newline, to a request. now: do not
// wait for the reader to flush. A write error ends the connection by itself.
func (s *session) reply(response []byte, b *batch, now bool) {
	if b != nil {
		if response = b.add(s, response); response != nil {
			defer s.letGo(b)
		}
	}
	if response == nil {
		return
	}
	_ = s.out.send(append(response, '\n'), now)
}

// hold takes n bytes of the budget until release or the end of the session, which not every
// batch is complete at.
func (s *session) hold(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || !s.srv.budget.take(n) {
		return false
	}
	s.held += n
	return true
}

// letGo gives back what a batch that is complete and sent has held.
func (s *session) letGo(b *batch) { s.release(b.held) }

// release gives back n bytes that hold has taken.
func (s *session) release(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.held -= n
		s.srv.budget.give(n)
	}
}

// replyError answers with an error. id is nil if it is not known. For the
// reader: it flushes before it reads again.
func (s *session) replyError(id []byte, b *batch, e *Error) {
	if id == nil && s.rev != nil && s.rev.nullIDs {
		id = nullID
	}
	s.scratch = appendError(s.scratch[:0], id, e)
	s.reply(s.scratch, b, false)
}
