package mcp

import "bytes"

// maxIDSize bounds a request id in bytes: we keep it while the request is at work.
const maxIDSize = 256

// message is one decoded JSON-RPC message. Its slices point into the line it
// was read from and are good until the next line is read.
//
//	method  id   what it is
//	  set   set  request
//	  set   nil  notification
//	  nil   set  response to a request of ours
type message struct {
	id     []byte // the id as it was written, JSON; nil if there is none
	method []byte
	params []byte // JSON object; nil if there are none
	raw    []byte // the whole message
	batch  *batch // nil if it came alone
}

// idKey returns the id in a form that is equal for equal ids: a string may be
// written with or without escapes.
func idKey(id []byte) []byte {
	if isString(id) && bytes.IndexByte(id, '\\') >= 0 {
		return appendString(nil, unquote(id))
	}
	return id
}

// validID reports whether v is a string or integer of bearable size. MCP basic
// "Requests": string or integer, not null.
func validID(v []byte) bool {
	if len(v) == 0 || len(v) > maxIDSize {
		return false
	}
	return isString(v) || isInteger(v)
}

// isInteger reports whether v, a checked value, is a number without fraction or exponent.
func isInteger(v []byte) bool {
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	for _, x := range v {
		if x < '0' || x > '9' {
			return false
		}
	}
	return len(v) > 0
}

// decode takes a checked JSON value apart as a message. The error is the one to
// answer with; m.id is set if it could be read. If m.method is set and m.id is not, it
// is a bad notification, which gets no answer (JSON-RPC 2.0 "Notification").
func decode(raw []byte) (m message, e *Error) {
	m.raw = raw
	if !isObject(raw) {
		return m, Errorf(CodeInvalidRequest, "message is not an object")
	}
	var id, version, method, params, result []byte
	w := walk(raw)
	for {
		name, value, ok := w.member()
		if !ok {
			break
		}
		var p *[]byte
		switch string(name) {
		case "id":
			p = &id
		case "jsonrpc":
			p = &version
		case "method":
			p = &method
		case "params":
			p = &params
		case "result", "error":
			p = &result
		default:
			continue
		}
		if *p != nil {
			return message{raw: raw}, Errorf(CodeInvalidRequest, "%q is given twice", name)
		}
		*p = value
	}
	if id != nil && !validID(id) {
		return m, Errorf(CodeInvalidRequest, "id must be a string or integer of at most %d bytes", maxIDSize)
	}
	m.id = id
	switch {
	case string(version) != `"2.0"`:
		return m, Errorf(CodeInvalidRequest, `"jsonrpc" must be "2.0"`)
	case method == nil && result == nil:
		return m, Errorf(CodeInvalidRequest, "neither method nor result")
	case method != nil && result != nil:
		return m, Errorf(CodeInvalidRequest, "both method and result")
	case method == nil && id == nil:
		return m, Errorf(CodeInvalidRequest, "response without id")
	case method == nil:
		return m, nil
	case !isString(method) || len(method) > maxIDSize:
		return m, Errorf(CodeInvalidRequest, "method must be a string of at most %d bytes", maxIDSize)
	}
	m.method = method[1 : len(method)-1]
	if bytes.IndexByte(method, '\\') >= 0 {
		m.method = []byte(unquote(method))
	}
	switch {
	case params != nil && params[0] == '[':
		return m, Errorf(CodeInvalidParams, "params must be an object")
	case params != nil && !isObject(params):
		return m, Errorf(CodeInvalidRequest, "params must be an object")
	}
	m.params = params
	return m, nil
}

// nullID stands in for an id that could not be read, in revisions that want one.
var nullID = []byte("null")

// appendResponse starts a response to id, up to the value of "result" or "error". If id
// is nil the response has none.
func appendResponse(dst, id []byte, member string) []byte {
	dst = append(dst, `{"jsonrpc":"2.0"`...)
	if id != nil {
		dst = append(dst, `,"id":`...)
		dst = append(dst, id...)
	}
	dst = append(dst, ',', '"')
	dst = append(dst, member...)
	return append(dst, '"', ':')
}

// appendError appends a whole error response; id is nil if it is not known.
func appendError(dst, id []byte, e *Error) []byte {
	return append(appendErrorObject(appendResponse(dst, id, "error"), e), '}')
}

// appendErrorObject appends the error object of a JSON-RPC response.
func appendErrorObject(dst []byte, e *Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = appendNumber(dst, float64(e.Code))
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, e.Message)
	if e.Data != nil && len(*e.Data) > 0 {
		dst = append(dst, `,"data":`...)
		dst = append(dst, *e.Data...)
	}
	return append(dst, '}')
}
