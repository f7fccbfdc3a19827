package timer

import "github.com/unikernel-ai/unikernel-ai/kernel/sched"

// arity is the number of children of a node: four halve the depth of a binary
// heap, and four neighbours share a cache line.
const arity = 4

// Set gives t the deadline when, in nanoseconds of any clock, replacing the one
// it had. It reports false, and does nothing, if t is no task number.
func (q *Queue) Set(t sched.Task, when int64) bool {
	if !valid(t) {
		return false
	}
	i := int(q.place[t]) - 1
	if i < 0 {
		i = q.count
		q.count++
	}
	q.when[t] = when
	q.down(q.up(i, t), t)
	return true
}

// Cancel removes t's deadline and reports whether it had one.
func (q *Queue) Cancel(t sched.Task) bool {
	if !valid(t) || q.place[t] == 0 {
		return false
	}
	i := int(q.place[t]) - 1
	q.place[t] = 0
	q.count--
	if i != q.count { // the last one takes the place
		last := q.heap[q.count]
		q.down(q.up(i, last), last)
	}
	return true
}

// Next returns the soonest deadline and whether there is one.
func (q *Queue) Next() (when int64, ok bool) {
	if q.count == 0 {
		return 0, false
	}
	return q.when[q.heap[0]], true
}

// Expire removes and returns a task whose deadline is at or before now, soonest
// first, or sched.None when there is none (left). Of equal deadlines the lower
// task number is first.
func (q *Queue) Expire(now int64) sched.Task {
	if q.count == 0 || q.when[q.heap[0]] > now {
		return sched.None
	}
	t := q.heap[0]
	q.Cancel(t)
	return t
}

// When returns t's deadline and whether it has one.
func (q *Queue) When(t sched.Task) (when int64, ok bool) {
	if !valid(t) || q.place[t] == 0 {
		return 0, false
	}
	return q.when[t], true
}

// Len returns how many tasks have a deadline.
func (q *Queue) Len() int { return q.count }

// up moves the hole at i towards the root until t fits, puts t there, and returns
// the place.
func (q *Queue) up(i int, t sched.Task) int {
	for i > 0 {
		parent := (i - 1) / arity
		p := q.heap[parent]
		if !q.before(t, p) {
			break
		}
		q.put(i, p)
		i = parent
	}
	q.put(i, t)
	return i
}

// down moves t from place i towards the leaves until no child comes before it.
func (q *Queue) down(i int, t sched.Task) {
	for {
		first := i*arity + 1
		if first >= q.count {
			break
		}
		best := first
		for c := first + 1; c < min(first+arity, q.count); c++ {
			if q.before(q.heap[c], q.heap[best]) {
				best = c
			}
		}
		if !q.before(q.heap[best], t) {
			break
		}
		q.put(i, q.heap[best])
		i = best
	}
	q.put(i, t)
}

// put records that t is at place i.
func (q *Queue) put(i int, t sched.Task) {
	q.heap[i] = t
	q.place[t] = uint16(i + 1)
}

// before reports whether a is due before b.
func (q *Queue) before(a, b sched.Task) bool {
	return q.when[a] < q.when[b] || q.when[a] == q.when[b] && a < b
}

// valid reports whether t is a task number.
func valid(t sched.Task) bool { return t != sched.None && t <= sched.MaxTasks }

// After returns the deadline timeout nanoseconds after now, at least one, and the
// end of time if the sum does not fit: a sleep of centuries is not over at once.
func After(now, timeout int64) int64 {
	when := now + max(timeout, 1)
	if when < now {
		return 1<<63 - 1
	}
	return when
}
