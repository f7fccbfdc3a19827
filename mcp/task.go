package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// TaskMode says whether a call of a tool may go on as a task: the client gets a handle
// at once, and may leave and come back for the result with tasks/get. The function does
// not notice: Progress becomes the task's status message, and what it asks the client
// becomes the status input_required, answered by tasks/update.
//
// Clients of revision 2026-07-28 that declare the extension io.modelcontextprotocol/tasks
// always get a task if the tool allows it; those of 2025-11-25 if they ask for one; all
// others an ordinary result.
type TaskMode uint8

const (
	TaskForbidden TaskMode = iota // calls are answered when they are done
	TaskOptional                  // as a task for clients that take one
	TaskRequired                  // refuses clients that do not
)

// String returns the name that execution.taskSupport has for it (MCP 2025-11-25 schema
// "ToolExecution").
func (m TaskMode) String() string {
	return [...]string{"forbidden", "optional", "required"}[m]
}

// A task lives in the server, not in its connection: it goes on when that ends, and
// whoever knows its id may ask for it, on any connection. The id is 130 random bits, so
// it cannot be guessed, and there is no list of tasks; it is the only proof of the right to
// a task that a server without authorization has (extension "Security Considerations",
// MCP 2025-11-25 basic/utilities/tasks "Task Isolation and Access Control").

// taskRun is what does the work of a task.
type taskRun struct {
	srv     *Server
	record  *taskRecord   // guarded by srv.tasks.mu
	changed chan struct{} // guarded by srv.tasks.mu; closed and replaced when record changes
	cancel  context.CancelFunc
	owner   *session // guarded by srv.tasks.mu; is told of changes as 2025-11-25 has it; nil in the extension
}

// taskTable is the tasks of a server: the store with a lock, a clock and ids.
type taskTable struct {
	srv   *Server
	newID func() string // rand.Text, except in tests

	mu     sync.Mutex
	store  taskStore   // guarded by mu
	timer  *time.Timer // guarded by mu; nil before the first task
	closed bool        // guarded by mu
}

// create adds a task for c, which does the work, or returns nil if there is no room.
func (t *taskTable) create(c *call) *taskRun {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.expireLocked(now)
	if t.closed {
		return nil
	}
	record := t.store.create(t.newID(), now, c.late.ttl)
	if record == nil {
		return nil
	}
	if !t.store.take(record, c.late.size) { // for what the arguments hold
		t.store.drop(record)
		return nil
	}
	run := &taskRun{srv: t.srv, record: record, changed: make(chan struct{}), cancel: c.cancel}
	if c.rev.taskTools {
		run.owner = c.sess
	}
	record.run = run
	t.wakeLocked(now)
	return run
}

// wakeLocked sets the timer for the end of the next task. Caller holds mu.
func (t *taskTable) wakeLocked(now time.Time) {
	at, ok := t.store.next()
	switch {
	case !ok:
	case t.timer == nil:
		t.timer = time.AfterFunc(at.Sub(now), t.sweep)
	default:
		t.timer.Reset(at.Sub(now))
	}
}

// sweep ends the tasks whose time is over.
func (t *taskTable) sweep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.expireLocked(now)
	t.wakeLocked(now)
}

// expireLocked forgets the tasks whose time is over and stops those that still work:
// nobody can ask for them any more. Caller holds mu.
func (t *taskTable) expireLocked(now time.Time) {
	for _, r := range t.store.expire(now) {
		r.run.notifyLocked()
		r.run.cancel() // does not wait
	}
}

// close ends all tasks: the server ends, and nobody will ask for them.
func (t *taskTable) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.expireLocked(time.Unix(1<<40, 0))
}

// notifyLocked wakes those who wait for a change. Caller holds mu.
func (r *taskRun) notifyLocked() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// update does f, which reports whether it changed something, under the lock, and tells
// those who wait for a change and those who listen. quiet: not the owner, since that may
// have to wait until the owner reads.
func (r *taskRun) update(quiet bool, f func(s *taskStore, now time.Time) bool) {
	t := &r.srv.tasks
	t.mu.Lock()
	before := r.record.status
	if !f(&t.store, time.Now()) {
		t.mu.Unlock()
		return
	}
	r.notifyLocked()
	var line []byte
	if r.owner != nil && !quiet && r.record.status != before {
		line = append(line, `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":`...)
		line = append(r.record.appendTask2025(line, t.srv.opts.Limits.TaskPoll), "}\n"...)
	}
	id, owner := r.record.id, r.owner
	if r.record.status.terminal() {
		r.owner = nil // do not keep its session
	}
	t.mu.Unlock()
	if line != nil {
		_ = owner.out.send(line, true) // the owner may be gone
	}
	t.publish(id)
}

// say sets the task's status message. Nobody is told: those who poll will see it.
func (r *taskRun) say(progress, total float64, message string) {
	if message == "" {
		message = fmt.Sprint(progress)
		if total != 0 {
			message = fmt.Sprintf("%v of %v", progress, total)
		}
	}
	t := &r.srv.tasks
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store.say(r.record, time.Now(), message)
}

// ask puts questions to the client and waits until all have their answers, which it
// returns in the same order. A question whose key was asked before has its answer
// already. The error is the context's when the task ends before.
func (r *taskRun) ask(ctx context.Context, inputs []taskInput) ([][]byte, error) {
	room := true
	r.update(false, func(s *taskStore, now time.Time) bool {
		asked := len(r.record.inputs)
		room = s.ask(r.record, now, inputs)
		return len(r.record.inputs) > asked
	})
	t := &r.srv.tasks
	for {
		t.mu.Lock()
		answers := r.record.answers(inputs)
		over := r.record.status.terminal() || !t.store.holds(r.record)
		changed := r.changed
		t.mu.Unlock()
		switch {
		case over && ctx.Err() != nil:
			return nil, ctx.Err()
		case over:
			return nil, ErrCallOver
		case !room:
			return nil, Errorf(CodeBusy, "no memory for more questions in a task now")
		case answers != nil:
			return answers, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// finish ends the task with what its function has returned: a result, JSON, or an error.
func (r *taskRun) finish(result []byte, e *Error) {
	isError := e == nil && string(memberOf(result, "isError")) == "true"
	r.update(false, func(s *taskStore, now time.Time) bool {
		if e != nil {
			return s.fail(r.record, now, e)
		}
		return s.complete(r.record, now, bytes.Clone(result), isError)
	})
}

var errNoTask = errors.New("mcp: no such task")

// with does f with the task of that id, under the lock; errNoTask if there is none (any
// more).
func (t *taskTable) with(id string, f func(r *taskRecord) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.store.get(id, time.Now())
	if r == nil {
		return errNoTask
	}
	return f(r)
}

// forget drops a task that nobody knows of.
func (t *taskTable) forget(r *taskRun) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store.drop(r.record)
	r.notifyLocked()
}

// publish tells those who listen to a task how it is doing.
func (t *taskTable) publish(id string) {
	t.srv.hub.publish(event{topic: topicTask + id, method: "notifications/tasks", late: func(dst []byte) []byte {
		_ = t.with(id, func(r *taskRecord) error {
			dst = r.appendTask(dst, t.srv.opts.Limits.TaskPoll, true)
			return nil
		})
		return dst
	}})
}

// appendRelated appends the member _meta of a notification that belongs to the task, if r
// is one, with a leading comma (MCP 2025-11-25 basic/utilities/tasks "Associating
// Task-Related Messages").
func (r *taskRun) appendRelated(dst []byte) []byte {
	if r == nil {
		return dst
	}
	dst = append(dst, `,"_meta":{`...)
	return append(r.appendRelation(dst), '}')
}

// appendRelation appends the member of _meta that names the task. The id never changes, so
// no lock is needed.
func (r *taskRun) appendRelation(dst []byte) []byte {
	dst = append(dst, `"`+relatedTask+`":{"taskId":`...)
	return append(appendString(dst, r.record.id), '}')
}
