package tool

import (
	"context"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

type echoIn struct {
	Text string `json:"text" jsonschema:"text to send back"`
}

// Echo adds the tool echo: one text content, the text it was given.
func Echo(s *mcp.Server) {
	mcp.AddTool(s, mcp.Tool{
		Name: "echo", Title: "Echo", Description: "Sends the text back.",
		Annotations: reader(), Inline: true,
	}, func(_ context.Context, in echoIn) (mcp.Text, error) { return mcp.Text(in.Text), nil })
}

// reader returns the annotations of a tool that changes nothing and stays inside.
func reader() *mcp.ToolAnnotations {
	yes, no := true, false
	return &mcp.ToolAnnotations{ReadOnly: &yes, Destructive: &no, Idempotent: &yes, OpenWorld: &no}
}
