package mcp

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the server's lines in testdata/dialogue")

// TestDialogue plays the dialogues in testdata. Each is a txtar file: what it shows, then
//
//	> line the client sends
//	< line the server must send before anything else happens
//	* duration that passes
//	= something the program of the server does, see act, or: half-close, the client
//	  stops sending
//
// The clock is fake and everything settles before the next line, so the order is exact.
func TestDialogue(t *testing.T) {
	files, err := filepath.Glob("testdata/dialogue/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "testdata/dialogue/"), ".txtar")
		t.Run(name, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil || len(ar.Files) != 1 {
				t.Fatalf("want one section: %v", err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(ar.Files[0].Data)) })
			if *update {
				ar.Files[0].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(ar.Files[0].Data); got != want {
				t.Errorf("dialogue went\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// play sends the client's lines of a script and returns the script with what the
// server said.
func play(t *testing.T, script string) string {
	s := newFixture(&Options{PageSize: 5, Instructions: "Try echo."})
	c, ended := duplexPipe(t, s)
	heard := listen(c)
	var out strings.Builder
	var st states
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "):
			out.WriteString(line + "\n")
			if _, err := c.Write([]byte(st.fill(line[2:]) + "\n")); err != nil {
				out.WriteString("# " + err.Error() + "\n")
			}
		case strings.HasPrefix(line, "* "):
			out.WriteString(line + "\n")
			d, err := time.ParseDuration(line[2:])
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
		case line == "= half-close":
			out.WriteString(line + "\n")
			c.CloseWrite()
		case strings.HasPrefix(line, "= "):
			out.WriteString(line + "\n")
			act(t, s, strings.Fields(line[2:]))
		case strings.HasPrefix(line, "< ") || strings.HasPrefix(line, "# "):
			continue
		default:
			out.WriteString(line + "\n")
			continue
		}
		synctest.Wait()
		for _, l := range heard() {
			out.WriteString("< " + st.hide(l) + "\n")
		}
	}
	select {
	case err := <-ended:
		if err == nil {
			out.WriteString("# the server closed\n")
			break
		}
		out.WriteString("# the server closed: " + err.Error() + "\n")
	default:
		c.Close()
		if err := <-ended; err != nil {
			t.Errorf("ServeConn = %v, want nil", err)
		}
	}
	return out.String()
}

// act does what a dialogue says in words.
func act(t *testing.T, s *Server, words []string) {
	switch strings.Join(words[:min(2, len(words))], " ") {
	case "add part":
		fixtureParts[words[2]](s)
	case "add tool":
		AddTool(s, Tool{Name: words[2], Description: "added"}, func(context.Context, struct{}) (Text, error) { return "new", nil })
	case "remove tool":
		if !s.RemoveTool(words[2]) {
			t.Errorf("there was no tool %s", words[2])
		}
	case "remove prompt":
		if !s.RemovePrompt(words[2]) {
			t.Errorf("there was no prompt %s", words[2])
		}
	case "add resource":
		s.AddResource(Resource{URI: words[2], Name: "added"}, func(context.Context) ([]Contents, error) { return nil, nil })
	case "remove resource":
		if !s.RemoveResource(words[2]) {
			t.Errorf("there was no resource %s", words[2])
		}
	case "resource updated":
		s.ResourceUpdated(words[2])
	case "add asks":
		addAsks(s)
	case "shut down":
		go func() { _ = s.Shutdown(context.Background()) }()
	default:
		t.Fatalf("what is %q?", words)
	}
}

// duplex is a connection in memory whose client can stop sending and go on reading.
type duplex struct {
	net.Conn // for reading
	w        net.Conn
}

func (d duplex) Write(b []byte) (int, error)        { return d.w.Write(b) }
func (d duplex) SetWriteDeadline(t time.Time) error { return d.w.SetWriteDeadline(t) }
func (d duplex) CloseWrite()                        { _ = d.w.Close() }
func (d duplex) Close() error                       { return errors.Join(d.Conn.Close(), d.w.Close()) }

// duplexPipe serves one end of a duplex and returns the other.
func duplexPipe(t testing.TB, s *Server) (c duplex, ended <-chan error) {
	fromClient, toServer := net.Pipe()
	fromServer, toClient := net.Pipe()
	ch := make(chan error, 1)
	go func() { ch <- s.ServeConn(context.Background(), duplex{fromClient, toClient}) }()
	c = duplex{fromServer, toServer}
	t.Cleanup(func() { _ = c.Close() })
	return c, ch
}

// listen collects the lines the server sends; the function returned gives those since
// it was last called.
func listen(c net.Conn) func() []string {
	var mu sync.Mutex
	var lines []string
	go func() {
		r := bufio.NewReader(c)
		for {
			l, err := r.ReadString('\n')
			if err != nil {
				return
			}
			mu.Lock()
			lines = append(lines, strings.TrimSuffix(l, "\n"))
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		got := lines
		lines = nil
		return got
	}
}
