package mcp

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newTaskAskFixture returns a server with tools that ask while they are tasks.
func newTaskAskFixture(opts *Options) *Server {
	s := newTaskFixture(opts)
	addTaskAsks(s)
	return s
}

func addTaskAsks(s *Server) {
	AddTool(s, Tool{Name: "one", Description: "asks for a name", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
		in, err := Elicit[nameIn](ctx, "who", "Name?")
		return Text("Hello, " + in.Name), err
	})
	AddTool(s, Tool{Name: "two", Description: "asks for two names", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
		var a, b nameIn
		if err := AskAll(ctx, AskForm("a", "A?", &a), AskForm("b", "B?", &b)); err != nil {
			return "", err
		}
		again, err := Elicit[nameIn](ctx, "a", "A?") // has its answer
		return Text(a.Name + b.Name + again.Name), err
	})
	AddTool(s, Tool{Name: "composed", Description: "asks, becomes a task, and asks again", Task: TaskRequired, TaskLate: true}, func(ctx context.Context, _ struct{}) (Text, error) {
		first, err := Elicit[nameIn](ctx, "first", "First?")
		if err != nil {
			return "", err
		}
		if err := StartTask(ctx); err != nil {
			return "", err
		}
		last, err := Elicit[nameIn](ctx, "last", "Last?")
		return Text(first.Name + " " + last.Name), err
	})
}

const canAll = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

// request makes a request as a client that takes tasks and elicitation.
func (c *client) request(method, params string) string {
	c.t.Helper()
	return c.say(`{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `,` + canAll + `}}`)
}

func answer(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, `"`+pairs[i]+`":{"action":"accept","content":{"name":"`+pairs[i+1]+`"}}`)
	}
	return `"inputResponses":{` + strings.Join(all, ",") + `}`
}

// TestTaskAsks: questions of a task are its status, and tasks/update brings the answers,
// also in part and among answers to nothing.
func TestTaskAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskAskFixture(nil)
		c, other := newClient(t, s), newClient(t, s)
		wantHeard(t, "handle", c.request("tools/call", `"name":"one"`), `"taskId":"t1","status":"working"`, `"resultType":"task"`)
		wantHeard(t, "asked", c.request("tasks/get", `"taskId":"t1"`), `"status":"input_required"`, `"inputRequests":{"who":{"method":"elicitation/create","params":{`, `"message":"Name?"`)
		wantHeard(t, "answered to nothing", c.request("tasks/update", `"taskId":"t1",`+answer("nobody", "X")), `"result":{"resultType":"complete"`)
		wantHeard(t, "still asked", c.request("tasks/get", `"taskId":"t1"`), `"status":"input_required"`)
		wantHeard(t, "listen", other.request("subscriptions/listen", `"notifications":{"taskIds":["t1"]}`), "acknowledged")
		wantHeard(t, "answered", c.request("tasks/update", `"taskId":"t1",`+answer("who", "Ada")), `"result":{"resultType":"complete"`)
		wantHeard(t, "done", c.request("tasks/get", `"taskId":"t1"`), `"status":"completed"`, "Hello, Ada")
		wantHeard(t, "heard by others", strings.Join(other.heard(), "\n"), `"status":"completed"`, "Hello, Ada")

		c.request("tools/call", `"name":"two"`)
		wantHeard(t, "two asked", c.request("tasks/get", `"taskId":"t2"`), `"inputRequests":{"a":`, `"b":`)
		c.request("tasks/update", `"taskId":"t2",`+answer("b", "B"))
		got := c.request("tasks/get", `"taskId":"t2"`)
		wantHeard(t, "one left", got, `"status":"input_required"`, `"inputRequests":{"a":`)
		if strings.Contains(got, `"b":`) {
			t.Errorf("an answered question is still there: %s", got)
		}
		c.request("tasks/update", `"taskId":"t2",`+answer("b", "late", "a", "A"))
		wantHeard(t, "both", c.request("tasks/get", `"taskId":"t2"`), `"status":"completed"`, `"text":"ABA"`)

		for i, bad := range []string{`{"who":1}`, `{"who":{"action":"shout"}}`, `{"who":{"action":"accept","content":{"name":7}}}`} {
			id := `"taskId":"t` + string('3'+byte(i)) + `"`
			c.request("tools/call", `"name":"one"`)
			c.request("tasks/update", id+`,"inputResponses":`+bad)
			wantHeard(t, bad, c.request("tasks/get", id), `"status":"failed"`, `"error":{"code":-32602,`)
		}
		c.request("tools/call", `"name":"one"`)
		c.request("tasks/update", `"taskId":"t6","inputResponses":{"who":{"action":"decline"}}`)
		wantHeard(t, "declined", c.request("tasks/get", `"taskId":"t6"`), `"status":"completed"`, `"isError":true`)
		c.request("tools/call", `"name":"one"`)
		c.request("tasks/cancel", `"taskId":"t7"`)
		wantHeard(t, "cancelled while it asks", c.request("tasks/get", `"taskId":"t7"`), `"status":"cancelled"`)
		wantHeard(t, "cannot be asked", c.ask(1, "tools/call", `"name":"one"`), `"resultType":"task"`)
		wantHeard(t, "cannot be asked", c.request("tasks/get", `"taskId":"t8"`), `"status":"failed"`, `"error":{"code":-32021,`)
		if n := s.atWork.Load(); n != 0 {
			t.Errorf("%d calls are at work", n)
		}
		c.close()
		other.close()
		s.Close()
	})
}

// TestTaskAfterAsking: a call asks in its result, becomes a task on the last round, and
// asks on as one.
func TestTaskAfterAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskAskFixture(nil)
		c := newClient(t, s)
		got := c.request("tools/call", `"name":"composed"`)
		wantHeard(t, "first round", got, `"inputRequests":{"first":`, `"resultType":"input_required"`)
		if strings.Contains(got, "taskId") || len(s.tasks.store.tasks) != 0 {
			t.Errorf("a task too early: %s", got)
		}
		_, state, _ := strings.Cut(got, `"requestState":`)
		state, _, _ = strings.Cut(state[1:], `"`)
		got = c.request("tools/call", `"name":"composed","requestState":"`+state+`",`+answer("first", "Ada"))
		wantHeard(t, "second round", got, `"taskId":"t1","status":"working"`, `"resultType":"task"`)
		if strings.Contains(got, "requestState") || strings.Contains(got, "inputRequests") {
			t.Errorf("the handle tells of rounds: %s", got)
		}
		c.request("tasks/update", `"taskId":"t1",`+answer("last", "Lovelace"))
		wantHeard(t, "done", c.request("tasks/get", `"taskId":"t1"`), `"status":"completed"`, "Ada Lovelace")
		c.close()
		s.Close()
	})
}

// TestTaskAsks2025: in 2025-11-25 the question goes to the client as a request that names
// the task, which is input_required meanwhile.
func TestTaskAsks2025(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskAskFixture(nil)
		c := newClient(t, s)
		for _, l := range hello("2025-11-25") {
			c.say(l)
		}
		got := c.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"one","task":{}}}`)
		wantHeard(t, "asked", got, `"result":{"task":{"taskId":"t1","status":"working"`, `"method":"elicitation/create"`, `"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t1"}}}`)
		wantHeard(t, "asked", got, `"method":"notifications/tasks/status","params":{"taskId":"t1","status":"input_required"`)
		wantHeard(t, "get", c.say(`{"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"taskId":"t1"}}`), `"status":"input_required"`)
		got = c.say(`{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"name":"Ada"}}}`)
		wantHeard(t, "answered", got, `"method":"notifications/tasks/status","params":{"taskId":"t1","status":"completed"`)
		wantHeard(t, "result", c.say(`{"jsonrpc":"2.0","id":3,"method":"tasks/result","params":{"taskId":"t1"}}`), "Hello, Ada")
		// The client leaves before it has answered.
		c.say(`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"one","task":{}}}`)
		c.close()
		time.Sleep(time.Minute)
		if n := s.atWork.Load(); n != 0 {
			t.Errorf("%d calls are at work", n)
		}
		s.Close()
	})
}
