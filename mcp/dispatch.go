package mcp

import (
	"context"
	"encoding/json"

	"github.com/sourcegraph/jsonrpc2"
)

var errNoHandshake = &Error{Code: CodeInvalidRequest, Message: "initialize comes first"}

// Handle serves the message of which the engine was given the head. The reader
// calls it. Requests of methods without a place here are unknown.
func (s *session) Handle(_ context.Context, _ *jsonrpc2.Conn, _ *jsonrpc2.Request) {
	m := s.current
	s.current = message{}
	if m.id == nil {
		s.handleNotification(&m)
		return
	}
	if !s.admit(&m, false) {
		return
	}
	early := false // may come before initialize
	var do func(*session, *message, []byte) ([]byte, *Error)
	switch string(m.method) {
	case "initialize":
		do, early = (*session).initialize, true
	case "ping":
		do, early = (*session).ping, true
	case "tools/list":
		do = (*session).listTools
	case "resources/list":
		do = (*session).listResources
	case "resources/templates/list":
		do = (*session).listTemplates
	case "resources/read":
		do = (*session).readResource
	case "logging/setLevel":
		do = (*session).setLevel
	default:
		// Also before the handshake: clients of newer revisions probe with server/discover
		// and take this answer as "use initialize".
		e := Errorf(CodeMethodNotFound, "method not found: %s", clip(m.method))
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, m.batch, e)
		return
	}
	var e *Error
	if s.rev == nil && !early {
		e = errNoHandshake
	} else {
		s.scratch, e = do(s, &m, appendResponse(s.scratch[:0], m.id, "result"))
	}
	if e != nil {
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, m.batch, e)
		return
	}
	if len(s.scratch) > 0 { // else it is answered later
		s.scratch = append(s.scratch, '}')
		s.reply(s.scratch, m.batch, false)
	}
}

// handleNotification serves a notification. Those that are unknown or wrong are
// ignored: nobody waits for an answer.
func (s *session) handleNotification(m *message) {
	switch string(m.method) {
	case "notifications/initialized":
		if s.rev != nil {
			s.ready.Store(true)
		}
	case "notifications/cancelled":
		var id []byte
		eachMember(m.params, func(name string, v []byte) {
			if name == "requestId" && validID(v) {
				id = v
			}
		})
		if id != nil {
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

func (s *session) ping(_ *message, dst []byte) ([]byte, *Error) {
	return append(dst, "{}"...), nil
}

// initialize settles the revision. MCP basic/lifecycle "Initialization".
func (s *session) initialize(m *message, dst []byte) ([]byte, *Error) {
	if s.rev != nil {
		return dst, Errorf(CodeInvalidRequest, "already initialized")
	}
	var version []byte
	var bad string
	eachMember(m.params, func(name string, v []byte) {
		switch name {
		case "protocolVersion":
			version = v
		case "capabilities", "clientInfo":
			if !isObject(v) {
				bad = name
			}
		}
	})
	if bad != "" {
		return dst, Errorf(CodeInvalidParams, "params.%s must be an object", bad)
	}
	if !isString(version) {
		return dst, Errorf(CodeInvalidParams, "params.protocolVersion must be a string")
	}
	s.rev = negotiate(unquote(version))
	dst = append(dst, `{"protocolVersion":"`...)
	dst = append(dst, s.rev.name...)
	dst = append(dst, `","capabilities":{"logging":{},"tools":{}`...)
	if len(s.srv.catalog.Load().resourceURIs) > 0 {
		dst = append(dst, `,"resources":{}`...)
	}
	impl := &s.srv.impl
	dst = append(dst, `},"serverInfo":{"name":`...)
	dst = appendString(dst, impl.Name)
	dst = append(dst, `,"version":`...)
	dst = appendString(dst, impl.Version)
	if s.rev.titles {
		dst = appendMember(dst, "title", impl.Title)
	}
	if s.rev.descriptions {
		dst = appendMember(dst, "description", impl.Description)
	}
	dst = append(dst, '}')
	dst = appendMember(dst, "instructions", s.srv.opts.Instructions)
	return append(dst, '}'), nil
}

// listTools answers tools/list: name order, PageSize at a time.
func (s *session) listTools(m *message, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(m.params, cat.toolNames)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"tools":[`...)
	for i, name := range cat.toolNames[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = cat.tools[name].appendTo(dst, s.rev)
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.toolNames, to), '}'), nil
}

// appendTo appends the tool's entry of tools/list.
func (t *tool) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, t.Name)
	if rev.titles {
		dst = appendMember(dst, "title", t.Title)
	}
	dst = appendMember(dst, "description", t.Description)
	in, out := t.schemas()
	dst = append(dst, `,"inputSchema":`...)
	dst = append(dst, in...)
	if rev.structured && out != nil {
		dst = append(dst, `,"outputSchema":`...)
		dst = append(dst, out...)
	}
	if rev.annotations && t.Annotations != nil {
		if doc, err := json.Marshal(t.Annotations); err == nil {
			dst = append(dst, `,"annotations":`...)
			dst = append(dst, doc...)
		}
	}
	return append(dst, '}')
}
