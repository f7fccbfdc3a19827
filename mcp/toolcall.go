package mcp

import (
	"bytes"
	"errors"
	"fmt"
)

// callTool serves a tools/call request.
func (s *session) callTool(m *message) {
	if s.rev == nil {
		s.replyError(m.id, m.batch, errNoHandshake)
		return
	}
	p, e := toolParams(m.params)
	if e != nil {
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, m.batch, e)
		return
	}
	t := s.srv.catalog.Load().tools[string(p.name)]
	if t == nil {
		// MCP server/tools "Error Handling": unknown tools are protocol errors.
		e := Errorf(CodeInvalidParams, "unknown tool: %s", clip(p.name))
		s.srv.stats.refuse(e.Code)
		s.replyError(m.id, m.batch, e)
		return
	}
	if !s.admit(m, !t.Inline) {
		return
	}
	if err := t.makeSchemas(); err != nil {
		s.srv.log.Error("tool has no schema", "error", err)
		s.srv.stats.refuse(CodeInternalError)
		s.replyError(m.id, m.batch, Errorf(CodeInternalError, "tool %s has a bad schema", t.Name))
		return
	}
	c := s.newCall(m, p.token)
	c.tool, c.do = t, doTool
	err := t.check.validate(p.arguments)
	if err == nil {
		c.in, err = t.decode(p.arguments)
	}
	if err != nil {
		c.tool.stats.done(c.start, true)
		s.replyBadArguments(c, err)
		return
	}
	if t.Inline {
		s.serve(c)
	} else {
		s.start(c, len(m.raw))
	}
}

// replyBadArguments answers a call whose arguments do not fit the schema.
func (s *session) replyBadArguments(c *call, err error) {
	if !s.rev.argumentsAreResults {
		// MCP 2025-06-18 server/tools "Error Handling": protocol error.
		s.srv.stats.refuse(CodeInvalidParams)
		s.replyError(c.id, c.batch, Errorf(CodeInvalidParams, "invalid arguments: %v", err))
		return
	}
	// MCP 2025-11-25 server/tools "Error Handling": tool execution error.
	dst := appendResponse(s.scratch[:0], c.id, "result")
	dst = appendToolError(dst, fmt.Sprintf("invalid arguments: %v", err))
	s.scratch = append(dst, '}')
	s.reply(s.scratch, c.batch, false)
}

// callParams are the params of tools/call.
type callParams struct{ name, arguments, token []byte }

var noArguments = []byte("{}")

// toolParams takes the params of tools/call apart.
func toolParams(params []byte) (p callParams, e *Error) {
	p.arguments = noArguments
	var name []byte
	if params != nil {
		for w := walk(params); ; {
			key, v, ok := w.member()
			if !ok {
				break
			}
			switch string(key) {
			case "name":
				name = v
			case "arguments":
				p.arguments = v
			case "_meta":
				if p.token, e = progressToken(v); e != nil {
					return p, e
				}
			}
		}
	}
	if !isString(name) {
		return p, Errorf(CodeInvalidParams, "params.name must be a string")
	}
	if !isObject(p.arguments) {
		return p, Errorf(CodeInvalidParams, "params.arguments must be an object")
	}
	p.name = name[1 : len(name)-1]
	if bytes.IndexByte(p.name, '\\') >= 0 {
		p.name = []byte(unquote(name))
	}
	return p, nil
}

// progressToken returns the progress token in a _meta object, nil if there is none.
// MCP basic/utilities/progress: a string or integer.
func progressToken(meta []byte) ([]byte, *Error) {
	if !isObject(meta) {
		return nil, Errorf(CodeInvalidParams, "params._meta must be an object")
	}
	for w := walk(meta); ; {
		key, v, ok := w.member()
		if !ok {
			return nil, nil
		}
		if string(key) == "progressToken" {
			if !validID(v) {
				return nil, Errorf(CodeInvalidParams, "progressToken must be a string or integer of at most %d bytes", maxIDSize)
			}
			return v, nil
		}
	}
}

// doTool runs a tool. What goes wrong in it is a result that the model can read.
func doTool(c *call, dst []byte) (out []byte, err error) {
	failed := true
	defer func() { c.tool.stats.done(c.start, failed) }() // also if it panics
	out, err = c.tool.do(c, c.in, dst, c.rev)
	if err != nil {
		return toolError(dst, err)
	}
	failed = false
	return out, nil
}

// toolError appends the result of a tool that returned err, or returns err if it is for
// the protocol.
func toolError(dst []byte, err error) ([]byte, error) {
	var e *Error
	if errors.As(err, &e) {
		return dst, e
	}
	return appendToolError(dst, err.Error()), nil
}
