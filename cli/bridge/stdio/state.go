package stdio

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// maxBatch bounds the messages of an array that are told apart.
const maxBatch = 1 << 12

// maxAsked bounds the guest's requests that are kept.
const maxAsked = 1 << 10

// A waiting request is one of the client's that the guest has not answered.
type waiting struct {
	id     []byte // as the client wrote it
	method string
	line   []byte // the whole message, for those that are replayed; else nil
	batch  int    // the same for all that came in one array; 0: it came alone
}

// state is what a bridge knows of the session that passes through it.
type state struct {
	mu      sync.Mutex
	waiting map[string]waiting // guarded by mu; by rpc.Key of the id
	idle    chan struct{}      // guarded by mu; closed when nothing but subscriptions waits; nil: nobody asked
	batches int                // guarded by mu; arrays so far

	asked   map[string][]byte // guarded by mu; ids of the guest's requests that the client has not answered
	stale   map[string]bool   // guarded by mu; the same, of guests that are gone
	renamed map[string][]byte // guarded by mu; our name for a guest's request -> its own
	renames int               // guarded by mu

	past past // guarded by mu
}

func (s *state) reset() {
	s.waiting, s.asked = map[string]waiting{}, map[string][]byte{}
	s.stale, s.renamed = map[string]bool{}, map[string][]byte{}
	s.past.reset()
}

// fromClient notes what a line of the client's means, and returns the line to send; nil
// if it is for nobody any more.
func (s *state) fromClient(line []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := rpc.Peek(line)
	if m.Kind != rpc.Batch {
		return s.clientMessage(m, line, 0)
	}
	s.batches++
	elements, _ := rpc.Elements(line, maxBatch)
	for _, e := range elements {
		s.clientMessage(rpc.Peek(e), e, s.batches)
	}
	return line
}

// clientMessage notes one message. Caller holds mu.
func (s *state) clientMessage(m rpc.Message, raw []byte, batch int) []byte {
	switch m.Kind {
	case rpc.Request:
		w := waiting{id: bytes.Clone(m.ID), method: m.Method, batch: batch}
		if keeps(m.Method) {
			w.line = bytes.Clone(raw)
		}
		s.waiting[rpc.Key(m.ID)] = w
	case rpc.Notification:
		if m.Method == "notifications/initialized" {
			s.past.initialized = bytes.Clone(raw)
		}
		if m.Method == "notifications/cancelled" {
			if id := rpc.ParseParams(m.Params).RequestID; id != nil {
				s.done(rpc.Key(id), nil)
			}
		}
	case rpc.Response:
		key := rpc.Key(m.ID)
		delete(s.asked, key)
		if id, ok := s.renamed[key]; ok {
			delete(s.renamed, key)
			return splice(raw, m.ID, id)
		}
		if s.stale[key] {
			return nil // the answer to a guest that is gone
		}
	}
	return raw
}

// unsent takes back what fromClient has noted of requests.
func (s *state) unsent(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	forget := func(m rpc.Message) {
		if m.Kind == rpc.Request {
			delete(s.waiting, rpc.Key(m.ID))
		}
	}
	m := rpc.Peek(line)
	forget(m)
	if m.Kind == rpc.Batch {
		elements, _ := rpc.Elements(line, maxBatch)
		for _, e := range elements {
			forget(rpc.Peek(e))
		}
	}
}

// fromGuest notes what a line of the guest's means, and returns the line to pass on.
func (s *state) fromGuest(line []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := rpc.Peek(line)
	switch m.Kind {
	case rpc.Response:
		s.done(rpc.Key(m.ID), m.Result)
	case rpc.Request:
		return s.guestAsks(m, line)
	case rpc.Batch:
		elements, _ := rpc.Elements(line, maxBatch)
		for _, e := range elements {
			if m := rpc.Peek(e); m.Kind == rpc.Response {
				s.done(rpc.Key(m.ID), m.Result)
			}
		}
	}
	return line
}

// guestAsks notes a request of the guest's. Guests count their requests from the same
// number, so a new one may use the id of a question that the client was asked by
// the old one and may yet answer. Such a request gets another id on its way out, and its
// answer the guest's again on its way in: an answer must not reach another question.
func (s *state) guestAsks(m rpc.Message, line []byte) []byte {
	key := rpc.Key(m.ID)
	id := bytes.Clone(m.ID)
	if len(s.asked) >= maxAsked {
		return line // no client answers that many: they are only passed on
	}
	if !s.stale[key] {
		s.asked[key] = id
		return line
	}
	s.renames++
	name := []byte(`"unikai-` + strconv.Itoa(s.renames) + `"`)
	s.renamed[string(name)] = id
	s.asked[string(name)] = name
	return splice(line, m.ID, name)
}

// splice returns line with the slice part of it replaced by with.
func splice(line, part, with []byte) []byte {
	at := cap(line) - cap(part) // part is a slice of line
	out := make([]byte, 0, len(line)-len(part)+len(with))
	out = append(out, line[:at]...)
	out = append(out, with...)
	return append(out, line[at+len(part):]...)
}

// done notes that a request is over: answered with result (nil: with an error), or
// cancelled. Caller holds mu.
func (s *state) done(key string, result []byte) {
	w, ok := s.waiting[key]
	if !ok {
		return
	}
	delete(s.waiting, key)
	if w.line != nil && result != nil {
		s.past.add(w, result)
	}
	s.checkIdle()
}

// whenIdle returns a channel that is closed when no answer is due.
func (s *state) whenIdle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = make(chan struct{})
	idle := s.idle
	s.checkIdle()
	return idle
}

// checkIdle tells who waits that no answer is due. A subscription is not answered before
// it ends (MCP 2026-07-28 basic/patterns/subscriptions). Caller holds mu.
func (s *state) checkIdle() {
	if s.idle == nil {
		return
	}
	for _, w := range s.waiting {
		if w.method != "subscriptions/listen" {
			return
		}
	}
	close(s.idle)
	s.idle = nil
}

// abandon forgets all that waits for a guest that is gone, and returns what the client
// is to be told: an error for each of its requests, the end of each of the guest's.
func (s *state) abandon(code int, why string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out [][]byte
	batches := map[int][]byte{}
	for _, w := range s.waiting {
		e := rpc.AppendError(nil, w.id, code, w.method+": "+why)
		if w.batch == 0 {
			out = append(out, e)
		} else if b := batches[w.batch]; b == nil {
			batches[w.batch] = append([]byte{'['}, e...)
		} else {
			batches[w.batch] = append(append(b, ','), e...)
		}
	}
	for _, b := range batches {
		out = append(out, append(b, ']'))
	}
	reason, _ := json.Marshal(why) // a string cannot fail
	for key, id := range s.asked {
		s.stale[key] = true
		out = append(out, []byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+string(id)+`,"reason":`+string(reason)+`}}`))
	}
	clear(s.waiting)
	clear(s.asked)
	clear(s.renamed)
	s.checkIdle()
	return out
}
