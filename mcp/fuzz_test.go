package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"
)

// memConn is a connection whose client has said all it will say.
type memConn struct {
	net.Conn
	in  *bytes.Reader
	out bytes.Buffer
}

func (c *memConn) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *memConn) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *memConn) Close() error                     { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzDispatch lets a client say anything after the handshake. Whatever it is, every
// line of the answer is a JSON-RPC message, and no handler panics but the one that is made to.
func FuzzDispatch(f *testing.F) {
	for _, s := range []string{
		string(benchCall),
		`{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n" + `{"jsonrpc":"2.0","id":2,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1},"_meta":{"progressToken":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"n":3},"_meta":{"progressToken":"x"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://text"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fail"}}]`,
		`{"jsonrpc":"2.0","id":0,"result":{}}` + "\n{\n[]\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, said []byte, batches bool) {
		if bytes.Contains(said, []byte("wait")) || bytes.Contains(said, []byte("panic")) || bytes.Contains(said, []byte("count")) && len(said) > 200 || bytes.Contains(said, []byte(`\u`)) {
			return // takes long by design, or panics by design
		}
		hello := append(bytes.Clone(benchInit), benchOK...)
		if batches {
			hello = bytes.Replace(hello, []byte("2025-06-18"), []byte("2025-03-26"), 1)
		}
		s := newFixture(&Options{Limits: Limits{MaxLine: 1 << 16, DrainTimeout: time.Second}})
		c := &memConn{in: bytes.NewReader(append(hello, said...))}
		_ = s.ServeConn(context.Background(), c)
		if s.stats.panics.Load() != 0 {
			t.Fatal("a handler panicked")
		}
		for line := range bytes.Lines(c.out.Bytes()) {
			if !json.Valid(line) || line[len(line)-1] != '\n' {
				t.Fatalf("sent %q", line)
			}
		}
	})
}
