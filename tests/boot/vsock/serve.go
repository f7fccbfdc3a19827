package main

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// chunk is how much is read or written at once.
const chunk = 64 << 10

// quit is closed when a client says QUIT.
var (
	quit     = make(chan struct{})
	quitOnce sync.Once
)

// A service talks to one client.
type service func(*vsock.Stack, *vsock.Conn) error

// listen serves a port with a goroutine for each client.
func listen(s *vsock.Stack, port uint32, serve service) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the stack is closed
			}
			go func() {
				defer c.Close()
				if err := serve(s, c.(*vsock.Conn)); err != nil {
					fmt.Printf("port %d: %v\n", port, err)
				}
			}()
		}
	}()
	return nil
}

func echo(_ *vsock.Stack, c *vsock.Conn) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, chunk))
	return err
}

func raw(s *vsock.Stack, c *vsock.Conn) error {
	r := bufio.NewReaderSize(c, chunk)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		var verb string
		var n int64
		_, _ = fmt.Sscan(line, &verb, &n)
		if err := do(s, c, r, verb, n); err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
	}
}

func do(s *vsock.Stack, c *vsock.Conn, r *bufio.Reader, verb string, n int64) error {
	answer := "OK\n"
	switch verb {
	case "SINK":
		sum := crc32.NewIEEE()
		if _, err := io.CopyN(sum, r, n); err != nil {
			return err
		}
		answer = fmt.Sprintf("OK %08x\n", sum.Sum32())
	case "SOURCE":
		sum, err := source(c, n)
		if err != nil {
			return err
		}
		answer = fmt.Sprintf("OK %08x\n", sum)
	case "SLEEP":
		time.Sleep(time.Duration(n) * time.Millisecond)
	case "STATS":
		k, err := kernel.ReadStats()
		if err != nil {
			return err
		}
		answer = fmt.Sprintf("%+v %+v\n", s.Stats(), k)
	case "DIAL":
		answer = dial(s, uint32(n)) + "\n"
	case "HALF":
		if _, err := io.WriteString(c, answer); err != nil {
			return err
		}
		if err := c.CloseWrite(); err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, r)
		fmt.Printf("HALF: read %d bytes, %v\n", n, err)
		return nil
	case "QUIT":
		quitOnce.Do(func() { close(quit) })
	default:
		return fmt.Errorf("unknown verb %q", verb)
	}
	_, err := io.WriteString(c, answer)
	return err
}

// source sends n bytes in which no two neighbourhoods are alike, so that one
// lost, doubled or moved changes the sum.
func source(w net.Conn, n int64) (sum uint32, err error) {
	b := make([]byte, chunk)
	for at := int64(0); at < n; {
		part := b[:min(n-at, chunk)]
		fill(part, at)
		sum = crc32.Update(sum, crc32.IEEETable, part)
		k, err := w.Write(part)
		if err != nil {
			return 0, err
		}
		at += int64(k)
	}
	return sum, nil
}

// fill writes the pattern from position at on.
func fill(b []byte, at int64) {
	for i := range b {
		p := uint64(at) + uint64(i)
		b[i] = byte(p*0x9e3779b97f4a7c15>>56) ^ byte(p>>16)
	}
}

// dial says hello to a port of the host and returns what came back.
func dial(s *vsock.Stack, port uint32) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c, err := s.Dial(ctx, vsock.Host, port)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	if _, err := io.WriteString(c, "hello"); err != nil {
		return err.Error()
	}
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	return string(b[:n])
}
