package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// ask sends lines to a server and prints its answers, one for each line but notifications.
func ask(s *mcp.Server, lines ...string) {
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	r := bufio.NewReader(client)
	hello := []string{
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"example","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	}
	for i, line := range append(hello, lines...) {
		fmt.Fprintln(client, line)
		for strings.Contains(line, `"id"`) {
			answer, err := r.ReadString('\n')
			if err != nil {
				fmt.Println(err)
				return
			}
			if i > 0 {
				fmt.Print(answer)
			}
			if strings.Contains(answer, `"id"`) {
				break
			}
		}
	}
	client.Close()
}

// answer is ask for a client with those capabilities that gives result to whatever the
// server asks of it.
func answer(s *mcp.Server, capabilities, result string, line string) {
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	defer client.Close()
	r := bufio.NewReader(client)
	fmt.Fprintln(client, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":`+capabilities+`,"clientInfo":{"name":"example","version":"1"}}}`)
	if _, err := r.ReadString('\n'); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprintln(client, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	fmt.Fprintln(client, line)
	for {
		said, err := r.ReadString('\n')
		if err != nil {
			fmt.Println(err)
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct {
				Message  string
				Messages []struct{ Content struct{ Text string } }
			}
		}
		if err := json.Unmarshal([]byte(said), &m); err != nil || m.Method == "" {
			fmt.Print(said)
			return
		}
		what := m.Params.Message
		for _, message := range m.Params.Messages {
			what += message.Content.Text
		}
		fmt.Printf("server asks %s: %s\n", m.Method, what)
		fmt.Fprintf(client, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", m.ID, result)
	}
}

type AddIn struct {
	A int `json:"a" jsonschema:"first summand"`
	B int `json:"b" jsonschema:"second summand"`
}

type AddOut struct {
	Sum int `json:"sum"`
}

// A tool is a function of two types; their schemas are inferred.
func ExampleAddTool() {
	s := mcp.NewServer(mcp.Implementation{Name: "sums", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "add", Description: "adds two numbers"},
		func(ctx context.Context, in AddIn) (AddOut, error) {
			return AddOut{in.A + in.B}, nil
		})
	ask(s,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{"a":1}}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"sum\":3}"}],"structuredContent":{"sum":3}}}
	// {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"invalid arguments: b is missing"}],"isError":true}}
}

// Progress streams what a tool produces to a client that sent a progress token.
func ExampleProgress() {
	s := mcp.NewServer(mcp.Implementation{Name: "words", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "say"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		words := []string{"In", " the", " beginning"}
		for i, w := range words {
			if err := mcp.Progress(ctx, float64(i+1), float64(len(words)), w); err != nil {
				return "", err
			}
		}
		return mcp.Text(strings.Join(words, "")), nil
	})
	ask(s, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","_meta":{"progressToken":7}}}`)
	// Output:
	// {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1,"total":3,"message":"In"}}
	// {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":2,"total":3,"message":" the"}}
	// {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":3,"total":3,"message":" beginning"}}
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"In the beginning"}]}}
}

// A resource is read by a function, each time anew.
func ExampleServer_AddResource() {
	s := mcp.NewServer(mcp.Implementation{Name: "clock", Version: "1"}, nil)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.AddResource(mcp.Resource{URI: "clock://now", Name: "now", MIMEType: "text/plain"},
		func(context.Context) ([]mcp.Contents, error) {
			return []mcp.Contents{{Text: start.Format(time.RFC3339)}}, nil
		})
	ask(s, `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"clock://now"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"clock://now","mimeType":"text/plain","text":"2026-01-02T03:04:05Z"}]}}
}

// Log reaches a client that has asked for messages of that level.
func ExampleLog() {
	s := mcp.NewServer(mcp.Implementation{Name: "log", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "work"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		_ = mcp.Log(ctx, slog.LevelInfo, "work", map[string]int{"step": 1})
		return "done", nil
	})
	ask(s,
		`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"work"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{}}
	// {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","logger":"work","data":{"step":1}}}
	// {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"done"}]}}
}
