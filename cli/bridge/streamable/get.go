package streamable

import (
	"errors"
	"net/http"
	"time"
)

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
		s.fail(w, http.StatusBadRequest, "that stream is over") // 404 would mean the session
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
