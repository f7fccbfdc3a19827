package bridge

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// The bridges boot an image themselves, and its QEMU is killed under them, as by a
// kernel that is out of memory.

const (
	initialize  = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

// slow is a call that works until its guest dies.
func slow(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"matmul","arguments":{"n":64,"reps":100000}}}`, id)
}

func echo(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}`, id)
}

// modern makes a request one of 2026-07-28.
func modern(request string) string {
	return strings.TrimSuffix(request, "}}") + `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
}

// A process is `unikai bridge` with an image of its own.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	tmp string // its directory for temporary files
	err strings.Builder
}

func startBridge(t *testing.T, args ...string) *process {
	t.Helper()
	guest.NeedVM(t)
	tmp, err := os.MkdirTemp("/tmp", "b") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	args = append([]string{"bridge", args[0], "--image", guest.Image(t), "--accel", "tcg"}, args[1:]...)
	p := &process{t: t, tmp: tmp, cmd: exec.Command(guest.Program(t), args...)}
	p.cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "UNIKAI_ADDR=")
	p.cmd.Stderr = &p.err
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ends(t, p.cmd)
	return p
}

// ends has a program end with the test, if it has not before.
func ends(t *testing.T, cmd *exec.Cmd) {
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // its VM dies with it
			_ = cmd.Wait()
		}
	})
}

// qemu waits until a QEMU of the bridge runs, other than one, and returns its number.
func (p *process) qemu(other int) int {
	p.t.Helper()
	for end := time.Now().Add(guest.Limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range stats {
			b, _ := os.ReadFile(path) // proc(5): pid (name) state ppid ...
			name, rest, _ := strings.Cut(string(b), ") ")
			fields := strings.Fields(rest)
			pid, _ := strconv.Atoi(strings.Fields(name + " x")[0])
			if len(fields) > 1 && fields[1] == strconv.Itoa(p.cmd.Process.Pid) && strings.Contains(name, "(qemu") && fields[0] != "Z" && pid != other {
				return pid
			}
		}
	}
	p.t.Fatal("the bridge has no QEMU")
	return 0
}

func (p *process) kill(pid int) {
	p.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) says(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// hears reads a line, which must have all parts.
func (p *process) hears(parts ...string) string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	for _, part := range parts {
		if err != nil || !strings.Contains(line, part) {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
			p.t.Fatalf("the bridge says %q, %v; want %q in it\n%s", line, err, part, p.err.String())
		}
	}
	return line
}

// ends waits for the end, which must be in order and leave nothing.
func (p *process) ends() {
	p.t.Helper()
	rest, _ := io.ReadAll(p.out)
	if err := p.cmd.Wait(); err != nil || len(rest) > 0 {
		p.t.Errorf("the bridge ended with %v and %q\n%s", err, rest, p.err.String())
	}
	if left, _ := os.ReadDir(p.tmp); len(left) > 0 {
		p.t.Errorf("left behind: %v", left)
	}
}

func TestStdioSurvivesItsGuest(t *testing.T) {
	p := startBridge(t, "stdio")
	p.says(initialize)
	p.hears(`"id":0,"result"`)
	p.says(initialized)
	p.says(echo(1))
	p.hears(`"id":1,"result"`, "hello")
	qemu := p.qemu(0)
	p.says(slow(2))
	p.says(echo(3))
	p.hears(`"id":3,"result"`) // so the slow one is at work
	p.kill(qemu)
	p.hears(`"id":2,"error":{"code":-31001`, "the guest is gone")
	p.says(echo(4)) // the new guest takes it for a message of the same session
	p.hears(`"id":4,"result"`, "hello")
	p.says(modern(echo(5)))
	p.hears(`"id":5,"result"`, "hello")
	if p.qemu(qemu) == qemu {
		t.Error("the same QEMU")
	}
	p.in.Close()
	p.ends()
}

func TestStdioEndsOnASignal(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			t.Logf("%v is ignored here, as nohup has it, so the bridge ignores it as well", sig)
			continue
		}
		p := startBridge(t, "stdio")
		p.says(initialize)
		p.hears(`"id":0,"result"`)
		p.says(initialized)
		p.says(slow(1))
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(p.out)
		if s := string(rest); s != "" && !strings.Contains(s, `"id":1,"error"`) {
			t.Errorf("at %v the bridge says %q", sig, s)
		}
		p.ends()
	}
}

// A client that closes its ends and leaves takes bridge and guest with it.
func TestStdioEndsWithItsClient(t *testing.T) {
	p := startBridge(t, "stdio")
	p.says(initialize)
	p.hears(`"id":0,"result"`)
	qemu := p.qemu(0)
	p.says(initialized)
	p.in.Close()
	p.ends()
	if err := syscall.Kill(qemu, 0); err == nil {
		t.Errorf("QEMU %d outlived the bridge", qemu)
	}
}

func TestHTTPSurvivesItsGuest(t *testing.T) {
	p := startBridge(t, "http", "--listen", "127.0.0.1:0", "--wait", "60s")
	url := strings.TrimSpace(p.hears("http://127.0.0.1:", "/mcp"))
	ctx, cancel := context.WithTimeout(t.Context(), 3*guest.Limit)
	defer cancel()
	post := func(body string, headers ...string) (status int, answer string, session string) {
		q, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Accept", "application/json, text/event-stream")
		for i := 0; i < len(headers); i += 2 {
			q.Header.Set(headers[i], headers[i+1])
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Errorf("POST %s: %v", body, err)
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return r.StatusCode, string(b), r.Header.Get("Mcp-Session-Id")
	}
	want := func(status int, parts ...string) func(int, string, string) string {
		return func(got int, body, session string) string {
			t.Helper()
			for _, part := range parts {
				if got != status || !strings.Contains(body, part) {
					t.Errorf("%d %s, want %d and %q", got, body, status, part)
				}
			}
			return session
		}
	}
	inModern := func(name string) []string {
		return []string{"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", name}
	}
	session := want(200, `"id":0,"result"`)(post(initialize))
	inSession := []string{"Mcp-Session-Id", session, "Mcp-Protocol-Version", "2025-11-25"}
	want(202)(post(initialized, inSession...))
	want(200, `"id":1,"result"`, "hello")(post(echo(1), inSession...))
	want(200, `"id":2,"result"`, "hello")(post(modern(echo(2)), inModern("echo")...))

	qemu := p.qemu(0)
	over := make(chan struct{}, 2)
	go func() {
		defer func() { over <- struct{}{} }()
		// A stream by then, unless the machine is very busy.
		if status, body, _ := post(slow(3), inSession...); !strings.Contains(body, `"id":3,"error":{"code":-31001`) {
			t.Errorf("the session's call at work: %d %q", status, body)
		}
	}()
	go func() {
		defer func() { over <- struct{}{} }()
		want(502, `"id":4,"error":{"code":-31001`)(post(modern(slow(4)), inModern("matmul")...))
	}()
	time.Sleep(2 * time.Second) // long enough for both to be at work and the first to be a stream
	p.kill(qemu)
	<-over
	<-over
	want(404)(post(echo(5), inSession...))
	want(200, `"id":6,"result"`, "hello")(post(modern(echo(6)), inModern("echo")...))
	again := want(200, `"id":0,"result"`)(post(initialize))
	if again == session || again == "" {
		t.Errorf("session %q after %q", again, session)
	}
	want(202)(post(initialized, "Mcp-Session-Id", again))
	want(200, `"id":7,"result"`, "hello")(post(echo(7), "Mcp-Session-Id", again))
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.ends()
}

// What a bridge logs may have lost its reader, as in `unikai bridge http 2>&1 | head -1`.
func TestHTTPOutlivesTheReaderOfItsLog(t *testing.T) {
	guest.NeedVM(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := exec.Command(guest.Program(t), "bridge", "http", "--image", guest.Image(t), "--accel", "tcg", "--listen", "127.0.0.1:0", "--wait", "60s")
	cmd.Stderr = w
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ends(t, cmd)
	w.Close()
	url, _ := bufio.NewReader(out).ReadString('\n')
	resp, err := http.Post(strings.TrimSpace(url), "application/json", strings.NewReader(initialize)) // it is logged that the guest has booted
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("POST %q: %v, %v", url, resp, err)
	} else {
		resp.Body.Close()
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
}

// An image that cannot boot is said so, once.
func TestImageThatDoesNotBoot(t *testing.T) {
	guest.NeedVM(t)
	cmd := exec.Command(guest.Program(t), "bridge", "stdio", "--image", guest.Image(t), "--accel", "tcg", "-m", "4")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	go func() { _, _ = io.WriteString(in, initialize+"\n") }()
	ctx := time.AfterFunc(guest.Limit, func() { _ = cmd.Process.Kill() })
	defer ctx.Stop()
	_ = cmd.Run()
	var answer struct {
		ID    int
		Error struct{ Code int }
	}
	if err := json.Unmarshal([]byte(out.String()), &answer); cmd.ProcessState.ExitCode() != 1 || err != nil || answer.Error.Code != -31002 || errs.Len() == 0 {
		t.Errorf("exit code %d, output %q, errors %q", cmd.ProcessState.ExitCode(), out.String(), errs.String())
	}
}
