package sched

// New returns the number of a new task, Born. Numbers are used in turn, so that
// one that was just reaped is not seen again soon. It returns OK or TooMany.
func (s *Scheduler) New() (Task, Result) {
	for range MaxTasks {
		s.last = s.last%MaxTasks + 1
		if s.tasks[s.last].state == Free {
			s.tasks[s.last] = task{cpu: NoCPU}
			s.move(s.last, Born)
			s.stats.Tasks++
			return s.last, OK
		}
	}
	return None, TooMany
}

// Ready makes t, which is Born or waits, runnable. wake is an idle processor that
// must be sent an interrupt to take it, or NoCPU. Of several idle processors it
// is the one t ran on last if possible; self, the caller's, is never chosen. A
// processor that was chosen counts as not idle until it calls Idle again.
// It returns OK, BadTask or Illegal.
func (s *Scheduler) Ready(t Task, self int) (wake int, r Result) {
	if !valid(t) {
		return NoCPU, BadTask
	}
	if s.tasks[t].state == Running { // the table has it for Next only
		s.stats.Illegal++
		return NoCPU, Illegal
	}
	if r := s.move(t, Runnable); r != OK {
		return NoCPU, r
	}
	s.stats.Wakeups++
	wake = NoCPU
	for c := range s.cpus {
		if s.cpus[c].idle && c != self {
			if wake == NoCPU || c == int(s.tasks[t].cpu) {
				wake = c
			}
		}
	}
	if wake != NoCPU {
		s.cpus[wake].idle = false
	}
	return wake, OK
}

// Block makes the task that runs on c wait in state w (Futex, Sleep or Epoll) for
// key. It stays c's current task until Next. It returns OK, BadCPU or Illegal.
func (s *Scheduler) Block(c int, w State, key uint64) Result {
	switch {
	case !s.isOnline(c):
		return BadCPU
	case w != Futex && w != Sleep && w != Epoll || !s.running(s.cpus[c].current):
		s.stats.Illegal++
		return Illegal
	}
	t := s.cpus[c].current
	s.tasks[t].key = key
	return s.move(t, w)
}

// Exit makes the task that runs on c Dead. It stays c's current task until Next.
// It returns OK, BadCPU or Illegal.
func (s *Scheduler) Exit(c int) Result {
	if !s.isOnline(c) {
		return BadCPU
	}
	return s.move(s.cpus[c].current, Dead) // None is Free: Illegal
}

// Reap frees the number of t, which is Dead and no processor's current task.
// The caller has taken back its stack. It returns OK, BadTask or Illegal.
func (s *Scheduler) Reap(t Task) Result {
	if !valid(t) {
		return BadTask
	}
	if s.CPU(t) != NoCPU {
		s.stats.Illegal++
		return Illegal
	}
	r := s.move(t, Free)
	if r == OK {
		s.stats.Tasks--
	}
	return r
}

// NextDead returns the first Dead task after t (None: of all) that can be reaped,
// or None.
func (s *Scheduler) NextDead(t Task) Task {
	for t++; valid(t); t++ {
		if s.tasks[t].state == Dead && s.CPU(t) == NoCPU {
			return t
		}
	}
	return None
}

// Waiter returns the task that has waited longest in state w for key, or None.
func (s *Scheduler) Waiter(w State, key uint64) Task {
	for t := s.bucket(key).head; t != None; t = s.tasks[t].next {
		if x := &s.tasks[t]; x.key == key && x.state == w {
			return t
		}
	}
	return None
}

// State returns the state of t, Free if there is no such task.
func (s *Scheduler) State(t Task) State {
	if !valid(t) {
		return Free
	}
	return s.tasks[t].state
}

// CPU returns the processor whose current task is t, or NoCPU: where a signal
// for t must send an interrupt.
func (s *Scheduler) CPU(t Task) int {
	if !valid(t) {
		return NoCPU
	}
	if c := int(s.tasks[t].cpu); c >= 0 && s.cpus[c].current == t {
		return c
	}
	return NoCPU
}

// running reports whether t is Running.
func (s *Scheduler) running(t Task) bool { return s.tasks[t].state == Running }

// valid reports whether t is a task number.
func valid(t Task) bool { return t != None && t <= MaxTasks }
