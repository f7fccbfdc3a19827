package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// TestLongLinesAreForgotten: a connection that has had a long message holds nothing of it
// once it is answered, whatever the message was: the budget counts it no longer. Nor of a
// long answer.
func TestLongLinesAreForgotten(t *testing.T) {
	const size, times = 1 << 20, 16
	long := strings.Repeat("x", size)
	for _, c := range []struct{ name, line string }{
		{"inline tool", strings.Replace(string(benchCall), "0123456789abcdef", long, 1)},
		{"tool", strings.Replace(strings.Replace(string(benchCall), "0123456789abcdef", long, 1), `"echo"`, `"fail"`, 1)},
		{"stateless", modern("7", "tools/call", `"name":"echo","arguments":{"text":"`+long+`"},`)},
		{"method of the engine", `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"x":"` + long + `"}}` + "\n"},
		{"unknown method", `{"jsonrpc":"2.0","id":7,"method":"x","params":{"x":"` + long + `"}}` + "\n"},
		{"notification", `{"jsonrpc":"2.0","method":"x","params":{"x":"` + long + `"}}` + "\n" + `{"jsonrpc":"2.0","id":7,"method":"ping"}` + "\n"},
		{"long list", strings.Replace(`{"jsonrpc":"2.0","id":7,"method":"tools/list"}`, "}", "}\n", 1)},
		{"bad", `{"jsonrpc":"2.0","id":7,"method":"x","params":"` + long + `"}` + "\n"},
	} {
		s := newFixture(&Options{PageSize: 1000})
		if c.name == "long list" {
			for i := range 64 {
				AddTool(s, Tool{Name: fmt.Sprint(i), Description: long[:size/64]}, func(context.Context, struct{}) (Text, error) { return "", nil })
			}
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range times {
			conn, _ := pipe(t, s)
			r := rawClient(t, conn)
			go func() { _, _ = io.WriteString(conn, c.line) }()
			for answered := false; !answered; { // ReadSlice, so that the client holds nothing either
				part, err := r.ReadSlice('\n')
				answered = bytes.HasSuffix(part, []byte("\n"))
				if err != nil && len(part) == 0 {
					t.Fatal(err)
				}
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapInuse) - int64(before.HeapInuse); held > 4*size {
			t.Errorf("%s: %d connections at rest hold %d KiB", c.name, times, held>>10)
		}
		s.Close()
	}
}
