package streamable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// A Server is the HTTP side of a bridge.
type Server struct {
	Config
	pool     *pool
	tools    toolHeaders
	buffered atomic.Int64 // bytes of bodies that are held
	opening  atomic.Int64 // sessions that are being connected

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	draining context.Context // ends with Drain
	drain    context.CancelFunc
	mu       sync.Mutex
	sessions map[string]*session // guarded by mu
}

var _ http.Handler = (*Server)(nil)

// New returns a Server. Close must be called when it is not needed any more.
func New(c Config) *Server {
	c.complete()
	s := &Server{Config: c, sessions: map[string]*session{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.draining, s.drain = context.WithCancel(s.ctx)
	s.pool = newPool(&s.Config)
	return s
}

// Drain ends what would not end by itself: subscriptions and GET streams.
func (s *Server) Drain() {
	s.drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sessions {
		x.mu.Lock()
		x.streams[0].finish()
		x.mu.Unlock()
	}
}

// Close ends all streams, sessions and connections to the guest. Requests at work get
// an error.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	all := s.sessions
	s.sessions = map[string]*session{}
	s.mu.Unlock()
	for _, x := range all {
		x.end(errors.New("the bridge is shutting down"))
	}
	s.pool.close()
}

// ServeHTTP serves the MCP endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Until the body is read: a client that dawdles over it is not waited for.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	if r.URL.Path != Path {
		s.fail(w, http.StatusNotFound, "the MCP endpoint is "+Path)
		return
	}
	if !s.admit(w, r) {
		return
	}
	switch r.Method {
	case http.MethodPost:
		s.post(w, r)
	case http.MethodGet:
		s.get(w, r)
	case http.MethodDelete:
		s.delete(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		s.fail(w, http.StatusMethodNotAllowed, "method not allowed")
	}
}

// fail answers with a status and a few words, where there is no request to answer.
func (s *Server) fail(w http.ResponseWriter, status int, words string) {
	http.Error(w, words, status)
}

// refuse answers a JSON-RPC message with an error of the bridge's own; id is nil if
// it is not known.
func (s *Server) refuse(w http.ResponseWriter, status int, id []byte, code int, format string, args ...any) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	s.writeJSON(w, status, rpc.AppendError(nil, id, code, fmt.Sprintf(format, args...)))
}

func (s *Server) writeJSON(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.WriteTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// accepts are the content types that a client takes.
type accepts struct{ json, sse bool }

// parseAccept reads Accept headers. A client that names none takes all (RFC 9110
// §12.5.1).
func parseAccept(values []string) (a accepts) {
	if len(values) == 0 {
		return accepts{true, true}
	}
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			kind, _, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "*/*":
				return accepts{true, true}
			case "application/json", "application/*":
				a.json = true
			case "text/event-stream", "text/*":
				a.sse = true
			}
		}
	}
	return a
}

// post takes one message of a client's and hands it to its era.
func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		s.fail(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return
	}
	a := parseAccept(r.Header.Values("Accept"))
	if !a.json && !a.sse {
		s.fail(w, http.StatusNotAcceptable, "Accept must name application/json and text/event-stream")
		return
	}
	body, size, ok := s.readBody(w, r)
	defer s.buffered.Add(-size)
	if !ok {
		return
	}
	m, err := rpc.Parse(body)
	switch {
	case errors.Is(err, rpc.ErrNotJSON):
		s.refuse(w, http.StatusBadRequest, nil, rpc.CodeParse, "parse error: %v", err)
		return
	case err != nil:
		s.refuse(w, http.StatusBadRequest, m.ID, rpc.CodeInvalidRequest, "%v", err)
		return
	}
	p := rpc.ParseParams(m.Params)
	if p.Twice != "" {
		s.refuse(w, http.StatusBadRequest, m.ID, rpc.CodeInvalidRequest, "%q is given twice", p.Twice)
		return
	}
	c := call{Message: m, params: p, line: append(rpc.OneLine(body), '\n'), accepts: a}
	version, ok := single(r.Header, headerVersion)
	switch {
	case !ok:
		s.refuse(w, http.StatusBadRequest, m.ID, rpc.CodeHeaderMismatch, "the %s header is given twice", headerVersion)
	case p.Version != nil, version != "" && !hasSessions(version) && m.Method != "initialize":
		s.modern(w, r, &c, version)
	default:
		s.legacy(w, r, &c)
	}
}

// A call is one POST.
type call struct {
	rpc.Message
	params rpc.Params
	line   []byte // the body, one line with its newline
	accepts
}

// hasSessions reports whether a revision begins with a handshake. All that do are
// known: 2025-11-25 was the last.
func hasSessions(version string) bool {
	switch version {
	case "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25":
		return true
	}
	return false
}

// readBody reads a body within its bounds; if it cannot, it has answered. size must be
// given back to s.buffered.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (body []byte, size int64, ok bool) {
	tooLong := func() {
		s.refuse(w, http.StatusRequestEntityTooLarge, nil, rpc.CodeInvalidRequest, "body is longer than the bridge's limit of %d bytes", s.MaxBody)
	}
	size = r.ContentLength
	if size > int64(s.MaxBody) {
		tooLong()
		return nil, 0, false
	}
	if size < 0 { // chunked: it may become as long as is allowed
		size = int64(s.MaxBody)
	}
	if s.buffered.Add(size) > s.MaxBuffered {
		s.refuse(w, http.StatusServiceUnavailable, nil, rpc.CodeLimit, "the bridge holds as many bytes as it may")
		return nil, size, false
	}
	in := http.MaxBytesReader(w, r.Body, int64(s.MaxBody))
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength, r.ContentLength+1) // a newline will follow
		_, err = io.ReadFull(in, body)
	} else {
		body, err = io.ReadAll(in)
	}
	if err == nil {
		_, err = in.Read(make([]byte, 1)) // sees the end, so that net/http watches for the client's leaving
		if err == io.EOF {
			err = nil
		}
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		tooLong()
		return nil, size, false
	case err != nil:
		s.fail(w, http.StatusBadRequest, "the body could not be read")
		return nil, size, false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	s.buffered.Add(int64(len(body)) - size)
	return body, int64(len(body)), true
}
