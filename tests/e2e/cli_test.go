package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// unikai runs the program to its end and returns what it printed.
func unikai(t *testing.T, program string, args ...string) (out, errs string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// TestProgram uses unikai as a person does: one process runs the image, others
// talk to it, Ctrl-C ends it.
func TestProgram(t *testing.T) {
	program, image := guest.Program(t), guest.Image(t)
	dir, err := os.MkdirTemp("/tmp", "e2e") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "guest")
	run := exec.CommandContext(t.Context(), program, "run", "--accel", "tcg", "--socket", socket, image)
	var console bytes.Buffer
	run.Stdout = &console
	errs, err := run.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	listens := make(chan struct{})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		buf := make([]byte, 4096)
		for open := true; ; {
			n, err := errs.Read(buf)
			said.Write(buf[:n])
			if open && strings.Contains(said.String(), "UNIKAI_ADDR=unix:"+socket+":1024\n") {
				open = false
				close(listens)
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case <-listens:
	case <-drained:
		t.Fatalf("run ended: %v\n%s", run.Wait(), said.String())
	case <-time.After(guest.Limit):
		_ = run.Process.Kill()
		t.Fatal("run does not say that the guest listens")
	}
	t.Setenv("UNIKAI_ADDR", "unix:"+socket+":1024")

	golden := loadGolden(t).Models[model].Cases[0]
	tests := []struct {
		name string
		args []string
		out  string // in the output
		err  string // in the errors
		code int
	}{
		{"tools", []string{"tools"}, "generate ", "", 0},
		{"call", []string{"call", "echo", `{"text":"hello"}`}, "hello\n", "", 0},
		{"call fails", []string{"call", "matmul", `{"n":-1}`}, "", "matmul", 1},
		{"generate", []string{"generate", golden.Prompt, "--temperature", "0", "--max-tokens", fmt.Sprint(len(golden.GreedyIDs))},
			golden.Prompt + " " + golden.GreedyText + "\n", "tokens/s", 0},
		{"logs", []string{"logs"}, "[unikernel-ai] Kernel booting...", "", 0},
		{"wrong port", []string{"tools", "--addr", "unix:" + socket + ":9"}, "", "nothing listens there", 1},
		{"second run", []string{"run", "--socket", socket, image}, "", "belongs to a VM that runs", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := unikai(t, program, tt.args...)
			if !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) || code != tt.code {
				t.Errorf("unikai %q: code %d, output %q, errors %q; want %d, %q, %q", tt.args, code, out, errs, tt.code, tt.out, tt.err)
			}
		})
	}

	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-drained
	if err := run.Wait(); err != nil {
		t.Errorf("run after Ctrl-C: %v, want exit code 0\n%s", err, said.String())
	}
	if !strings.Contains(console.String(), "[unikernel-ai] Kernel booting...") {
		t.Errorf("console: %q", console.String())
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, errs, code := unikai(t, program, "tools"); code != 1 || !strings.Contains(errs, "no such socket") {
		t.Errorf("tools afterwards: code %d, %q", code, errs)
	}
}

// TestKilledProgramLeavesNoVM ends unikai in the one way that it cannot handle.
func TestKilledProgramLeavesNoVM(t *testing.T) {
	program, image := guest.Program(t), guest.Image(t)
	theVM(t) // skips where no VM can run
	cmd := exec.CommandContext(t.Context(), program, "run", "--accel", "tcg", "--json", image)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []byte
	for buf := make([]byte, 4096); !bytes.Contains(said, []byte("}\n")); {
		n, err := out.Read(buf)
		said = append(said, buf[:n]...)
		if err != nil {
			t.Fatalf("run ended: %s", said)
		}
	}
	var pids struct{ QEMU, Daemon int }
	decodeJSON(t, said, &pids)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if gone(pids.QEMU) && gone(pids.Daemon) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("QEMU %d or its daemon %d outlived unikai", pids.QEMU, pids.Daemon)
		}
	}
}

// gone reports whether a process has ended. One that nobody has waited for yet
// is a zombie, state Z in proc(5).
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(b), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

func TestDemo(t *testing.T) {
	program, image := guest.Program(t), guest.Image(t)
	theVM(t) // skips where no VM can run
	out, errs, code := unikai(t, program, "demo", "--accel", "tcg", "--image", image, "--max-tokens", "16")
	if code != 0 {
		t.Fatalf("demo: code %d, %s\n%s", code, errs, out)
	}
	for _, want := range []string{
		"Console", "self tests ok", "Boot", "first instruction", "listening", "first MCP reply",
		"Tools", "generate", "Text", "In the beginning of the LORD", "tokens/s", "Guest ended",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not show %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colour without a terminal")
	}
}
