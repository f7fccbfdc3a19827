package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// figures are tokens a second, 0 if there are none.
type figures struct{ pp, tg float64 }

func (f figures) best(g figures) figures { return figures{max(f.pp, g.pp), max(f.tg, g.tg)} }

// llama is llama.cpp's benchmark program. A nil llama has no figures.
type llama struct {
	program string
	args    []string
	dir     string // for models that have no file
	out     io.Writer
}

func startLlama(c *config) (*llama, error) {
	if c.llamaBench == "" {
		return nil, nil
	}
	if _, err := os.Stat(c.llamaBench); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	return &llama{c.llamaBench, []string{
		"-p", strconv.Itoa(c.prompt), "-n", strconv.Itoa(c.generate), "-r", "2", "-o", "jsonl",
	}, dir, c.out}, nil
}

func (l *llama) stop() {
	if l != nil {
		os.RemoveAll(l.dir)
	}
}

// limit is how long one run of it may take.
const limit = 5 * time.Minute

// measure runs it once; it reads the prompt and generates twice each, after warming up, and
// the faster one counts. It has no figures for a model that it cannot run.
func (l *llama) measure(m *model, threads int) (f figures) {
	if l == nil || m.failed {
		return f
	}
	m.failed = true // until it has not
	path := m.path
	if path == "" {
		path = filepath.Join(l.dir, m.name+".gguf")
		if _, err := os.Stat(path); err != nil {
			if err := os.WriteFile(path, m.data, 0o600); err != nil {
				fmt.Fprintln(l.out, "llama.cpp:", err)
				return f
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.program, append(l.args, "-m", path, "-t", strconv.Itoa(threads))...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		fmt.Fprintf(l.out, "llama.cpp: %v: %s\n", err, bytes.TrimSpace(said.Bytes()))
		return f
	}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var test struct {
			Generated int       `json:"n_gen"`
			Rates     []float64 `json:"samples_ts"`
		}
		if err := d.Decode(&test); err != nil {
			fmt.Fprintln(l.out, "llama.cpp:", err)
			return f
		}
		for _, rate := range test.Rates {
			if test.Generated > 0 {
				f.tg = max(f.tg, rate)
			} else {
				f.pp = max(f.pp, rate)
			}
		}
	}
	m.failed = false
	return f
}
