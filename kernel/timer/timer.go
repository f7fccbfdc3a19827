// Package timer keeps the deadlines of tasks: one each, soonest first.
//
// It is a heap of task numbers with four children per node, with the place of
// each task kept beside it, so setting, changing and cancelling a deadline are
// O(log n) and looking at the soonest is O(1). It reads no clock and programs no
// timer: the caller passes the time in and arms what Next returns.
package timer

import "github.com/unikernel-ai/unikernel-ai/kernel/sched"

// Queue holds deadlines. The zero value is empty and ready. It is 4 KiB: a
// global, not a local variable.
type Queue struct {
	when  [sched.MaxTasks + 1]int64
	place [sched.MaxTasks + 1]uint16 // in heap, plus 1; 0: has no deadline
	heap  [sched.MaxTasks]sched.Task
	count int
}

// Set gives t the deadline when, in nanoseconds of any clock, replacing the one
// it had. It reports false, and does nothing, if t is no task number.
func (q *Queue) Set(t sched.Task, when int64) bool { return false }

// Cancel removes t's deadline and reports whether it had one.
func (q *Queue) Cancel(t sched.Task) bool { return false }

// Next returns the soonest deadline and whether there is one.
func (q *Queue) Next() (when int64, ok bool) { return 0, false }

// Expire removes and returns a task whose deadline is at or before now, soonest
// first, or sched.None when there is none (left).
func (q *Queue) Expire(now int64) sched.Task { return sched.None }

// When returns t's deadline and whether it has one.
func (q *Queue) When(t sched.Task) (when int64, ok bool) { return 0, false }

// Len returns how many tasks have a deadline.
func (q *Queue) Len() int { return q.count }
