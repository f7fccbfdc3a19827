package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
	"github.com/unikernel-ai/unikernel-ai/tests/bridge"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// TestGoSDK uses the official Go SDK's client in every revision that it speaks: on the
// guest's connection itself, and through both bridges.
func TestGoSDK(t *testing.T) {
	addr := theServer(t)
	stdio, url := bridge.Stdio(t, addr), bridge.HTTP(t, addr)
	for _, way := range []struct {
		name      string
		transport func(*testing.T) mcp.Transport
	}{
		{"direct", func(t *testing.T) mcp.Transport { return direct(t, addr) }},
		{"stdio", func(*testing.T) mcp.Transport {
			return &mcp.CommandTransport{Command: exec.Command(stdio[0], stdio[1:]...)}
		}},
		{"http", func(*testing.T) mcp.Transport { return &mcp.StreamableClientTransport{Endpoint: url} }},
	} {
		for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", legacy, modern} {
			if way.name == "http" && revision == "2024-11-05" {
				continue // that revision has no Streamable HTTP
			}
			t.Run(way.name+"/"+revision, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
				defer cancel()
				goSDK(ctx, t, way.transport(t), revision)
			})
		}
	}
}

func direct(t *testing.T, addr string) mcp.Transport {
	t.Helper()
	a, err := dial.Parse(addr)
	if err != nil {
		t.Fatal(err)
	}
	c := guest.Dial(t, guest.At(a))
	return &mcp.IOTransport{Reader: c, Writer: c}
}

// goSDK does what a client can do in a revision.
func goSDK(ctx context.Context, t *testing.T, transport mcp.Transport, revision string) {
	var progress, logs atomic.Int32
	changed := make(chan struct{}, 1)
	updated := make(chan string, 10)
	client := mcp.NewClient(&mcp.Implementation{Name: "gosdk", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { progress.Add(1) },
		LoggingMessageHandler:       func(context.Context, *mcp.LoggingMessageRequest) { logs.Add(1) },
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"username": "ada", "email": "ada@example.com"}}, nil
		},
		CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
			return &mcp.CreateMessageResult{Role: "assistant", Model: "none", Content: &mcp.TextContent{Text: "Paris"}}, nil
		},
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
		ResourceUpdatedHandler: func(_ context.Context, r *mcp.ResourceUpdatedNotificationRequest) {
			select {
			case updated <- r.Params.URI:
			default:
			}
		},
	})
	client.AddRoots(&mcp.Root{URI: "file:///work", Name: "work"})
	s, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.InitializeResult(); got.ProtocolVersion != revision || got.ServerInfo.Name != "conformance-fixture" {
		t.Errorf("they agreed on %s with %s, want %s with conformance-fixture", got.ProtocolVersion, got.ServerInfo.Name, revision)
	}

	var tools []string
	for tool, err := range s.Tools(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		tools = append(tools, tool.Name)
	}
	if !slices.Contains(tools, "test_simple_text") {
		t.Errorf("tools are %q", tools)
	}
	wantText(t, "test_simple_text", call(ctx, t, s, "test_simple_text", nil), "This is a simple text response for testing.")
	if r := call(ctx, t, s, "test_image_content", nil); len(r.Content) != 1 {
		t.Errorf("test_image_content: %d contents, want 1", len(r.Content))
	} else if i, ok := r.Content[0].(*mcp.ImageContent); !ok || i.MIMEType != "image/png" || !bytes.HasPrefix(i.Data, []byte("\x89PNG")) {
		t.Errorf("test_image_content gave %+v, want a PNG", r.Content[0])
	}
	if r := call(ctx, t, s, "test_error_handling", nil); !r.IsError {
		t.Error("test_error_handling: no error")
	}
	if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "no_such_tool"}); code(err) != jsonrpc.CodeInvalidParams {
		t.Errorf("no_such_tool: %v, want code -32602", err)
	}

	p := &mcp.CallToolParams{Name: "test_tool_with_progress"}
	p.SetProgressToken("p")
	if _, err := s.CallTool(ctx, p); err != nil {
		t.Error(err)
	}
	eventually(t, "progress 3 times", func() bool { return progress.Load() == 3 })
	if revision != modern {
		if err := s.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: "debug"}); err != nil {
			t.Error(err)
		}
		call(ctx, t, s, "test_tool_with_logging", nil)
		eventually(t, "3 log messages", func() bool { return logs.Load() >= 3 })
	}
	wantText(t, "test_sampling", call(ctx, t, s, "test_sampling", map[string]any{"prompt": "?"}), "Paris")
	if revision >= "2025-06-18" {
		wantText(t, "test_elicitation", call(ctx, t, s, "test_elicitation", map[string]any{"message": "?"}), "ada")
	}

	r, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: "test://template/42/data"})
	if err != nil || len(r.Contents) != 1 || !json.Valid([]byte(r.Contents[0].Text)) || !strings.Contains(r.Contents[0].Text, `"42"`) {
		t.Errorf("test://template/42/data: %+v, %v", r, err)
	}
	g, err := s.GetPrompt(ctx, &mcp.GetPromptParams{Name: "test_prompt_with_arguments", Arguments: map[string]string{"arg1": "a", "arg2": "b"}})
	if err != nil || len(g.Messages) != 1 || !strings.Contains(g.Messages[0].Content.(*mcp.TextContent).Text, "arg1='a', arg2='b'") {
		t.Errorf("prompt: %+v, %v", g, err)
	}
	c, err := s.Complete(ctx, &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: "test://template/{id}/data"},
		Argument: mcp.CompleteParamsArgument{Name: "id", Value: "12"},
	})
	if err != nil || !slices.Equal(c.Completion.Values, []string{"12", "123"}) {
		t.Errorf("completion: %+v, %v, want 12 and 123", c, err)
	}

	if err := s.Subscribe(ctx, &mcp.SubscribeParams{URI: "test://watched-resource"}); err != nil {
		t.Error(err)
	}
	select {
	case uri := <-updated:
		if uri != "test://watched-resource" {
			t.Errorf("told that %s has changed, want test://watched-resource", uri)
		}
	case <-ctx.Done():
		t.Error("never told that test://watched-resource has changed")
	}

	early, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := s.CallTool(early, &mcp.CallToolParams{Name: "slow_compute", Arguments: map[string]any{"seconds": 60}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled call: %v, want context.DeadlineExceeded", err)
	}
	call(ctx, t, s, "test_trigger_tool_change", nil)
	select {
	case <-changed:
	case <-ctx.Done():
		t.Error("never told that the tools have changed")
	}
	wantText(t, "test_simple_text", call(ctx, t, s, "test_simple_text", nil), "This is a simple text response for testing.")
}

func call(ctx context.Context, t *testing.T, s *mcp.ClientSession, tool string, args map[string]any) *mcp.CallToolResult {
	t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return r
}

// wantText checks that a result is one text with want in it.
func wantText(t *testing.T, tool string, r *mcp.CallToolResult, want string) {
	t.Helper()
	if len(r.Content) == 1 && !r.IsError {
		if c, ok := r.Content[0].(*mcp.TextContent); ok && strings.Contains(c.Text, want) {
			return
		}
	}
	b, _ := json.Marshal(r)
	t.Errorf("%s gave %s, want text with %q", tool, b, want)
}

// code returns the JSON-RPC code of an error, 0 if it has none.
func code(err error) int64 {
	var e *jsonrpc.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// eventually waits for what the client's own goroutines do after a reply.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(guest.Limit); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("no %s", what)
			return
		}
	}
}
