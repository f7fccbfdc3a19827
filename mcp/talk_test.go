package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"
)

// talk has a client say the lines to s, whatever comes back, and then stop sending; it
// returns all that the server said and why it ended. slowly: everything settles after
// each line; otherwise all lines are there at once. In a line <state 1> stands for the first
// requestState that was heard, and so on. To be called in a bubble of synctest, which sees
// that no goroutine is left.
func talk(s *Server, lines []string, slowly bool) (heard []string, err error) {
	client, server := net.Pipe()
	ended := make(chan error, 1)
	c := &oneWay{Conn: server, stopped: make(chan struct{})}
	go func() { ended <- s.ServeConn(context.Background(), c) }()
	got := make(chan []string)
	states := make(chan string, 1000)
	go func() {
		var lines []string
		for r := bufio.NewReader(client); ; {
			l, err := r.ReadString('\n')
			if err != nil {
				if l != "" {
					lines = append(lines, l)
				}
				got <- lines
				return
			}
			lines = append(lines, strings.TrimSuffix(l, "\n"))
			if _, rest, ok := strings.Cut(l, `"requestState":"`); ok && len(states) < cap(states) {
				rest, _, _ = strings.Cut(rest, `"`)
				states <- rest
			}
		}
	}()
	var known []string
	for _, l := range lines {
		if slowly {
			synctest.Wait()
			for len(states) > 0 {
				known = append(known, <-states)
			}
		}
		for i, state := range known {
			l = strings.ReplaceAll(l, fmt.Sprintf("<state %d>", i+1), state)
		}
		if _, err := io.WriteString(client, l+"\n"); err != nil {
			break // the server has hung up
		}
	}
	close(c.stopped)
	err = <-ended
	client.Close()
	return <-got, err
}

// oneWay is a connection whose client may stop sending and still read, as a socket's
// may; net.Pipe has no such thing.
type oneWay struct {
	net.Conn
	stopped chan struct{}
}

func (c *oneWay) Read(b []byte) (int, error) {
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	buf := make([]byte, len(b))
	go func() {
		n, err := c.Conn.Read(buf)
		done <- read{n, err}
	}()
	var r read
	select {
	case r = <-done:
	case <-c.stopped:
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
		if r = <-done; r.n == 0 && errors.Is(r.err, os.ErrDeadlineExceeded) {
			r.err = io.EOF
		}
	}
	return copy(b, buf[:r.n]), r.err
}

// asked is what a client may expect for one id.
type asked struct {
	requests int
	loose    bool // it may get fewer answers
	modern   bool // all its requests are of the stateless revision
}

// expect returns, by id, what the lines of a client ask for. It knows JSON from
// encoding/json.
func expect(lines []string) map[string]*asked {
	all := map[string]*asked{}
	get := func(id string) *asked {
		if all[id] == nil {
			all[id] = &asked{modern: true}
		}
		return all[id]
	}
	for _, l := range lines {
		var elements []json.RawMessage
		batch := json.Unmarshal([]byte(l), &elements) == nil
		if !batch {
			elements = []json.RawMessage{json.RawMessage(l)}
		}
		for _, e := range elements {
			var m, params, meta map[string]json.RawMessage
			if json.Unmarshal(e, &m) != nil {
				continue
			}
			var method, version string
			_ = json.Unmarshal(m["method"], &method)
			_ = json.Unmarshal(m["params"], &params)
			_ = json.Unmarshal(params["_meta"], &meta)
			_ = json.Unmarshal(m["jsonrpc"], &version)
			if method == "notifications/cancelled" {
				get(idText(params["requestId"])).loose = true
			}
			id := idText(m["id"])
			if id == "" {
				continue
			}
			a := get(id)
			a.requests++
			once := true // no member that matters is given twice
			for _, name := range []string{`"id"`, `"method"`, `"jsonrpc"`, `"params"`, `"_meta"`} {
				once = once && bytes.Count(e, []byte(name)) <= 1
			}
			clean := once && check(e, 60, 1000) == nil && version == "2.0" && method != "" && len(method) < maxIDSize &&
				m["result"] == nil && m["error"] == nil && !bytes.Contains(e, []byte(`\u`))
			// Some are answered late or, when the connection ends, not at all.
			if batch || !clean || method == "subscriptions/listen" || method == "tasks/result" {
				a.loose = true
			}
			if string(meta["io.modelcontextprotocol/protocolVersion"]) != `"2026-07-28"` || !clean {
				a.modern = false
			}
		}
	}
	return all
}

// idText returns a form of a request id that is equal for equal ids, "" if it is none.
func idText(id json.RawMessage) string {
	var s string
	switch {
	case len(id) == 0 || len(id) > maxIDSize:
		return ""
	case id[0] == '"' && json.Unmarshal(id, &s) == nil:
		return "s" + s
	case bytes.ContainsAny(id, `.eE"{[tfn`):
		return ""
	}
	return "n" + string(id)
}

// knownCodes are the error codes a client may see; 7 is one of the fixture's tools.
var knownCodes = []int64{-32700, -32600, -32601, -32602, -32603, -32002, -32021, -32022, -31000, 7}

// judge checks what a server said to a client: each line is a JSON-RPC message in good
// form, and each request got exactly one answer, unless the connection ended for a reason.
func judge(said, heard []string, reason error) error {
	want := expect(said)
	got := map[string]int{}
	questions := false // calls that wait for the client's answer may not be over
	for _, l := range heard {
		elements := []json.RawMessage{json.RawMessage(l)}
		if strings.HasPrefix(l, "[") {
			elements = nil
			_ = json.Unmarshal([]byte(l), &elements)
		}
		if check([]byte(l), 1000, 1<<20) != nil || len(elements) == 0 {
			return fmt.Errorf("heard what is not JSON: %q", l)
		}
		for _, e := range elements {
			var m, result map[string]json.RawMessage
			if err := json.Unmarshal(e, &m); err != nil || string(m["jsonrpc"]) != `"2.0"` {
				return fmt.Errorf("heard no JSON-RPC: %s", e)
			}
			if m["method"] != nil {
				questions = questions || m["id"] != nil
				continue
			}
			if (m["result"] == nil) == (m["error"] == nil) {
				return fmt.Errorf("heard neither result nor error: %s", e)
			}
			if m["error"] != nil {
				var e Error
				if err := json.Unmarshal(m["error"], &e); err != nil || !slices.Contains(knownCodes, e.Code) || e.Message == "" {
					return fmt.Errorf("bad error: %s", m["error"])
				}
				if m["id"] == nil || string(m["id"]) == "null" {
					continue // to a message whose id could not be told
				}
			}
			id := idText(m["id"])
			got[id]++
			a := want[id]
			if a == nil || got[id] > a.requests {
				return fmt.Errorf("answer %d to id %s, which made fewer requests: %s", got[id], id, e)
			}
			if m["result"] != nil && json.Unmarshal(m["result"], &result) != nil {
				return fmt.Errorf("a result is no object: %s", e)
			}
			if kind := result["resultType"]; m["result"] != nil && a.modern && (len(kind) < 2 || kind[0] != '"') {
				return fmt.Errorf("a result without resultType: %s", e)
			}
		}
	}
	if reason != nil {
		if reason.Error() == "" {
			return errors.New("the connection ended without a reason")
		}
		return nil
	}
	for id, a := range want {
		if got[id] < a.requests && !a.loose && !questions {
			return fmt.Errorf("id %s made %d requests and got %d answers", id, a.requests, got[id])
		}
	}
	return nil
}

// clientLines returns what the clients say in the golden dialogues.
func clientLines(t testing.TB) [][]string {
	files, err := filepath.Glob("testdata/dialogue/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	var all [][]string
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil || len(ar.Files) != 1 {
			t.Fatalf("%s: want one section: %v", file, err)
		}
		var said []string
		for l := range strings.Lines(string(ar.Files[0].Data)) {
			if l, ok := strings.CutPrefix(l, "> "); ok {
				said = append(said, strings.TrimSuffix(l, "\n"))
			}
		}
		all = append(all, said)
	}
	return all
}

// TestJudge: the judge finds what can be wrong.
func TestJudge(t *testing.T) {
	ask := []string{`{"jsonrpc":"2.0","id":1,"method":"ping"}`}
	answer := []string{`{"jsonrpc":"2.0","id":1,"result":{}}`}
	for _, c := range []struct {
		name        string
		said, heard []string
		reason      error
		want        string
	}{
		{"answered", ask, answer, nil, ""},
		{"not answered", ask, nil, nil, "1 requests and got 0"},
		{"not answered, for a reason", ask, nil, io.ErrUnexpectedEOF, ""},
		{"no reason", ask, nil, errors.New(""), "without a reason"},
		{"answered twice", ask, append(answer, answer...), nil, "fewer requests"},
		{"id used twice", append(ask, ask...), answer, nil, "2 requests and got 1"},
		{"another id", ask, []string{`{"jsonrpc":"2.0","id":"1","result":{}}`}, nil, "fewer requests"},
		{"not JSON", ask, []string{`{"jsonrpc":"2.0","id":1,"result":{}`}, nil, "not JSON"},
		{"both", ask, []string{`{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`}, nil, "neither"},
		{"strange code", ask, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}`}, nil, "bad error"},
		{"result no object", ask, []string{`{"jsonrpc":"2.0","id":1,"result":[]}`}, nil, "no object"},
		{"cancelled", append(ask, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`), nil, nil, ""},
		{
			"no resultType", []string{`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`},
			answer, nil, "without resultType",
		},
	} {
		err := judge(c.said, c.heard, c.reason)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: judge = %v, want %q", c.name, err, c.want)
		}
	}
}
