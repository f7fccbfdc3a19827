// The program of //tests/bench:echo_image: our server with one tool, echo, to be
// measured beside //tests/bench:sdk_image, which differs in nothing but the server.
package main

import (
	"context"
	"net"

	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/tests/bench/door"
)

type echoIn struct {
	Text string `json:"text" jsonschema:"text to send back"`
}

func main() {
	door.Main(func(l net.Listener) error {
		s := mcp.NewServer(mcp.Implementation{Name: "bench", Version: "1"}, nil)
		mcp.AddTool(s, mcp.Tool{Name: "echo", Description: "Sends the text back.", Inline: true},
			func(_ context.Context, in echoIn) (mcp.Text, error) { return mcp.Text(in.Text), nil })
		mcp.AddTool(s, mcp.Tool{Name: "allocs", Description: "Tells how many heap objects were allocated."},
			func(context.Context, struct{}) (mcp.Text, error) { return mcp.Text(door.Allocs()), nil })
		s.AddResource(mcp.Resource{URI: door.ResourceURI, Name: door.ResourceName},
			func(context.Context) ([]mcp.Contents, error) { return []mcp.Contents{{Text: door.ResourceText}}, nil })
		return s.Serve(l)
	})
}
