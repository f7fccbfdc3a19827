package mcp

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// greetings are what a client may have said before what the fuzzer makes up.
var greetings = [][]string{nil, hello("2024-11-05"), hello("2025-03-26"), hello("2025-06-18"), hello("2025-11-25")}

// newFuzzServer returns the fixture with all its parts and small limits. No tool of it
// works for long or panics.
func newFuzzServer() *Server {
	s := newFixture(&Options{PageSize: 3, Limits: Limits{
		MaxLine: 1 << 16, MaxInFlight: 8, MaxBuffered: 1 << 20, DrainTimeout: 2 * time.Minute,
		MaxTasks: 4, MaxTaskBytes: 16 << 10, MaxState: 4 << 10, MaxSubscriptions: 8,
	}})
	addAsks(s)
	for _, name := range slices.Sorted(maps.Keys(fixtureParts)) {
		if name != "trouble" { // which panics
			fixtureParts[name](s)
		}
	}
	AddTool(s, Tool{Name: "count", Task: TaskOptional, Tighten: func(p map[string]*jsonschema.Schema) { p["n"].Maximum = Ptr(20.0) }},
		func(ctx context.Context, in countIn) (Text, error) {
			for i := range in.N {
				if err := Progress(ctx, float64(i+1), float64(in.N), "x"); err != nil {
					return "", err
				}
				_ = Log(ctx, slog.LevelInfo, "count", i)
			}
			return "done", nil
		})
	for name := range s.catalog.Load().tools {
		if strings.Contains(name, "panic") {
			AddTool(s, Tool{Name: name}, func(context.Context, struct{}) (Text, error) { return "not here", nil })
		}
	}
	return s
}

// FuzzDispatch lets a client say anything. Whatever it is, every request with an id gets
// exactly one answer, or the connection ends with a reason; every line of the server's
// is a JSON-RPC message; no handler panics; and nothing is left of the client afterwards:
// no goroutine, no byte of the budget.
//
// how: what was said before (its remainder by 5), and whether all settles after each line.
func FuzzDispatch(f *testing.F) {
	for _, lines := range clientLines(f) {
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

// FuzzMixed puts conversations together from lines of all golden dialogues, two bytes a
// line: both eras on one connection, ids used over and over, answers to nothing. See
// FuzzDispatch for how and for what must hold.
func FuzzMixed(f *testing.F) {
	var pool []string
	for _, lines := range clientLines(f) {
		pool = append(pool, lines...)
	}
	slices.Sort(pool)
	pool = slices.Compact(pool)
	rnd := rand.New(rand.NewPCG(1, 2))
	for how := range byte(10) {
		picks := make([]byte, 100)
		for i := range picks {
			picks[i] = byte(rnd.Uint32())
		}
		f.Add(picks, how)
	}
	f.Fuzz(func(t *testing.T, picks []byte, how byte) {
		lines := slices.Clone(greetings[how%5])
		for i := 0; i+1 < len(picks) && i < 200; i += 2 {
			lines = append(lines, pool[(int(picks[i])<<8|int(picks[i+1]))%len(pool)])
		}
		synctest.Test(t, func(t *testing.T) { fuzzTalk(t, lines, how/5%2 == 1) })
	})
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
	time.Sleep(time.Minute) // some handlers are slow to notice
	synctest.Wait()
	used, work, open, kept := s.budget.used.Load(), s.atWork.Load(), len(s.openSessions()), s.tasks.store.bytes
	if err == nil && (used != 0 || work != 0 || open != 0 || kept != 0) {
		err = fmt.Errorf("%d bytes, %d calls, %d sessions and %d bytes of tasks are left", used, work, open, kept)
	}
	if err != nil {
		t.Fatalf("%v\nsaid:\n%s\nheard:\n%s\nended: %v", err, strings.Join(lines, "\n"), strings.Join(heard, "\n"), reason)
	}
}
