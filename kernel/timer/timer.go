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
