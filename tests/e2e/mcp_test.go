package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// call calls a tool and decodes its structured result into out, if not nil.
func call(t *testing.T, s *mcp.ClientSession, tool string, args, out any) *mcp.CallToolResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
	defer cancel()
	r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if r.IsError {
		t.Fatalf("%s failed: %s", tool, textOf(t, r))
	}
	if out != nil {
		decode(t, r.StructuredContent, out)
	}
	return r
}

// decode brings what a JSON decoder made into the form of out.
func decode(t *testing.T, v, out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		t.Fatalf("decode %v: %v", v, err)
	}
}

func decodeJSON(t *testing.T, b []byte, out any) {
	t.Helper()
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
}

// textOf returns the one text content of a result.
func textOf(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("%d contents, want 1", len(r.Content))
	}
	c, ok := r.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("content is a %T, want text", r.Content[0])
	}
	return c.Text
}

// echo checks that a guest answers.
func echo(t *testing.T, s *mcp.ClientSession, text string) {
	t.Helper()
	if got := textOf(t, call(t, s, "echo", map[string]any{"text": text}, nil)); got != text {
		t.Fatalf("echo of %d bytes came back as %d others: %.80q", len(text), len(got), got)
	}
}

func TestRevisions(t *testing.T) {
	for offered, want := range map[string]string{
		"2025-03-26": "2025-03-26",
		"2025-06-18": "2025-06-18",
		"2025-11-25": "2025-11-25",
	} {
		t.Run(offered, func(t *testing.T) {
			s := guest.Session(t, theGuest(t), offered, nil)
			if got := s.InitializeResult().ProtocolVersion; got != want {
				t.Errorf("offered %s: the guest speaks %s, want %s", offered, got, want)
			}
			if err := s.Ping(t.Context(), nil); err != nil {
				t.Errorf("ping: %v", err)
			}
			echo(t, s, "hello")
		})
	}
}

// The client's newest revision has no handshake; it asks for that first and
// must be told in a way that it understands.
func TestNewestClient(t *testing.T) {
	s := guest.Session(t, theGuest(t), "2026-07-28", nil)
	echo(t, s, "hello")
	t.Logf("they agreed on %s", s.InitializeResult().ProtocolVersion)
}

func TestToolsList(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	r, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range r.Tools {
		names = append(names, tool.Name)
		if tool.Description == "" || tool.InputSchema == nil {
			t.Errorf("%s has no description or no input schema", tool.Name)
		}
	}
	for _, want := range []string{"bench", "detokenize", "echo", "embed", "generate", "matmul", "perplexity", "system_info", "tokenize"} {
		if !slices.Contains(names, want) {
			t.Errorf("tools are %q, want %s among them", names, want)
		}
	}
}

func TestEcho(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	for _, text := range []string{"", "naïve 東京 𝄞 \u0000 \" \\ \n", strings.Repeat("0123456789abcdef", 64<<10)} {
		echo(t, s, text)
	}
}

func TestCallsInParallel(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	errs := make(chan error, 16)
	for i := range cap(errs) {
		go func() {
			text := strings.Repeat(string(rune('a'+i)), 100*i)
			for range 20 {
				r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": text}})
				if err == nil && (len(r.Content) != 1 || r.Content[0].(*mcp.TextContent).Text != text) {
					err = errors.New("echo sent another's text")
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestMatmul compares the guest's product with the sum computed here, from the
// definition: A[i] = i%7-3, B[i] = i%5-2, row by row.
func TestMatmul(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	for _, n := range []int{1, 7, 64, 131} {
		// The sum of all elements of AB is the dot product of A's column sums
		// and B's row sums.
		var want float64
		for k := range n {
			var col, row float64
			for i := range n {
				col += float64((i*n+k)%7 - 3)
				row += float64((k*n+i)%5 - 2)
			}
			want += col * row
		}
		var out struct{ Checksum float64 }
		call(t, s, "matmul", map[string]any{"n": n}, &out)
		if math.Abs(out.Checksum-want) > 1e-3*math.Abs(want)+1 {
			t.Errorf("matmul n=%d: checksum %g, want %g", n, out.Checksum, want)
		}
	}
}

func TestBadArgumentsAreToolErrors(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	for _, args := range []any{map[string]any{}, map[string]any{"text": 7}, map[string]any{"text": "x", "more": true}} {
		r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: args})
		if err != nil || !r.IsError {
			t.Errorf("echo %v: %+v, %v, want a tool error", args, r, err)
		}
	}
	if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "no_such_tool"}); err == nil {
		t.Error("a tool that is not there was called")
	}
	echo(t, s, "hello")
}

func TestSystemInfo(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	var info struct {
		Arch   string
		CPUs   int
		Kernel map[string]float64
		Boot   []struct {
			Name string
			Ms   float64
		}
		SelfTests []struct {
			Name string
			OK   bool
		} `json:"self_tests"`
	}
	call(t, s, "system_info", map[string]any{}, &info)
	if info.Arch != "amd64" || info.CPUs != 1 || len(info.Kernel) == 0 {
		t.Errorf("system_info = %+v", info)
	}
	for i, b := range info.Boot {
		if i > 0 && b.Ms < info.Boot[i-1].Ms {
			t.Errorf("boot point %s is at %g ms, before %s", b.Name, b.Ms, info.Boot[i-1].Name)
		}
	}
	if !slices.ContainsFunc(info.Boot, func(b struct {
		Name string
		Ms   float64
	}) bool {
		return b.Name == "listening"
	}) {
		t.Errorf("boot points are %+v, want listening among them", info.Boot)
	}
	for _, st := range info.SelfTests {
		if !st.OK {
			t.Errorf("self test %q failed", st.Name)
		}
	}
	if len(info.SelfTests) == 0 {
		t.Error("no self tests")
	}
}

func TestResources(t *testing.T) {
	v := theVM(t)
	s := guest.Session(t, v, "", nil)
	r, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "log://kernel"})
	if err != nil {
		t.Fatal(err)
	}
	log := r.Contents[0].Text
	console := v.Console()
	if len(console) == 0 {
		t.Fatal("the console is empty")
	}
	for _, l := range console {
		if !strings.Contains(log, l.Text) {
			t.Errorf("the kernel log lacks a line of the console: %q", l.Text)
		}
	}
	for _, want := range []string{"[test] ", "[unikernel-ai] Kernel booting..."} {
		if !strings.Contains(log, want) {
			t.Errorf("the kernel log lacks %q", want)
		}
	}
	if _, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "log://nobody"}); err == nil {
		t.Error("a resource that is not there was read")
	}
}

func TestCancellation(t *testing.T) {
	progress := make(chan struct{}, 10000)
	s := guest.Session(t, theGuest(t), "", &mcp.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { progress <- struct{}{} },
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := &mcp.CallToolParams{Name: "matmul", Arguments: map[string]any{"n": 64, "reps": 100000}}
	done := make(chan error, 1)
	go func() { _, err := s.CallTool(ctx, p); done <- err }()

	g := &mcp.CallToolParams{Name: "generate", Arguments: map[string]any{"prompt": "And", "max_tokens": 4000, "temperature": 1, "seed": 3}}
	g.SetProgressToken("g")
	gctx, gcancel := context.WithCancel(t.Context())
	defer gcancel()
	gdone := make(chan error, 1)
	go func() { _, err := s.CallTool(gctx, g); gdone <- err }()

	for range 3 {
		select {
		case <-progress:
		case err := <-gdone:
			t.Fatalf("generate ended by itself: %v", err)
		case <-time.After(guest.Limit):
			t.Fatal("generate reports nothing")
		}
	}
	cancel()
	gcancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("matmul: %v, want context.Canceled", err)
	}
	if err := <-gdone; !errors.Is(err, context.Canceled) {
		t.Errorf("generate: %v, want context.Canceled", err)
	}
	// Both tools are free again: each runs one call, or few, at a time.
	call(t, s, "matmul", map[string]any{"n": 4}, nil)
	call(t, s, "generate", map[string]any{"prompt": "And", "max_tokens": 1}, nil)
}
