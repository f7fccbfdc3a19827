package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
)

// answer plays a guest that answers each request by f, which the official SDK's
// server would not do.
func answer(f func(method string, n int) string) *fakeGuest {
	g := newFakeGuest()
	g.raw = func(c net.Conn) {
		defer c.Close()
		for in, n := bufio.NewScanner(c), 0; in.Scan(); n++ {
			var m struct {
				ID     json.RawMessage
				Method string
			}
			if json.Unmarshal(in.Bytes(), &m) != nil || m.ID == nil {
				continue
			}
			if _, err := fmt.Fprintf(c, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", m.ID, f(m.Method, n)); err != nil {
				return
			}
		}
	}
	return g
}

// A guest whose list of tools has pages without end, and nothing on them.
func TestEndlessPagesAreRefused(t *testing.T) {
	g := answer(func(method string, n int) string {
		if method == "initialize" {
			return `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}`
		}
		return fmt.Sprintf(`{"tools":[],"nextCursor":"%d"}`, n)
	})
	got := runApp(context.Background(), t, g, "", "tools")
	if got.code != exitFailed || !strings.Contains(got.err, "more than 1000 pages") {
		t.Errorf("exit code %d, %q", got.code, got.err)
	}
}

// A guest that reports text without end.
func TestEndlessTextIsRefused(t *testing.T) {
	g := newFakeGuest()
	g.pieces = nil
	for range maxText>>20 + 2 {
		g.pieces = append(g.pieces, strings.Repeat("x", 1<<20))
	}
	got := runApp(context.Background(), t, g, "", "generate", "x")
	if got.code != exitFailed || !strings.Contains(got.err, "of text") {
		t.Errorf("exit code %d, %.200q", got.code, got.err)
	}
}

// JSON lets DEL and C1 control characters stand for themselves; a terminal takes
// U+009B for the start of an escape sequence.
func TestJSONHasNoControlCharacters(t *testing.T) {
	want := map[string]string{"k\u009b31m": "a\x7fb\u0085c\x1b\nd é"}
	var out bytes.Buffer
	if err := printJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(out.String(), "\n", "")
	if text != printable(text) {
		t.Errorf("control characters in %q", text)
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["k\u009b31m"] != want["k\u009b31m"] {
		t.Errorf("%q means %q, %v", out.String(), got, err)
	}
}
