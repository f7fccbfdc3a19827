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
	_, err := c.readAnswer(want)
	return err
}

// readAnswer is answer that returns the line, which is good until the next one.
func (c *client) readAnswer(want string) ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(line, []byte(want)) || bytes.Contains(line, []byte(`"error"`)) || bytes.Contains(line, []byte(`"isError":true`)) {
		return nil, fmt.Errorf("versus: the answer is %.200s, want one with %.40s", line, want)
	}
	return line, nil
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

// stream makes n echo calls of text with window in flight and returns how long all took,
// and each. Answers may come in any order.
func (c *client) stream(n, window int, text string) (time.Duration, []time.Duration, error) {
	params := echoParams(text)
	first := c.next
	starts, all := make([]time.Time, n), make([]time.Duration, 0, n)
	start := time.Now()
	for sent := 0; len(all) < n; {
		for ; sent < n && sent-len(all) < window; sent++ {
			starts[sent] = time.Now()
			if err := c.send("tools/call", params); err != nil {
				return 0, nil, err
			}
		}
		line, err := c.readAnswer(text)
		if err != nil {
			return 0, nil, err
		}
		i := number(line, `"id":`) - first
		if i < 0 || i >= sent || starts[i].IsZero() {
			return 0, nil, fmt.Errorf("versus: an answer to no call at work: %.200s", line)
		}
		all = append(all, time.Since(starts[i]))
		starts[i] = time.Time{}
	}
	return time.Since(start), all, nil
}

// number returns the number behind name in line, -1 if there is none.
func number(line []byte, name string) int {
	_, after, _ := bytes.Cut(line, []byte(name))
	n := 0
	for n < len(after) && '0' <= after[n] && after[n] <= '9' {
		n++
	}
	v, err := strconv.Atoi(string(after[:n]))
	if err != nil {
		return -1
	}
	return v
}

// allocs returns how many heap objects the guest's program has allocated.
func (c *client) allocs() (uint64, error) {
	if err := c.send("tools/call", `{"name":"allocs","arguments":{}}`); err != nil {
		return 0, err
	}
	line, err := c.readAnswer(`"text":"`)
	if err != nil {
		return 0, err
	}
	n := number(line, `"text":"`)
	if n < 0 {
		return 0, fmt.Errorf("versus: allocs: %.200s", line)
	}
	return uint64(n), nil
}
