package streamable

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// modern serves a POST of revision 2026-07-28 or later: one message, on a connection to
// the guest of its own. version is that of the header.
func (s *Server) modern(w http.ResponseWriter, r *http.Request, c *call, version string) {
	switch {
	case c.Kind == rpc.Batch || c.Kind == rpc.Response:
		s.refuse(w, http.StatusBadRequest, nil, rpc.CodeInvalidRequest, "the body must be one request or notification")
		return
	case c.params.Version == nil && c.Kind == rpc.Request:
		// Told by the header alone. The guest would take it for a message of a session.
		s.refuse(w, http.StatusBadRequest, c.ID, rpc.CodeInvalidParams, "params._meta has no io.modelcontextprotocol/protocolVersion")
		return
	}
	if c.params.Version != nil || c.Kind == rpc.Request {
		if err := checkHeaders(r.Header, version, c); err != nil {
			s.refuse(w, http.StatusBadRequest, c.ID, rpc.CodeHeaderMismatch, "header mismatch: %v", err)
			return
		}
	}
	if c.Kind == rpc.Notification {
		s.notify(w, r, c)
		return
	}
	long := c.Method == "subscriptions/listen"
	if long && !c.sse {
		s.fail(w, http.StatusNotAcceptable, "a subscription is a text/event-stream")
		return
	}
	if c.Method == "tools/call" {
		if err := s.checkParams(r, c); err != nil {
			s.refuse(w, http.StatusBadRequest, c.ID, rpc.CodeHeaderMismatch, "header mismatch: %v", err)
			return
		}
	}
	l, err := s.link(r.Context(), long)
	if err != nil {
		s.noLink(w, c.ID, err)
		return
	}
	good := false
	defer func() { s.pool.put(l, good, long) }()
	if l.send(c.line) != nil {
		s.lost(w, nil, c.ID, l)
		return
	}
	good = s.answer(w, r, c, l)
}

// link returns a connection to the guest for one request.
func (s *Server) link(ctx context.Context, long bool) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	return s.pool.get(ctx, long)
}

// noLink answers a request for which there is no connection.
func (s *Server) noLink(w http.ResponseWriter, id []byte, err error) {
	code := rpc.CodeGuestDown
	if errors.Is(err, errFull) {
		code = rpc.CodeLimit
	}
	s.refuse(w, http.StatusServiceUnavailable, id, code, "%v", err)
}

// notify passes a notification on. No revision defines one for this transport; an
// extension may. Cancellation is by closing the stream: an id in a notification could be
// any client's.
func (s *Server) notify(w http.ResponseWriter, r *http.Request, c *call) {
	if c.Method != "notifications/cancelled" && c.params.Version != nil {
		l, err := s.link(r.Context(), false)
		if err != nil {
			s.noLink(w, nil, err)
			return
		}
		_ = l.send(c.line)
		s.pool.put(l, false, false) // what the guest says to it, if anything, is not for the next request
	}
	w.WriteHeader(http.StatusAccepted)
}

// answer passes on what the guest says to a request, up to its response. It reports
// whether the link can serve another request.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *call, l *link) bool {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	end := s.ctx
	if c.Method == "subscriptions/listen" {
		end = s.draining
	}
	defer context.AfterFunc(end, cancel)()
	var out *sse
	id := rpc.Key(c.ID)
	if !c.json {
		out = startSSE(w, s.WriteTimeout)
	}
	for {
		line, quiet, err := s.await(ctx, l)
		switch {
		case quiet && !c.sse:
			continue
		case quiet && out == nil: // a stream can be kept alive, a response that is due cannot
			out = startSSE(w, s.WriteTimeout)
			continue
		case quiet:
			if out.comment() != nil {
				s.cancelCall(l, c)
				return false
			}
			continue
		case errors.Is(err, errLost):
			s.lost(w, out, c.ID, l)
			return false
		case err != nil:
			s.cancelCall(l, c)
			if s.ctx.Err() != nil {
				s.shut(w, out, c.ID)
			}
			return false
		}
		m := rpc.Peek(line)
		l.proven = l.proven || m.Result != nil
		final := m.Kind == rpc.Response && (rpc.Key(m.ID) == id || m.Nameless())
		switch {
		case out == nil && final:
			s.writeJSON(w, status(m), line[:len(line)-1])
			return l.proven && !m.Nameless()
		case !c.sse:
			continue // only the response is of use to this client
		case out == nil:
			out = startSSE(w, s.WriteTimeout)
		}
		if out.event("", line) != nil {
			if !final {
				s.cancelCall(l, c)
			}
			return final && l.proven && !m.Nameless()
		}
		if final {
			return l.proven && !m.Nameless()
		}
	}
}

// await returns the guest's next message; quiet is set if there is none for a while.
func (s *Server) await(ctx context.Context, l *link) (line []byte, quiet bool, err error) {
	t := time.NewTimer(s.KeepAlive)
	defer t.Stop()
	line, err = l.next(ctx, t.C)
	return line, line == nil && err == nil, err
}

// cancelCall tells the guest that nobody waits for a request (MCP 2026-07-28
// basic/patterns/cancellation). The link is closed after that, so the guest must have
// little time to take it.
func (s *Server) cancelCall(l *link, c *call) {
	_ = l.c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = l.c.Write([]byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + string(c.ID) + `,"reason":"the client closed the response stream"}}` + "\n"))
}

// lost answers a request whose guest is gone.
func (s *Server) lost(w http.ResponseWriter, out *sse, id []byte, l *link) {
	l.rest() // these end the reader, if it has not ended
	l.c.Close()
	l.tellRoom()
	<-l.ended
	why := l.fate
	if why == "" {
		why = "the guest is gone: " + s.Guest.Fate()
	}
	why += "; it may or may not have done what this request asks"
	s.give(w, out, http.StatusBadGateway, rpc.AppendError(nil, id, rpc.CodeGuestLost, why))
}

// shut answers a request at the end of the bridge.
func (s *Server) shut(w http.ResponseWriter, out *sse, id []byte) {
	s.give(w, out, http.StatusServiceUnavailable, rpc.AppendError(nil, id, rpc.CodeGuestDown, "the bridge is shutting down"))
}

// give sends an error of the bridge's in the form that the answer has by now.
func (s *Server) give(w http.ResponseWriter, out *sse, status int, message []byte) {
	if out != nil {
		_ = out.event("", message)
		return
	}
	s.writeJSON(w, status, message)
}

// status is the HTTP status of a modern response (MCP 2026-07-28
// transports/streamable-http).
func status(m rpc.Message) int {
	code, ok := rpc.ErrorCode(m)
	if !ok {
		return http.StatusOK
	}
	switch code {
	case rpc.CodeMethodNotFound:
		return http.StatusNotFound
	case rpc.CodeParse, rpc.CodeInvalidRequest, rpc.CodeInvalidParams, rpc.CodeHeaderMismatch, rpc.CodeCapability, rpc.CodeVersion:
		return http.StatusBadRequest
	}
	return http.StatusOK
}
