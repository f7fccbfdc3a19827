package mcp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestListenersShareAGoroutine: a client that listens many times over and does not read
// costs one goroutine when something happens, not one each time.
func TestListenersShareAGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const listeners = 60
		s := newFixture(nil)
		conn, ended := pipe(t, s)
		r := bufio.NewReader(conn)
		go func() {
			for i := range listeners {
				_, _ = conn.Write([]byte(listenAll(fmt.Sprint(i+1), 1)))
			}
		}()
		hear := func(n int, what string) {
			t.Helper()
			for range n {
				if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, what) {
					t.Fatalf("%q, %v, want %q", line, err, what)
				}
			}
		}
		hear(listeners, "acknowledged")
		synctest.Wait()
		before := runtime.NumGoroutine()
		s.addTool(s.catalog.Load().tools["echo"])
		s.ResourceUpdated("test://0")
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 2 {
			t.Errorf("%d more goroutines for %d listeners", n, listeners)
		}
		hear(2*listeners, "subscriptionId")
		conn.Close()
		<-ended
	})
}

// TestUpdateIsBounded: MaxState holds for what tasks/update brings, too.
func TestUpdateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskAskFixture(&Options{Limits: Limits{MaxState: 1000}})
		c := newClient(t, s)
		c.request("tools/call", `"name":"one"`)
		wantHeard(t, "too long", c.request("tasks/update", `"taskId":"t1",`+answer("who", strings.Repeat("x", 1000))), `"code":-32602`)
		c.request("tasks/update", `"taskId":"t1",`+answer("who", "Ada"))
		wantHeard(t, "then", c.request("tasks/get", `"taskId":"t1"`), "Hello, Ada")
		c.close()
		s.Close()
	})
}

// TestStartTaskMistakes: a function that goes on after a question becomes no task, since what
// it does is thrown away; one that calls StartTask twice at a time, or when it has returned,
// makes one task and gets one answer.
func TestStartTaskMistakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		AddTool(s, Tool{Name: "ignores", Task: TaskRequired, TaskLate: true}, func(ctx context.Context, _ struct{}) (Text, error) {
			_, _ = Elicit[nameIn](ctx, "who", "Name?")
			return "", StartTask(ctx)
		})
		errs := make(chan error, 8)
		AddTool(s, Tool{Name: "often", Task: TaskRequired, TaskLate: true}, func(ctx context.Context, _ struct{}) (Text, error) {
			for range 8 {
				go func() { errs <- StartTask(ctx) }()
			}
			for range 8 {
				<-errs
			}
			return "done", nil
		})
		c := newClient(t, s)
		got := c.request("tools/call", `"name":"ignores"`)
		wantHeard(t, "asked", got, `"inputRequests":{"who":`, `"resultType":"input_required"`)
		if strings.Contains(got, "taskId") {
			t.Errorf("a task: %s", got)
		}
		for range 20 {
			got := c.request("tools/call", `"name":"often"`)
			if n := strings.Count(got, `"jsonrpc"`); n != 1 || !strings.Contains(got, `"resultType":"task"`) {
				t.Fatalf("%d answers: %s", n, got)
			}
		}
		if n := len(s.tasks.store.tasks); n != 20 {
			t.Errorf("%d tasks, want 20", n)
		}
		c.close()
		s.Close()
	})
}

// TestWaitingForTasksIsBounded: those who wait for results leave half of all places to those
// who work.
func TestWaitingForTasksIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(&Options{Limits: Limits{MaxCalls: 8}})
		c := newClient(t, s)
		for _, l := range hello("2025-11-25") {
			c.say(l)
		}
		c.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow","task":{}}}`)
		var got string
		for i := range 6 {
			got += c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tasks/result","params":{"taskId":"t1"}}`, i+2))
		}
		if n := strings.Count(got, `"code":-31000`); n != 2 {
			t.Errorf("%d were refused, want 2: %s", n, got)
		}
		wantHeard(t, "work", c.say(`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"plain"}}`), `"plain"`)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := strings.Count(strings.Join(c.heard(), "\n"), `"text":"slow"`); n != 4 || s.waiting.Load() != 0 {
			t.Errorf("%d results, want 4; %d wait", n, s.waiting.Load())
		}
		c.close()
		s.Close()
	})
}

// TestNoProgressOfEndedTask: MCP 2025-11-25 basic/utilities/tasks "Associating Task-Related
// Messages": progress stops when the task is over, whatever its function does.
func TestNoProgressOfEndedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		cancelled := make(chan error, 1)
		AddTool(s, Tool{Name: "stubborn", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
			<-ctx.Done()
			cancelled <- Progress(ctx, 1, 2, "still here")
			return "", nil
		})
		c := newClient(t, s)
		for _, l := range hello("2025-11-25") {
			c.say(l)
		}
		c.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stubborn","task":{},"_meta":{"progressToken":"p"}}}`)
		got := c.say(`{"jsonrpc":"2.0","id":2,"method":"tasks/cancel","params":{"taskId":"t1"}}`)
		if err := <-cancelled; err == nil || strings.Contains(got, "still here") {
			t.Errorf("%v, heard %s", err, got)
		}
		c.close()
		s.Close()
	})
}

// TestReusedID: a call that was cancelled while it became a task leaves the id alone that
// another request has by then.
func TestReusedID(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	s := newSession(context.Background(), newFixture(nil), server)
	first, second := &call{sess: s, id: []byte("1")}, &call{sess: s, id: []byte("1")}
	s.calls["1"] = first
	s.removeCall(first)
	s.calls["1"] = second
	s.removeCall(first)
	if s.calls["1"] != second {
		t.Error("the id of another call was removed")
	}
}
