package mcp

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newTaskFixture returns a server with tools that can be tasks.
func newTaskFixture(opts *Options) *Server {
	s := NewServer(Implementation{Name: "tasks", Version: "1"}, opts)
	addTasks(s)
	AddTool(s, Tool{Name: "panic", Task: TaskOptional}, func(context.Context, struct{}) (Text, error) { panic("a bug") })
	AddTool(s, Tool{Name: "deaf", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
		time.Sleep(time.Hour)
		return "too late", nil
	})
	return s
}

// addTasks adds tools that can be tasks. The ids of tasks are t1, t2, ... from then on.
func addTasks(s *Server) {
	n := 0 // newID is called under the lock of the tasks
	s.tasks.newID = func() string { n++; return fmt.Sprint("t", n) }
	AddTool(s, Tool{Name: "plain", Description: "is no task"}, func(context.Context, struct{}) (Text, error) { return "plain", nil })
	AddTool(s, Tool{Name: "slow", Description: "takes 2 s", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
		_ = Progress(ctx, 1, 2, "half")
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(2 * time.Second):
			return "slow", nil
		}
	})
	AddTool(s, Tool{Name: "must", Description: "fails", Task: TaskRequired}, func(context.Context, struct{}) (Text, error) { return "", fmt.Errorf("did not work") })
	AddTool(s, Tool{Name: "faulty", Description: "answers with a JSON-RPC error", Task: TaskOptional},
		func(context.Context, struct{}) (Text, error) { return "", Errorf(7, "broken") })
	AddTool(s, Tool{Name: "late", Description: "is a task from its second step on", Task: TaskRequired, TaskLate: true},
		func(ctx context.Context, in textIn) (Text, error) {
			if in.Text == "early" {
				return "no task", nil
			}
			if err := StartTask(ctx); err != nil {
				return "", err
			}
			time.Sleep(time.Second)
			return Text(in.Text), StartTask(ctx)
		})
	AddTool(s, Tool{Name: "big", Description: "returns 10 KiB", Task: TaskOptional},
		func(context.Context, struct{}) (Text, error) { return Text(strings.Repeat("x", 10<<10)), nil })
}

const (
	withTasks = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`
	noTasks   = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
)

// client speaks to a server in a bubble of synctest.
type client struct {
	t     *testing.T
	c     net.Conn
	heard func() []string
	ended <-chan error
}

func newClient(t *testing.T, s *Server) *client {
	c, ended := pipe(t, s)
	return &client{t, c, listen(c), ended}
}

// say sends a message and returns all that was heard since, when everything is quiet.
func (c *client) say(line string) string {
	c.t.Helper()
	if _, err := c.c.Write([]byte(line + "\n")); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
	return strings.Join(c.heard(), "\n")
}

// ask makes a request of that method with those params, which lack the _meta, as a client
// that takes tasks.
func (c *client) ask(id int, method, params string) string {
	c.t.Helper()
	return c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{%s,%s}}`, id, method, params, withTasks))
}

// wantHeard checks that got holds all of want, in that order.
func wantHeard(t *testing.T, what, got string, want ...string) {
	t.Helper()
	rest := got
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("%s: heard\n%s\nwant %s", what, got, w)
			return
		}
		rest = after
	}
}

func (c *client) close() {
	c.c.Close()
	<-c.ended
}

// TestTaskByExtension: one task of each kind, from its handle to its end, in the
// extension of 2026-07-28.
func TestTaskByExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c := newClient(t, s)
		wantHeard(t, "discover", c.ask(1, "server/discover", `"x":1`), `"extensions":{"io.modelcontextprotocol/tasks":{}}`)
		got := c.ask(2, "tools/call", `"name":"slow"`)
		wantHeard(t, "handle", got, `"id":2,"result":{"taskId":"t1","status":"working",`, `"ttlMs":600000,"pollIntervalMs":500`, `"resultType":"task"`)
		if strings.Contains(got, `"result":{"content"`) || strings.Count(got, "\n") > 0 {
			t.Errorf("handle: heard %s", got)
		}
		wantHeard(t, "working", c.ask(3, "tasks/get", `"taskId":"t1"`), `"status":"working","statusMessage":"half"`, `"resultType":"complete"`)
		time.Sleep(3 * time.Second)
		wantHeard(t, "completed", c.ask(4, "tasks/get", `"taskId":"t1"`),
			`"status":"completed"`, `"result":{"content":[{"type":"text","text":"slow"}],"resultType":"complete"`, `"resultType":"complete"`)
		for i, x := range []struct{ tool, want string }{
			{"must", `"status":"completed"`}, {"faulty", `"error":{"code":7,"message":"broken"}`}, {"panic", `"error":{"code":-32603,"message":"internal error"}`},
		} {
			wantHeard(t, x.tool, c.ask(5, "tools/call", `"name":"`+x.tool+`"`), `"resultType":"task"`)
			wantHeard(t, x.tool, c.ask(6, "tasks/get", fmt.Sprintf(`"taskId":"t%d"`, i+2)), x.want)
		}
		wantHeard(t, "tool error", c.ask(7, "tasks/get", `"taskId":"t2"`), `"result":{"content":[{"type":"text","text":"did not work"}],"isError":true`)
		wantHeard(t, "plain tool", c.ask(8, "tools/call", `"name":"plain","task":{"ttl":1}`), `"text":"plain"`, `"resultType":"complete"`)
		wantHeard(t, "late, early", c.ask(9, "tools/call", `"name":"late","arguments":{"text":"early"}`), `"text":"no task"`, `"resultType":"complete"`)
		wantHeard(t, "late", c.ask(10, "tools/call", `"name":"late","arguments":{"text":"later"}`), `"taskId":"t5"`, `"resultType":"task"`)
		time.Sleep(2 * time.Second)
		wantHeard(t, "late", c.ask(11, "tasks/get", `"taskId":"t5"`), `"text":"later"`)
		c.close()
		s.Close()
	})
}

// TestTaskCancel: a cancelled task stops and stays cancelled; cancelling again is no error
// in the extension.
func TestTaskCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c := newClient(t, s)
		c.ask(1, "tools/call", `"name":"slow"`)
		c.say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
		wantHeard(t, "the request is over", c.ask(2, "tasks/get", `"taskId":"t1"`), `"status":"working"`)
		for range 2 {
			got := c.ask(3, "tasks/cancel", `"taskId":"t1"`)
			wantHeard(t, "cancel", got, `"result":{"resultType":"complete"`)
			if strings.Contains(got, "taskId") {
				t.Errorf("cancel: heard %s", got)
			}
		}
		wantHeard(t, "cancelled", c.ask(4, "tasks/get", `"taskId":"t1"`), `"status":"cancelled"`)
		if n := s.atWork.Load(); n != 0 {
			t.Errorf("%d calls are at work", n)
		}
		c.ask(5, "tools/call", `"name":"deaf"`)
		c.ask(6, "tasks/cancel", `"taskId":"t2"`)
		time.Sleep(2 * time.Minute)
		wantHeard(t, "deaf", c.ask(7, "tasks/get", `"taskId":"t2"`), `"status":"cancelled"`)
		c.close()
		s.Close()
		time.Sleep(2 * time.Hour) // deaf hears nothing
	})
}

// TestTaskOutlivesConnection: a task goes on without the connection that made it, and
// another one can have its result.
func TestTaskOutlivesConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c := newClient(t, s)
		c.ask(1, "tools/call", `"name":"slow"`)
		c.close()
		if len(s.openSessions()) != 0 {
			t.Error("the connection waits for its task")
		}
		time.Sleep(5 * time.Second)
		c = newClient(t, s)
		wantHeard(t, "from another connection", c.ask(1, "tasks/get", `"taskId":"t1"`), `"status":"completed"`, `"text":"slow"`)
		time.Sleep(10 * time.Minute)
		c.close()
		c = newClient(t, s)
		wantHeard(t, "after its time", c.ask(2, "tasks/get", `"taskId":"t1"`), `"id":2,"error":{"code":-32602`)
		c.close()
		s.Close()
	})
}

// TestTaskTimeToLive: a task that never ends is cancelled when its time is over.
func TestTaskTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(&Options{Limits: Limits{TaskTTL: time.Minute}})
		stopped := make(chan error, 1)
		AddTool(s, Tool{Name: "forever", Task: TaskRequired}, func(ctx context.Context, _ struct{}) (Text, error) {
			<-ctx.Done()
			stopped <- ctx.Err()
			return "", ctx.Err()
		})
		c := newClient(t, s)
		for _, l := range hello("2025-11-25") {
			c.say(l)
		}
		c.ask(1, "tools/call", `"name":"forever"`)
		if got := c.say(`{"jsonrpc":"2.0","id":"r","method":"tasks/result","params":{"taskId":"t1"}}`); got != "" {
			t.Errorf("result did not wait: %s", got)
		}
		time.Sleep(59 * time.Second)
		wantHeard(t, "in time", c.ask(2, "tasks/get", `"taskId":"t1"`), `"status":"working"`)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantHeard(t, "who waits for its result", strings.Join(c.heard(), "\n"), `"id":"r","error":{"code":-32602,`)
		select {
		case <-stopped:
		default:
			t.Error("the function still works")
		}
		if len(s.tasks.store.tasks) != 0 || s.tasks.store.bytes != 0 || s.atWork.Load() != 0 {
			t.Errorf("%d tasks, %d bytes, %d calls are left", len(s.tasks.store.tasks), s.tasks.store.bytes, s.atWork.Load())
		}
		c.close()
		s.Close()
	})
}

// TestTaskLimits: what finds no room becomes an ordinary call, or is refused.
func TestTaskLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(&Options{Limits: Limits{MaxTasks: 2, MaxTaskBytes: 14 << 10}})
		c := newClient(t, s)
		wantHeard(t, "first", c.ask(1, "tools/call", `"name":"big"`), `"resultType":"task"`)
		wantHeard(t, "second", c.ask(2, "tools/call", `"name":"big"`), `"resultType":"task"`)
		wantHeard(t, "first fits", c.ask(3, "tasks/get", `"taskId":"t1"`), `"status":"completed"`)
		wantHeard(t, "second does not", c.ask(4, "tasks/get", `"taskId":"t2"`), `"status":"failed"`, `"error":{"code":-31000,`)
		wantHeard(t, "full, optional", c.ask(5, "tools/call", `"name":"big"`), `"text":"xxxx`, `"resultType":"complete"`)
		wantHeard(t, "long arguments", c.ask(7, "tools/call", `"name":"late","arguments":{"text":"`+strings.Repeat("x", 14<<10)+`"}`), `"error":{"code":-31000,`)
		wantHeard(t, "full, required", c.ask(6, "tools/call", `"name":"must"`), `"error":{"code":-31000,`)
		c.close()
		s.Close()
		if len(s.tasks.store.tasks) != 0 || s.tasks.store.bytes != 0 {
			t.Errorf("%d tasks, %d bytes are left", len(s.tasks.store.tasks), s.tasks.store.bytes)
		}
	})
}

// TestTaskNegotiation: who gets a task and who does not, in each revision.
func TestTaskNegotiation(t *testing.T) {
	missing := `"error":{"code":-32021,"message":"the client has not declared a capability that this request needs","data":{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}`
	call := func(tool, more string) string {
		return `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"` + tool + `"` + more + `}}`
	}
	about := func(method, more string) string {
		return `{"jsonrpc":"2.0","id":9,"method":"` + method + `","params":{"taskId":"no","inputResponses":{}` + more + `}}`
	}
	for _, c := range []struct{ name, version, line, want string }{
		{"optional, not declared", "", call("slow", ","+noTasks), `"text":"slow"`},
		{"required, not declared", "", call("must", ","+noTasks), missing},
		{"get, not declared", "", about("tasks/get", ","+noTasks), missing},
		{"update, not declared", "", about("tasks/update", ","+noTasks), missing},
		{"cancel, not declared", "", about("tasks/cancel", ","+noTasks), missing},
		{"get, unknown", "", about("tasks/get", ","+withTasks), `"error":{"code":-32602,`},
		{"update, unknown", "", about("tasks/update", ","+withTasks), `"error":{"code":-32602,`},
		{"cancel, unknown", "", about("tasks/cancel", ","+withTasks), `"error":{"code":-32602,`},
		{"result is gone", "", about("tasks/result", ","+withTasks), `"error":{"code":-32601,`},
		{"list is gone", "", about("tasks/list", ","+withTasks), `"error":{"code":-32601,`},
		{"id is no string", "", `{"jsonrpc":"2.0","id":9,"method":"tasks/get","params":{"taskId":7,` + withTasks + `}}`, `"error":{"code":-32602,`},
		{"no id", "", `{"jsonrpc":"2.0","id":9,"method":"tasks/get","params":{` + withTasks + `}}`, `"error":{"code":-32602,`},
		{"long id", "", `{"jsonrpc":"2.0","id":9,"method":"tasks/get","params":{"taskId":"` + strings.Repeat("x", 10000) + `",` + withTasks + `}}`, `"error":{"code":-32602,`},
		{"answers no object", "", `{"jsonrpc":"2.0","id":9,"method":"tasks/update","params":{"taskId":"no","inputResponses":[],` + withTasks + `}}`, `"error":{"code":-32602,`},
		{"2025-11-25, not asked for", "2025-11-25", call("slow", ""), `"text":"slow"`},
		{"2025-11-25, asked for", "2025-11-25", call("slow", `,"task":{"ttl":1}`), `"result":{"task":{"taskId":"t1","status":"working",`},
		{"2025-11-25, forbidden", "2025-11-25", call("plain", `,"task":{}`), `"error":{"code":-32601,`},
		{"2025-11-25, required", "2025-11-25", call("must", ""), `"error":{"code":-32601,`},
		{"2025-11-25, task no object", "2025-11-25", call("slow", `,"task":true`), `"error":{"code":-32602,`},
		{"2025-11-25, ttl no number", "2025-11-25", call("slow", `,"task":{"ttl":"1"}`), `"error":{"code":-32602,`},
		{"2025-11-25, list", "2025-11-25", about("tasks/list", ""), `"error":{"code":-32601,`},
		{"2025-11-25, update", "2025-11-25", about("tasks/update", ""), `"error":{"code":-32601,`},
		{"2025-06-18, asked for", "2025-06-18", call("slow", `,"task":{}`), `"text":"slow"`},
		{"2025-06-18, required", "2025-06-18", call("must", ""), `"error":{"code":-32601,`},
		{"2025-06-18, get", "2025-06-18", about("tasks/get", ""), `"error":{"code":-32601,`},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newTaskFixture(nil)
			cl := newClient(t, s)
			if c.version != "" {
				for _, l := range hello(c.version) {
					cl.say(l)
				}
			}
			got := cl.say(c.line)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			wantHeard(t, c.name, got+strings.Join(cl.heard(), "\n"), `"id":9,`, c.want)
			cl.close()
			s.Close()
		})
	}
}

// TestTask2025: the experimental form of 2025-11-25.
func TestTask2025(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c := newClient(t, s)
		about := func(id int, method string) string {
			return c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{"taskId":"t1"}}`, id, method))
		}
		lines := hello("2025-11-25")
		wantHeard(t, "handshake", c.say(lines[0]), `"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}`)
		c.say(lines[1])
		wantHeard(t, "list", c.say(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`),
			`"name":"late"`, `"execution":{"taskSupport":"required"}`, `"name":"slow"`, `"execution":{"taskSupport":"optional"}`)
		got := c.say(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"slow","task":{"ttl":120000},"_meta":{"progressToken":"p"}}}`)
		wantHeard(t, "handle", got, `{"jsonrpc":"2.0","id":2,"result":{"task":{"taskId":"t1","status":"working",`, `"ttl":120000,"pollInterval":500}}}`,
			`"progressToken":"p","progress":1,"total":2,"message":"half","_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t1"}}`)
		wantHeard(t, "get", about(3, "tasks/get"), `"result":{"taskId":"t1","status":"working","statusMessage":"half",`)
		if got := about(4, "tasks/result"); got != "" {
			t.Errorf("result did not wait: %s", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		wantHeard(t, "end", strings.Join(c.heard(), "\n"), `"method":"notifications/tasks/status","params":{"taskId":"t1","status":"completed",`)
		wantHeard(t, "result", about(5, "tasks/result"), `"result":{"content":[{"type":"text","text":"slow"}],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t1"}}}`)
		wantHeard(t, "cancel what is over", about(6, "tasks/cancel"), `"error":{"code":-32602,`)
		wantHeard(t, "tool error", c.say(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"must","task":{}}}`), `"task":{"taskId":"t2"`)
		wantHeard(t, "tool error", c.say(`{"jsonrpc":"2.0","id":8,"method":"tasks/get","params":{"taskId":"t2"}}`), `"status":"failed"`)
		wantHeard(t, "tool error", c.say(`{"jsonrpc":"2.0","id":8,"method":"tasks/result","params":{"taskId":"t2"}}`), `"isError":true`)
		c.say(`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"faulty","task":{}}}`)
		wantHeard(t, "error", c.say(`{"jsonrpc":"2.0","id":10,"method":"tasks/result","params":{"taskId":"t3"}}`), `"id":10,"error":{"code":7,"message":"broken"}`)
		c.say(`{"jsonrpc":"2.0","id":11,"method":"tools/call","params":{"name":"slow","task":{}}}`)
		wantHeard(t, "cancel", c.say(`{"jsonrpc":"2.0","id":12,"method":"tasks/cancel","params":{"taskId":"t4"}}`), `"result":{"taskId":"t4","status":"cancelled",`)
		wantHeard(t, "result of cancelled", c.say(`{"jsonrpc":"2.0","id":13,"method":"tasks/result","params":{"taskId":"t4"}}`), `"id":13,"error":{"code":-32600,`)
		c.close()
		s.Close()
	})
}

// TestTaskListen: who listens to a task hears all of it when it changes, from any
// connection.
func TestTaskListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c, other := newClient(t, s), newClient(t, s)
		c.ask(1, "tools/call", `"name":"slow"`)
		wantHeard(t, "listen", other.ask(1, "subscriptions/listen", `"notifications":{"taskIds":["t1"]}`), `"notifications":{"taskIds":["t1"]}`)
		wantHeard(t, "listen, not declared", other.say(`{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["t1"]},`+noTasks+`}}`), `"id":2,"error":{"code":-32021,`)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		wantHeard(t, "completed", strings.Join(other.heard(), "\n"), `"method":"notifications/tasks","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"taskId":"t1","status":"completed",`, `"text":"slow"`)
		c.close()
		other.close()
		s.Close()
	})
}

// TestTaskClosesWithServer: nothing works on when the server has been closed.
func TestTaskClosesWithServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTaskFixture(nil)
		c, server := net.Pipe()
		over := make(chan error, 1)
		go func() { over <- s.ServeConn(context.Background(), server) }()
		r := bufio.NewReader(c)
		go func() {
			_, _ = c.Write([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow",` + withTasks + `}}` + "\n"))
		}()
		if l, err := r.ReadString('\n'); err != nil || !strings.Contains(l, `"resultType":"task"`) {
			t.Fatal(l, err)
		}
		c.Close()
		<-over
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := s.atWork.Load(); n != 0 {
			t.Errorf("%d calls are at work", n)
		}
	})
}

// hello is the handshake of a client that can do everything.
func hello(version string) []string {
	return []string{
		`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"` + version +
			`","capabilities":{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{"listChanged":true}},"clientInfo":{"name":"f","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	}
}

// TestTaskListenHoldsNoMemory: a long result for many who listen and do not read holds no
// more than the budget.
func TestTaskListenHoldsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, listeners = 100 << 10, 20
		s := newTaskFixture(&Options{Limits: Limits{MaxBuffered: 4 * size}})
		AddTool(s, Tool{Name: "huge", Task: TaskRequired}, func(context.Context, struct{}) (Text, error) {
			time.Sleep(time.Second)
			return Text(strings.Repeat("x", size)), nil
		})
		c := newClient(t, s)
		c.ask(1, "tools/call", `"name":"huge"`)
		var over []<-chan error
		for range listeners {
			conn, ended := pipe(t, s)
			over = append(over, ended)
			r := bufio.NewReader(conn)
			go func() {
				_, _ = fmt.Fprintf(conn, `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["t1"]},%s}}`+"\n", withTasks)
			}()
			if l, err := r.ReadString('\n'); err != nil || !strings.Contains(l, "acknowledged") {
				t.Fatal(l, err)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if used := s.budget.used.Load(); used < 2*size || used > 4*size {
			t.Errorf("%d bytes of the budget in use, want 2 or 3 results", used)
		}
		time.Sleep(time.Minute)
		slow := 0
		for _, ended := range over {
			select {
			case <-ended:
				slow++
			default: // was sent nothing
			}
		}
		// Each listener holds some bytes of the budget for its topic.
		if used := s.budget.used.Load(); slow == 0 || slow > 3 || used > (listeners-int64(slow))*1000 {
			t.Errorf("%d slow clients were cut off, %d bytes of the budget are in use", slow, used)
		}
		wantHeard(t, "who asks", c.ask(2, "tasks/get", `"taskId":"t1"`), `"status":"completed"`)
		c.close()
		s.Close()
	})
}
