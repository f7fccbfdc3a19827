package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// maxBadMessages is how many messages in a row a client may get wrong before
// the connection ends: it does not speak our language.
const maxBadMessages = 16

var errDraining = errors.New("mcp: server is shutting down")

// session is one connection. It is the jsonrpc2.ObjectStream and the
// jsonrpc2.Handler of its jsonrpc2.Conn, whose goroutine, the reader, calls
// ReadObject and Handle in turn.
//
// The engine decodes a message five times over, which costs more than all we
// do for a small call. So the session decodes each message once, by itself:
// tools/call and the handshake are served from there, and of every other request
// the engine gets the head only, {"id":0,"method":"m"}, and hands it to Handle.
// Responses to requests of ours the session matches itself.
type session struct {
	srv    *Server
	conn   net.Conn
	ctx    context.Context // ends when the connection does; parent of all calls
	cancel context.CancelFunc
	done   chan struct{} // closed when the reader has ended

	// For the reader only.
	lines     lineReader
	queue     []message  // messages of the line read last
	taken     int        // how many of them are done with
	long      bool       // it lies in a buffer of the budget
	current   message    // the one the engine handles
	scratch   []byte     // for building responses
	came      time.Time  // when the line came
	bad       int        // messages in a row that were no good
	handshake time.Time  // when the handshake must be over
	deadline  time.Time  // read deadline set on conn
	lineEnd   time.Time  // when the message being read must be complete; zero if none
	request   request    // the one at hand
	rev       *revision  // of the handshake; nil before initialize; set once
	caps      clientCaps // declared in it
	feed      *feed      // of changes, if there was a handshake
	topics    int        // how many subscriptions there are

	active   atomic.Int64 // when the last line came, in nanoseconds since the server's start
	ready    atomic.Bool  // notifications/initialized has come
	settled  atomic.Bool  // ready, or a good request without a handshake has come
	draining atomic.Bool  // take no more requests
	logLevel atomic.Int32 // least slog level the client wants
	logs     logQueue

	out   writer
	asks  outgoing
	feeds feedSender

	work   sync.WaitGroup // calls on goroutines of their own
	atWork atomic.Int64   // how many, until their responses are written
	mu     sync.Mutex
	calls  map[string]*call // guarded by mu; by idKey
	err    error            // guarded by mu; why the connection ended
	held   int              // guarded by mu; bytes of the budget that batches hold
	ended  bool             // guarded by mu; they hold nothing any more
}

var (
	_ jsonrpc2.ObjectStream = (*session)(nil)
	_ jsonrpc2.Handler      = (*session)(nil)
)

func newSession(ctx context.Context, srv *Server, c net.Conn) *session {
	lim := &srv.opts.Limits
	s := &session{srv: srv, conn: c, calls: map[string]*call{}, done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.handshake = time.Now().Add(lim.HandshakeTimeout)
	s.lines = lineReader{r: c, limit: lim.MaxLine, budget: &srv.budget, before: s.beforeRead}
	s.out = writer{conn: c, timeout: lim.WriteTimeout, sent: srv.stats.sent}
	s.logLevel.Store(levelOff)
	s.active.Store(int64(time.Since(srv.stats.start)))
	return s
}

// beforeRead flushes what is ready, since the client may wait for it, and sets
// the read deadline. partial: in the middle of a message.
func (s *session) beforeRead(partial bool) error {
	now := time.Now()
	if err := s.out.flush(now); err != nil {
		return err
	}
	lim := &s.srv.opts.Limits
	var d time.Time
	if partial {
		if s.lineEnd.IsZero() {
			s.lineEnd = now.Add(lim.MessageTimeout)
		}
		d = s.lineEnd
	} else {
		s.lineEnd = time.Time{}
		d = now.Add(lim.IdleTimeout)
	}
	if !s.settled.Load() && s.handshake.Before(d) {
		d = s.handshake
	}
	// Setting a deadline is dear: a later one may wait until it is an eighth off.
	if off := d.Sub(s.deadline); off < 0 || off > lim.IdleTimeout/8 || partial {
		if err := s.conn.SetReadDeadline(d); err != nil {
			return err
		}
		s.deadline = d
	}
	if s.draining.Load() { // after the deadline: see drain
		return errDraining
	}
	return nil
}

// drain makes the reader stop before the next message.
func (s *session) drain() {
	s.draining.Store(true)
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the reader, which then sees draining
}

// ReadObject reads messages and serves them until one is for the engine, v. It
// returns an error when the connection is to end, and not before the calls at
// work are over.
func (s *session) ReadObject(v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("mcp: panic while reading: %v", p)
			s.srv.log.Error("panic while reading", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		if err != nil {
			s.finish(err)
		}
	}()
	for {
		m, err := s.nextMessage()
		if err != nil {
			return err
		}
		switch {
		case m.method == nil:
			s.answered(&m)
		case isDirect(m.method):
			s.serveMessage(&m)
		default:
			s.current = m
			return v.(json.Unmarshaler).UnmarshalJSON(s.head(&m))
		}
	}
}

// isDirect reports whether the engine is not troubled with a method: tools/call is to be
// fast, and the others are the first messages of a guest just booted, in which decoding
// even the head of one by reflection is code that nothing else runs.
func isDirect(method []byte) bool {
	switch string(method) {
	case "tools/call", "initialize", "notifications/initialized", "server/discover":
		return true
	}
	return false
}

// head returns what the engine is told of a request or notification.
func (s *session) head(m *message) []byte {
	dst := append(s.scratch[:0], '{')
	if m.id != nil {
		dst = append(dst, `"id":0,`...)
	}
	dst = append(dst, `"method":`...)
	dst = appendString(dst, m.method)
	s.scratch = append(dst, '}')
	return s.scratch
}

// nextMessage returns the next message that is well formed, having answered
// those that are not.
func (s *session) nextMessage() (message, error) {
	for {
		if s.taken < len(s.queue) {
			s.taken++
			return s.queue[s.taken-1], nil
		}
		if s.draining.Load() {
			return message{}, errDraining
		}
		s.forget()
		line, err := s.lines.next()
		lim := &s.srv.opts.Limits
		switch {
		case err == nil:
		case errors.Is(err, errLineTooLong):
			err = s.refuse(nil, Errorf(CodeInvalidRequest, "message is longer than the limit of %d bytes", lim.MaxLine))
		case errors.Is(err, errNoBuffer):
			err = s.refuse(nil, Errorf(CodeBusy, "no memory for a long message now: all connections together may hold %d bytes", lim.MaxBuffered))
		case errors.Is(err, os.ErrDeadlineExceeded) && s.keepWaiting():
			continue
		}
		if err != nil {
			return message{}, err
		}
		s.long = len(s.lines.buf) > freeSize
		s.srv.stats.received(len(line) + 1)
		s.came = time.Now()
		s.active.Store(int64(s.came.Sub(s.srv.stats.start)))
		if err := s.takeLine(line); err != nil {
			return message{}, err
		}
	}
}

// forget lets go of a long line that is done with: the budget counts it no longer, so
// a connection at rest must not hold it. Nor a long response.
func (s *session) forget() {
	if s.long {
		clear(s.queue)
		s.request = request{}
	}
	if cap(s.scratch) > freeSize {
		s.scratch = nil
	}
}

// keepWaiting reports whether a read timeout is no reason to end: the connection only
// looks idle, because calls are at work or the client listens for changes.
func (s *session) keepWaiting() bool {
	if !s.lineEnd.IsZero() || !s.settled.Load() || s.draining.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = time.Time{}
	return len(s.calls) > 0 || s.topics > 0
}

// refuse answers a message that is no good. The error is not nil if it was
// one too many.
func (s *session) refuse(id []byte, e *Error) error {
	s.srv.stats.refuse(e.Code)
	s.replyError(id, nil, e)
	if s.bad++; s.bad >= maxBadMessages {
		return fmt.Errorf("mcp: %d bad messages in a row, the last: %s", s.bad, e.Message)
	}
	return nil
}

// finish ends the connection: it lets calls at work finish if the client has only
// stopped sending, and cancels the rest.
func (s *session) finish(err error) {
	lim := &s.srv.opts.Limits
	if errors.Is(err, os.ErrDeadlineExceeded) && !s.draining.Load() {
		s.replyError(nil, nil, s.timeoutError())
	}
	s.asks.end()
	graceful := s.draining.Load() || errors.Is(err, io.EOF)
	s.endFeeds(graceful)
	if graceful {
		over := make(chan struct{})
		go func() { s.work.Wait(); close(over) }()
		t := time.NewTimer(lim.DrainTimeout)
		select {
		case <-over:
		case <-t.C:
		case <-s.ctx.Done():
		}
		t.Stop()
	}
	_ = s.out.flush(time.Now())
	s.mu.Lock()
	s.err, s.ended = err, true
	s.srv.budget.give(s.held)
	s.mu.Unlock()
	s.cancel()
	s.lines.close()
	close(s.done)
}

// timeoutError says which timeout has ended the connection.
func (s *session) timeoutError() *Error {
	lim := &s.srv.opts.Limits
	switch {
	case !s.settled.Load() && !time.Now().Before(s.handshake):
		return Errorf(CodeInvalidRequest, "no handshake within %v", lim.HandshakeTimeout)
	case !s.lineEnd.IsZero():
		return Errorf(CodeInvalidRequest, "message not complete within %v", lim.MessageTimeout)
	}
	return Errorf(CodeInvalidRequest, "nothing received for %v", lim.IdleTimeout)
}

// WriteObject sends a message of the engine's. It has none while Handle answers by itself
// and requests of ours are the session's.
func (s *session) WriteObject(obj any) error {
	b, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	return s.out.send(append(b, '\n'), true)
}

// Close ends the connection; the engine calls it.
func (s *session) Close() error {
	s.cancel()
	return s.conn.Close()
}

// cause returns why the connection ended, nil if in good order.
func (s *session) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(s.err, io.EOF) || errors.Is(s.err, errDraining) || s.draining.Load() {
		return nil
	}
	return s.err
}
