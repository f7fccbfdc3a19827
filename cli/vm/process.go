package vm

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a program that ends with us at the latest.
type process struct {
	name   string
	cmd    *exec.Cmd
	stderr *tailBuffer
	gone   chan struct{} // closed when it has ended
	status int           // exit status, or -1 for a signal; valid once gone
}

// startProcess runs cmd. Its standard error, and its standard output unless
// cmd has one, are kept for errors.
//
// It runs in a process group of its own, so that Ctrl-C at a terminal reaches
// only us and we end it in order. The kernel ends it when the *thread* that
// started it ends (PR_SET_PDEATHSIG, prctl(2)), so that thread is kept for as
// long as the process lives.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{name: filepath.Base(cmd.Path), cmd: cmd, stderr: new(tailBuffer), gone: make(chan struct{})}
	cmd.Stderr = p.stderr
	if cmd.Stdout == nil {
		cmd.Stdout = p.stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // a descendant that holds its output
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread goes with the process
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		err = cmd.Wait()
		p.status = cmd.ProcessState.ExitCode()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("vm: start %s: %w", p.name, err)
	}
	return p, nil
}

// stop asks the process to end, and kills it when it has not after patience.
func (p *process) stop(patience time.Duration) {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.gone:
		return
	case <-time.After(patience):
	}
	p.signal(syscall.SIGKILL)
	<-p.gone
}

// signal sends s unless the process has ended. The process is reaped by Go, so
// its number cannot belong to another by then (os.Process).
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// words returns what the program last said, for an error: "" or "; it says:"
// and up to wordLines indented lines. The signal that we ourselves sent is
// none of it.
func (p *process) words() string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(p.stderr.String()) {
		line = strings.TrimSpace(line)
		if line == "" || strings.Contains(line, "terminating on signal 15") {
			continue
		}
		if n++; n > wordLines {
			b.WriteString("\n    ...")
			break
		}
		b.WriteString("\n    " + line)
	}
	if n == 0 {
		return ""
	}
	return "; it says:" + b.String()
}

// alive returns nil, or an error that says how the process ended.
func (p *process) alive() error {
	select {
	case <-p.gone:
		return errors.New(p.name + " ended (" + p.cmd.ProcessState.String() + ")" + p.words())
	default:
		return nil
	}
}

// wordLines is how many lines of a program's messages an error shows.
const wordLines = 8

// tailSize is how much of a program's messages is kept, in bytes.
const tailSize = 2 << 10

// A tailBuffer keeps the end of what is written to it.
type tailBuffer struct {
	mu sync.Mutex
	b  []byte // guarded by mu
}

func (t *tailBuffer) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
