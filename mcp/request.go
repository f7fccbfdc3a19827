package mcp

import "bytes"

// request is one request as its method sees it. The reader fills in one per session
// again and again: it and its slices are good until the method returns.
type request struct {
	message
	row  *method   // of the table
	rev  *revision // of this request: the one its _meta names, else the handshake's
	caps clientCaps
	meta requestMeta
	p    params
}

// params are the members of a request's params that more than one method knows, as JSON;
// nil if absent. They are looked up in one walk, since arguments may be long.
type params struct {
	meta           []byte // _meta
	name           []byte // of a tool or prompt
	arguments      []byte
	uri            []byte
	cursor         []byte
	inputResponses []byte // MCP 2026-07-28 basic/patterns/mrtr
	requestState   []byte // there, too
	task           []byte // MCP 2025-11-25 basic/utilities/tasks
}

// requestMeta is what a request's _meta says (MCP basic "_meta").
type requestMeta struct {
	token       []byte // JSON of the progress token; nil if progress is not wanted
	version     []byte // JSON of the revision's name; nil in the handshake revisions
	caps        []byte // JSON object, the client's capabilities for this request
	logLevel    []byte // JSON string; nil if no log messages are wanted
	traceparent []byte // JSON: the W3C trace context; nil if there is none
}

const metaPrefix = "io.modelcontextprotocol/"

// parse takes the params of m apart.
func (r *request) parse(m *message) *Error {
	*r = request{message: *m}
	if m.params == nil {
		return nil
	}
	for w := walk(m.params); ; {
		key, v, ok := w.member()
		if !ok {
			break
		}
		switch string(key) {
		case "_meta":
			r.p.meta = v
		case "name":
			r.p.name = v
		case "arguments":
			if string(v) != "null" { // which clients in Go send for none
				r.p.arguments = v
			}
		case "uri":
			r.p.uri = v
		case "cursor":
			r.p.cursor = v
		case "inputResponses":
			r.p.inputResponses = v
		case "requestState":
			r.p.requestState = v
		case "task":
			r.p.task = v
		}
	}
	if r.p.meta == nil {
		return nil
	}
	return r.meta.parse(r.p.meta)
}

// parse takes a _meta object apart.
func (t *requestMeta) parse(meta []byte) *Error {
	if !isObject(meta) {
		return Errorf(CodeInvalidParams, "params._meta must be an object")
	}
	for w := walk(meta); ; {
		key, v, ok := w.member()
		if !ok {
			return nil
		}
		switch string(key) {
		case "progressToken":
			// MCP basic/utilities/progress: a string or integer.
			if !validID(v) {
				return Errorf(CodeInvalidParams, "progressToken must be a string or integer of at most %d bytes", maxIDSize)
			}
			t.token = v
		case metaPrefix + "protocolVersion":
			t.version = v
		case metaPrefix + "clientCapabilities":
			t.caps = v
		case metaPrefix + "logLevel":
			t.logLevel = v
		case "traceparent":
			t.traceparent = v
		}
	}
}

// place decides by which revision r is served. MCP 2026-07-28 basic/versioning "Backward
// Compatibility": a request that carries the metadata of the stateless era is of that era,
// whatever came before on the connection; any other is the handshake's. r.rev stays nil
// if there was none.
func (s *session) place(r *request) *Error {
	if r.meta.version == nil || s.rev != nil && isNamed(r.meta.version, s.rev.name) {
		r.rev, r.caps = s.rev, s.caps
		return nil
	}
	if !isString(r.meta.version) {
		return Errorf(CodeInvalidParams, "params._meta[%q] must be a string", metaPrefix+"protocolVersion")
	}
	rev := findRevision(text(r.meta.version))
	if rev == nil || !rev.stateless {
		if string(r.method) == "initialize" { // what it asks for is in its params
			return nil
		}
		return errVersion(unquote(r.meta.version))
	}
	if !isObject(r.meta.caps) {
		return Errorf(CodeInvalidParams, "params._meta[%q] must be an object", metaPrefix+"clientCapabilities")
	}
	r.rev, r.caps = rev, parseCaps(r.meta.caps)
	if r.meta.logLevel != nil {
		if _, e := parseLevel(r.meta.logLevel); e != nil {
			return e
		}
	}
	s.settled.Store(true)
	return nil
}

// isNamed reports whether v, JSON, is the string name, which has nothing to escape.
func isNamed(v []byte, name string) bool {
	return isString(v) && string(v[1:len(v)-1]) == name
}

// text returns the text of a JSON string in a request, without copying it if it has no
// escapes.
func text(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return []byte(unquote(quoted))
	}
	return quoted[1 : len(quoted)-1]
}
