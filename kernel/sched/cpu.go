package sched

// Online tells that processor c takes part from now on. It returns OK or BadCPU.
func (s *Scheduler) Online(c int) Result {
	if c < 0 || c >= MaxCPUs {
		return BadCPU
	}
	s.cpus[c].online = true
	return OK
}

// Start makes the Born task t current on processor c, which has no current
// task: for the first task. It returns OK, BadCPU, BadTask or Illegal.
func (s *Scheduler) Start(t Task, c int, now int64) Result {
	switch {
	case !s.isOnline(c):
		return BadCPU
	case !valid(t):
		return BadTask
	case s.tasks[t].state != Born || s.cpus[c].current != None:
		s.stats.Illegal++
		return Illegal
	}
	s.run(c, t, now)
	return OK
}

// Next decides what c does now. The current task goes on if it is Running and
// either yield is false (nobody wants the processor) or no other is runnable.
// Otherwise the head of the queue is next and a Running task goes to its tail.
// switched tells that t is not the one that was current; t = None: nothing to
// run. From then on c has no current task, and other processors may run what it
// left.
func (s *Scheduler) Next(c int, yield bool, now int64) (t Task, switched bool) {
	if !s.isOnline(c) {
		return None, false
	}
	old := s.cpus[c].current
	next := s.ready.head
	if s.running(old) {
		if !yield || next == None {
			return old, false
		}
		s.move(old, Runnable)
	}
	if next == None {
		s.cpus[c].current = None
		return None, false
	}
	s.run(c, next, now)
	return next, next != old
}

// run makes t, which is Runnable or Born, current on c. A processor that blocked
// t and has not come to Next yet forgets it: no task is current twice.
func (s *Scheduler) run(c int, t Task, now int64) {
	if before := s.CPU(t); before != NoCPU && before != c {
		s.cpus[before].current = None
	}
	p := &s.cpus[c]
	if p.current != t {
		s.stats.Switches++
	}
	s.move(t, Running)
	s.tasks[t].cpu = int8(c)
	p.current = t
	p.idle = false
	p.quantumEnd = now + Quantum
}

// Idle records that c, which has no current task, is about to wait for an
// interrupt (true), or is back (false). It returns OK, BadCPU or Illegal.
func (s *Scheduler) Idle(c int, idle bool) Result {
	if !s.isOnline(c) {
		return BadCPU
	}
	if idle && s.cpus[c].current != None {
		s.stats.Illegal++
		return Illegal
	}
	s.cpus[c].idle = idle
	return OK
}

// Timer returns when c's timer must next fire, 0 for never: at deadline (0: none)
// or at the end of the quantum if another task is runnable, whichever is first.
// The end of the quantum may be in the past: the other task came late.
func (s *Scheduler) Timer(c int, deadline int64) int64 {
	if !s.isOnline(c) || s.ready.head == None || s.cpus[c].current == None {
		return deadline
	}
	end := s.cpus[c].quantumEnd
	if deadline != 0 && deadline < end {
		return deadline
	}
	return end
}

// Expired reports whether the quantum of c's task has ended and another task
// is runnable: the argument yield of Next after a timer interrupt.
func (s *Scheduler) Expired(c int, now int64) bool {
	return s.isOnline(c) && s.ready.head != None && s.cpus[c].current != None && now >= s.cpus[c].quantumEnd
}

// Current returns the current task of c, or None.
func (s *Scheduler) Current(c int) Task {
	if !s.isOnline(c) {
		return None
	}
	return s.cpus[c].current
}

// Stats returns the counters.
func (s *Scheduler) Stats() Stats { return s.stats }

// isOnline reports whether c is a processor that is online.
func (s *Scheduler) isOnline(c int) bool {
	return c >= 0 && c < MaxCPUs && s.cpus[c].online
}
