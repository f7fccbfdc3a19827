package timer

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel/sched"
)

func TestDeadlinesExpireInOrder(t *testing.T) {
	q := new(Queue)
	for task, when := range map[sched.Task]int64{5: 300, 2: 100, 9: 200, 1: 200, 255: -7} {
		if !q.Set(task, when) {
			t.Fatalf("Set(%d) = false", task)
		}
	}
	if when, ok := q.Next(); when != -7 || !ok {
		t.Errorf("Next = %d, %v, want -7", when, ok)
	}
	q.Set(5, 50) // sooner
	q.Set(2, 400)
	for _, want := range []sched.Task{255, 5, 1, 9, sched.None} {
		if got := q.Expire(200); got != want {
			t.Errorf("Expire(200) = %d, want %d", got, want)
		}
	}
	if q.Len() != 1 {
		t.Errorf("Len = %d, want 1", q.Len())
	}
	if when, ok := q.When(2); when != 400 || !ok {
		t.Errorf("When(2) = %d, %v, want 400", when, ok)
	}
	if !q.Cancel(2) || q.Cancel(2) {
		t.Error("Cancel of a deadline must succeed once")
	}
	if _, ok := q.Next(); ok || q.Expire(math.MaxInt64) != sched.None {
		t.Error("the empty queue has a deadline")
	}
}

func TestBadTasksAreRefused(t *testing.T) {
	q := new(Queue)
	for _, task := range []sched.Task{sched.None, sched.MaxTasks + 1, math.MaxUint16} {
		if _, ok := q.When(task); q.Set(task, 5) || q.Cancel(task) || ok || q.Len() != 0 {
			t.Errorf("task %d is taken", task)
		}
	}
}

func TestAfter(t *testing.T) {
	for _, c := range []struct{ now, timeout, want int64 }{
		{100, 50, 150},
		{100, 0, 101},
		{100, -5, 101},
		{100, math.MaxInt64, math.MaxInt64},
		{math.MaxInt64, 1, math.MaxInt64},
		{0, math.MaxInt64, math.MaxInt64},
	} {
		if got := After(c.now, c.timeout); got != c.want {
			t.Errorf("After(%d, %d) = %d, want %d", c.now, c.timeout, got, c.want)
		}
	}
}

// check compares q with a map of deadlines.
func check(t *testing.T, q *Queue, model map[sched.Task]int64) {
	t.Helper()
	if q.Len() != len(model) {
		t.Fatalf("Len = %d, want %d", q.Len(), len(model))
	}
	soonest, any := int64(math.MaxInt64), false
	for task, want := range model {
		if when, ok := q.When(task); !ok || when != want {
			t.Fatalf("When(%d) = %d, %v, want %d", task, when, ok, want)
		}
		soonest, any = min(soonest, want), true
	}
	if when, ok := q.Next(); ok != any || ok && when != soonest {
		t.Fatalf("Next = %d, %v, want %d, %v", when, ok, soonest, any)
	}
}

// step makes one call, chosen and parametrised by three numbers.
func step(t *testing.T, q *Queue, model map[sched.Task]int64, op, task uint8, when int64) {
	id := sched.Task(task)%sched.MaxTasks + 1
	switch op % 4 {
	case 0, 1:
		q.Set(id, when)
		model[id] = when
	case 2:
		_, had := model[id]
		if got := q.Cancel(id); got != had {
			t.Fatalf("Cancel(%d) = %v, want %v", id, got, had)
		}
		delete(model, id)
	case 3:
		got, want := q.Expire(when), sched.None
		for task, due := range model {
			if due <= when && (want == sched.None || due < model[want] || due == model[want] && task < want) {
				want = task
			}
		}
		if got != want {
			t.Fatalf("Expire(%d) = %d, want %d", when, got, want)
		}
		delete(model, want)
	}
	check(t, q, model)
}

func TestQueueEqualsMap(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 10 {
		q, model := new(Queue), map[sched.Task]int64{}
		tasks := rng.IntN(255) + 1
		for range 1000 {
			step(t, q, model, uint8(rng.Uint32()), uint8(rng.IntN(tasks)), rng.Int64N(1000))
		}
	}
}

func FuzzQueue(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) {
		q, model := new(Queue), map[sched.Task]int64{}
		for len(program) >= 3 {
			step(t, q, model, program[0], program[1], int64(int8(program[2])))
			program = program[3:]
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	q := new(Queue)
	if n := testing.AllocsPerRun(100, func() {
		for i := sched.Task(1); i < 50; i++ {
			q.Set(i, int64(i)*7919%100)
		}
		q.Cancel(20)
		for q.Expire(100) != sched.None {
		}
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

// BenchmarkSetCancel is a sleep that is cut short, among 64 others.
func BenchmarkSetCancel(b *testing.B) {
	q := new(Queue)
	for i := sched.Task(1); i <= 64; i++ {
		q.Set(i, int64(i)*7919%1000)
	}
	for b.Loop() {
		q.Set(100, 500)
		q.Cancel(100)
	}
}
