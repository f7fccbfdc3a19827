package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// program is a C program at work: it answers each line with one line. A nil program knows
// nothing.
type program struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	dir string
}

// startProgram compiles and starts it.
func startProgram(source []byte, env []string, args ...string) (p *program, err error) {
	p = &program{}
	defer func() {
		if err != nil {
			p.stop()
			p = nil
		}
	}()
	if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return p, err
	}
	c, binary := filepath.Join(p.dir, "peer.c"), filepath.Join(p.dir, "peer")
	if err := os.WriteFile(c, source, 0o600); err != nil {
		return p, err
	}
	if out, err := exec.Command("cc", "-O3", "-march=native", "-pthread", "-o", binary, c, "-ldl").CombinedOutput(); err != nil {
		return p, fmt.Errorf("cc: %w %s", err, out)
	}
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), env...)
	if p.in, err = cmd.StdinPipe(); err != nil {
		return p, err
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return p, err
	}
	p.out = bufio.NewReader(pipe)
	if err := cmd.Start(); err != nil {
		return p, err
	}
	p.cmd = cmd
	return p, nil
}

// line returns the next line that it writes.
func (p *program) line() (string, error) {
	s, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("it ended: %w", err)
	}
	return strings.TrimSpace(s), nil
}

// ask returns the number that answers a line, infinity if there is none.
func (p *program) ask(format string, args ...any) float64 {
	if p == nil {
		return math.Inf(1)
	}
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		return math.Inf(1)
	}
	s, err := p.line()
	if err != nil {
		return math.Inf(1)
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.Inf(1)
	}
	return v
}

// stop ends the program and removes it.
func (p *program) stop() {
	if p == nil {
		return
	}
	if p.in != nil {
		p.in.Close()
	}
	if p.cmd != nil {
		_ = p.cmd.Wait() // its answers are what counts
	}
	os.RemoveAll(p.dir)
}
