package mcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var taskEpoch = time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)

func newTaskStore() *taskStore { return &taskStore{most: 4, mostBytes: 16 << 10} }

// at returns a moment so many seconds after the epoch.
func at(seconds int) time.Time { return taskEpoch.Add(time.Duration(seconds) * time.Second) }

// TestTaskLife follows one task through all it can do.
func TestTaskLife(t *testing.T) {
	s := newTaskStore()
	r := s.create("a", at(0), time.Minute)
	step := func(name, want string) {
		t.Helper()
		if got := string(r.appendTask(nil, time.Second, true)); got != want {
			t.Errorf("%s: task is\n%s, want\n%s", name, got, want)
		}
	}
	const tail = `"createdAt":"2026-07-28T12:00:00.000Z","lastUpdatedAt":"2026-07-28T12:00:%s.000Z","ttlMs":60000,"pollIntervalMs":1000`
	step("created", `"taskId":"a","status":"working",`+fmt.Sprintf(tail, "00"))
	s.say(r, at(1), "half")
	step("said", `"taskId":"a","status":"working","statusMessage":"half",`+fmt.Sprintf(tail, "01"))
	asked := []taskInput{{key: "x", request: []byte(`{"q":1}`)}, {key: "y", request: []byte(`{"q":2}`)}}
	if !s.ask(r, at(2), asked) {
		t.Fatal("no room to ask")
	}
	step("asked", `"taskId":"a","status":"input_required","statusMessage":"half",`+fmt.Sprintf(tail, "02")+`,"inputRequests":{"x":{"q":1},"y":{"q":2}}`)
	s.answer(r, at(3), "x", []byte(`1`))
	s.answer(r, at(3), "x", []byte(`"again"`))
	s.answer(r, at(3), "z", []byte(`"nobody asked"`))
	step("answered in part", `"taskId":"a","status":"input_required","statusMessage":"half",`+fmt.Sprintf(tail, "02")+`,"inputRequests":{"y":{"q":2}}`)
	if got := r.answers(asked); got != nil {
		t.Errorf("answers before the last = %q, want nil", got)
	}
	s.answer(r, at(4), "y", []byte(`2`))
	step("answered", `"taskId":"a","status":"working","statusMessage":"half",`+fmt.Sprintf(tail, "04"))
	if got := fmt.Sprintf("%s", r.answers(asked)); got != "[1 2]" {
		t.Errorf("answers = %s, want [1 2]", got)
	}
	if !s.ask(r, at(5), asked[:1]) || r.status != taskWorking {
		t.Errorf("a key asked again makes the task %v, want it to have its answer", r.status)
	}
	if !s.complete(r, at(6), []byte(`{"ok":true}`), false) {
		t.Error("the task did not end")
	}
	step("completed", `"taskId":"a","status":"completed",`+fmt.Sprintf(tail, "06")+`,"result":{"ok":true}`)
	if s.cancelled(r, at(7)) || s.fail(r, at(7), Errorf(1, "late")) || s.complete(r, at(7), nil, false) || s.ask(r, at(7), asked) {
		t.Error("a task that is over changed")
	}
	s.say(r, at(8), "late")
	step("over", `"taskId":"a","status":"completed",`+fmt.Sprintf(tail, "06")+`,"result":{"ok":true}`)
	if s.get("a", at(59)) != r || s.get("a", at(60)) != nil {
		t.Error("want the task there for 60 s and not longer")
	}
	if gone := s.expire(at(60)); len(gone) != 1 || gone[0] != r || s.bytes != 0 || len(s.tasks) != 0 {
		t.Errorf("expired %d tasks, %d bytes left", len(gone), s.bytes)
	}
}

// TestTaskEnds: the ways a task ends otherwise, in both forms.
func TestTaskEnds(t *testing.T) {
	data := json.RawMessage(`{"why":1}`)
	long := json.RawMessage(strings.Repeat("1", 16<<10))
	xs := strings.Repeat("x", 1000)
	for _, c := range []struct {
		name           string
		end            func(s *taskStore, r *taskRecord)
		state, payload string
		state2025      string
	}{
		{
			"failed", func(s *taskStore, r *taskRecord) {
				s.fail(r, at(1), &Error{Code: -32603, Message: "broken", Data: &data})
			},
			`"failed","statusMessage":"broken"`, `,"error":{"code":-32603,"message":"broken","data":{"why":1}}`,
			`"failed","statusMessage":"broken"`,
		},
		{
			"cancelled", func(s *taskStore, r *taskRecord) { s.cancelled(r, at(1)) },
			`"cancelled","statusMessage":"cancelled by the client"`, "",
			`"cancelled","statusMessage":"cancelled by the client"`,
		},
		{
			"tool error", func(s *taskStore, r *taskRecord) { s.complete(r, at(1), []byte(`{"isError":true}`), true) },
			`"completed"`, `,"result":{"isError":true}`,
			`"failed"`,
		},
		{
			"result too long", func(s *taskStore, r *taskRecord) { s.complete(r, at(1), make([]byte, 16<<10), false) },
			`"failed","statusMessage":"no memory to keep the result"`,
			`,"error":{"code":-31000,"message":"no memory to keep a result of 16384 bytes"}`,
			`"failed","statusMessage":"no memory to keep the result"`,
		},
		{
			"error too long", func(s *taskStore, r *taskRecord) { s.fail(r, at(1), &Error{Code: 7, Message: xs, Data: &long}) },
			`"failed","statusMessage":"` + xs[:256] + `"`, `,"error":{"code":7,"message":"` + xs[:80] + `..."}`,
			`"failed","statusMessage":"` + xs[:256] + `"`,
		},
	} {
		s := newTaskStore()
		r := s.create("a", at(0), time.Minute)
		s.ask(r, at(0), []taskInput{{key: "k", request: []byte("{}")}})
		c.end(s, r)
		const times = `,"createdAt":"2026-07-28T12:00:00.000Z","lastUpdatedAt":"2026-07-28T12:00:01.000Z"`
		want := `"taskId":"a","status":` + c.state + times + `,"ttlMs":60000,"pollIntervalMs":1000`
		if got := string(r.appendTask(nil, time.Second, false)); got != want {
			t.Errorf("%s: task is\n%s, want\n%s", c.name, got, want)
		}
		if got := string(r.appendTask(nil, time.Second, true)); got != want+c.payload {
			t.Errorf("%s: task in detail is\n%s, want\n%s", c.name, got, want+c.payload)
		}
		want = `{"taskId":"a","status":` + c.state2025 + times + `,"ttl":60000,"pollInterval":1000}`
		if got := string(r.appendTask2025(nil, time.Second)); got != want {
			t.Errorf("%s: task of 2025-11-25 is\n%s, want\n%s", c.name, got, want)
		}
		if s.bytes > 2*taskSize {
			t.Errorf("%s: %d bytes counted", c.name, s.bytes)
		}
	}
}

// taskModel is a task as simply as it can be said.
type taskModel struct {
	status  taskStatus
	expires time.Time
	open    map[string]bool // keys asked, true while they wait
}

// TestTaskStoreAgainstModel runs random work on a store and on a map of simple tasks.
func TestTaskStoreAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	s := &taskStore{most: 6, mostBytes: 24 << 10}
	model := map[string]*taskModel{}
	records := map[string]*taskRecord{} // also of tasks that are gone
	now := taskEpoch
	for i := range 20000 {
		now = now.Add(time.Duration(rnd.IntN(800)) * time.Millisecond)
		id := string('a' + byte(rnd.IntN(10)))
		key := string('k' + byte(rnd.IntN(3)))
		r, m := records[id], model[id]
		alive := m != nil && !m.status.terminal()
		full := false // the store may refuse for want of bytes; the model does not count them
		fits := func(ok bool) bool {
			full = !ok
			return ok
		}
		switch op := rnd.IntN(8); {
		case op == 0:
			ttl := time.Duration(rnd.IntN(20)) * time.Second
			if got := s.create(id, now, ttl); got != nil {
				if m != nil {
					t.Fatalf("seed %d, step %d: task %s made twice", seed, i, id)
				}
				records[id], model[id] = got, &taskModel{expires: now.Add(ttl), open: map[string]bool{}}
			} else if m == nil && len(model) < 6 && s.bytes+taskSize <= s.mostBytes {
				t.Fatalf("seed %d, step %d: task %s refused with %d there", seed, i, id, len(model))
			}
		case op == 1:
			for _, gone := range s.expire(now) {
				if m := model[gone.id]; m == nil || now.Before(m.expires) {
					t.Fatalf("seed %d, step %d: task %s expired early", seed, i, gone.id)
				}
				delete(model, gone.id)
			}
			for id, m := range model {
				if !now.Before(m.expires) {
					t.Fatalf("seed %d, step %d: task %s did not expire", seed, i, id)
				}
			}
		case r == nil:
		case op == 2:
			got := s.ask(r, now, []taskInput{{key: key, request: make([]byte, rnd.IntN(2000))}})
			if alive && fits(got) {
				if _, asked := m.open[key]; !asked {
					m.open[key] = true
				}
			} else if !alive && got {
				t.Fatalf("seed %d, step %d: a task that is over asked", seed, i)
			}
		case op == 3:
			if got := s.answer(r, now, key, make([]byte, 1+rnd.IntN(2000))); alive && m.open[key] && fits(got) {
				m.open[key] = false
			}
		case op == 4:
			if got := s.complete(r, now, make([]byte, rnd.IntN(5000)), false); got != alive {
				t.Fatalf("seed %d, step %d: complete = %v, want %v", seed, i, got, alive)
			}
			if alive {
				m.status = r.status // completed, or failed for want of room
			}
		case op == 5:
			if got := s.fail(r, now, Errorf(1, "%0*d", rnd.IntN(3000), 0)); got != alive {
				t.Fatalf("seed %d, step %d: fail = %v, want %v", seed, i, got, alive)
			} else if alive {
				m.status = taskFailed
			}
		case op == 6:
			if got := s.cancelled(r, now); got != alive {
				t.Fatalf("seed %d, step %d: cancelled = %v, want %v", seed, i, got, alive)
			} else if alive {
				m.status = taskCancelled
			}
		default:
			s.say(r, now, strings.Repeat("x", rnd.IntN(500)))
		}
		if full && s.bytes+2200 < s.mostBytes {
			t.Fatalf("seed %d, step %d: refused with %d bytes counted", seed, i, s.bytes)
		}
		if err := compareTasks(s, model, now); err != nil {
			t.Fatalf("seed %d, step %d: %v", seed, i, err)
		}
	}
}

// compareTasks checks that the store holds what the model says, and its own sums.
func compareTasks(s *taskStore, model map[string]*taskModel, now time.Time) error {
	if len(s.tasks) != len(model) || len(s.order) != len(model) || len(model) > s.most {
		return fmt.Errorf("%d tasks, %d in order, want %d", len(s.tasks), len(s.order), len(model))
	}
	if !slices.IsSortedFunc(s.order, func(a, b *taskRecord) int { return a.expires.Compare(b.expires) }) {
		return errors.New("not in order")
	}
	sum := 0
	for id, m := range model {
		r := s.tasks[id]
		if (s.get(id, now) != nil) != now.Before(m.expires) {
			return fmt.Errorf("task %s is to be had: %v", id, s.get(id, now) != nil)
		}
		want := m.status
		if !want.terminal() && slices.Contains(slices.Collect(maps.Values(m.open)), true) {
			want = taskInputRequired
		}
		if r.status != want {
			return fmt.Errorf("task %s is %v, want %v", id, r.status, want)
		}
		size := taskSize + len(r.result)
		if r.status == taskFailed {
			size = r.size // what counts is that it is bounded
		}
		for _, in := range r.inputs {
			size += taskInputSize + len(in.key) + len(in.request) + len(in.answer)
		}
		if r.size != size || r.size > taskSize+s.mostBytes {
			return fmt.Errorf("task %s counts %d bytes, holds %d", id, r.size, size)
		}
		sum += r.size
	}
	if s.bytes != sum || s.bytes > s.mostBytes || s.bytes < 0 {
		return fmt.Errorf("%d bytes counted, the tasks hold %d", s.bytes, sum)
	}
	return nil
}
