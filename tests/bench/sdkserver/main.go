// The program of //tests/bench:sdk_image: the official Go SDK's server in the guest, in
// place of ours, to be measured beside //tests/bench:echo_image. Handlers are written
// as the SDK's own examples write them.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/tests/bench/door"
)

type echoIn struct {
	Text string `json:"text" jsonschema:"text to send back"`
}

func main() { door.Main(serve) }

// serve gives each connection a session of its own, as the SDK's transports do.
func serve(l net.Listener) error {
	s := newServer()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if err := s.Run(context.Background(), &mcp.IOTransport{Reader: c, Writer: c}); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		}()
	}
}

func newServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Sends the text back."},
		func(_ context.Context, _ *mcp.CallToolRequest, in echoIn) (*mcp.CallToolResult, any, error) {
			return text(in.Text), nil, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "allocs", Description: "Tells how many heap objects were allocated."},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return text(door.Allocs()), nil, nil
		})
	s.AddResource(&mcp.Resource{URI: door.ResourceURI, Name: door.ResourceName},
		func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: door.ResourceURI, Text: door.ResourceText}}}, nil
		})
	return s
}

func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}
