package sched

// transitions is the table of legal changes of state.
var transitions = [stateCount][stateCount]bool{
	Free:     {Born: true},
	Born:     {Runnable: true, Running: true},
	Runnable: {Running: true},
	Running:  {Runnable: true, Futex: true, Sleep: true, Epoll: true, Dead: true},
	Futex:    {Runnable: true},
	Sleep:    {Runnable: true},
	Epoll:    {Runnable: true},
	Dead:     {Free: true},
}

// queues tells in which states a task waits for a key in a bucket.
var queues = [stateCount]bool{Futex: true, Epoll: true}

// move changes the state of t and keeps the queues: a task is in the run queue
// while Runnable, in its key's bucket while it waits for one, else in none.
// It returns OK or Illegal.
func (s *Scheduler) move(t Task, to State) Result {
	x := &s.tasks[t]
	if !transitions[x.state][to] {
		s.stats.Illegal++
		return Illegal
	}
	switch {
	case x.state == Runnable:
		s.remove(&s.ready, t)
		s.stats.Queued--
	case queues[x.state]:
		s.remove(s.bucket(x.key), t)
	}
	x.state = to
	switch {
	case to == Runnable:
		s.append(&s.ready, t)
		s.stats.Queued++
	case queues[to]:
		s.append(s.bucket(x.key), t)
	}
	return OK
}

// bucket returns the list of the waiters whose keys have key's hash: Fibonacci
// hashing, since keys are addresses with few distinct low bits.
func (s *Scheduler) bucket(key uint64) *list {
	return &s.buckets[key*0x9e37_79b9_7f4a_7c15>>(64-bucketBits)]
}

// append puts t at the tail of l.
func (s *Scheduler) append(l *list, t Task) {
	x := &s.tasks[t]
	x.next, x.prev = None, l.tail
	if l.tail == None {
		l.head = t
	} else {
		s.tasks[l.tail].next = t
	}
	l.tail = t
}

// remove takes t out of l, which it is in.
func (s *Scheduler) remove(l *list, t Task) {
	x := &s.tasks[t]
	if x.prev == None {
		l.head = x.next
	} else {
		s.tasks[x.prev].next = x.next
	}
	if x.next == None {
		l.tail = x.prev
	} else {
		s.tasks[x.next].prev = x.prev
	}
	x.next, x.prev = None, None
}
