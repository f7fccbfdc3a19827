package mcp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// greetings are what a client may have said before what the fuzzer makes up.
var greetings = [][]string{nil, hello("2024-11-05"), hello("2025-03-26"), hello("2025-06-18"), hello("2025-11-25")}

// newFuzzServer returns the fixture with small limits and no tool that works for long or
// panics, and tools that can be tasks.
func newFuzzServer() *Server {
	s := newFixture(&Options{PageSize: 3, Limits: Limits{
		MaxLine: 1 << 16, MaxInFlight: 8, MaxBuffered: 1 << 20, DrainTimeout: 2 * time.Minute,
		MaxTasks: 4, MaxTaskBytes: 16 << 10,
	}})
	tasks := 0 // only the reader's and calls' goroutines of one connection, under the tasks' lock
	s.tasks.newID = func() string { tasks++; return fmt.Sprint("t", tasks) }
	AddTool(s, Tool{Name: "count", Task: TaskOptional, Tighten: func(p map[string]*jsonschema.Schema) { p["n"].Maximum = jsonschema.Ptr(20.0) }},
		func(ctx context.Context, in countIn) (Text, error) {
			for i := range in.N {
				if err := Progress(ctx, float64(i+1), float64(in.N), "x"); err != nil {
					return "", err
				}
				_ = Log(ctx, slog.LevelInfo, "count", i)
			}
			return "done", nil
		})
	AddTool(s, Tool{Name: "panic"}, func(context.Context, struct{}) (Text, error) { return "not here", nil })
	AddTool(s, Tool{Name: "slow", Task: TaskOptional}, func(ctx context.Context, _ struct{}) (Text, error) {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(2 * time.Second):
			return "slow", nil
		}
	})
	AddTool(s, Tool{Name: "late", Task: TaskRequired, TaskLate: true}, func(ctx context.Context, _ struct{}) (Text, error) {
		return "late", StartTask(ctx)
	})
	return s
}

// FuzzDispatch lets a client say anything. Whatever it is, every request with an id gets
// exactly one answer, or the connection ends with a reason; every line of the server's
// is a JSON-RPC message; no handler panics; and nothing is left of the client afterwards:
// no goroutine, no byte of the budget.
//
// how: what was said before (its remainder by 5), and whether all settles after each line.
func FuzzDispatch(f *testing.F) {
	for _, lines := range append(clientLines(f), taskLines...) {
		said := []byte(strings.Join(lines, "\n"))
		f.Add(said, byte(0))
		f.Add(said, byte(5))
	}
	f.Fuzz(func(t *testing.T, said []byte, how byte) {
		if len(said) > 8<<10 {
			return
		}
		lines := append(slices.Clone(greetings[how%5]), strings.Split(string(said), "\n")...)
		synctest.Test(t, func(t *testing.T) { fuzzTalk(t, lines, how/5%2 == 1) })
	})
}

// taskLines are dialogues about tasks.
var taskLines = [][]string{
	{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow",` + withTasks + `}}`,
		`{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["t1"]},` + withTasks + `}}`,
		`{"jsonrpc":"2.0","id":3,"method":"tasks/get","params":{"taskId":"t1",` + withTasks + `}}`,
		`{"jsonrpc":"2.0","id":4,"method":"tasks/update","params":{"taskId":"t1","inputResponses":{"k":{}},` + withTasks + `}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tasks/cancel","params":{"taskId":"t1",` + withTasks + `}}`,
	},
	append(hello("2025-11-25"),
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"late","task":{"ttl":1}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tasks/result","params":{"taskId":"t1"}}`,
		`{"jsonrpc":"2.0","id":3,"method":"tasks/cancel","params":{"taskId":"t1"}}`),
}

// fuzzTalk is one conversation of FuzzDispatch.
func fuzzTalk(t *testing.T, lines []string, slowly bool) {
	s := newFuzzServer()
	heard, reason := talk(s, lines, slowly)
	err := judge(lines, heard, reason)
	if n := s.stats.panics.Load(); err == nil && n > 0 {
		err = fmt.Errorf("%d handlers panicked", n)
	}
	if e := s.Close(); err == nil && e != nil {
		err = e
	}
	synctest.Wait()
	used, work, open, kept := s.budget.used.Load(), s.atWork.Load(), len(s.openSessions()), s.tasks.store.bytes
	if err == nil && (used != 0 || work != 0 || open != 0 || kept != 0) {
		err = fmt.Errorf("%d bytes, %d calls, %d sessions and %d bytes of tasks are left", used, work, open, kept)
	}
	if err != nil {
		t.Fatalf("%v\nsaid:\n%s\nheard:\n%s\nended: %v", err, strings.Join(lines, "\n"), strings.Join(heard, "\n"), reason)
	}
}
