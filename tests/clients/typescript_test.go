package clients

import (
	"context"
	"embed"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unikernel-ai/unikernel-ai/tests/bridge"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
	"github.com/unikernel-ai/unikernel-ai/tests/npm"
)

//go:embed *.mjs
var scripts embed.FS

// said is what steps.mjs prints.
type said struct {
	Version, Server, Instructions string
	Tools                         []string
	Text                          []content
	Mixed                         []string
	Failure                       struct {
		Content []content
		IsError bool
	}
	Unknown, Nothing              any // codes of errors
	Progress                      []float64
	Elicited, Sampled             string
	Resources, Templates, Prompts []string
	Resource                      []struct{ URI, MIMEType, Text string }
	Blob, Templated               string
	Prompt                        []struct {
		Role    string
		Content content
	}
	Completion         []string
	Cancelled, Changed bool
	After              string
}

type content struct{ Type, Text string }

// newest revisions: of the handshake, and without one.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

func TestTypeScript(t *testing.T) {
	npm.Modules(t)
	dir := writeScripts(t)
	addr := theServer(t)
	stdio, url := bridge.Stdio(t, addr), bridge.HTTP(t, addr)
	for _, tt := range []struct {
		name    string
		args    []string // of node
		version string
		nothing float64 // code of a resource that is not there
	}{
		{"v1", []string{"v1.mjs"}, legacy, -32002},
		{"v2 legacy", []string{"v2.mjs", "legacy"}, legacy, -32602}, // the client makes one code of both
		{"v2 auto", []string{"v2.mjs", "auto"}, modern, -32602},
		{"v2 modern", []string{"v2.mjs", modern}, modern, -32602},
	} {
		want := want(tt.version, tt.nothing)
		t.Run(tt.name+"/stdio", func(t *testing.T) { typeScript(t, want, dir, slices.Concat(tt.args, stdio)) })
		t.Run(tt.name+"/http", func(t *testing.T) { typeScript(t, want, dir, append(slices.Clone(tt.args), url)) })
	}
}

// writeScripts puts the scripts beside the packages and returns their folder.
func writeScripts(t *testing.T) (dir string) {
	t.Helper()
	names, err := scripts.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, n := range names {
		b, err := scripts.ReadFile(n.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[n.Name()] = string(b)
	}
	return npm.Scripts(t, files)
}

// typeScript runs a client to its end and compares what it saw with what the fixture has.
func typeScript(t *testing.T, want said, dir string, args []string) {
	ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
	defer cancel()
	cmd := npm.Command(ctx, t, filepath.Join(dir, args[0]), args[1:]...)
	out, errs, err := output(cmd)
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", args, err, out, errs)
	}
	var got said
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, tool := range []string{"test_simple_text", "test_image_content", "json_schema_2020_12_tool"} {
		if !slices.Contains(got.Tools, tool) {
			t.Errorf("tools are %q, want %s among them", got.Tools, tool)
		}
	}
	for _, uri := range []string{"test://static-text", "test://static-binary"} {
		if !slices.Contains(got.Resources, uri) {
			t.Errorf("resources are %q, want %s among them", got.Resources, uri)
		}
	}
	if !slices.Contains(got.Prompts, "test_prompt_with_arguments") {
		t.Errorf("prompts are %q, want test_prompt_with_arguments among them", got.Prompts)
	}
	if !strings.Contains(got.Elicited, "ada") || !strings.Contains(got.Sampled, "Paris") {
		t.Errorf("the guest was told %q and %q, want ada and Paris in them", got.Elicited, got.Sampled)
	}
	got.Tools, got.Resources, got.Prompts, got.Elicited, got.Sampled = nil, nil, nil, "", ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q saw (-want +got):\n%s", args, diff)
	}
}

// want is what a client sees of the fixture.
func want(version string, nothing float64) said {
	w := said{
		Version: version, Server: "conformance-fixture", Instructions: "What the conformance suite asks for.",
		Text:  []content{{"text", "This is a simple text response for testing."}},
		Mixed: []string{"text", "image", "resource"}, Unknown: -32602.0, Nothing: nothing,
		Progress: []float64{0, 50, 100}, Templates: []string{"test://template/{id}/data"}, Blob: "PNG", Templated: "42",
		Completion: []string{"test", "testing"}, Cancelled: true, Changed: true, After: "text",
	}
	w.Failure.Content = []content{{"text", "This tool intentionally returns an error for testing"}}
	w.Failure.IsError = true
	w.Resource = append(w.Resource, struct{ URI, MIMEType, Text string }{
		"test://static-text", "text/plain", "This is the content of the static text resource."})
	w.Prompt = append(w.Prompt, struct {
		Role    string
		Content content
	}{"user", content{"text", "Prompt with arguments: arg1='a', arg2='b'"}})
	return w
}
