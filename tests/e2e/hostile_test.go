package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// A raw is a client that sends what it likes.
type raw struct {
	net.Conn
	in *bufio.Reader
}

func dialRaw(t *testing.T, d guest.Dialer) *raw {
	t.Helper()
	c := guest.Dial(t, d)
	if err := c.SetDeadline(time.Now().Add(2 * guest.Limit)); err != nil {
		t.Fatal(err)
	}
	return &raw{c, bufio.NewReader(c)}
}

// say sends a line.
func (r *raw) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(r, line+"\n"); err != nil {
		t.Fatalf("send %.80q: %v", line, err)
	}
}

// A reply is what matters of a response.
type reply struct {
	ID     any
	Result json.RawMessage
	Error  *rpcError
}

// An rpcError is the error of a JSON-RPC response; its JSON form is its text.
type rpcError struct {
	Code    int
	Message string
}

func (e *rpcError) String() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// hear reads a message. The error is io.EOF when the guest has hung up.
func (r *raw) hear() (reply, error) {
	line, err := r.in.ReadBytes('\n')
	if err != nil {
		return reply{}, err
	}
	var m reply
	if err := json.Unmarshal(line, &m); err != nil {
		return reply{}, fmt.Errorf("guest sent %.80q: %w", line, err)
	}
	return m, nil
}

// greet does the handshake.
func (r *raw) greet(t *testing.T) {
	t.Helper()
	r.say(t, initialize)
	if m, err := r.hear(); err != nil || m.Error != nil {
		t.Fatalf("initialize: %+v, %v", m, err)
	}
	r.say(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// nextServed checks that the guest serves a new client.
func nextServed(t *testing.T) {
	t.Helper()
	echo(t, guest.Session(t, theGuest(t), "", nil), "still here")
}

func TestGarbageGetsErrors(t *testing.T) {
	tests := []struct {
		name, line string
		code       int // of the error
	}{
		{"text", "hello", -32700},
		{"half an object", `{"jsonrpc":"2.0","id":5`, -32700},
		{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"\xff\"}", -32700},
		{"number", "7", -32600},
		{"no method", `{"jsonrpc":"2.0","id":5}`, -32600},
		{"wrong version", `{"jsonrpc":"1.0","id":5,"method":"ping"}`, -32600},
		{"unknown method", `{"jsonrpc":"2.0","id":5,"method":"fly"}`, -32601},
		{"wrong parameters", `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":7}}`, -32602},
		{"deep", strings.Repeat("[", 100000), 0}, // refused for either reason
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := dialRaw(t, theGuest(t))
			r.greet(t)
			r.say(t, tt.line)
			m, err := r.hear()
			if err != nil || m.Error == nil || tt.code != 0 && m.Error.Code != tt.code || m.Error.Message == "" {
				t.Fatalf("%.80q was answered with %+v, %v, want error %d", tt.line, m, err, tt.code)
			}
			r.say(t, `{"jsonrpc":"2.0","id":6,"method":"ping"}`)
			if m, err := r.hear(); err != nil || m.Error != nil {
				t.Errorf("ping after it: %+v, %v", m, err)
			}
		})
	}
	nextServed(t)
}

func TestRandomBytes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		r := dialRaw(t, theGuest(t))
		b := make([]byte, 1+rng.IntN(32<<10))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		_, _ = r.Write(b) // the guest may hang up on it
		r.Close()
	}
	nextServed(t)
}

// TestHugeLine sends a line of 64 MiB: it must be refused, not kept.
func TestHugeLine(t *testing.T) {
	v := theVM(t)
	pid, _ := v.PIDs()
	r := dialRaw(t, v)
	r.greet(t)
	before := resident(t, pid)
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range 64 {
		if _, err := r.Write(chunk); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	r.say(t, "")
	m, err := r.hear()
	if err != nil || m.Error == nil {
		t.Fatalf("a line of 64 MiB was answered with %+v, %v, want an error", m, err)
	}
	t.Logf("the guest says: %v", m.Error)
	grown := resident(t, pid) - before
	t.Logf("QEMU grew by %d KiB", grown>>10)
	if grown > 32<<20 {
		t.Errorf("QEMU, with the guest's memory, grew by %d MiB over a line of 64 MiB", grown>>20)
	}
	r.say(t, `{"jsonrpc":"2.0","id":6,"method":"ping"}`)
	if m, err := r.hear(); err != nil || m.Error != nil {
		t.Errorf("ping after it: %+v, %v", m, err)
	}
	nextServed(t)
}

// resident returns how much memory of a process is in use, in bytes (proc(5),
// /proc/pid/statm, second field, in pages).
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, rss int64
	if _, err := fmt.Sscan(string(b), &size, &rss); err != nil {
		t.Fatal(err)
	}
	return rss * int64(os.Getpagesize())
}

// TestHalfMessage leaves clients hanging in the middle of a message and checks
// that others are served, and that the guest loses patience in the end.
func TestHalfMessage(t *testing.T) {
	d := theGuest(t)
	halves := []string{"", "{", initialize[:len(initialize)/2], initialize + "\n" + `{"jsonrpc":`}
	var hanging []*raw
	for range 5 {
		for _, h := range halves {
			r := dialRaw(t, d)
			if _, err := io.WriteString(r, h); err != nil {
				t.Fatal(err)
			}
			hanging = append(hanging, r)
		}
	}
	nextServed(t)
	t.Run("patience", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes half a minute: run without -short")
		}
		for i, r := range hanging {
			if _, err := io.Copy(io.Discard, r.in); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("client %d, which said %.40q, is still connected", i, halves[i%len(halves)])
			}
		}
	})
	nextServed(t)
}

// TestManyConnections opens 1,000 connections at once. The daemon and the guest
// both have their limits: who is not let in must be told, those who are in
// must be served, and everyone can come again later.
func TestManyConnections(t *testing.T) {
	d := theGuest(t)
	const clients = 1000
	var served, told, refused, other atomic.Int32
	var firstOther atomic.Value
	var wg sync.WaitGroup
	all := make(chan struct{}) // closed when every client has had its answer
	var open sync.WaitGroup
	open.Add(clients)
	for range clients {
		wg.Go(func() {
			done := sync.OnceFunc(open.Done)
			defer done()
			c, err := d.Dial(t.Context(), 1024)
			if err != nil {
				if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EAGAIN) {
					refused.Add(1)
				} else {
					other.Add(1)
					firstOther.CompareAndSwap(nil, err.Error())
				}
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(2 * guest.Limit))
			r := &raw{c, bufio.NewReader(c)}
			_, _ = io.WriteString(c, initialize+"\n") // one who is refused may be cut off
			m, err := r.hear()
			switch {
			case err == nil && m.Error == nil:
				served.Add(1)
			case err == nil:
				told.Add(1)
			case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
				refused.Add(1)
			default:
				other.Add(1)
				firstOther.CompareAndSwap(nil, err.Error())
			}
			done()
			<-all
		})
	}
	open.Wait()
	close(all)
	wg.Wait()
	t.Logf("%d served, %d told that it is full, %d refused, %d otherwise", served.Load(), told.Load(), refused.Load(), other.Load())
	if served.Load() < 64 {
		t.Errorf("%d of %d clients were served, want 64 at least", served.Load(), clients)
	}
	if n := other.Load(); n > 0 {
		t.Errorf("%d clients got neither service nor a refusal: %v", n, firstOther.Load())
	}
	servedAgain(t, d)
}

// servedAgain checks that a client who comes back is served, once the guest has
// buried the connections that were just closed.
func servedAgain(t *testing.T, d guest.Dialer) {
	t.Helper()
	const patience = 10 * time.Second
	t0 := time.Now()
	for {
		c, err := d.Dial(t.Context(), 1024)
		if err == nil {
			s, e := guest.Connect(t.Context(), c, "", nil)
			if e == nil {
				echo(t, s, "still here")
				s.Close()
				t.Logf("served again %v after the last one left", time.Since(t0).Round(time.Millisecond))
				return
			}
			c.Close()
			err = e
		}
		if time.Since(t0) > patience {
			t.Fatalf("not served within %v: %v", patience, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
