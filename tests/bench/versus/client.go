// Package versus compares our server in the guest with the official Go SDK's in its
// place, and holds the ratios that the README names. Both guests run at the same
// time and take turns being measured, so that a busy machine is busy for both.
package versus

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"
)

// client is the least an MCP client can do, so that what is measured is the server.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	line []byte
	next int // id of the next request
}

const (
	hello = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"versus","version":"1"}}}` + "\n"
	ready = `{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"
)

// newClient shakes hands on c.
func newClient(c net.Conn) (*client, error) {
	cl := &client{conn: c, r: bufio.NewReaderSize(c, 256<<10)}
	if _, err := io.WriteString(c, hello); err != nil {
		return nil, err
	}
	if err := cl.answer(`"protocolVersion":"2025-11-25"`); err != nil {
		return nil, err
	}
	_, err := io.WriteString(c, ready)
	return cl, err
}

// answer reads a line that must hold want.
func (c *client) answer(want string) error {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Contains(line, []byte(want)) || bytes.Contains(line, []byte(`"error"`)) || bytes.Contains(line, []byte(`"isError":true`)) {
		return fmt.Errorf("versus: the answer is %.200s, want one with %.40s", line, want)
	}
	return nil
}

// send sends one request with the params that tail ends.
func (c *client) send(method, params string) error {
	c.line = append(c.line[:0], `{"jsonrpc":"2.0","id":`...)
	c.line = strconv.AppendInt(c.line, int64(c.next), 10)
	c.line = append(c.line, `,"method":"`...)
	c.line = append(c.line, method...)
	c.line = append(c.line, `","params":`...)
	c.line = append(c.line, params...)
	c.line = append(c.line, "}\n"...)
	c.next++
	_, err := c.conn.Write(c.line)
	return err
}

func echoParams(text string) string { return `{"name":"echo","arguments":{"text":"` + text + `"}}` }

// latencies makes n echo calls of text one after the other and returns how long each
// took, sorted.
func (c *client) latencies(n int, text string) ([]time.Duration, error) {
	params := echoParams(text)
	all := make([]time.Duration, n)
	for i := range all {
		start := time.Now()
		if err := c.send("tools/call", params); err != nil {
			return nil, err
		}
		if err := c.answer(text); err != nil {
			return nil, err
		}
		all[i] = time.Since(start)
	}
	slices.Sort(all)
	return all, nil
}

// stream makes n echo calls of text with window in flight and returns how long all took.
func (c *client) stream(n, window int, text string) (time.Duration, error) {
	params := echoParams(text)
	start := time.Now()
	for sent, got := 0, 0; got < n; got++ {
		for ; sent < n && sent-got < window; sent++ {
			if err := c.send("tools/call", params); err != nil {
				return 0, err
			}
		}
		if err := c.answer(text); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// allocs returns how many heap objects the guest's program has allocated.
func (c *client) allocs() (uint64, error) {
	if err := c.send("tools/call", `{"name":"allocs","arguments":{}}`); err != nil {
		return 0, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(line, []byte(`"text":"`))
	digits, _, _ := bytes.Cut(after, []byte(`"`))
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("versus: allocs: %.200s: %w", line, err)
	}
	return n, nil
}
