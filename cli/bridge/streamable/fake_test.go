package streamable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// A fakeGuest plays the guest: play is one connection, which ends when it returns.
type fakeGuest struct {
	play func(l *life)

	mu    sync.Mutex
	down  bool    // guarded by mu: nobody to dial
	lives []*life // guarded by mu
}

var _ keeper.Guest = (*fakeGuest)(nil)

func (g *fakeGuest) Fate() string          { return "it ended with exit code 3" }
func (g *fakeGuest) Gone() <-chan struct{} { return nil }
func (g *fakeGuest) Err() error            { return nil }

func (g *fakeGuest) Dial(ctx context.Context) (net.Conn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		g.mu.Unlock()
		<-ctx.Done()
		g.mu.Lock()
		return nil, errors.New("there is no guest")
	}
	ours, theirs := net.Pipe()
	l := &life{c: theirs, in: bufio.NewReader(theirs), gone: make(chan struct{})}
	g.lives = append(g.lives, l)
	go func() {
		defer close(l.gone)
		defer theirs.Close()
		g.play(l)
	}()
	return ours, nil
}

// dies ends all connections.
func (g *fakeGuest) dies() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.lives {
		l.c.Close()
	}
}

func (g *fakeGuest) dials() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lives)
}

// A life is the guest's end of a connection.
type life struct {
	c    net.Conn
	in   *bufio.Reader
	gone chan struct{}
}

// next returns the next message, "" at the end.
func (l *life) next() (rpc.Message, string) {
	line, err := l.in.ReadString('\n')
	if err != nil {
		return rpc.Message{}, ""
	}
	return rpc.Peek([]byte(line)), strings.TrimSuffix(line, "\n")
}

func (l *life) says(format string, args ...any) {
	_, _ = io.WriteString(l.c, fmt.Sprintf(format, args...)+"\n")
}

// serve answers each request by f until the connection ends.
func (l *life) serve(f func(m rpc.Message, line string)) {
	for {
		m, line := l.next()
		if line == "" {
			return
		}
		f(m, line)
	}
}

const initResult = `{"protocolVersion":"%s","capabilities":{},"serverInfo":{"name":"x","version":"1"}}`

// ordinary is a guest that takes handshakes of a revision and answers all else with f.
func ordinary(revision string, f func(l *life, m rpc.Message, line string)) func(l *life) {
	return func(l *life) {
		l.serve(func(m rpc.Message, line string) {
			switch {
			case m.Method == "initialize":
				l.says(`{"jsonrpc":"2.0","id":%s,"result":`+initResult+`}`, m.ID, revision)
			case m.Method == "notifications/initialized":
			default:
				f(l, m, line)
			}
		})
	}
}

// A web is a bridge behind an HTTP server.
type web struct {
	t     *testing.T
	guest *fakeGuest
	s     *Server
	url   string
}

func serve(t *testing.T, c Config, play func(l *life)) *web {
	t.Helper()
	g := &fakeGuest{play: play}
	c.Guest, c.Log = g, func(string, ...any) {}
	set(&c.StreamAfter, time.Minute) // a busy machine must not make streams of answers
	s := New(c)
	h := httptest.NewUnstartedServer(s)
	h.Config = NewHTTPServer(s)
	h.Start()
	t.Cleanup(func() {
		s.Close()
		h.Close()
		g.dies()
	})
	return &web{t, g, s, h.URL + Path}
}

// A reply is an HTTP response; body is read to its end.
type reply struct {
	*http.Response
	body string
}

// do sends a request; headers are pairs, which override the usual ones. "" takes one away.
func (w *web) do(method, body string, headers ...string) reply {
	w.t.Helper()
	r := w.open(method, body, headers...)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatalf("%s %s: body: %v", method, body, err)
	}
	return reply{r, string(b)}
}

// open is do without reading the body.
func (w *web) open(method, body string, headers ...string) *http.Response {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	w.t.Cleanup(cancel)
	r, err := http.DefaultClient.Do(w.request(ctx, method, body, headers...))
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, body, err)
	}
	return r
}

func (w *web) request(ctx context.Context, method, body string, headers ...string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, w.url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case strings.HasPrefix(headers[i], "+"):
			r.Header.Add(headers[i][1:], headers[i+1])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

// want fails unless a reply has that status and the part in its body.
func (r reply) want(t *testing.T, status int, part string) reply {
	t.Helper()
	if r.StatusCode != status || !strings.Contains(r.body, part) {
		t.Fatalf("%d %q, want %d and %q in it", r.StatusCode, r.body, status, part)
	}
	return r
}

// begin opens a session and returns the header that names it.
func (w *web) begin(revision string) []string {
	w.t.Helper()
	r := w.do("POST", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+`"}}`).want(w.t, 200, revision)
	id := r.Header.Get(headerSession)
	if len(id) < 26 {
		w.t.Fatalf("session id %q", id)
	}
	h := []string{headerSession, id, headerVersion, revision}
	w.do("POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, h...).want(w.t, 202, "")
	return h
}

// events reads an SSE stream: each event as "id|data", until n are there or it ends.
type events struct {
	t  *testing.T
	in *bufio.Scanner
}

func read(t *testing.T, r *http.Response) *events {
	t.Helper()
	t.Cleanup(func() { r.Body.Close() })
	if ct := r.Header.Get("Content-Type"); r.StatusCode != 200 || ct != "text/event-stream" {
		b, _ := io.ReadAll(r.Body)
		t.Fatalf("%d %s %q, want a stream", r.StatusCode, ct, b)
	}
	in := bufio.NewScanner(r.Body)
	in.Buffer(nil, 1<<24)
	return &events{t, in}
}

// next returns the next event; ok is false at the end.
func (e *events) next() (id, data string, ok bool) {
	for e.in.Scan() {
		line := e.in.Text()
		switch {
		case line == "" && ok:
			return id, data, true
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "data: "):
			data, ok = line[6:], true
		case line == "" || strings.HasPrefix(line, ":"), strings.HasPrefix(line, "retry: "):
		default:
			e.t.Fatalf("line %q in a stream", line)
		}
	}
	return "", "", false
}

// want reads one event, which must have that data.
func (e *events) want(data string) (id string) {
	e.t.Helper()
	id, got, ok := e.next()
	if !ok || got != data {
		e.t.Fatalf("event %q, %v; want %q", got, ok, data)
	}
	return id
}

func (e *events) end() {
	e.t.Helper()
	if id, data, ok := e.next(); ok {
		e.t.Fatalf("one more event: %q %q", id, data)
	}
}
