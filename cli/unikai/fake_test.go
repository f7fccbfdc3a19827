package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A fakeGuest is an MCP server with the tools of an image, made with the
// official SDK. Each dial gets a connection of its own to it.
type fakeGuest struct {
	server *mcp.Server
	pieces []string       // of the generated text
	text   string         // the result's text; "" is all pieces
	raw    func(net.Conn) // if set, serves in place of server

	mu        sync.Mutex
	log       string         // guarded by mu
	arguments map[string]any // guarded by mu; of the last call of generate
	cancelled chan struct{}  // closed when a call of wait is cancelled
}

type object = map[string]any

func newFakeGuest() *fakeGuest {
	f := &fakeGuest{pieces: []string{" God", " created", " the hea", "ven"}, cancelled: make(chan struct{})}
	f.server = mcp.NewServer(&mcp.Implementation{Name: "fake", Version: "7"}, nil)
	f.tool("echo", `{"type":"object","properties":{"text":{"type":"string"},"times":{"type":["null","integer"]}},"required":["text"]}`,
		func(_ context.Context, r *mcp.CallToolRequest, in object) (*mcp.CallToolResult, error) {
			return textResult(in["text"].(string)), nil
		})
	f.tool("steps", `{"type":"object"}`, func(ctx context.Context, r *mcp.CallToolRequest, _ object) (*mcp.CallToolResult, error) {
		for i := range 3 {
			report(ctx, r, float64(i+1), 3, "step")
		}
		return &mcp.CallToolResult{StructuredContent: object{"sum": 6}, Content: []mcp.Content{}}, nil
	})
	f.tool("fail", `{"type":"object"}`, func(context.Context, *mcp.CallToolRequest, object) (*mcp.CallToolResult, error) {
		r := textResult("the matrix is \x1b[31msingular")
		r.IsError = true
		return r, nil
	})
	f.tool("wait", `{"type":"object"}`, func(ctx context.Context, _ *mcp.CallToolRequest, _ object) (*mcp.CallToolResult, error) {
		<-ctx.Done()
		close(f.cancelled)
		return nil, ctx.Err()
	})
	f.tool("generate", `{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}`, f.generate)
	f.tool("system_info", `{"type":"object"}`, func(context.Context, *mcp.CallToolRequest, object) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{}, StructuredContent: object{"boot": []object{
			{"name": "runtime start", "ms": 1.5}, {"name": "main", "ms": 2.5}, {"name": "listening", "ms": 4},
		}}}, nil
	})
	f.server.AddResource(&mcp.Resource{URI: kernelLog, Name: "kernel"}, func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: kernelLog, Text: f.log}}}, nil
	})
	return f
}

func (f *fakeGuest) tool(name, schema string, run func(context.Context, *mcp.CallToolRequest, object) (*mcp.CallToolResult, error)) {
	f.server.AddTool(&mcp.Tool{Name: name, Description: "does " + name + "\nand more", InputSchema: json.RawMessage(schema)},
		func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var in object
			if err := json.Unmarshal(r.Params.Arguments, &in); err != nil {
				return nil, err
			}
			return run(ctx, r, in)
		})
}

func (f *fakeGuest) generate(ctx context.Context, r *mcp.CallToolRequest, in object) (*mcp.CallToolResult, error) {
	f.mu.Lock()
	f.arguments = in
	f.mu.Unlock()
	for i, p := range f.pieces {
		report(ctx, r, float64(i+1), float64(len(f.pieces)), p)
	}
	text := f.text
	if text == "" {
		text = strings.Join(f.pieces, "")
	} else if err := r.Session.Ping(ctx, nil); err != nil {
		// The client handles what comes in order: once it answers, it has seen the reports.
		return nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{}, StructuredContent: object{
		"text": text, "tokens": len(f.pieces), "tokens_per_second": 125.0, "finish_reason": "length",
	}}, nil
}

func report(ctx context.Context, r *mcp.CallToolRequest, done, total float64, message string) {
	if token := r.Params.GetProgressToken(); token != nil {
		_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: done, Total: total, Message: message})
	}
}

func textResult(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

// dial is app.dial.
func (f *fakeGuest) dial(_ context.Context, addr string) (net.Conn, error) {
	if addr != "unix:/fake:1024" {
		return nil, errors.New("no guest at " + addr)
	}
	ours, theirs := net.Pipe()
	if f.raw != nil {
		go f.raw(theirs)
		return ours, nil
	}
	go func() { _ = f.server.Run(context.Background(), &mcp.IOTransport{Reader: theirs, Writer: theirs}) }()
	return ours, nil
}

// A ran is what a command printed and how it ended.
type ran struct {
	out, err string
	code     int
}

// runApp runs unikai against f (nil: no guest is named).
func runApp(ctx context.Context, t *testing.T, f *fakeGuest, in string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(in), out: &syncWriter{w: &out}, err: &syncWriter{w: &errs}}
	a.dial = func(context.Context, string) (net.Conn, error) { return nil, fmt.Errorf("nothing to dial") }
	if f != nil {
		a.addr, a.dial = "unix:/fake:1024", f.dial
	}
	code := a.run(ctx, args)
	return ran{out.String(), errs.String(), code}
}
