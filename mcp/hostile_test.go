package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memListener hands out the server's ends of net.Pipe.
type memListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *memListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (l *memListener) dial(t *testing.T) net.Conn {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
	case <-l.closed:
		t.Fatal("listener is closed")
	}
	return client
}

// heapPeak returns the most heap in use while f runs.
func heapPeak(f func()) uint64 {
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	return <-peak
}

// TestLongLineHoldsNoMemory: a line of 64 MiB is answered with the limit that it breaks,
// costs at most some buffers of the limit, and the connection goes on.
func TestLongLineHoldsNoMemory(t *testing.T) {
	c, _ := pipe(t, newFixture(nil))
	r := rawClient(t, c)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var answer string
	peak := heapPeak(func() {
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		for range (64 << 20) / len(chunk) {
			if _, err := c.Write(chunk); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		answer, _ = r.ReadString('\n')
	})
	want := `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"message is longer than the limit of 4194304 bytes"}}` + "\n"
	if answer != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
	// 4 MiB, the 2 MiB before it was doubled, and what the collector has not taken yet.
	grown := int64(peak) - int64(before.HeapInuse)
	t.Logf("heap grew by %d KiB", grown>>10)
	if grown > 24<<20 {
		t.Errorf("heap grew by %d MiB, want at most 24", grown>>20)
	}
	calls(t, c, r, 10, 1)
}

// TestManyConnections: of 1,000 parallel connections the excess is told so and closed, and
// when those that hold the places leave, the next client is served.
func TestManyConnections(t *testing.T) {
	s := newFixture(&Options{Limits: Limits{MaxConnections: 50}})
	l := newMemListener()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	var open []net.Conn
	told := 0
	for i := range 1000 {
		c := l.dial(t)
		open = append(open, c)
		if i < 50 {
			continue
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		switch {
		case err == nil && strings.Contains(line, `"code":-31000`) && strings.Contains(line, "limit"):
			told++
		case err != io.EOF: // not told, but closed: too many at once
			t.Fatalf("connection %d: %q, %v", i, line, err)
		}
	}
	if told < 900 {
		t.Errorf("%d of 950 were told that the server is full", told)
	}
	for _, c := range open {
		c.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); len(s.openSessions()) > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are left", len(s.openSessions()))
		}
	}
	c := l.dial(t)
	calls(t, c, rawClient(t, c), 10, 1)
	c.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve = %v, want ErrServerClosed", err)
	}
}

// TestIdleConnectionMakesPlace: connections that are only held open do not shut out others.
func TestIdleConnectionMakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(&Options{Limits: Limits{MaxConnections: 2}})
		l := newMemListener()
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		idle, busy := l.dial(t), l.dial(t)
		idleReader, busyReader := rawClient(t, idle), rawClient(t, busy)
		third := l.dial(t)
		if line, err := bufio.NewReader(third).ReadString('\n'); err != nil || !strings.Contains(line, "-31000") {
			t.Errorf("third connection heard %q, %v; want a refusal", line, err)
		}
		time.Sleep(2 * time.Minute)
		calls(t, busy, busyReader, 1, 1)
		fourth := l.dial(t)
		calls(t, fourth, rawClient(t, fourth), 1, 1)
		calls(t, busy, busyReader, 1, 1)
		if _, err := idleReader.ReadByte(); err != io.EOF {
			t.Errorf("the idle connection reads %v, want EOF", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-served
		synctest.Wait()
	})
}

// TestLongEchoHoldsNoMemory: clients that ask for long answers and do not read them hold
// no more than the budget allows.
func TestLongEchoHoldsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, most = 1 << 20, 3
		s := newFixture(&Options{Limits: Limits{MaxBuffered: most * 2 * size}})
		long := strings.Replace(string(benchCall), "0123456789abcdef", strings.Repeat("a", size), 1)
		var over []<-chan error
		for range 20 {
			c, ended := pipe(t, s)
			over = append(over, ended)
			rawClient(t, c)
			go func() { _, _ = io.WriteString(c, long) }()
		}
		synctest.Wait()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if used := s.budget.used.Load(); used == 0 || used > most*2*size {
			t.Errorf("%d bytes of the budget in use", used)
		}
		if m.HeapInuse > 4*most*2*size {
			t.Errorf("heap is %d MiB", m.HeapInuse>>20)
		}
		for _, ended := range over {
			<-ended // after WriteTimeout
		}
		if used := s.budget.used.Load(); used != 0 {
			t.Errorf("%d bytes of the budget are lost", used)
		}
	})
}

// TestTimeouts: every way to keep the server waiting ends, and says why.
func TestTimeouts(t *testing.T) {
	hello := string(benchInit) + string(benchOK)
	for _, c := range []struct {
		name, send string
		wait       time.Duration
		want       string
	}{
		{"no handshake", "", 11 * time.Second, "no handshake within 10s"},
		{"half a handshake", `{"jsonrpc":`, 11 * time.Second, "no handshake within 10s"},
		{"half a message", hello + `{"jsonrpc":`, 31 * time.Second, "message not complete within 30s"},
		{"half a long message", hello + strings.Repeat("x", 5<<20), 31 * time.Second, "message not complete within 30s"},
		{"silence", hello, 61 * time.Minute, "nothing received for 1h0m0s"},
		{"silence without a handshake", modern("1", "server/discover", ""), 61 * time.Minute, "nothing received for 1h0m0s"},
		{"half a message without a handshake", modern("1", "server/discover", "") + "{", 31 * time.Second, "message not complete within 30s"},
		{"nothing good without a handshake", strings.Replace(modern("1", "server/discover", ""), "2026-07-28", "3000-01-01", 1), 11 * time.Second, "no handshake within 10s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, ended := pipe(t, newFixture(nil))
				heard := listen(conn)
				if _, err := io.WriteString(conn, c.send); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.wait)
				synctest.Wait()
				lines := heard()
				if len(lines) == 0 || !strings.Contains(lines[len(lines)-1], c.want) {
					t.Errorf("heard %q, want %q", lines, c.want)
				}
				select {
				case err := <-ended:
					if !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("ServeConn = %v, want a timeout", err)
					}
				default:
					t.Error("the connection is still served")
				}
			})
		})
	}
}

// TestSlowReaderLosesItsConnection: a client that does not read holds the server for
// WriteTimeout at most, and nobody else.
func TestSlowReaderLosesItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(nil)
		slow, ended := pipe(t, s)
		rawClient(t, slow)
		if _, err := slow.Write(benchCall); err != nil { // and never read
			t.Fatal(err)
		}
		other, _ := pipe(t, s)
		calls(t, other, rawClient(t, other), 10, 1)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("ServeConn = %v, want a timeout", err)
			}
		default:
			t.Error("the slow reader is still served")
		}
		other.Close()
		synctest.Wait()
	})
}

func TestTooManyInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ended := pipe(t, newFixture(&Options{Limits: Limits{MaxInFlight: 2}}))
		heard := listen(c)
		send := func(line string) {
			if _, err := io.WriteString(c, line+"\n"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		send(strings.TrimSpace(string(benchInit)))
		send(strings.TrimSpace(string(benchOK)))
		heard()
		wait := `{"jsonrpc":"2.0","id":%,"method":"tools/call","params":{"name":"wait"}}`
		for _, id := range []string{"1", "2", "3"} {
			send(strings.Replace(wait, "%", id, 1))
		}
		if got := heard(); len(got) != 1 || !strings.Contains(got[0], `"id":3,"error":{"code":-31000`) {
			t.Errorf("heard %q, want the third refused", got)
		}
		send(strings.TrimSpace(string(benchCall))) // an inline tool needs no place
		send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
		send(strings.Replace(wait, "%", "4", 1))
		if got := heard(); len(got) != 1 || !strings.Contains(got[0], "0123456789abcdef") {
			t.Errorf("heard %q, want the echo and no refusal", got)
		}
		c.Close()
		<-ended
	})
}

// TestShutdown lets the call at work finish, takes no new one, and ends the rest when its
// context does.
func TestShutdown(t *testing.T) {
	for _, patient := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newFixture(&Options{Limits: Limits{DrainTimeout: time.Minute}})
			c, ended := pipe(t, s)
			heard := listen(c)
			for _, line := range []string{string(benchInit), string(benchOK), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}}` + "\n"} {
				if _, err := io.WriteString(c, line); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			heard()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			if !patient {
				ctx, cancel = context.WithTimeout(context.Background(), time.Second)
			}
			defer cancel()
			err := s.Shutdown(ctx)
			synctest.Wait()
			got := strings.Join(heard(), "\n")
			if patient && (err != nil || !strings.Contains(got, "waited")) {
				t.Errorf("patient Shutdown = %v, client heard %q; want the answer", err, got)
			}
			if !patient && (!errors.Is(err, context.DeadlineExceeded) || got != "") {
				t.Errorf("impatient Shutdown = %v, client heard %q; want a timeout and nothing", err, got)
			}
			<-ended
			if err := s.ServeConn(context.Background(), c); !errors.Is(err, ErrServerClosed) {
				t.Errorf("ServeConn after Shutdown = %v", err)
			}
		})
	}
}

// TestClientThatOnlyStopsSending gets the answers to what it asked.
func TestClientThatOnlyStopsSending(t *testing.T) {
	l, err := net.Listen("unix", fmt.Sprintf("@mcp-test-%d", os.Getpid())) // no file: paths may be too long
	if err != nil {
		t.Skip("no Unix sockets here: ", err)
	}
	s := newFixture(nil)
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	slow := `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"add","arguments":{"a":1}}}`
	if _, err := io.WriteString(c, string(benchInit)+string(benchOK)+string(benchCall)+slow); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	if err != nil || bytes.Count(all, []byte("\n")) != 3 || !bytes.Contains(all, []byte(`"id":8,"result"`)) {
		t.Errorf("answers %s, %v; want three", all, err)
	}
}

// TestPanicIsLogged: the guest goes on, and its log says what happened.
func TestPanicIsLogged(t *testing.T) {
	s := newFixture(nil)
	c, _ := pipe(t, s)
	r := rawClient(t, c)
	if _, err := io.WriteString(c, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"panic"}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "-32603") {
		t.Errorf("answer %s, %v; want -32603", line, err)
	}
	if n := s.stats.panics.Load(); n != 1 {
		t.Errorf("panics counted: %d, want 1", n)
	}
	calls(t, c, r, 3, 1)
}

// TestCallsHoldNoMemory: what calls at work hold of their messages comes out of the budget,
// though each may be short, and goes back.
func TestCallsHoldNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, most = 20 << 10, 200 << 10
		s := newFixture(&Options{Limits: Limits{MaxBuffered: most}})
		AddTool(s, Tool{Name: "hold"}, func(ctx context.Context, in textIn) (Text, error) {
			time.Sleep(time.Second)
			return Text(fmt.Sprint(len(in.Text))), nil
		})
		c := newClient(t, s)
		for i := range 50 {
			c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"hold","arguments":{"text":"%s"},%s}}`,
				i, strings.Repeat("x", size), noTasks))
		}
		if used := s.budget.used.Load(); used < most/2 || used > most {
			t.Errorf("%d bytes of the budget in use, want at most %d and not far below", used, most)
		}
		time.Sleep(2 * time.Second)
		wantHeard(t, "those that found room", c.say(""), `"text":"20480"`)
		if used := s.budget.used.Load(); used != 0 {
			t.Errorf("%d bytes of the budget are lost", used)
		}
		c.close()
	})
}
