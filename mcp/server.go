package mcp

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// Server holds tools and resources and serves any number of connections.
type Server struct {
	impl    Implementation
	opts    Options
	log     *slog.Logger
	catalog atomic.Pointer[catalog]
	budget  budget
	tasks   taskTable
	hub     hub
	info    []byte       // who we are, as a member of _meta
	atWork  atomic.Int64 // requests on goroutines of their own
	waiting atomic.Int64 // how many of them wait for their clients or for tasks
	sealer  sealer
	// elicited counts the ids made for elicitations.
	elicited atomic.Int64
	stats    serverStats

	mu        sync.Mutex
	sessions  map[*session]struct{}     // guarded by mu
	listeners map[net.Listener]struct{} // guarded by mu
	closed    bool                      // guarded by mu
	over      sync.WaitGroup            // sessions
}

// NewServer returns a server without tools. opts may be nil. It panics if impl has an icon
// that cannot be sent: that is a bug of the program.
func NewServer(impl Implementation, opts *Options) *Server {
	s := &Server{
		impl:      impl,
		sessions:  map[*session]struct{}{},
		listeners: map[net.Listener]struct{}{},
	}
	checkIcons("server "+impl.Name, impl.Icons)
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.PageSize <= 0 {
		s.opts.PageSize = 100
	}
	if s.log = s.opts.Logger; s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.opts.Limits = s.opts.Limits.withDefaults()
	s.budget.limit = int64(s.opts.Limits.MaxBuffered)
	s.tasks = taskTable{srv: s, newID: rand.Text, store: taskStore{most: s.opts.Limits.MaxTasks, mostBytes: s.opts.Limits.MaxTaskBytes}}
	s.stats.start = time.Now()
	s.catalog.Store(newCatalog())
	s.info = s.impl.appendTo([]byte(`"`+metaPrefix+`serverInfo":`), &revisions[0])
	return s
}

// Serve accepts connections from l and serves each on goroutines of its own,
// until l fails or the server is shut down. It always returns an error:
// ErrServerClosed after Shutdown or Close, else what Accept said. It closes l.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.trackListener(l, true) {
		return ErrServerClosed
	}
	defer s.trackListener(l, false)
	refusing := make(chan struct{}, maxRefusing)
	for {
		c, err := l.Accept()
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed {
				return ErrServerClosed
			}
			return err
		}
		if sess, e := s.open(context.Background(), c, true); e == nil {
			go func() { _ = s.serve(sess) }()
		} else {
			s.refuse(c, e, refusing)
		}
	}
}

// ServeConn serves one connection until the client ends it, the server is
// shut down or ctx ends, and closes it. The error says why it ended; it is nil
// if the client closed in good order. MaxConnections does not bound it.
func (s *Server) ServeConn(ctx context.Context, c net.Conn) error {
	sess, e := s.open(ctx, c, false)
	if e != nil {
		_ = c.Close()
		return ErrServerClosed
	}
	return s.serve(sess)
}

// open makes a session of c, if there may be one more.
func (s *Server) open(ctx context.Context, c net.Conn, bounded bool) (*session, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, Errorf(CodeBusy, "server is shutting down")
	}
	if most := s.opts.Limits.MaxConnections; bounded && len(s.sessions) >= most && !s.evictLocked() {
		return nil, Errorf(CodeBusy, "server has %d connections, which is the limit", most)
	}
	sess := newSession(ctx, s, c)
	s.sessions[sess] = struct{}{}
	s.over.Add(1)
	s.stats.connections.Add(1)
	return sess, nil
}

// evictAfter is how long a connection must have been idle before it has to make place
// for a new one. Without that, clients that open connections and leave them would
// shut out all others.
const evictAfter = time.Minute

// evictLocked closes the connection that has been idle longest, and reports whether there
// was one. Caller holds mu.
func (s *Server) evictLocked() bool {
	var idlest *session
	for sess := range s.sessions {
		if sess.atWork.Load() == 0 && (idlest == nil || sess.active.Load() < idlest.active.Load()) {
			idlest = sess
		}
	}
	if idlest == nil || time.Since(s.stats.start)-time.Duration(idlest.active.Load()) < evictAfter {
		return false
	}
	delete(s.sessions, idlest)
	s.stats.evicted.Add(1)
	_ = idlest.Close()
	return true
}

// serve runs a session to its end.
func (s *Server) serve(sess *session) error {
	defer s.over.Done()
	rpc := jsonrpc2.NewConn(sess.ctx, sess, sess, jsonrpc2.SetLogger(s.engineLogger()))
	<-rpc.DisconnectNotify()
	_ = sess.Close()
	<-sess.done
	s.mu.Lock()
	delete(s.sessions, sess)
	s.mu.Unlock()
	err := sess.cause()
	if err != nil {
		s.log.Info("connection ended", "error", err)
	}
	return err
}

// engineLogger passes what the engine has to say to our log.
func (s *Server) engineLogger() jsonrpc2.Logger {
	return slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
}

var _ jsonrpc2.Logger = (*log.Logger)(nil)

const (
	// maxRefusing is how many refused connections are told so at a time. One more
	// waits for slotTimeout and is then closed without a word: clients that do not
	// read must not hold up those that come after them.
	maxRefusing   = 16
	refuseTimeout = time.Second
	slotTimeout   = 10 * time.Millisecond
)

// refuse tells the client why there is no session for it and closes c.
func (s *Server) refuse(c net.Conn, e *Error, slots chan struct{}) {
	s.stats.refused.Add(1)
	select {
	case slots <- struct{}{}:
	case <-time.After(slotTimeout):
		_ = c.Close()
		return
	}
	go func() {
		defer func() { <-slots }()
		_ = c.SetWriteDeadline(time.Now().Add(refuseTimeout))
		_, _ = c.Write(append(appendError(nil, nil, e), '\n'))
		_ = c.Close()
	}()
}

// trackListener adds or removes l; false if the server is closed.
func (s *Server) trackListener(l net.Listener, add bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !add {
		delete(s.listeners, l)
		return true
	}
	if !s.closed {
		s.listeners[l] = struct{}{}
	}
	return !s.closed
}

// openSessions returns the connections of the moment.
func (s *Server) openSessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.sessions))
	for sess := range s.sessions {
		list = append(list, sess)
	}
	return list
}

// stop makes Serve return and new connections fail.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.tasks.close()
	for l := range s.listeners {
		_ = l.Close()
	}
}

// Shutdown stops accepting, lets requests at work finish, for DrainTimeout at
// most, and closes all connections; when ctx ends first it cancels the rest
// and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	for _, sess := range s.openSessions() {
		sess.drain()
	}
	over := make(chan struct{})
	go func() { s.over.Wait(); close(over) }()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Close())
	}
}

// Close ends all connections at once, cancelling the requests at work.
func (s *Server) Close() error {
	s.stop()
	for _, sess := range s.openSessions() {
		_ = sess.Close()
	}
	return nil
}
