package stdio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
)

// guests plays a guest that is started again: each Dial goes to the next of its lives.
type guests struct {
	t     *testing.T
	lives chan func(l life)
	fate  string
	gone  chan struct{}
	err   error
}

var _ keeper.Guest = (*guests)(nil)

func (g *guests) Fate() string          { return g.fate }
func (g *guests) Gone() <-chan struct{} { return g.gone }
func (g *guests) Err() error            { return g.err }

func (g *guests) Dial(ctx context.Context) (net.Conn, error) {
	select {
	case play := <-g.lives:
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			play(life{g.t, theirs, bufio.NewReader(theirs)})
		}()
		return ours, nil
	case <-g.gone:
		return nil, g.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A life is the guest's end of one connection. It ends when the function returns.
type life struct {
	t  *testing.T
	c  net.Conn
	in *bufio.Reader
}

// wants reads the next line, which must be want.
func (l life) wants(want string) {
	l.t.Helper()
	got, err := l.in.ReadString('\n')
	if got != want+"\n" || err != nil {
		l.t.Errorf("the guest got %.300q, %v; want %q", got, err, want)
	}
}

// says writes lines.
func (l life) says(lines ...string) {
	for _, s := range lines {
		if _, err := io.WriteString(l.c, s+"\n"); err != nil {
			l.t.Errorf("the guest cannot say %.100q: %v", s, err)
		}
	}
}

// stays waits for the bridge to hang up.
func (l life) stays() {
	if b, err := l.in.ReadByte(); err == nil {
		l.t.Errorf("the guest got more: %q", b)
	}
}

// A client is the other side of a bridge under test.
type client struct {
	t    *testing.T
	g    *guests
	in   *io.PipeWriter
	out  *bufio.Reader
	log  *strings.Builder
	mu   *sync.Mutex
	done chan error
	stop context.CancelFunc
}

// start runs a bridge with guests that live as given, inside a synctest bubble.
func start(t *testing.T, lives ...func(l life)) *client {
	return startWith(t, Config{}, lives...)
}

func startWith(t *testing.T, conf Config, lives ...func(l life)) *client {
	g := &guests{t: t, lives: make(chan func(life), 100), fate: "it ended with exit code 3", gone: make(chan struct{})}
	for _, l := range lives {
		g.lives <- l
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	c := &client{t: t, g: g, in: inW, out: bufio.NewReader(outR), log: new(strings.Builder), mu: new(sync.Mutex), done: make(chan error, 1), stop: stop}
	conf.Guest, conf.In, conf.Out = g, inR, outW
	conf.Log = func(format string, args ...any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		fmt.Fprintf(c.log, format+"\n", args...)
	}
	go func() {
		err := Run(ctx, conf)
		inR.Close()
		outW.Close()
		c.done <- err
	}()
	return c
}

func (c *client) says(lines ...string) {
	c.t.Helper()
	for _, s := range lines {
		if _, err := io.WriteString(c.in, s+"\n"); err != nil {
			c.t.Fatalf("the client cannot say %.100q: %v", s, err)
		}
	}
}

func (c *client) wants(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		got, err := c.out.ReadString('\n')
		if got != want+"\n" || err != nil {
			c.t.Fatalf("the client got %.400q, %v; want %q", got, err, want)
		}
	}
}

// wantsPart reads a line that must have all parts.
func (c *client) wantsPart(parts ...string) string {
	c.t.Helper()
	got, err := c.out.ReadString('\n')
	for _, p := range parts {
		if !strings.Contains(got, p) || err != nil {
			c.t.Fatalf("the client got %.400q, %v; want %q in it", got, err, p)
		}
	}
	return got
}

// leaves ends the client's stream; the bridge must end, with nothing more to say.
func (c *client) leaves() {
	c.t.Helper()
	c.in.Close()
	c.ends(nil)
}

// ends waits for the end of the bridge.
func (c *client) ends(want error) {
	c.t.Helper()
	if rest, _ := io.ReadAll(c.out); len(rest) > 0 {
		c.t.Errorf("the client got more: %q", rest)
	}
	if err := <-c.done; !errors.Is(err, want) {
		c.t.Errorf("Run = %v, want %v", err, want)
	}
	c.stop()
}

func (c *client) logged() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

const (
	initLine    = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`
	initAnswer  = `{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","serverInfo":{"name":"x","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

// shakes is the handshake as a guest sees it.
func (l life) shakes() {
	l.t.Helper()
	l.wants(initLine)
	l.says(initAnswer)
	l.wants(initialized)
}

func (c *client) shakes() {
	c.t.Helper()
	c.says(initLine)
	c.wants(initAnswer)
	c.says(initialized)
}
