package mcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

type textIn struct {
	Text string `json:"text" jsonschema:"text to send back"`
}

type addIn struct {
	A int `json:"a" jsonschema:"first summand"`
	B int `json:"b,omitempty" jsonschema:"second summand"`
}

type addOut struct {
	Sum int `json:"sum" jsonschema:"a + b"`
}

type countIn struct {
	N int `json:"n" jsonschema:"how far to count"`
}

func yes() *bool { b := true; return &b }

// newFixture returns the server the tests talk to.
func newFixture(opts *Options) *Server {
	s := NewServer(Implementation{
		Name: "fixture", Version: "1", Title: "Test fixture", Description: "what the tests talk to",
	}, opts)
	AddTool(s, Tool{Name: "echo", Description: "sends text back", Inline: true, Annotations: &ToolAnnotations{ReadOnly: yes()}},
		func(_ context.Context, in textIn) (Text, error) { return Text(in.Text), nil })
	AddTool(s, Tool{
		Name: "add", Title: "Adder", Description: "adds",
		InputSchema: SchemaFor[addIn](func(p map[string]*jsonschema.Schema) {
			p["a"].Maximum = jsonschema.Ptr(1000.0)
		}),
	}, func(_ context.Context, in addIn) (addOut, error) { return addOut{in.A + in.B}, nil })
	AddTool(s, Tool{Name: "fail", Description: "fails"},
		func(context.Context, struct{}) (Text, error) { return "", errors.New("it does not work") })
	AddTool(s, Tool{Name: "refuse", Description: "answers with a JSON-RPC error"},
		func(context.Context, struct{}) (Text, error) { return "", Errorf(7, "refused") })
	AddTool(s, Tool{Name: "panic", Description: "has a bug"},
		func(context.Context, struct{}) (Text, error) { panic("a bug") })
	AddTool(s, Tool{Name: "wait", Description: "waits to be cancelled, 20 s at most"},
		func(ctx context.Context, _ struct{}) (Text, error) {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(20 * time.Second):
				return "waited", nil
			}
		})
	AddTool(s, Tool{Name: "count", Description: "counts to n with progress"},
		func(ctx context.Context, in countIn) (Text, error) {
			for i := range in.N {
				if err := Progress(ctx, float64(i+1), float64(in.N), fmt.Sprintf("<%d>", i+1)); err != nil {
					return "", err
				}
				_ = Progress(ctx, float64(i), 0, "too late") // not growing: dropped
				_ = Log(ctx, LevelNotice, "count", map[string]int{"at": i + 1})
			}
			return "done", nil
		})
	AddTool(s, Tool{Name: "mixed", Description: "returns every kind of content"},
		func(context.Context, struct{}) (*Result, error) {
			return &Result{
				Content: []Content{
					Text("a \"quoted\"\n\x01 text\xff"), Image{[]byte{1, 2, 3}, "image/png"}, Audio{[]byte{4}, "audio/wav"},
					Embedded{Contents{URI: "test://text", MIMEType: "text/plain", Text: "inside"}},
					Link{Resource{URI: "test://text", Name: "text", Title: "Text"}},
				},
				Structured: map[string]any{"k": []int{1, 2}},
			}, nil
		})
	s.AddResource(Resource{URI: "test://text", Name: "text", Title: "Text", MIMEType: "text/plain"},
		func(context.Context) ([]Contents, error) { return []Contents{{Text: "hello"}}, nil })
	s.AddResource(Resource{URI: "test://blob", Name: "blob", Description: "bytes"},
		func(context.Context) ([]Contents, error) {
			return []Contents{{Blob: []byte{0, 1, 2}, MIMEType: "application/octet-stream"}}, nil
		})
	s.AddResource(Resource{URI: "test://broken", Name: "broken"},
		func(context.Context) ([]Contents, error) { return nil, errors.New("cannot be read") })
	return s
}

// pipe serves one end of a net.Pipe and returns the other. ended gets what ServeConn returned.
func pipe(t testing.TB, s *Server) (c net.Conn, ended <-chan error) {
	client, server := net.Pipe()
	ch := make(chan error, 1)
	go func() { ch <- s.ServeConn(context.Background(), server) }()
	t.Cleanup(func() { client.Close() })
	return client, ch
}
