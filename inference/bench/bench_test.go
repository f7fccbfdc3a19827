package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// small is a run of everything, as short as can be.
func small(t *testing.T, out *strings.Builder) *config {
	t.Setenv("UNIKAI_TEST_MODELS", "")
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	return &config{
		only: "gemm,formats,models", types: "sd", sizes: []int{16}, threads: []int{1, 2}, rounds: 1, turn: time.Microsecond,
		megabytes: 1, prompt: 8, generate: 2, cache: "f32", out: out,
	}
}

// script writes an executable file.
func script(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "llama-bench")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryTable(t *testing.T) {
	var out strings.Builder
	c := small(t, &out)
	c.models = []string{"/nonexistent/nobody.gguf"}
	c.llamaBench = script(t, `echo "$@" | grep -q "^-p 8 -n 2 -r 2 -o jsonl -m .*kjv.*gguf -t [12]$" || exit 1
echo '{"n_prompt": 8, "n_gen": 0, "samples_ts": [1.5, 4000000, 2]}'
echo '{"n_prompt": 0, "n_gen": 2, "samples_ts": [8000000]}'
`)
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nsgemm     16       1 |", "\ndgemm     16       2 |", "\nQ4_K   8 bit        2 |", "\nQ8_0   16 bit       1 |", "\nkjv F16 ", "nobody.gguf: no such file", "4000000.0 8000000.0   0."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestLlamaThatFails(t *testing.T) {
	var out strings.Builder
	c := small(t, &out)
	c.only, c.threads, c.rounds, c.llamaBench = "models", []int{1}, 3, script(t, "echo no such model >&2; exit 3\n")
	if err := c.run(); err != nil || strings.Count(out.String(), "exit status 3: no such model") != 3 { // three models, once each
		t.Errorf("%v\n%s", err, out.String())
	}
	c.llamaBench = "/nonexistent"
	if err := c.run(); err == nil {
		t.Error("a llama-bench that is not there is accepted")
	}
}

func TestWithoutCompilerAndLibrary(t *testing.T) {
	var out strings.Builder
	c := small(t, &out)
	t.Setenv("PATH", t.TempDir())
	c.only, c.threads, c.library = "gemm,formats", []int{1}, "/nonexistent/libopenblas.so"
	if err := c.run(); err != nil || !strings.Contains(out.String(), "no OpenBLAS: cc:") || !strings.Contains(out.String(), "our own dot product: cc:") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestNoSuchTable(t *testing.T) {
	c := small(t, &strings.Builder{})
	if c.only = "gem"; c.run() == nil {
		t.Error("accepted")
	}
}

func TestNumbersOf(t *testing.T) {
	for list, want := range map[string][]int{"": nil, "1": {1}, "1,20": {1, 20}} {
		if got, err := numbersOf(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("numbersOf(%q) = %v, %v", list, got, err)
		}
	}
	for _, list := range []string{"0", "-1", "a", "1,", "1.5"} {
		if _, err := numbersOf(list); err == nil {
			t.Errorf("numbersOf(%q) is accepted", list)
		}
	}
}

func TestUserPath(t *testing.T) {
	t.Setenv("BUILD_WORKING_DIRECTORY", "/here")
	for path, want := range map[string]string{"": "", "a/b": "/here/a/b", "/x": "/x"} {
		if got := userPath(path); got != want {
			t.Errorf("userPath(%q) = %q", path, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "-", math.Inf(1): "-", 1.26: "1.3"} {
		if got := number(1, v); got != want {
			t.Errorf("number(%v) = %q", v, got)
		}
	}
}
