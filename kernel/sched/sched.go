// Package sched decides which task runs on which processor.
//
// A task is a number; its registers, stacks and signals are the kernel's. Time
// is a number of nanoseconds that the caller passes in. There is one FIFO queue
// of runnable tasks for all processors, and a queue of waiters per key (a futex
// address, an epoll file); both are linked through arrays of task numbers, so
// every operation is O(1) but for Waiter's walk of one hash bucket.
//
//	from     to  Born   Runnable  Running  Futex, Sleep, Epoll  Dead  Free
//	Free         New
//	Born                Ready     Start
//	Runnable                      Next
//	Running             Next               Block                Exit
//	Futex ...           Ready
//	Dead                                                              Reap
//
// The package does not switch stacks, send interrupts or take locks: the caller
// holds the kernel lock and does what the results say. In the boot path it is
// used from the first task on.
package sched

// Capacity.
const (
	MaxTasks = 255 // tasks are numbered from 1 to MaxTasks
	MaxCPUs  = 16
)

// Quantum is how long a task may run while others wait, in nanoseconds.
const Quantum = 10e6

// Task is a task's number, 1 to MaxTasks. None is no task.
type Task uint16

// None is no task.
const None Task = 0

// NoCPU is no processor.
const NoCPU = -1

// State of a task.
type State uint8

// States.
const (
	Free     State = iota // the number is not in use
	Born                  // being made, never queued
	Runnable              // in the run queue
	Running               // current on a processor
	Futex                 // waits for a wake-up of its key
	Sleep                 // waits for its deadline only
	Epoll                 // waits for its key, an epoll file
	Dead                  // ended, its stack not yet taken back
	stateCount
)

var stateNames = [...]string{
	Free: "free", Born: "born", Runnable: "runnable", Running: "running", Futex: "futex",
	Sleep: "sleep", Epoll: "epoll", Dead: "dead",
}

// String returns s in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown state"
}

// Result tells how a call ended.
type Result uint8

// Results.
const (
	OK      Result = iota
	TooMany        // no task number is free
	BadTask        // not a task number
	BadCPU         // not a processor that is online
	Illegal        // the transition is not in the table: a bug of the caller; nothing changed
)

var resultNames = [...]string{
	OK: "ok", TooMany: "too many tasks", BadTask: "no such task", BadCPU: "no such processor",
	Illegal: "illegal change of task state",
}

// String returns r in words.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return "unknown result"
}

// Scheduler is the state of all tasks and processors. The zero value is ready;
// it is 8 KiB: a global, not a local variable.
type Scheduler struct {
	tasks   [MaxTasks + 1]task
	cpus    [MaxCPUs]cpu
	buckets [bucketCount]list // waiters by hash of key
	ready   list              // run queue
	last    Task              // newest number: New looks behind it
	stats   Stats
}

// task is one task's share of the state.
type task struct {
	key        uint64 // what it waits for, in Futex and Epoll
	next, prev Task   // in the run queue or a bucket
	state      State
	cpu        int8 // where it runs or ran last
}

// cpu is one processor's share of the state.
type cpu struct {
	quantumEnd int64
	current    Task
	online     bool
	idle       bool
}

// list is a doubly linked list of tasks, FIFO.
type list struct{ head, tail Task }

const (
	bucketBits  = 6
	bucketCount = 1 << bucketBits
)

// Stats counts what happened since boot.
type Stats struct {
	Switches uint64 // a processor changed to another task
	Wakeups  uint64 // tasks made runnable
	Illegal  uint64 // refused transitions
	Tasks    int    // tasks not Free
	Queued   int    // tasks in the run queue
}
