package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/tests/bridge"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
	"github.com/unikernel-ai/unikernel-ai/tests/npm"
)

// launcher is the Inspector's program.
const launcher = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"

// TestInspector uses the Inspector's command line on the guest by `unikai bridge stdio`, in
// each of its ways to agree on a revision.
func TestInspector(t *testing.T) {
	npm.Modules(t)
	stdio := bridge.Stdio(t, theServer(t))
	for _, era := range []string{"legacy", "auto", "modern"} {
		for _, tt := range []struct {
			args []string
			want []string // in the output
		}{
			{[]string{"--method", "tools/list"}, []string{`"name": "test_simple_text"`, `"inputSchema"`, `"x-mcp-header": "Region"`}},
			{[]string{"--method", "tools/call", "--tool-name", "test_x_mcp_header", "--tool-arg", "region=eu", "level=3"},
				[]string{`"type": "text"`, `"text": "region=eu"`}},
			{[]string{"--method", "resources/list"}, []string{`"uri": "test://static-text"`}},
			{[]string{"--method", "resources/templates/list"}, []string{`"uriTemplate": "test://template/{id}/data"`}},
			{[]string{"--method", "resources/read", "--uri", "test://static-text"},
				[]string{`"uri": "test://static-text"`, `"text": "This is the content of the static text resource."`}},
			{[]string{"--method", "prompts/list"}, []string{`"name": "test_prompt_with_arguments"`}},
			{[]string{"--method", "prompts/get", "--prompt-name", "test_prompt_with_arguments", "--prompt-args", "arg1=a", "arg2=b"},
				[]string{`"role": "user"`, `"text": "Prompt with arguments: arg1='a', arg2='b'"`}},
		} {
			t.Run(era+"/"+tt.args[1], func(t *testing.T) {
				out := inspect(t, append([]string{"--protocol-era", era}, tt.args...), stdio)
				for _, want := range tt.want {
					if !strings.Contains(out, want) {
						t.Errorf("the output lacks %s:\n%s", want, out)
					}
				}
			})
		}
	}
}

// TestInspectorConfiguration has the Inspector start the guest itself, from a configuration
// file as clients have them.
func TestInspectorConfiguration(t *testing.T) {
	npm.Modules(t)
	guest.NeedVM(t)
	config, err := json.Marshal(map[string]any{"mcpServers": map[string]any{"guest": map[string]any{
		"command": guest.Program(t), "args": []string{"bridge", "stdio", "--image", guest.Image(t), "--accel", "tcg"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mcp.json")
	if err := os.WriteFile(file, config, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			out := inspect(t, []string{"--config", file, "--server", "guest", "--protocol-era", era, "--connect-timeout", "50000",
				"--method", "resources/read", "--uri", "test://template/7/data"}, nil)
			if want := `Data for ID: 7`; !strings.Contains(out, want) {
				t.Errorf("the output lacks %s:\n%s", want, out)
			}
		})
	}
}

// inspect runs the Inspector's command line on the server that stdio starts, if any.
func inspect(t *testing.T, args, stdio []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
	defer cancel()
	all := append([]string{"--cli"}, args...)
	if stdio != nil {
		all = append(append(all, "--"), stdio...)
	}
	cmd := npm.Command(ctx, t, npm.Package(t, launcher), all...)
	out, errs, err := output(cmd)
	if err != nil {
		t.Fatalf("inspector %q: %v\n%s%s", args, err, out, errs)
	}
	return out
}

func output(cmd *exec.Cmd) (out, errs string, err error) {
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}
