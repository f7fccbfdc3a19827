package streamable

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// A stream that is over waits forgetAfter for a client that has lost its end; a session
// has keptStreams of them.
const (
	forgetAfter = time.Minute
	keptStreams = 8
)

// firstPrimed is the first revision whose SSE streams begin with an event without a
// message (2025-11-25 basic/transports "Sending Messages to the Server"); clients of
// those before may take it for a broken message.
const firstPrimed = "2025-11-25"

// legacy serves a POST of revisions up to 2025-11-25.
func (s *Server) legacy(w http.ResponseWriter, r *http.Request, c *call) {
	var x *session
	if _, there := r.Header[headerSession]; c.Method == "initialize" && c.Kind == rpc.Request && !there {
		var err error
		if x, err = s.newSession(r.Context()); err != nil {
			s.noLink(w, c.ID, err)
			return
		}
	} else if x = s.find(w, r, c.ID); x == nil {
		return
	}
	defer x.release()
	st, err := x.open(c)
	switch {
	case errors.Is(err, errFull):
		s.refuse(w, http.StatusServiceUnavailable, c.ID, rpc.CodeLimit, "%v", err)
		return
	case errors.Is(err, errLost):
		s.refuse(w, http.StatusNotFound, c.ID, rpc.CodeGuestLost, "the session has ended: %v", err)
		return
	case err != nil:
		s.refuse(w, http.StatusBadRequest, c.ID, rpc.CodeInvalidRequest, "%v", err)
		return
	}
	if x.send(c.line) != nil && st == nil {
		s.refuse(w, http.StatusBadGateway, nil, rpc.CodeGuestLost, "the guest is gone: %s", s.Guest.Fate())
		return
	}
	if st == nil { // a notification or response
		x.note(c)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if c.Method == "initialize" {
		w.Header().Set(headerSession, x.id)
	}
	x.serve(w, r, c, st)
}

// open makes the stream for a POST's requests; it is nil if there are none.
func (x *session) open(c *call) (*stream, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.ended != nil:
		return nil, errLost
	case c.Kind == rpc.Batch && x.revision != "2025-03-26":
		return nil, errors.New("only revision 2025-03-26 has batches")
	case len(x.streams)-len(x.finished) > maxStreams:
		return nil, fmt.Errorf("%w: the session has %d requests at work", errFull, maxStreams)
	}
	st := newStream(x.count+1, true)
	st.sse, st.size, st.read = c.sse, len(c.line), true
	var err error
	requests(c.Message, c.line, func(m rpc.Message) {
		key := rpc.Key(m.ID)
		if x.due[key] != nil || st.due[key] != nil {
			err = errors.New("a request with this id is at work")
		}
		st.due[key] = m.ID
		if token := rpc.ParseParams(m.Params).Token; token != nil {
			st.tokens = append(st.tokens, rpc.Key(token))
		}
	})
	if err != nil || len(st.due) == 0 {
		return nil, err
	}
	x.count++
	x.streams[st.number] = st
	for key := range st.due {
		x.due[key] = st
	}
	for _, t := range st.tokens {
		x.tokens[t] = st
	}
	return st, nil
}

// note looks at a notification that has been passed on. A request that is cancelled gets
// no answer (MCP 2025-11-25 basic/utilities/cancellation), so its POST must not wait.
func (x *session) note(c *call) {
	if c.Method != "notifications/cancelled" {
		return
	}
	key := rpc.Key(c.params.RequestID)
	x.mu.Lock()
	defer x.mu.Unlock()
	if st := x.due[key]; st != nil {
		delete(x.due, key)
		delete(st.due, key)
		x.checkOver(st)
	}
}

// serve answers a POST from its stream: with JSON if the responses are all there is and
// come soon, else with SSE.
func (x *session) serve(w http.ResponseWriter, r *http.Request, c *call, st *stream) {
	x.mu.Lock()
	st.asked = true
	me := st.giveTo()
	x.mu.Unlock()
	defer x.leave(st, me)
	late := false
	slow := time.NewTimer(x.s.StreamAfter)
	defer slow.Stop()
	for {
		v := x.peek(st, me)
		switch {
		case !v.mine:
			panic(http.ErrAbortHandler)
		case v.over && c.json && (v.left == 1 || v.left > 0 && !c.sse):
			x.serveJSON(w, c, st)
			return
		case (v.over || v.left > 0 || late) && c.sse:
			out := startSSE(w, x.s.WriteTimeout)
			if x.name(st) && out.prime(st.eventID(0)) != nil {
				return
			}
			x.pump(r, out, st, me)
			return
		case v.over: // cancelled
			w.WriteHeader(http.StatusAccepted)
			return
		}
		select {
		case <-v.news:
		case <-slow.C:
			late = c.Method != "initialize" // whose answer settles what the stream may be like
		case <-r.Context().Done():
			return
		}
	}
}

// name gives the events of a stream ids, if the client's revision begins its streams
// with one.
func (x *session) name(st *stream) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	st.named = x.revision >= firstPrimed
	return st.named
}

// serveJSON sends all of a stream that is over: one message as it is, several, which
// answer an array, as an array.
func (x *session) serveJSON(w http.ResponseWriter, c *call, st *stream) {
	x.mu.Lock()
	var messages [][]byte
	status := http.StatusOK
	for st.sent < st.base+len(st.events) {
		e := st.events[st.sent-st.base]
		messages = append(messages, e.message)
		if e.ours {
			status = http.StatusBadGateway
		}
		st.take(st.sent)
	}
	x.mu.Unlock()
	body := messages[0]
	if len(messages) > 1 {
		body = append(append([]byte{'['}, bytes.Join(messages, []byte{','})...), ']')
	}
	if c.Method == "initialize" && rpc.Peek(body).Error != nil && w.Header().Get(headerSession) != "" {
		w.Header().Del(headerSession)
		defer x.end(errors.New("the guest refused initialize"))
	}
	writeJSON(w, status, body)
}

// A view is what there is to send on a stream.
type view struct {
	event       // to be sent next, if left is not 0
	number int  // of event
	left   int  // events to be sent
	over   bool // no more will come
	mine   bool // the stream has not been given to another reader
	named  bool
	news   <-chan struct{} // told of changes
}

// peek shows what is to be sent next.
func (x *session) peek(st *stream, me int) view {
	x.mu.Lock()
	defer x.mu.Unlock()
	return st.view(me)
}

// pop is peek for who sends the event. It counts as sent before it is: a message must not
// go out twice, and a client that misses it asks for it by Last-Event-ID.
func (x *session) pop(st *stream, me int) view {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := st.view(me)
	if v.mine && v.left > 0 {
		st.take(v.number)
	}
	return v
}

func (st *stream) view(me int) view {
	v := view{number: st.sent, left: st.base + len(st.events) - st.sent, over: st.over, mine: st.reader == me && !st.broken, named: st.named, news: st.news}
	if v.left > 0 {
		v.event = st.events[st.sent-st.base]
	}
	return v
}

// pump sends a stream's events until it is over, another reads it, or the client is gone.
func (x *session) pump(r *http.Request, out *sse, st *stream, me int) {
	quiet := time.NewTimer(x.s.KeepAlive)
	defer quiet.Stop()
	for {
		v := x.pop(st, me)
		switch {
		case !v.mine && st.posted:
			panic(http.ErrAbortHandler) // not in order: the client must not think it has all
		case !v.mine:
			return
		case v.left > 0:
			id := ""
			if v.named {
				id = st.eventID(v.number)
			}
			if out.event(id, v.message) != nil {
				return
			}
			quiet.Reset(x.s.KeepAlive)
			continue
		case v.over:
			return
		}
		select {
		case <-v.news:
		case <-quiet.C:
			if out.comment() != nil {
				return
			}
			quiet.Reset(x.s.KeepAlive)
		case <-r.Context().Done():
			return
		}
	}
}

// leave is the end of an HTTP request that reads a stream. A client that goes away does
// not cancel (MCP 2025-11-25 basic/transports: disconnection SHOULD NOT be taken for that).
func (x *session) leave(st *stream, me int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if st.reader != me {
		return
	}
	st.read = false
	st.tellRoom()
	if st.posted && (st.over || st.broken) {
		x.forgetLater(st)
	}
}

// forgetLater drops a stream that is over, unless its client may take it up again: then
// it is kept for forgetAfter, or until keptStreams have ended after it. Caller holds mu.
func (x *session) forgetLater(st *stream) {
	if !st.named || st.broken {
		delete(x.streams, st.number)
		return
	}
	x.finished = append(x.finished, st.number)
	if len(x.finished) > keptStreams {
		x.forget(x.finished[0])
	}
	time.AfterFunc(forgetAfter, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.forget(st.number)
	})
}

// forget drops a stream, unless it is being read again: then its end will. Caller holds mu.
func (x *session) forget(number int) {
	x.finished = slices.DeleteFunc(x.finished, func(n int) bool { return n == number })
	if st := x.streams[number]; st != nil && !st.read {
		delete(x.streams, number)
	}
}

// get serves the GET stream of a session, or takes up a stream again.
func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	if !parseAccept(r.Header.Values("Accept")).sse {
		s.fail(w, http.StatusNotAcceptable, "Accept must name text/event-stream")
		return
	}
	if version, _ := single(r.Header, headerVersion); version != "" && !hasSessions(version) {
		w.Header().Set("Allow", "POST")
		s.fail(w, http.StatusMethodNotAllowed, "revision "+version+" has no GET")
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	x := s.find(w, r, nil)
	if x == nil {
		return
	}
	defer x.release()
	st, me := x.attach(r.Header.Get("Last-Event-ID"))
	if st == nil {
		s.fail(w, http.StatusNotFound, "that stream is over")
		return
	}
	defer x.leave(st, me)
	x.pump(r, startSSE(w, s.WriteTimeout), st, me)
}

// attach gives a stream to a GET: the one of a Last-Event-ID, from the event after it on,
// else the session's own.
func (x *session) attach(last string) (st *stream, me int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	st = x.streams[0]
	if number, event, ok := parseEventID(last); ok {
		if st = x.streams[number]; st == nil || st.broken {
			return nil, 0
		}
		st.sent = min(max(st.base, event+1), st.base+len(st.events))
	}
	st.named = true
	return st, st.giveTo()
}

// delete ends a session at the client's wish.
func (s *Server) delete(w http.ResponseWriter, r *http.Request) {
	x := s.find(w, r, nil)
	if x == nil {
		return
	}
	x.end(errors.New("the client ended it"))
	x.release()
	w.WriteHeader(http.StatusNoContent)
}
