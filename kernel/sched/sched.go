// Package sched decides which task runs on which processor.
//
// A task is a number; its registers, stacks and signals are the kernel's. Time
// is a number of nanoseconds that the caller passes in. There is one FIFO queue
// of runnable tasks for all processors, and a queue of waiters per key (a futex
// address, an epoll file); both are linked through arrays of task numbers, so
// every operation is O(1) but for Waiter's walk of one hash bucket.
//
//	          New               Next               Exit            Reap
//	Free ---------> Born     .--------> Running --------> Dead ---------> Free
//	                 |       |          |  ^  |
//	                 | Ready |  Next    |  |  | Block
//	                 v       | (preempt)|  |  v
//	                Runnable <----------'  |  Futex, Sleep, Epoll
//	                   ^   ^---------------|---'   Ready
//	                   '------- Next ------'
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
	born    int               // tasks not Free
	queued  int               // tasks in the run queue
	hint    Task              // where New looks first
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

const bucketCount = 64

// Stats counts what happened since boot.
type Stats struct {
	Switches uint64 // a processor changed to another task
	Wakeups  uint64 // tasks made runnable
	Illegal  uint64 // refused transitions
	Tasks    int    // tasks not Free
	Queued   int    // tasks in the run queue
}

// Online tells that processor c takes part from now on.
func (s *Scheduler) Online(c int) Result { return BadCPU }

// New returns the number of a new task, Born.
func (s *Scheduler) New() (Task, Result) { return None, TooMany }

// Start makes the Born task t current on processor c, which has no current
// task: for the first task.
func (s *Scheduler) Start(t Task, c int, now int64) Result { return BadTask }

// Ready makes t, which is Born or waits, runnable. wake is an idle processor that
// must be sent an interrupt to take it, or NoCPU. Of several idle processors it
// is the one t ran on last if possible; self, the caller's, is never chosen. A
// processor that was chosen counts as not idle until it calls Idle again.
func (s *Scheduler) Ready(t Task, self int) (wake int, r Result) { return NoCPU, BadTask }

// Block makes the task that runs on c wait in state w (Futex, Sleep or Epoll) for
// key. It stays c's current task until Next.
func (s *Scheduler) Block(c int, w State, key uint64) Result { return BadCPU }

// Exit makes the task that runs on c Dead. It stays c's current task until Next.
func (s *Scheduler) Exit(c int) Result { return BadCPU }

// Next decides what c does now. The current task goes on if it is Running and
// either yield is false (nobody wants the processor) or no other is runnable.
// Otherwise the head of the queue is next and a Running task goes to its tail.
// switched tells that t is not the one that ran before; t = None: nothing to run.
// From then on c has no current task, and other processors may run what it left.
func (s *Scheduler) Next(c int, yield bool, now int64) (t Task, switched bool) { return None, false }

// Idle records that c, which has no current task, is about to wait for an
// interrupt (true), or is back (false).
func (s *Scheduler) Idle(c int, idle bool) Result { return BadCPU }

// Timer returns when c's timer must next fire, 0 for never: at deadline (0: none)
// or at the end of the quantum if another task is runnable, whichever is first.
func (s *Scheduler) Timer(c int, deadline int64) int64 { return 0 }

// Expired reports whether the quantum of c's task has ended and another task
// is runnable: the argument yield of Next after a timer interrupt.
func (s *Scheduler) Expired(c int, now int64) bool { return false }

// Waiter returns the task that has waited longest in state w for key, or None.
func (s *Scheduler) Waiter(w State, key uint64) Task { return None }

// Reap frees the number of t, which is Dead and no processor's current task.
// The caller has taken back its stack. Illegal otherwise.
func (s *Scheduler) Reap(t Task) Result { return BadTask }

// NextDead returns a Dead task after t (None: the first) that can be reaped, or None.
func (s *Scheduler) NextDead(t Task) Task { return None }

// Current returns the current task of c, or None.
func (s *Scheduler) Current(c int) Task { return None }

// State returns the state of t, Free if there is no such task.
func (s *Scheduler) State(t Task) State { return Free }

// CPU returns the processor whose current task is t, or NoCPU: where a signal
// for t must send an interrupt.
func (s *Scheduler) CPU(t Task) int { return NoCPU }

// Stats returns the counters.
func (s *Scheduler) Stats() Stats { return s.stats }
