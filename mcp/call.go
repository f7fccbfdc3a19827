package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// callKey finds the call in the context of a handler.
type callKey struct{}

// call is one request at work. It is the context its handler gets.
type call struct {
	context.Context
	cancel context.CancelFunc // nil if inline
	sess   *session
	rev    *revision
	caps   clientCaps
	id     []byte
	token  []byte // JSON of the progress token; nil if progress is not wanted
	trace  []byte // JSON of the trace context; nil if there is none
	batch  *batch
	held   int // bytes of the budget
	start  time.Time
	// logLevel is the least level of messages that the request asks for, levelOff if
	// none. In revisions with a handshake the session has it.
	logLevel slog.Level
	marks    marks // of the result
	method   string
	params   []byte // of the request, if it may ask its client in a result

	do   func(c *call, dst []byte) ([]byte, error) // appends the result
	tool *tool                                     // for doTool
	in   any                                       // for doTool: *In of the tool
	read *resource                                 // for doRead
	feed *feed                                     // of subscriptions/listen, which has no do

	late *taskable               // how it may become a task; nil if it may not
	task atomic.Pointer[taskRun] // what it has become

	cancelled atomic.Bool // by the client: no response

	mu       sync.Mutex
	rounds   *rounds // guarded by mu; of questions in results; nil if there were none
	over     bool    // guarded by mu; about to be answered: nothing more is sent
	progress float64 // guarded by mu; the last one reported
	reported bool    // guarded by mu; progress is set
}

// Value returns the call itself for callKey.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// callOf returns the call a handler's context belongs to, or nil.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// admit checks that a request with r's id may start. background: it will have a goroutine
// of its own.
func (s *session) admit(r *request, background bool) *Error {
	var e *Error
	s.mu.Lock()
	if len(s.calls) > 0 {
		if _, taken := s.calls[string(idKey(r.id))]; taken {
			e = Errorf(CodeInvalidRequest, "id %s belongs to a request at work", clip(r.id))
		}
	}
	if most := s.srv.opts.Limits.MaxInFlight; e == nil && background && s.atWork.Load() >= int64(most) {
		e = Errorf(CodeBusy, "%d requests of this connection are at work, which is the limit", most)
	}
	s.mu.Unlock()
	if most := s.srv.opts.Limits.MaxCalls; e == nil && background && s.srv.atWork.Load() >= int64(most) {
		e = Errorf(CodeBusy, "%d requests of all connections are at work, which is the limit", most)
	}
	return e
}

// newCall returns the call for r, still without context. Its id and token lie in the
// line that r came in.
func (s *session) newCall(r *request) *call {
	c := &call{
		sess: s, rev: r.rev, caps: r.caps, batch: r.batch, start: s.came,
		id: r.id, token: r.meta.token, logLevel: levelOff, method: r.row.name,
	}
	if isString(r.meta.traceparent) && len(r.meta.traceparent) <= maxIDSize {
		c.trace = r.meta.traceparent
	}
	if c.rev.asksInResults && c.can() != 0 {
		c.params = r.params
	}
	if r.rev.stateless && r.meta.logLevel != nil {
		c.logLevel, _ = parseLevel(r.meta.logLevel) // place has checked it
	}
	return c
}

// serve runs an admitted call on the reader's goroutine. The line stays until it is over.
func (s *session) serve(c *call) {
	c.Context = s.ctx
	s.scratch = c.run(s.scratch[:0])
	c.end()
	s.reply(s.scratch, c.batch, false)
}

// smallSize is how long a message may be in bytes whose call takes nothing of the budget:
// what a call holds of it is little beside its stack.
const smallSize = 2 << 10

// start runs an admitted call of size bytes on a goroutine of its own, or returns the
// error to answer with.
func (s *session) start(c *call, size int) *Error {
	if size > smallSize {
		if !s.srv.budget.take(size) {
			return Errorf(CodeBusy, "no memory for a long message now")
		}
		c.held = size
	}
	// The line will be gone.
	kept := make([]byte, 0, len(c.id)+len(c.token)+len(c.trace)+len(c.params))
	for _, p := range []*[]byte{&c.id, &c.token, &c.trace, &c.params} {
		if *p != nil {
			from := len(kept)
			kept = append(kept, *p...)
			*p = kept[from:len(kept):len(kept)]
		}
	}
	if c.late != nil {
		c.late.size = size
		c.Context, c.cancel = c.late.context(s)
	} else {
		c.Context, c.cancel = context.WithCancel(s.ctx)
	}
	s.mu.Lock()
	s.calls[string(idKey(c.id))] = c
	s.mu.Unlock()
	s.atWork.Add(1)
	s.srv.atWork.Add(1)
	s.work.Add(1)
	go c.background()
	return nil
}

// background runs the call and answers it, unless it was cancelled.
func (c *call) background() {
	s := c.sess
	defer c.cancel()
	b := getBuffer()
	*b = c.run((*b)[:0])
	if c.late != nil && !c.late.settled.CompareAndSwap(false, true) { // answered long ago
		c.end()
		putBuffer(b)
		s.srv.atWork.Add(-1)
		return
	}
	defer s.work.Done()
	if c.late != nil {
		c.late.detach()
	}
	if n := len(*b); n > smallSize { // many of these may wait for slow readers
		if s.srv.budget.take(n) {
			c.held += n
		} else {
			*b = appendError(nil, c.id, Errorf(CodeBusy, "no memory for a result of %d bytes now", n))
		}
	}
	s.removeCall(c) // before the response: then the id is free again
	if c.end() {
		s.reply(*b, c.batch, true)
	} else if c.batch != nil {
		s.reply(nil, c.batch, true)
	}
	s.srv.atWork.Add(-1)
	s.atWork.Add(-1) // after it: a slow reader has its share of goroutines, no more
	s.srv.budget.give(c.held)
	putBuffer(b)
}

// run appends the whole response to dst. Whatever the handler does, there is one.
func (c *call) run(dst []byte) (out []byte) {
	defer func() {
		if p := recover(); p != nil {
			c.sess.srv.stats.panicked()
			c.sess.srv.log.Error("handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			e := Errorf(CodeInternalError, "internal error")
			out = appendError(dst[:0], c.id, e)
			if run := c.task.Load(); run != nil {
				run.finish(nil, e)
			}
		}
	}()
	out = appendResponse(dst, c.id, "result")
	head := len(out)
	var err error
	if c.late != nil && !c.late.late {
		err = c.becomeTask()
	}
	if err == nil {
		out, err = c.do(c, out)
	}
	if run := c.task.Load(); run != nil {
		c.endTask(run, out[head:], err)
		return dst[:0]
	}
	if c.asked() {
		out, err = c.appendQuestions(out[:head])
	}
	if err != nil {
		e := c.protocolError(err)
		c.sess.srv.stats.refuse(e.Code)
		return appendError(dst[:0], c.id, e)
	}
	return append(c.sess.srv.mark(out, c.rev, &c.marks), '}')
}

// protocolError returns the JSON-RPC error for what a handler has returned.
func (c *call) protocolError(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return Errorf(CodeInternalError, "%v", err)
	}
	if e.Code == CodeResourceNotFound && e.Code != c.rev.notFound {
		return &Error{Code: c.rev.notFound, Message: e.Message, Data: e.Data}
	}
	return e
}

// wantsLog reports whether the client wants log messages of that level about this call.
func (c *call) wantsLog(l slog.Level) bool {
	if c.rev.stateless {
		return l >= c.logLevel
	}
	return c.sess.wantsLog(l)
}

// end marks the call as over and reports whether it is to be answered. After it, and
// before the response goes out, no progress is sent.
func (c *call) end() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	return !c.cancelled.Load()
}

// removeCall makes c's id free again, and reports whether c was not cancelled. Once c
// was, its id may have been taken by another.
func (s *session) removeCall(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := string(idKey(c.id)); s.calls[key] == c {
		delete(s.calls, key)
	}
	return !c.cancelled.Load()
}

// cancelCall ends the call with that id, if there is one, without a response. MCP
// basic/utilities/cancellation: unknown ids and late cancellations are ignored.
func (s *session) cancelCall(id []byte) {
	s.mu.Lock()
	c := s.calls[string(idKey(id))]
	if c != nil { // without c.mu: the call may hold it while it waits to be read
		c.cancelled.Store(true)
	}
	s.mu.Unlock()
	if c == nil {
		return
	}
	c.cancel()
	s.srv.stats.cancelled()
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

// putBuffer keeps b for the next response, unless a long one has grown it.
func putBuffer(b *[]byte) {
	if cap(*b) <= freeSize {
		buffers.Put(b)
	}
}
