package streamable

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

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
