package mcp

import (
	"errors"
	"fmt"
)

// callTool serves a tools/call request.
func (s *session) callTool(r *request) *Error {
	if !isString(r.p.name) {
		return Errorf(CodeInvalidParams, "params.name must be a string")
	}
	args := r.p.arguments
	if args == nil {
		args = noArguments
	}
	if !isObject(args) {
		return Errorf(CodeInvalidParams, "params.arguments must be an object")
	}
	name := text(r.p.name)
	t := s.srv.catalog.Load().tools[string(name)]
	if t == nil {
		// MCP server/tools "Error Handling": unknown tools are protocol errors.
		return Errorf(CodeInvalidParams, "unknown tool: %s", clip(name))
	}
	late, e := s.taskFor(r, t)
	if e != nil {
		return e
	}
	if e := s.admit(r, !t.Inline); e != nil {
		return e
	}
	if err := t.makeSchemas(); err != nil {
		s.srv.log.Error("tool has no schema", "error", err)
		return Errorf(CodeInternalError, "tool %s has a bad schema", t.Name)
	}
	c := s.newCall(r)
	c.tool, c.do, c.late = t, doTool, late
	err := t.check.validate(args)
	if err == nil {
		c.in, err = t.decode(args)
	}
	if err != nil {
		c.tool.stats.done(c.start, true)
		return s.replyBadArguments(c, err)
	}
	if e := c.takeAnswers(r); e != nil {
		return e
	}
	if !t.Inline {
		return s.start(c, len(r.raw))
	}
	s.serve(c)
	return nil
}

// replyBadArguments answers a call whose arguments do not fit the schema, or returns the
// error to answer with.
func (s *session) replyBadArguments(c *call, err error) *Error {
	if !c.rev.argumentsAreResults {
		// MCP 2025-06-18 server/tools "Error Handling": protocol error.
		return Errorf(CodeInvalidParams, "invalid arguments: %v", err)
	}
	// MCP 2025-11-25 server/tools "Error Handling": tool execution error.
	dst := appendResponse(s.scratch[:0], c.id, "result")
	dst = appendToolError(dst, fmt.Sprintf("invalid arguments: %v", err))
	s.scratch = append(s.srv.mark(dst, c.rev, &c.marks), '}')
	s.reply(s.scratch, c.batch, false)
	return nil
}

var noArguments = []byte("{}")

// doTool runs a tool. What goes wrong in it is a result that the model can read.
func doTool(c *call, dst []byte) (out []byte, err error) {
	failed := true
	defer func() { c.tool.stats.done(c.start, failed) }() // also if it panics
	out, err = c.tool.do(c, dst)
	failed = err != nil && !c.asked()
	if err != nil {
		return toolError(dst, err)
	}
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
