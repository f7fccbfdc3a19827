package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata/openblas.c
var source []byte

// peer is the C program that calls OpenBLAS. A nil peer has no times.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	dir string
}

// startPeer builds and starts it.
func startPeer(lib string, threads int, cpu bool) (*peer, error) {
	if lib == "" {
		var err error
		if lib, err = usual(); err != nil {
			return nil, err
		}
	}
	lib, err := filepath.Abs(lib)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "openblas")
	if err != nil {
		return nil, err
	}
	p := &peer{dir: dir}
	c, program := filepath.Join(dir, "openblas.c"), filepath.Join(dir, "openblas")
	if err := os.WriteFile(c, source, 0o644); err != nil {
		p.stop()
		return nil, err
	}
	if out, err := exec.Command("cc", "-O2", "-o", program, c, "-ldl").CombinedOutput(); err != nil {
		p.stop()
		return nil, fmt.Errorf("cc: %v %s", err, out)
	}
	p.cmd = exec.Command(program, lib)
	if cpu {
		p.cmd.Args = append(p.cmd.Args, "cpu")
	}
	p.cmd.Stderr = os.Stderr
	// The library's own needs lie beside it or a folder up when it was unpacked somewhere.
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", threads),
		"LD_LIBRARY_PATH="+filepath.Dir(lib)+":"+filepath.Dir(filepath.Dir(lib)))
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		p.stop()
		return nil, err
	}
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		p.stop()
		return nil, err
	}
	p.out = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		p.stop()
		return nil, err
	}
	config, err := p.out.ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("it did not start: %w", err)
	}
	fmt.Print("OpenBLAS: ", config)
	return p, nil
}

// time returns the shortest time in seconds, infinity if there is none.
func (p *peer) time(t rune, n int, turn time.Duration) float64 {
	if p == nil {
		return math.Inf(1)
	}
	fmt.Fprintf(p.in, "%c %d %f\n", t, n, turn.Seconds())
	line, _ := p.out.ReadString('\n')
	seconds, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil {
		return math.Inf(1)
	}
	time.Sleep(40 * time.Millisecond) // its threads spin a while before they sleep
	return seconds
}

// stop ends the program and removes it.
func (p *peer) stop() {
	if p == nil {
		return
	}
	if p.cmd != nil {
		p.in.Close()
		p.cmd.Wait()
	}
	os.RemoveAll(p.dir)
}
