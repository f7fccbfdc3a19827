package mcp

import (
	"slices"
	"time"
)

// A task is what a tools/call becomes that takes its time: the client gets a handle at
// once and asks for the rest (MCP extension io.modelcontextprotocol/tasks "Tasks").
//
//	          ask             answer (all)
//	working ------> input_required ------> working
//	   |                   |
//	   +-------------------+--> completed | failed | cancelled, for good
//
//	any ------ its time to live is over ------> gone
//
// taskStore is that machine for many tasks. It reads no clock, takes no lock and starts
// nothing: task.go does. What it holds is bounded by a number of tasks and of bytes, and
// every task has its end from the start, so a store that is full empties by itself.

// taskStatus is where a task stands.
type taskStatus uint8

const (
	taskWorking taskStatus = iota
	taskInputRequired
	taskCompleted
	taskFailed
	taskCancelled
)

// String returns the name that both revisions have for it.
func (s taskStatus) String() string {
	return [...]string{"working", "input_required", "completed", "failed", "cancelled"}[s]
}

// terminal reports whether the status is one that never changes.
func (s taskStatus) terminal() bool { return s >= taskCompleted }

const (
	// taskSize is what a task counts for in bytes, besides what it holds. Its last words,
	// for example that its result was too long, find room in it.
	taskSize = 1 << 10
	// taskInputSize is what a question counts for, besides its text.
	taskInputSize = 128
	// maxTaskMessage bounds a status message in bytes.
	maxTaskMessage = 256
)

// taskInput is a question to the client, in its way through a task.
type taskInput struct {
	key     string // names it for the life of the task
	request []byte // as it stands in inputRequests: {"method":...,"params":...}
	answer  []byte // JSON; nil while it is outstanding
}

// taskRecord is one task. Only the store changes it.
type taskRecord struct {
	id      string
	status  taskStatus
	message string // for people
	isError bool   // completed, with a result that tells of an error
	created time.Time
	updated time.Time
	expires time.Time // from then on the task does not exist
	inputs  []taskInput
	waiting int    // questions that went to the client in another way
	result  []byte // of a completed task, JSON object; of a failed one its error, JSON object
	size    int    // bytes counted for it

	run *taskRun // what does the work; not the store's business
}

// taskStore holds tasks. The zero value holds none and takes none.
type taskStore struct {
	most      int // tasks
	mostBytes int // of all that they hold
	tasks     map[string]*taskRecord
	order     []*taskRecord // by expires
	bytes     int
}

// create adds a task that ends ttl from now at the latest. It returns nil if there is no
// room, or one of that id already.
func (s *taskStore) create(id string, now time.Time, ttl time.Duration) *taskRecord {
	if len(s.tasks) >= s.most || s.bytes+taskSize > s.mostBytes || s.tasks[id] != nil {
		return nil
	}
	t := &taskRecord{id: id, created: now, updated: now, expires: now.Add(ttl), size: taskSize}
	s.bytes += taskSize
	if s.tasks == nil {
		s.tasks = map[string]*taskRecord{}
	}
	s.tasks[id] = t
	i, _ := slices.BinarySearchFunc(s.order, t.expires, func(r *taskRecord, at time.Time) int { return r.expires.Compare(at) })
	s.order = slices.Insert(s.order, i, t)
	return t
}

// get returns the task with that id, nil if there is none (any more).
func (s *taskStore) get(id string, now time.Time) *taskRecord {
	t := s.tasks[id]
	if t == nil || !now.Before(t.expires) {
		return nil
	}
	return t
}

// holds reports whether t is still one of the store's.
func (s *taskStore) holds(t *taskRecord) bool { return s.tasks[t.id] == t }

// expire forgets the tasks whose time is over and returns them.
func (s *taskStore) expire(now time.Time) []*taskRecord {
	n := 0
	for n < len(s.order) && !now.Before(s.order[n].expires) {
		n++
	}
	gone := slices.Clone(s.order[:n])
	s.order = slices.Delete(s.order, 0, n)
	for _, t := range gone {
		delete(s.tasks, t.id)
		s.bytes -= t.size
		t.size = 0
	}
	return gone
}

// drop forgets t before its time.
func (s *taskStore) drop(t *taskRecord) {
	if !s.holds(t) {
		return
	}
	delete(s.tasks, t.id)
	s.order = slices.DeleteFunc(s.order, func(o *taskRecord) bool { return o == t })
	s.bytes -= t.size
	t.size = 0
}

// next returns when the next task ends; ok is false if there is none.
func (s *taskStore) next() (at time.Time, ok bool) {
	if len(s.order) == 0 {
		return time.Time{}, false
	}
	return s.order[0].expires, true
}

// take counts n more bytes for t if there is room for them.
func (s *taskStore) take(t *taskRecord, n int) bool {
	if s.bytes+n > s.mostBytes {
		return false
	}
	s.bytes += n
	t.size += n
	return true
}

// say sets the status message of a task that is not over.
func (s *taskStore) say(t *taskRecord, now time.Time, message string) {
	if !t.status.terminal() && s.holds(t) {
		t.message, t.updated = clipMessage(message), now
	}
}

// ask adds questions to t, except those whose keys were asked before, and reports
// whether there was room for them and the task goes on. Tasks "Task Update Requests": a
// key means one question for the life of a task.
func (s *taskStore) ask(t *taskRecord, now time.Time, inputs []taskInput) bool {
	if t.status.terminal() || !s.holds(t) {
		return false
	}
	var fresh []taskInput
	size := 0
	for _, in := range inputs {
		same := func(o taskInput) bool { return o.key == in.key }
		if slices.ContainsFunc(t.inputs, same) || slices.ContainsFunc(fresh, same) {
			continue
		}
		in.answer = nil
		fresh = append(fresh, in)
		size += taskInputSize + len(in.key) + len(in.request)
	}
	if !s.take(t, size) {
		return false
	}
	t.inputs = append(t.inputs, fresh...)
	s.settle(t, now)
	return true
}

// answer takes the answer to an outstanding question and reports whether there was room;
// one to any other key is ignored, as Tasks "Task Update Requests" wants it.
func (s *taskStore) answer(t *taskRecord, now time.Time, key string, value []byte) bool {
	in := t.outstanding(key)
	if in == nil || t.status.terminal() || !s.holds(t) {
		return true
	}
	if !s.take(t, len(value)) {
		return false
	}
	in.answer = value
	s.settle(t, now)
	return true
}

// wait counts questions that are on their way to the client otherwise, n more or less; it
// reports whether the status changed.
func (s *taskStore) wait(t *taskRecord, now time.Time, n int) bool {
	if t.status.terminal() || !s.holds(t) {
		return false
	}
	was := t.status
	t.waiting += n
	s.settle(t, now)
	return t.status != was
}

// outstanding returns the question of that key if it waits for its answer.
func (t *taskRecord) outstanding(key string) *taskInput {
	for i := range t.inputs {
		if in := &t.inputs[i]; in.key == key && in.answer == nil {
			return in
		}
	}
	return nil
}

// answers returns the answers to the questions of those keys, nil if one is missing.
func (t *taskRecord) answers(keys []taskInput) [][]byte {
	list := make([][]byte, len(keys))
	for i, k := range keys {
		for _, in := range t.inputs {
			if in.key == k.key {
				list[i] = in.answer
			}
		}
		if list[i] == nil {
			return nil
		}
	}
	return list
}

// settle sets the status of a task that is not over from what it waits for.
func (s *taskStore) settle(t *taskRecord, now time.Time) {
	was := t.status
	t.status = taskWorking
	if t.waiting > 0 || slices.ContainsFunc(t.inputs, func(in taskInput) bool { return in.answer == nil }) {
		t.status = taskInputRequired
	}
	if t.status != was {
		t.updated = now
	}
}

// complete ends t with its result and reports whether this was its end: one that was
// cancelled stays so. A result for which there is no room makes the task fail.
func (s *taskStore) complete(t *taskRecord, now time.Time, result []byte, isError bool) bool {
	if t.status.terminal() || !s.holds(t) {
		return false
	}
	s.end(t, now, taskCompleted)
	if !s.take(t, len(result)) {
		t.status = taskFailed
		t.message = "no memory to keep the result"
		t.result = appendErrorObject(nil, Errorf(CodeBusy, "no memory to keep a result of %d bytes", len(result)))
		return true
	}
	t.result, t.isError = result, isError
	return true
}

// fail ends t with a JSON-RPC error; see complete.
func (s *taskStore) fail(t *taskRecord, now time.Time, e *Error) bool {
	if t.status.terminal() || !s.holds(t) {
		return false
	}
	s.end(t, now, taskFailed)
	t.message = clipMessage(e.Message)
	t.result = appendErrorObject(nil, e)
	if !s.take(t, len(t.result)) {
		t.result = appendErrorObject(nil, Errorf(e.Code, "%s", clip(e.Message)))
	}
	return true
}

// cancelled ends t without result; see complete.
func (s *taskStore) cancelled(t *taskRecord, now time.Time) bool {
	if t.status.terminal() || !s.holds(t) {
		return false
	}
	s.end(t, now, taskCancelled)
	t.message = "cancelled by the client"
	return true
}

// end moves t to a status that is for good, and lets go of what only a living task needs.
func (s *taskStore) end(t *taskRecord, now time.Time, status taskStatus) {
	t.status, t.updated, t.message = status, now, ""
	t.inputs = nil
	s.bytes -= t.size - taskSize
	t.size = taskSize
}

// clipMessage bounds what a tool says of its state.
func clipMessage(m string) string {
	if len(m) > maxTaskMessage {
		return m[:maxTaskMessage]
	}
	return m
}
