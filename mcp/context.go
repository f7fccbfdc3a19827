package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
)

var (
	errNoCall = errors.New("mcp: context is not that of a call")
	// ErrCallOver is what Progress and Log return when nobody waits for the call
	// any more: it is answered or cancelled.
	ErrCallOver = errors.New("mcp: call is over")
)

// Progress tells the client how far the call has come, if it asked to know
// (MCP basic/utilities/progress). progress must grow from one report to the
// next; one that does not is dropped. total is 0 if unknown. message is text for
// people, or a piece of streamed output; revision 2024-11-05 has no place for it.
//
// It waits while the client is slow to read. The error is not nil if
// the call is over or its connection is gone; a tool should then return.
func Progress(ctx context.Context, progress, total float64, message string) error {
	c := callOf(ctx)
	if c == nil {
		return errNoCall
	}
	c.mu.Lock()
	defer c.mu.Unlock() // held while sending: the response comes after, see call.end
	if c.over || c.cancelled.Load() {
		return ErrCallOver
	}
	run := c.task.Load()
	if run != nil && c.Err() != nil { // the task is over
		return ErrCallOver
	}
	if run != nil && finite(progress) && finite(total) && (!c.reported || progress > c.progress) {
		run.say(progress, total, message)
	}
	if run != nil && !c.rev.taskTools {
		// Extension "Task Status Notifications": no progress notifications of tasks.
		c.progress, c.reported = progress, true
		return c.Err()
	}
	if c.token == nil || !finite(progress) || !finite(total) || c.reported && progress <= c.progress {
		return nil
	}
	c.progress, c.reported = progress, true
	b := getBuffer()
	defer putBuffer(b)
	dst := append((*b)[:0], `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":`...)
	dst = append(dst, c.token...)
	dst = append(dst, `,"progress":`...)
	dst = appendNumber(dst, progress)
	if total != 0 {
		dst = append(dst, `,"total":`...)
		dst = appendNumber(dst, total)
	}
	if c.rev.progressText {
		dst = appendMember(dst, "message", message)
	}
	*b = append(run.appendRelated(dst), "}}\n"...)
	err := c.sess.out.send(*b, c.cancel != nil)
	if run != nil { // it goes on without its connection
		return c.Err()
	}
	return err
}

func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// WantsProgress reports whether the client asked for progress of this call.
func WantsProgress(ctx context.Context) bool {
	c := callOf(ctx)
	return c != nil && c.token != nil
}

// TraceParent returns the W3C trace context that the client has sent with this call, in the
// form of the HTTP header of that name, or "" (MCP 2026-07-28 basic "OpenTelemetry trace
// context"). It is for spans and logs of one's own, and as the client wrote it.
func TraceParent(ctx context.Context) string {
	c := callOf(ctx)
	if c == nil || c.trace == nil {
		return ""
	}
	return unquote(c.trace)
}

// Log sends a log message to the client of this call, if it asked for that level
// (MCP server/utilities/logging). logger names the source and may be empty.
// data is anything that marshals to JSON.
func Log(ctx context.Context, level slog.Level, logger string, data any) error {
	c := callOf(ctx)
	if c == nil {
		return errNoCall
	}
	if !c.wantsLog(level) {
		return nil
	}
	doc, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return c.log(level, logger, doc)
}

// log sends a log message, JSON, if the client wants it.
func (c *call) log(level slog.Level, logger string, doc []byte) error {
	if c.task.Load() != nil {
		return c.Err() // extension "Task Status Notifications": not supported
	}
	if !c.wantsLog(level) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.cancelled.Load() {
		return ErrCallOver
	}
	b := getBuffer()
	defer putBuffer(b)
	*b = appendLog((*b)[:0], level, logger, doc)
	return c.sess.out.send(*b, c.cancel != nil)
}
