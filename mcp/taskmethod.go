package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// The methods of tasks: get, update and cancel of the extension; get, result and cancel of
// 2025-11-25. There is no tasks/list: without authorization it would show one client the
// tasks of another (MCP 2025-11-25 basic/utilities/tasks "Task Isolation and Access
// Control"), so that revision's capability "list" is not declared.

// taskID returns the id of the task that r is about, once r may be about tasks at all.
func taskID(r *request) (string, *Error) {
	switch {
	case r.rev.extensions && r.caps&capTasks == 0:
		return "", errMissing(capTasks) // "Protocol Errors"
	case !r.rev.extensions && !r.rev.taskTools:
		return "", errNoMethod(r)
	}
	id := memberOf(r.params, "taskId")
	if !isString(id) {
		return "", Errorf(CodeInvalidParams, "params.taskId must be a string")
	}
	if len(id) > maxIDSize { // none of ours
		return "", nil
	}
	return unquote(id), nil
}

// taskError returns the JSON-RPC error for what went wrong with a task of a client's.
func taskError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, errNoTask):
		return Errorf(CodeInvalidParams, "there is no such task: it never was, or its time is over")
	}
	return Errorf(CodeInternalError, "%v", err)
}

// find returns what does the work of the task of that id.
func (t *taskTable) find(id string) (run *taskRun, e *Error) {
	err := t.with(id, func(r *taskRecord) error {
		run = r.run
		return nil
	})
	return run, taskError(err)
}

// getTask serves tasks/get. On a goroutine of its own: results may be long.
func (s *session) getTask(r *request) *Error {
	return s.startTaskCall(r, func(c *call, id string, dst []byte) ([]byte, error) {
		poll := s.srv.opts.Limits.TaskPoll
		err := s.srv.tasks.with(id, func(t *taskRecord) error {
			if c.rev.taskTools {
				dst = t.appendTask2025(dst, poll)
			} else {
				dst = append(t.appendTask(append(dst, '{'), poll, true), '}')
			}
			return nil
		})
		return dst, err
	})
}

// taskResult serves tasks/result of 2025-11-25: it waits for the end of the task and
// answers as the call would have been answered ("Result Retrieval").
func (s *session) taskResult(r *request) *Error {
	return s.startTaskCall(r, func(c *call, id string, dst []byte) ([]byte, error) {
		waiting := false
		for {
			var wait chan struct{}
			err := s.srv.tasks.with(id, func(t *taskRecord) error {
				switch t.status {
				case taskCompleted:
					dst = append(dst, t.result...)
				case taskFailed:
					var e Error
					if err := json.Unmarshal(t.result, &e); err != nil {
						return err
					}
					return &e
				case taskCancelled:
					return Errorf(CodeInvalidRequest, "the task was cancelled")
				default:
					wait = t.run.changed
				}
				return nil
			})
			if wait == nil || err != nil {
				return dst, err
			}
			if !waiting {
				if e := s.srv.beginWaiting(); e != nil {
					return dst, e
				}
				waiting = true
				defer s.srv.endWaiting()
			}
			select {
			case <-wait:
			case <-c.Done():
				return dst, c.Err()
			}
		}
	})
}

// startTaskCall starts the call of a method about a task.
func (s *session) startTaskCall(r *request, do func(c *call, id string, dst []byte) ([]byte, error)) *Error {
	id, e := taskID(r)
	if e != nil {
		return e
	}
	if e := s.admit(r, true); e != nil {
		return e
	}
	c := s.newCall(r)
	c.do = func(c *call, dst []byte) ([]byte, error) {
		dst, err := do(c, id, dst)
		if e := taskError(err); e != nil {
			return dst, e
		}
		return dst, nil
	}
	return s.start(c, 0)
}

// cancelTask serves tasks/cancel. In the extension it may come at any time; 2025-11-25
// wants an error for a task that is over, and the task as the result.
func (s *session) cancelTask(r *request, dst []byte) ([]byte, *Error) {
	id, e := taskID(r)
	if e != nil {
		return dst, e
	}
	run, e := s.srv.tasks.find(id)
	if e != nil {
		return dst, e
	}
	cancelled := false
	run.update(true, func(st *taskStore, now time.Time) bool {
		cancelled = st.cancelled(run.record, now)
		if r.rev.taskTools {
			dst = run.record.appendTask2025(dst, s.srv.opts.Limits.TaskPoll)
			if !cancelled {
				e = Errorf(CodeInvalidParams, "the task is over: %v", run.record.status)
			}
		}
		return cancelled
	})
	if cancelled {
		run.cancel()
		s.srv.stats.cancelled()
	}
	if !r.rev.taskTools {
		dst = append(dst, "{}"...)
	}
	return dst, e
}

// updateTask serves tasks/update: answers to what a task has asked. Those to nothing that
// was asked are ignored ("Task Update Requests"); whether the others are good ones, the task
// will find out.
func (s *session) updateTask(r *request, dst []byte) ([]byte, *Error) {
	id, e := taskID(r)
	if e != nil {
		return dst, e
	}
	if e := s.srv.checkResponses(r.p.inputResponses); e != nil {
		return dst, e
	}
	run, e := s.srv.tasks.find(id)
	if e != nil {
		return dst, e
	}
	room := true
	run.update(true, func(st *taskStore, now time.Time) (changed bool) {
		eachMember(r.p.inputResponses, func(key string, v []byte) {
			if run.record.outstanding(key) == nil || !room {
				return
			}
			room = st.answer(run.record, now, key, bytes.Clone(v))
			changed = true
		})
		return changed
	})
	if !room {
		return dst, Errorf(CodeBusy, "no memory for the answers now")
	}
	return append(dst, "{}"...), nil
}
