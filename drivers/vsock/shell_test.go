package vsock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
)

func TestAddr(t *testing.T) {
	a := Addr{CID: 3, Port: 1024}
	if a.Network() != "vsock" || a.String() != "vsock:3:1024" {
		t.Errorf("%s %s, want vsock vsock:3:1024", a.Network(), a)
	}
}

// Each failure is what package net gives for TCP in the same place.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	bg := context.Background()
	for _, tc := range []struct {
		name    string
		fail    func(guest, host *Stack, c, peer *Conn) error
		want    error
		op      string
		timeout bool
	}{
		{"dial where nobody listens", func(g, h *Stack, c, p *Conn) error {
			_, err := h.Dial(bg, 3, 9)
			return err
		}, syscall.ECONNREFUSED, "dial", false},
		{"dial another guest", func(g, h *Stack, c, p *Conn) error {
			_, err := g.Dial(bg, 77, 9)
			return err
		}, syscall.EHOSTUNREACH, "dial", false},
		{"dial no port", func(g, h *Stack, c, p *Conn) error {
			_, err := g.Dial(bg, Host, 1<<32-1)
			return err
		}, syscall.EINVAL, "dial", false},
		{"dial with a context that is done", func(g, h *Stack, c, p *Conn) error {
			ctx, cancel := context.WithCancel(bg)
			cancel()
			_, err := g.Dial(ctx, Host, 9)
			return err
		}, context.Canceled, "dial", false},
		{"listen twice", func(g, h *Stack, c, p *Conn) error {
			_, err := g.Listen(77)
			if err == nil {
				_, err = g.Listen(77)
			}
			return err
		}, syscall.EADDRINUSE, "listen", false},
		{"accept after close", func(g, h *Stack, c, p *Conn) error {
			l, err := g.Listen(77)
			if err == nil {
				l.Close()
				_, err = l.Accept()
			}
			return err
		}, net.ErrClosed, "accept", false},
		{"accept after its deadline", func(g, h *Stack, c, p *Conn) error {
			l, err := g.Listen(77)
			if err == nil {
				_ = l.SetDeadline(time.Now())
				_, err = l.Accept()
			}
			return err
		}, os.ErrDeadlineExceeded, "accept", true},
		{"read after close", func(g, h *Stack, c, p *Conn) error {
			c.Close()
			_, err := c.Read(make([]byte, 1))
			return err
		}, net.ErrClosed, "read", false},
		{"write after close", func(g, h *Stack, c, p *Conn) error {
			c.Close()
			_, err := c.Write(make([]byte, 1))
			return err
		}, net.ErrClosed, "write", false},
		{"close after close", func(g, h *Stack, c, p *Conn) error {
			c.Close()
			return c.Close()
		}, net.ErrClosed, "close", false},
		{"deadline after close", func(g, h *Stack, c, p *Conn) error {
			c.Close()
			return c.SetDeadline(time.Now())
		}, net.ErrClosed, "set", false},
		{"read after its deadline", func(g, h *Stack, c, p *Conn) error {
			_ = c.SetReadDeadline(time.Now())
			_, err := c.Read(make([]byte, 1))
			return err
		}, os.ErrDeadlineExceeded, "read", true},
		{"write after its deadline", func(g, h *Stack, c, p *Conn) error {
			_ = c.SetWriteDeadline(time.Now())
			_, err := c.Write(make([]byte, 1))
			return err
		}, os.ErrDeadlineExceeded, "write", true},
		{"write after CloseWrite", func(g, h *Stack, c, p *Conn) error {
			_ = c.CloseWrite()
			_, err := c.Write(make([]byte, 1))
			return err
		}, syscall.EPIPE, "write", false},
		{"write to a peer that closed", func(g, h *Stack, c, p *Conn) error {
			p.Close()
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				return err
			}
			_, err := c.Write(make([]byte, 1))
			return err
		}, syscall.EPIPE, "write", false},
		{"read from a transport that was reset", func(g, h *Stack, c, p *Conn) error {
			c.stack.carrier.(*Memory).Reset(3)
			_, err := c.Read(make([]byte, 1))
			return err
		}, syscall.ECONNRESET, "read", false},
		{"listen on a stack that is closed", func(g, h *Stack, c, p *Conn) error {
			g.Close()
			_, err := g.Listen(5)
			return err
		}, net.ErrClosed, "listen", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			guest, host := stacks(t, 16, machine.Limits{})
			c, peer := connect(t, guest, host, 1024)
			err := tc.fail(guest, host, c, peer)
			var op *net.OpError
			if !errors.Is(err, tc.want) || !errors.As(err, &op) || op.Op != tc.op || op.Net != "vsock" {
				t.Fatalf("got %v, want %v in an OpError of %s", err, tc.want, tc.op)
			}
			if op.Timeout() != tc.timeout {
				t.Errorf("Timeout() = %v", op.Timeout())
			}
			if !strings.HasPrefix(err.Error(), tc.op+" vsock ") {
				t.Errorf("it reads %q", err)
			}
		})
	}
}

func TestHalfClose(t *testing.T) {
	guest, host := stacks(t, 16, machine.Limits{})
	c, peer := connect(t, host, guest, 1024)
	if _, err := c.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(peer); string(b) != "question" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	if _, err := peer.Write([]byte("answer")); err != nil {
		t.Errorf("write to a peer that only ended its own side: %v", err)
	}
	peer.Close()
	if b, err := io.ReadAll(c); string(b) != "answer" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	c.Close()
	c, peer = connect(t, host, guest, 1024)
	if err := c.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read after CloseRead = %v, want io.EOF", err)
	}
	for { // until it has heard
		if _, err := peer.Write([]byte("x")); errors.Is(err, syscall.EPIPE) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// What waits is woken when the stack closes.
func TestStackCloseEndsEverything(t *testing.T) {
	guest, host := stacks(t, 4, machine.Limits{})
	c, _ := connect(t, guest, host, 1024)
	l, err := guest.Listen(9)
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 3)
	go func() { _, err := c.Read(make([]byte, 1)); errs <- err }()
	go func() { _, err := c.Write(make([]byte, 64<<20)); errs <- err }()
	go func() { _, err := l.Accept(); errs <- err }()
	time.Sleep(time.Millisecond)
	guest.Close()
	for range 3 {
		if err := <-errs; !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want the end", err)
		}
	}
}

// An idle connection, or one whose reader sleeps, holds nobody up.
func TestIdleConnectionBlocksNobody(t *testing.T) {
	guest, host := stacks(t, 8, machine.Limits{})
	idle, sleeper := connect(t, host, guest, 1)
	_ = sleeper
	go func() { _, _ = idle.Write(make([]byte, 8<<20)) }() // more than fits anywhere
	a, b := connect(t, host, guest, 2)
	go func() {
		_, _ = io.Copy(b, b)
	}()
	for n := range 100 {
		want := fmt.Sprint("message ", n)
		if _, err := a.Write([]byte(want)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(a, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
}

// One thousand connections at once, as a client that means no good opens them:
// every one is answered, memory stays in the budget, and the next is served.
func TestManyConnections(t *testing.T) {
	guest, host := stacks(t, 32, machine.Limits{})
	l, err := guest.Listen(7)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	for round := range 2 {
		var wg sync.WaitGroup
		conns := make(chan *Conn, 1000)
		for range 1000 {
			wg.Go(func() {
				c, err := host.Dial(context.Background(), 3, 7)
				if err != nil {
					t.Error(err)
					return
				}
				b := []byte("hello")
				if _, err := c.Write(b); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" {
					t.Errorf("%q, %v", b, err)
				}
				conns <- c
			})
		}
		wg.Wait()
		if s := guest.Stats(); round == 0 && s.Conns != 1000 || s.Promised > machine.DefaultLimits().Budget {
			t.Errorf("stats %+v", s)
		}
		close(conns)
		for c := range conns {
			c.Close()
		}
	}
	for end := time.Now().Add(10 * time.Second); guest.Stats().Conns != 0; {
		if time.Now().After(end) {
			t.Fatalf("left: %+v", guest.Stats())
		}
	}
}
