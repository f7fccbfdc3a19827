package mcp

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"
)

// taskable says how a call may become a task.
type taskable struct {
	must   bool          // there is no other way to serve it
	late   bool          // not before the function says so
	ttl    time.Duration // of the task
	size   int           // of the request, in bytes
	detach func() bool   // cuts the call loose from its connection; false: too late
	// settled: the call is one or the other for good, a task or about to be answered. A
	// function may call StartTask from several goroutines, even when it has returned.
	settled atomic.Bool
}

const (
	// minTaskTTL is the least time to live that a client can ask for: the client needs time
	// to fetch the result.
	minTaskTTL = time.Minute
	// relatedTask is the member of _meta that says to which task a message belongs (MCP
	// 2025-11-25 basic/utilities/tasks "Related Task Metadata").
	relatedTask = metaPrefix + "related-task"
)

// taskFor decides whether the call of t that r asks for can become a task: nil if not. The
// error is the answer if it can be served only in another way than r asks for.
func (s *session) taskFor(r *request, t *tool) (*taskable, *Error) {
	if s.srv.catalog.Load().offers&offerTasks == 0 {
		return nil, nil // as if there were no tasks
	}
	a := &taskable{must: t.Task == TaskRequired, late: t.TaskLate, ttl: s.srv.opts.Limits.TaskTTL}
	switch {
	case r.rev.extensions: // the server decides, for clients that can take a task
		if r.caps&capTasks != 0 && t.Task != TaskForbidden {
			return a, nil
		}
		if t.Task == TaskRequired {
			return nil, errMissing(capTasks)
		}
		return nil, nil
	case !r.rev.taskTools || r.p.task == nil:
		// MCP 2025-11-25 basic/utilities/tasks "Tool-Level Negotiation"; older revisions
		// have no tasks at all.
		if t.Task == TaskRequired {
			return nil, Errorf(CodeMethodNotFound, "tool %s can only be called as a task", t.Name)
		}
		return nil, nil
	case t.Task == TaskForbidden:
		return nil, Errorf(CodeMethodNotFound, "tool %s cannot be called as a task", t.Name)
	}
	if !isObject(r.p.task) {
		return nil, Errorf(CodeInvalidParams, "params.task must be an object")
	}
	var e *Error
	eachMember(r.p.task, func(name string, v []byte) {
		if name != "ttl" {
			return
		}
		ms, err := strconv.ParseFloat(string(v), 64)
		if err != nil || ms < 0 {
			e = Errorf(CodeInvalidParams, "params.task.ttl must be a number of milliseconds")
			return
		}
		// "TTL and Resource Management": we may override it.
		if ms < float64(a.ttl/time.Millisecond) {
			a.ttl = max(time.Duration(ms)*time.Millisecond, minTaskTTL)
		}
	})
	a.must, a.late = true, false // the client wants a task and nothing else
	return a, e
}

// context makes the context of a call that may become a task and so outlive its connection.
func (a *taskable) context(s *session) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.ctx))
	a.detach = context.AfterFunc(s.ctx, cancel)
	return ctx, cancel
}

// StartTask turns the call into a task: the client is answered with a handle now, and the
// function goes on. It is for tools with TaskLate, whose calls are ordinary ones until
// then. For a client that does not take tasks it does nothing, and neither does it when
// the call is a task already, or there is no room for one and the tool can do without.
// The error is not nil if the call is over, or its client is asked for input, see
// ErrInputRequired.
func StartTask(ctx context.Context) error {
	c := callOf(ctx)
	switch {
	case c == nil:
		return errNoCall
	case ctx.Err() != nil:
		return ctx.Err()
	case c.late == nil || c.task.Load() != nil:
		return nil
	case c.asked(): // what this run returns is thrown away
		return ErrInputRequired
	}
	return c.becomeTask()
}

// becomeTask makes a task of the call and answers the request with its handle. From
// then on the call is not one of its session's any more.
func (c *call) becomeTask() error {
	s := c.sess
	run := s.srv.tasks.create(c)
	if run == nil {
		if !c.late.must {
			return nil
		}
		return Errorf(CodeBusy, "no room for another task now")
	}
	if !c.late.settled.CompareAndSwap(false, true) {
		s.srv.tasks.forget(run)
		return ErrCallOver
	}
	if !s.removeCall(c) || !c.late.detach() {
		c.late.settled.Store(false) // to be answered as any other
		s.srv.tasks.forget(run)
		return ErrCallOver
	}
	// What the arguments hold is the task's now; a task that waits must not take from
	// the messages of others.
	s.srv.budget.give(c.held)
	c.held = 0
	b := getBuffer()
	defer putBuffer(b)
	*b = append(c.appendHandle((*b)[:0], run), "}\n"...)
	c.task.Store(run)
	err := s.out.send(*b, true)
	s.atWork.Add(-1)
	s.work.Done()
	if err != nil { // nobody knows the id
		s.srv.tasks.forget(run)
		c.cancel()
		return err
	}
	return nil
}

// appendHandle appends the response with which a task begins, without its last brace: a
// CreateTaskResult in either form.
func (c *call) appendHandle(dst []byte, run *taskRun) []byte {
	t := &c.sess.srv.tasks
	poll := t.srv.opts.Limits.TaskPoll
	dst = appendResponse(dst, c.id, "result")
	t.mu.Lock()
	if c.rev.taskTools {
		dst = append(run.record.appendTask2025(append(dst, `{"task":`...), poll), '}')
	} else {
		dst = append(run.record.appendTask(append(dst, '{'), poll, false), '}')
	}
	t.mu.Unlock()
	return t.srv.mark(dst, c.rev, &marks{kind: "task"})
}

// endTask ends the task that the call has become with what its function returned.
func (c *call) endTask(run *taskRun, result []byte, err error) {
	if err != nil {
		run.finish(nil, c.protocolError(err))
		return
	}
	if c.rev.taskTools {
		// MCP 2025-11-25 basic/utilities/tasks "Related Task Metadata": tasks/result needs it.
		meta := append([]byte(nil), c.marks.meta...)
		if len(meta) > 0 {
			meta = append(meta, ',')
		}
		c.marks.meta = run.appendRelation(meta)
	}
	run.finish(c.sess.srv.mark(result, c.rev, &c.marks), nil)
}
