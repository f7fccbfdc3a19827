package machine

import "time"

// timers is a heap of the connections that have a deadline, soonest first.
// Each Conn knows its place.
type timers []*Conn

// noTimer is the place of a connection that has no deadline.
const noTimer = -1

// set gives c a deadline, in place of any it had.
func (t *timers) set(c *Conn, at time.Duration) {
	t.remove(c)
	c.deadline, c.timer = at, len(*t)
	*t = append(*t, c)
	t.up(c.timer)
}

// remove takes c's deadline away.
func (t *timers) remove(c *Conn) {
	i := c.timer
	if i == noTimer {
		return
	}
	last := len(*t) - 1
	t.swap(i, last)
	(*t)[last] = nil
	*t = (*t)[:last]
	c.timer = noTimer
	if i < last {
		t.down(i)
		t.up(i)
	}
}

func (t *timers) swap(i, j int) {
	l := *t
	l[i], l[j] = l[j], l[i]
	l[i].timer, l[j].timer = i, j
}

func (t *timers) up(i int) {
	for l := *t; i > 0; {
		parent := (i - 1) / 2
		if l[parent].deadline <= l[i].deadline {
			return
		}
		t.swap(i, parent)
		i = parent
	}
}

func (t *timers) down(i int) {
	for l := *t; ; {
		child := 2*i + 1
		if child >= len(l) {
			return
		}
		if child+1 < len(l) && l[child+1].deadline < l[child].deadline {
			child++
		}
		if l[i].deadline <= l[child].deadline {
			return
		}
		t.swap(i, child)
		i = child
	}
}
