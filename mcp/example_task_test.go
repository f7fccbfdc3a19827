package mcp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// A tool that takes its time lets clients go and come back for the result. The function is
// written as any other.
func ExampleTaskMode() {
	s := mcp.NewServer(mcp.Implementation{Name: "kitchen", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "bake", Task: mcp.TaskOptional}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		if err := mcp.Progress(ctx, 1, 2, "in the oven"); err != nil {
			return "", err // cancelled
		}
		return "a cake", nil
	})

	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	defer client.Close()
	r := bufio.NewReader(client)
	request := func(method, params string) string {
		fmt.Fprintf(client, `{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
			`"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}}`+"\n", method, params)
		answer, _ := r.ReadString('\n')
		return answer
	}
	handle := request("tools/call", `"name":"bake"`)
	_, id, _ := strings.Cut(handle, `"taskId":"`)
	id, _, _ = strings.Cut(id, `"`)
	for {
		task := request("tasks/get", `"taskId":"`+id+`"`)
		if strings.Contains(task, `"status":"completed"`) {
			fmt.Println("completed:", strings.Contains(task, `"result":{"content":[{"type":"text","text":"a cake"}]`))
			return
		}
	}
	// Output: completed: true
}
