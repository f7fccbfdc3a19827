package sched

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// machine makes the same calls on a Scheduler and on slices and maps.
type machine struct {
	t       testing.TB
	s       *Scheduler
	state   map[Task]State
	key     map[Task]uint64
	queue   []Task // runnable, in order
	waiting []Task // in order of blocking
	current [4]Task
	idle    [4]bool
	now     int64
}

func newMachine(t testing.TB) *machine {
	x := &machine{t: t, s: new(Scheduler), state: map[Task]State{}, key: map[Task]uint64{}}
	for c := range x.current {
		x.s.Online(c)
	}
	return x
}

func (x *machine) onCPU(t Task) bool { return slices.Contains(x.current[:], t) }

// step makes one call, chosen and parametrised by three numbers.
func (x *machine) step(op, a, b uint64) {
	c, t := int(a%4), Task(b%12)
	cur := x.current[c]
	running := cur != None && x.state[cur] == Running
	x.now += int64(a % 1000)
	switch op % 9 {
	case 0:
		if len(x.state) >= 10 {
			return
		}
		n, r := x.s.New()
		if _, taken := x.state[n]; r != OK || taken {
			x.t.Fatalf("New = %d, %v", n, r)
		}
		x.state[n] = Born
	case 1, 2:
		st, exists := x.state[t]
		wake, r := x.s.Ready(t, c)
		if !exists || st != Born && st != Futex && st != Sleep && st != Epoll {
			if r == OK {
				x.t.Fatalf("Ready(%d), which is %v, = ok", t, st)
			}
			return
		}
		if r != OK {
			x.t.Fatalf("Ready(%d), which is %v, = %v", t, st, r)
		}
		x.state[t] = Runnable
		x.queue = append(x.queue, t)
		x.waiting = remove(x.waiting, t)
		x.woke(wake, c)
	case 3, 4, 5:
		yield := b&1 != 0
		n, switched := x.s.Next(c, yield, x.now)
		want := cur
		if !running || yield && len(x.queue) > 0 {
			want = None
			if len(x.queue) > 0 {
				want, x.queue = x.queue[0], x.queue[1:]
			}
			if running {
				x.state[cur] = Runnable
				x.queue = append(x.queue, cur)
			}
		}
		if n != want || switched != (n != None && n != cur) {
			x.t.Fatalf("Next(%d) = %d, %v, want %d instead of %d", c, n, switched, want, cur)
		}
		if i := slices.Index(x.current[:], n); i >= 0 {
			x.current[i] = None
		}
		x.current[c] = n
		if n != None {
			x.state[n] = Running
			x.idle[c] = false
		}
	case 6:
		w := []State{Futex, Sleep, Epoll}[b%3]
		if r := x.s.Block(c, w, b%4); (r == OK) != running {
			x.t.Fatalf("Block(%d) = %v", c, r)
		}
		if running {
			x.state[cur], x.key[cur] = w, b%4
			x.waiting = append(x.waiting, cur)
		}
	case 7:
		if r := x.s.Exit(c); (r == OK) != running {
			x.t.Fatalf("Exit(%d) = %v", c, r)
		}
		if running {
			x.state[cur] = Dead
		}
	case 8:
		want := x.state[t] == Dead && !x.onCPU(t)
		if r := x.s.Reap(t); (r == OK) != want {
			x.t.Fatalf("Reap(%d), which is %v, = %v", t, x.state[t], r)
		}
		if want {
			delete(x.state, t)
		}
		if r := x.s.Idle(c, true); (r == OK) != (cur == None) {
			x.t.Fatalf("Idle(%d) with task %d = %v", c, cur, r)
		}
		x.idle[c] = cur == None
	}
}

// woke checks the choice of a processor.
func (x *machine) woke(wake, self int) {
	any := false
	for c, idle := range x.idle {
		any = any || idle && c != self
	}
	if (wake != NoCPU) != any || wake == self || wake != NoCPU && !x.idle[wake] {
		x.t.Fatalf("Ready from %d wakes %d, idle are %v", self, wake, x.idle)
	}
	if wake != NoCPU {
		x.idle[wake] = false
	}
}

// compare checks everything that can be asked.
func (x *machine) compare() {
	for t := Task(1); t <= MaxTasks; t++ {
		if got := x.s.State(t); got != x.state[t] {
			x.t.Fatalf("State(%d) = %v, want %v", t, got, x.state[t])
		}
	}
	for c, cur := range x.current {
		if got := x.s.Current(c); got != cur {
			x.t.Fatalf("Current(%d) = %d, want %d", c, got, cur)
		}
	}
	for key := range uint64(4) {
		for _, w := range []State{Futex, Epoll} {
			i := slices.IndexFunc(x.waiting, func(t Task) bool { return x.state[t] == w && x.key[t] == key })
			want := None
			if i >= 0 {
				want = x.waiting[i]
			}
			if got := x.s.Waiter(w, key); got != want {
				x.t.Fatalf("Waiter(%v, %d) = %d, want %d", w, key, got, want)
			}
		}
	}
	if st := x.s.Stats(); st.Tasks != len(x.state) || st.Queued != len(x.queue) {
		x.t.Fatalf("Stats = %+v, want %d tasks, %d queued", st, len(x.state), len(x.queue))
	}
}

func remove(list []Task, t Task) []Task {
	return slices.DeleteFunc(list, func(x Task) bool { return x == t })
}

func TestSchedulerEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 20 {
		x := newMachine(t)
		for range 1000 {
			x.step(rng.Uint64(), rng.Uint64(), rng.Uint64())
			x.compare()
		}
	}
}

func FuzzScheduler(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) {
		x := newMachine(t)
		for len(program) >= 3 {
			x.step(uint64(program[0]), uint64(program[1]), uint64(program[2]))
			x.compare()
			program = program[3:]
		}
	})
}
