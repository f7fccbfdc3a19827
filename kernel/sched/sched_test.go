package sched

import "testing"

const ms = 1_000_000

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// boot returns a scheduler with processors 0 to n-1 and task 1 running on 0.
func boot(t testing.TB, n int) *Scheduler {
	s := new(Scheduler)
	for c := range n {
		s.Online(c)
	}
	first, _ := s.New()
	if r := s.Start(first, 0, 0); r != OK {
		t.Fatalf("Start = %v", r)
	}
	return s
}

// spawn makes a task runnable.
func spawn(t testing.TB, s *Scheduler) Task {
	n, r := s.New()
	if r != OK {
		t.Fatalf("New = %v", r)
	}
	s.Ready(n, 0)
	return n
}

func TestRoundRobin(t *testing.T) {
	s := boot(t, 1)
	b, c := spawn(t, s), spawn(t, s)
	var got []Task
	for now := range int64(4) {
		n, switched := s.Next(0, true, now)
		want(t, "switched", switched, true)
		got = append(got, n)
	}
	for i, n := range []Task{b, c, 1, b} {
		want(t, "task", got[i], n)
	}
	if n, switched := s.Next(0, false, 9); n != b || switched {
		t.Errorf("without yield Next = %v, %v, want %v, false", n, switched, b)
	}
}

func TestBlockedTaskIsForgottenWhenIdle(t *testing.T) {
	s := boot(t, 2)
	want(t, "Block", s.Block(0, Futex, 0x1000), OK)
	want(t, "Current before Next", s.Current(0), 1)
	want(t, "CPU before Next", s.CPU(1), 0)
	n, _ := s.Next(0, false, 0)
	want(t, "Next", n, None)
	want(t, "CPU", s.CPU(1), NoCPU)
	want(t, "Idle", s.Idle(0, true), OK)
	// Processor 1 wakes it and takes it before 0 reacts.
	wake, r := s.Ready(1, 1)
	want(t, "wake", wake, 0)
	want(t, "Ready", r, OK)
	n, switched := s.Next(1, false, 5)
	want(t, "Next on 1", n, 1)
	want(t, "switched", switched, true)
	want(t, "CPU", s.CPU(1), 1)
	n, _ = s.Next(0, false, 6)
	want(t, "Next on 0", n, None)
}

func TestTaskReadyBeforeNextGoesOn(t *testing.T) {
	s := boot(t, 1)
	s.Block(0, Epoll, 7)
	s.Ready(1, 0)
	n, switched := s.Next(0, false, 0)
	want(t, "Next", n, 1)
	want(t, "switched", switched, false)
}

func TestTaskIsCurrentOnOneProcessor(t *testing.T) {
	s := boot(t, 2)
	s.Block(0, Futex, 1)
	s.Ready(1, 0)
	n, _ := s.Next(1, false, 0) // before processor 0 came to Next
	want(t, "Next on 1", n, 1)
	want(t, "Current on 0", s.Current(0), None)
	want(t, "CPU", s.CPU(1), 1)
}

func TestWakeChoosesIdleProcessor(t *testing.T) {
	s := boot(t, 4)
	b := spawn(t, s)
	s.Next(2, false, 0) // b runs on 2
	s.Block(2, Sleep, 0)
	for c := 1; c < 4; c++ {
		s.Next(c, false, 0)
		want(t, "Idle", s.Idle(c, true), OK)
	}
	wake, _ := s.Ready(b, 0)
	want(t, "wake where it ran last", wake, 2)
	c := Task(0)
	c, _ = s.New()
	wake, _ = s.Ready(c, 0)
	want(t, "wake the first idle one, 2 is taken", wake, 1)
	d, _ := s.New()
	wake, _ = s.Ready(d, 3)
	want(t, "nobody but the caller is idle", wake, NoCPU)
	s.Idle(1, true)
	s.Idle(1, false)
	e, _ := s.New()
	wake, _ = s.Ready(e, 3)
	want(t, "1 came back", wake, NoCPU)
}

func TestWaitersAreFIFOByKey(t *testing.T) {
	s := boot(t, 1)
	keys := []uint64{0x1000, 0x2000, 0x1000, 0x1000}
	tasks := []Task{1, spawn(t, s), spawn(t, s), spawn(t, s)}
	for i := range keys {
		want(t, "Current", s.Current(0), tasks[i])
		s.Block(0, Futex, keys[i])
		s.Next(0, false, 0)
	}
	want(t, "epoll waiter", s.Waiter(Epoll, 0x1000), None)
	want(t, "other key", s.Waiter(Futex, 0x3000), None)
	for _, i := range []int{0, 2, 3} {
		want(t, "Waiter", s.Waiter(Futex, 0x1000), tasks[i])
		s.Ready(tasks[i], 0)
	}
	want(t, "Waiter when all are woken", s.Waiter(Futex, 0x1000), None)
	want(t, "Waiter of the other key", s.Waiter(Futex, 0x2000), tasks[1])
}

func TestQuantum(t *testing.T) {
	s := boot(t, 1)
	want(t, "timer, alone, no deadline", s.Timer(0, 0), 0)
	want(t, "timer, alone", s.Timer(0, 77*ms), 77*ms)
	want(t, "expired, alone", s.Expired(0, 99*ms), false)
	spawn(t, s)
	want(t, "timer", s.Timer(0, 0), Quantum)
	want(t, "timer, later deadline", s.Timer(0, 77*ms), Quantum)
	want(t, "timer, sooner deadline", s.Timer(0, 7*ms), 7*ms)
	want(t, "expired early", s.Expired(0, Quantum-1), false)
	want(t, "expired", s.Expired(0, Quantum), true)
	s.Next(0, true, 10*ms)
	want(t, "timer after the switch", s.Timer(0, 0), 10*ms+Quantum)
	s.Block(0, Sleep, 0)
	s.Next(0, false, 11*ms)
	want(t, "timer with nobody else", s.Timer(0, 0), 0)
	s.Block(0, Sleep, 0)
	s.Next(0, false, 12*ms)
	want(t, "timer when idle", s.Timer(0, 90*ms), 90*ms)
}

func TestTaskNumbersAreReusedLate(t *testing.T) {
	s := boot(t, 1)
	for i := Task(2); i <= MaxTasks; i++ {
		want(t, "number", spawn(t, s), i)
	}
	_, r := s.New()
	want(t, "New", r, TooMany)
	s.Next(0, true, 0) // 2 runs
	want(t, "Exit", s.Exit(0), OK)
	want(t, "Reap while current", s.Reap(2), Illegal)
	want(t, "NextDead while current", s.NextDead(None), None)
	s.Next(0, false, 0)
	want(t, "NextDead", s.NextDead(None), 2)
	want(t, "NextDead after it", s.NextDead(2), None)
	want(t, "Reap", s.Reap(2), OK)
	want(t, "State", s.State(2), Free)
	n, _ := s.New()
	want(t, "number", n, 2)
	if st := s.Stats(); st.Tasks != MaxTasks || st.Queued != MaxTasks-2 || st.Illegal != 1 {
		t.Errorf("Stats = %+v", st)
	}
}

func TestIllegalCallsChangeNothing(t *testing.T) {
	s := boot(t, 2)
	runnable := spawn(t, s)
	born, _ := s.New()
	before := *s
	for _, c := range []struct {
		name      string
		got, want Result
	}{
		{"Online of -1", s.Online(-1), BadCPU},
		{"Online of 16", s.Online(MaxCPUs), BadCPU},
		{"Start on an offline CPU", s.Start(born, 5, 0), BadCPU},
		{"Start of none", s.Start(None, 1, 0), BadTask},
		{"Start of 256", s.Start(256, 1, 0), BadTask},
		{"Start of a runnable task", s.Start(runnable, 1, 0), Illegal},
		{"Start on a busy CPU", s.Start(born, 0, 0), Illegal},
		{"Ready of a running task", second(s.Ready(1, 0)), Illegal},
		{"Ready of a runnable task", second(s.Ready(runnable, 0)), Illegal},
		{"Ready of a free number", second(s.Ready(200, 0)), Illegal},
		{"Ready of none", second(s.Ready(None, 0)), BadTask},
		{"Ready of 256", second(s.Ready(256, 0)), BadTask},
		{"Block as runnable", s.Block(0, Runnable, 0), Illegal},
		{"Block without a task", s.Block(1, Futex, 0), Illegal},
		{"Block offline", s.Block(7, Futex, 0), BadCPU},
		{"Exit without a task", s.Exit(1), Illegal},
		{"Exit offline", s.Exit(-1), BadCPU},
		{"Idle with a task", s.Idle(0, true), Illegal},
		{"Idle offline", s.Idle(99, true), BadCPU},
		{"Reap of a running task", s.Reap(1), Illegal},
		{"Reap of a born task", s.Reap(born), Illegal},
		{"Reap of none", s.Reap(None), BadTask},
	} {
		want(t, c.name, c.got, c.want)
	}
	if s.stats.Illegal != 11 {
		t.Errorf("Illegal = %d, want 11", s.stats.Illegal)
	}
	s.stats = before.stats
	if *s != before {
		t.Error("a refused call changed something")
	}
	if n, sw := s.Next(9, true, 0); n != None || sw {
		t.Error("Next on an offline CPU")
	}
	want(t, "State of 256", s.State(256), Free)
	want(t, "CPU of 256", s.CPU(256), NoCPU)
	want(t, "Current offline", s.Current(9), None)
}

func second(_ int, r Result) Result { return r }

func TestNames(t *testing.T) {
	for r := OK; r <= Illegal; r++ {
		if r.String() == "" || r.String() == "unknown result" {
			t.Errorf("result %d has no name", r)
		}
	}
	for st := Free; st < stateCount; st++ {
		if st.String() == "" || st.String() == "unknown state" {
			t.Errorf("state %d has no name", st)
		}
	}
	if Result(99).String() != "unknown result" || State(99).String() != "unknown state" {
		t.Error("names of unknown values")
	}
}

func TestNothingAllocates(t *testing.T) {
	s := boot(t, 1)
	spawn(t, s)
	if n := testing.AllocsPerRun(100, func() {
		s.Block(0, Futex, 5)
		s.Next(0, false, 0)
		s.Ready(s.Waiter(Futex, 5), 0)
		s.Timer(0, 5)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func BenchmarkFutexPingPong(b *testing.B) {
	s := boot(b, 1)
	spawn(b, s)
	for b.Loop() {
		s.Block(0, Futex, 5)
		s.Next(0, false, 0)
		s.Ready(s.Waiter(Futex, 5), 0)
	}
}
