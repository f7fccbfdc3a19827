package mcp

import (
	"context"

	"github.com/sourcegraph/jsonrpc2"
)

// errNoHandshake answers a request of no revision: there was no handshake, and it names
// none. MCP 2026-07-28 basic "Per-request protocol fields": -32602.
var errNoHandshake = &Error{
	Code:    CodeInvalidParams,
	Message: `no revision: params._meta must have "` + metaPrefix + `protocolVersion", or initialize comes first`,
}

// Handle serves the message of which the engine was given the head. The reader
// calls it.
func (s *session) Handle(_ context.Context, _ *jsonrpc2.Conn, _ *jsonrpc2.Request) {
	m := s.current
	s.current = message{}
	s.serveMessage(&m)
}

// serveMessage serves a request or notification on the reader's goroutine.
func (s *session) serveMessage(m *message) {
	if m.id == nil {
		s.handleNotification(m)
		return
	}
	if e := s.serveRequest(m); e != nil {
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, m.batch, e)
	}
}

// serveRequest serves a request, or returns the error to answer with.
func (s *session) serveRequest(m *message) *Error {
	r := &s.request
	if e := r.parse(m); e != nil {
		return e
	}
	if e := s.place(r); e != nil {
		return e
	}
	if m.batch != nil && (r.rev == nil || !r.rev.batching) {
		return Errorf(CodeInvalidRequest, "a request of this revision cannot be in a batch")
	}
	method := findMethod(r.method)
	switch {
	case method == nil:
		// Also before the handshake: clients of later revisions may probe.
		return errNoMethod(r)
	case r.rev == nil && !method.early:
		return errNoHandshake
	case r.rev != nil && r.rev.stateless && !method.modern, r.rev != nil && !r.rev.stateless && !method.legacy,
		method.needs&^s.srv.catalog.Load().offers != 0:
		return errNoMethod(r)
	}
	r.row = method
	if method.start != nil {
		return method.start(s, r)
	}
	if e := s.admit(r, false); e != nil {
		return e
	}
	var e *Error
	s.scratch, e = method.do(s, r, appendResponse(s.scratch[:0], r.id, "result"))
	if e != nil {
		return e
	}
	if r.rev != nil {
		s.scratch = s.srv.mark(s.scratch, r.rev, &marks{cache: method.cache})
	}
	s.scratch = append(s.scratch, '}')
	s.reply(s.scratch, m.batch, false)
	return nil
}

// handleNotification serves a notification. Those that are unknown or wrong are
// ignored: nobody waits for an answer.
func (s *session) handleNotification(m *message) {
	switch string(m.method) {
	case "notifications/initialized":
		if s.rev != nil && !s.ready.Swap(true) {
			s.settled.Store(true)
			s.srv.hub.add(s.feed)
		}
	case "notifications/roots/list_changed":
		s.asks.rootsChanged()
	case "notifications/cancelled":
		if id := memberOf(m.params, "requestId"); id != nil && validID(id) {
			s.cancelCall(id)
		}
	}
}

// eachMember calls f for the members of an object; v may be nil.
func eachMember(v []byte, f func(name string, v []byte)) {
	if v == nil {
		return
	}
	for w := walk(v); ; {
		name, value, ok := w.member()
		if !ok {
			return
		}
		f(string(name), value)
	}
}

// memberOf returns the member of an object that has a name, the last one if there are
// several, nil if there is none; v may be nil.
func memberOf(v []byte, name string) (value []byte) {
	eachMember(v, func(n string, m []byte) {
		if n == name {
			value = m
		}
	})
	return value
}

func (s *session) ping(_ *request, dst []byte) ([]byte, *Error) {
	return append(dst, "{}"...), nil
}
