package streamable

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

const (
	// evictAfter is how long a session must have been idle to give way to a new one.
	evictAfter = time.Minute
	// maxStreams is how many POSTs of a session may be at work, or wait for a client
	// that has lost them.
	maxStreams = 128
)

// A session is a client of revisions up to 2025-11-25, and its connection to the guest
// (MCP 2025-11-25 basic/transports "Session Management"). It ends with that
// connection: a new guest does not know it, and the client is told so by 404.
type session struct {
	id string
	s  *Server
	c  net.Conn

	writeMu sync.Mutex // of lines to the guest

	mu       sync.Mutex
	streams  map[int]*stream    // guarded by mu; by number
	due      map[string]*stream // guarded by mu; by rpc.Key of a request's id
	tokens   map[string]*stream // guarded by mu; by rpc.Key of a progress token
	count    int                // guarded by mu; streams so far
	finished []int              // guarded by mu; streams that are over and kept
	revision string             // guarded by mu; what the guest settled on; "" before
	active   int                // guarded by mu; HTTP requests at work
	since    time.Time          // guarded by mu; when active became 0
	timer    *time.Timer        // guarded by mu; ends an idle session
	ended    error              // guarded by mu; why it has ended
}

// newSession connects to the guest. The session is in use until release.
func (s *Server) newSession(ctx context.Context) (*session, error) {
	if !s.makeRoom() {
		return nil, fmt.Errorf("%w: there are %d sessions, the most that the bridge takes", errFull, s.MaxSessions)
	}
	defer s.opening.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	c, err := s.Guest.Dial(ctx)
	if err != nil {
		return nil, err
	}
	x := &session{
		id: rand.Text(), s: s, c: c, // 128 bits or more, visible ASCII
		streams: map[int]*stream{}, due: map[string]*stream{}, tokens: map[string]*stream{}, active: 1,
	}
	x.streams[0] = newStream(0, false)
	x.streams[0].sse = true
	s.mu.Lock()
	s.sessions[x.id] = x
	s.mu.Unlock()
	go x.run()
	if s.ctx.Err() != nil {
		x.end(errors.New("the bridge is shutting down")) // Close may not have seen it
	}
	return x, nil
}

// makeRoom reports whether one more session may begin, which s.opening counts from then
// on; it may end an idle one.
func (s *Server) makeRoom() bool {
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return false
	}
	if len(s.sessions)+int(s.opening.Load()) < s.MaxSessions {
		s.opening.Add(1)
		s.mu.Unlock()
		return true
	}
	var oldest *session
	var since time.Time
	for _, x := range s.sessions {
		if idle, t := x.idle(); idle && (oldest == nil || t.Before(since)) {
			oldest, since = x, t
		}
	}
	s.mu.Unlock()
	if oldest == nil || time.Since(since) < evictAfter {
		return false
	}
	s.opening.Add(1)
	oldest.end(errors.New("another session needed its place"))
	return true
}

func (x *session) idle() (bool, time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.active == 0, x.since
}

// find returns the session that a request names, in use until release; nil if it has
// answered the request itself.
func (s *Server) find(w http.ResponseWriter, r *http.Request, id []byte) *session {
	name, ok := single(r.Header, headerSession)
	if !ok || name == "" {
		s.refuse(w, http.StatusBadRequest, id, rpc.CodeInvalidRequest, "the %s header is missing or given twice; initialize begins a session", headerSession)
		return nil
	}
	if version, ok := single(r.Header, headerVersion); !ok || version != "" && !hasSessions(version) {
		s.refuse(w, http.StatusBadRequest, id, rpc.CodeInvalidRequest, "%s %q has no sessions", headerVersion, version)
		return nil
	}
	s.mu.Lock()
	x := s.sessions[name]
	s.mu.Unlock()
	if x == nil || !x.hold() {
		s.refuse(w, http.StatusNotFound, id, rpc.CodeInvalidRequest, "there is no such session any more; begin a new one")
		return nil
	}
	return x
}

// hold keeps a session from being idle; false if it has ended.
func (x *session) hold() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil {
		return false
	}
	x.active++
	if x.timer != nil {
		x.timer.Stop()
	}
	return true
}

// release is the end of one request.
func (x *session) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.active--; x.active > 0 || x.ended != nil {
		return
	}
	x.since = time.Now()
	x.timer = time.AfterFunc(x.s.SessionIdle, func() {
		if idle, since := x.idle(); idle && time.Since(since) >= x.s.SessionIdle {
			x.end(errors.New("it was idle"))
		}
	})
}

// end ends a session: its id is not known any more, its requests get errors, its streams
// end.
func (x *session) end(why error) {
	x.s.mu.Lock()
	delete(x.s.sessions, x.id)
	x.s.mu.Unlock()
	x.c.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil {
		return
	}
	x.ended = why
	if x.timer != nil {
		x.timer.Stop()
	}
	for _, st := range x.streams {
		for _, id := range st.due {
			e := rpc.AppendError(nil, id, rpc.CodeGuestLost, "the session has ended: "+why.Error()+"; the guest may or may not have done what this request asks")
			_ = st.push(e, true, x.s.MaxMessage)
		}
		clear(st.due)
		st.finish()
	}
}

// run takes the guest's messages until the connection ends.
func (x *session) run() {
	for r := rpc.NewReader(x.c, x.s.MaxMessage); ; {
		line, err := r.Next()
		if err != nil {
			if errors.Is(err, rpc.ErrTooLong) {
				x.s.Log("a session ends: a message of the guest's is longer than the bridge takes: %v", err)
				x.end(fmt.Errorf("a message of the guest's is longer than the bridge takes: %w", err))
				return
			}
			x.end(errors.New("the guest is gone: " + x.s.Guest.Fate()))
			return
		}
		x.route(bytes.TrimSpace(line))
	}
}

// send writes one line to the guest.
func (x *session) send(line []byte) error {
	x.writeMu.Lock()
	defer x.writeMu.Unlock()
	_ = x.c.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := x.c.Write(line)
	if err != nil {
		go x.end(errors.New("the guest takes no more messages"))
	}
	return err
}
