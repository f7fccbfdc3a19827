package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A Kind says what a message is.
type Kind int

// Kinds of messages.
const (
	Unknown      Kind = iota // nothing that a bridge understands
	Request                  // method and id
	Notification             // method alone
	Response                 // result or error, and the id, which errors may lack
	Batch                    // an array of messages (MCP 2025-03-26 basic "Batching")
)

// A Message is one message, taken apart. Its slices point into the line it was
// read from.
type Message struct {
	Kind   Kind
	ID     []byte // as it is written; nil if there is none
	Method string
	Params []byte // JSON; nil if there are none
	Result []byte // JSON; nil if there is none
	Error  []byte // JSON; nil if there is none
}

// Nameless reports whether a response is to a message whose id its sender could not
// read: the id is null (JSON-RPC 2.0 "Response object") or absent (MCP 2025-11-25 schema,
// JSONRPCErrorResponse).
func (m *Message) Nameless() bool {
	return m.Kind == Response && (m.ID == nil || string(m.ID) == "null")
}

// maxMember bounds an id and a method's name in bytes: both are kept.
const maxMember = 256

// ErrNotJSON is what Parse returns for bytes that are no JSON text in UTF-8.
var ErrNotJSON = errors.New("not JSON in UTF-8")

// Parse takes one message apart, of which it believes nothing. Its errors say what is
// wrong with it; ErrNotJSON stands for JSON-RPC's parse error, all others for an invalid
// request. The message is returned as far as it is known then.
func Parse(b []byte) (Message, error) {
	if !utf8.Valid(b) || !json.Valid(b) {
		return Message{}, ErrNotJSON
	}
	return ParseValid(b)
}

// ParseValid is Parse for bytes that are known to be JSON.
func ParseValid(b []byte) (Message, error) {
	switch first(b) {
	case '[':
		return Message{Kind: Batch}, nil
	case '{':
	default:
		return Message{}, errors.New("message is not an object")
	}
	m, twice := peek(b)
	switch {
	case twice != "":
		return Message{}, fmt.Errorf("%q is given twice", twice)
	case m.ID != nil && !validID(m.ID) && !m.Nameless():
		m.ID = nil
		return m, fmt.Errorf("id must be a string or integer of at most %d bytes", maxMember)
	case m.Kind == Unknown:
		return m, errors.New("message is neither request, notification nor response")
	case m.Params != nil && m.Params[0] != '{':
		return m, errors.New("params must be an object")
	}
	return m, nil
}

// Peek takes a line apart as far as it can. What it cannot is Unknown, and nothing
// of it is known then.
func Peek(line []byte) Message {
	if first(line) == '[' {
		return Message{Kind: Batch}
	}
	m, twice := peek(line)
	if twice != "" {
		return Message{}
	}
	return m
}

// peek reads the outermost members; twice names one that is there twice.
func peek(b []byte) (m Message, twice string) {
	var method []byte
	whole := Members(b, func(name, value []byte) bool {
		var p *[]byte
		switch string(name) {
		case "id":
			p = &m.ID
		case "method":
			p = &method
		case "params":
			p = &m.Params
		case "result":
			p = &m.Result
		case "error":
			p = &m.Error
		default:
			return true
		}
		if *p != nil {
			twice = string(name)
			return false
		}
		*p = value
		return true
	})
	if !whole {
		return Message{}, twice
	}
	if method != nil {
		text, ok := Text(method)
		if !ok || len(method) > maxMember || m.Result != nil || m.Error != nil {
			return m, ""
		}
		m.Method = text
	}
	switch {
	case method != nil && m.ID != nil:
		m.Kind = Request
	case method != nil:
		m.Kind = Notification
	case m.Error != nil, m.ID != nil && m.Result != nil:
		m.Kind = Response
	}
	return m, ""
}

// validID reports whether v is a string or an integer of bearable size (MCP basic
// "Requests").
func validID(v []byte) bool {
	if len(v) == 0 || len(v) > maxMember {
		return false
	}
	if v[0] == '"' {
		return true
	}
	digits := bytes.TrimPrefix(v, []byte("-"))
	for _, x := range digits {
		if x < '0' || x > '9' {
			return false
		}
	}
	return len(digits) > 0
}

// Key returns an id or a progress token in a form that is equal for equal ones: a
// string may be written with or without escapes.
func Key(id []byte) string {
	if len(id) > 0 && id[0] == '"' && bytes.IndexByte(id, '\\') >= 0 {
		if s, ok := Text(id); ok {
			return `"` + s + `"`
		}
	}
	return string(id)
}

// OneLine returns b with its line ends made spaces, so that it fits the framing of
// stdio. In JSON they are space wherever they may stand. It changes b.
func OneLine(b []byte) []byte {
	for i, x := range b {
		if x == '\n' || x == '\r' {
			b[i] = ' '
		}
	}
	return bytes.TrimSpace(b)
}
