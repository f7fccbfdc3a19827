package mcp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

type Parcel struct {
	Size  string `json:"size"`
	Count int    `json:"count" jsonschema:"how many"`
}

// A form can offer choices. The client of the example fills it in and sees the answer.
func ExampleChoices() {
	s := mcp.NewServer(mcp.Implementation{Name: "post", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "send"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		p, err := mcp.Elicit[Parcel](ctx, "parcel", "What shall I send?", func(p map[string]*jsonschema.Schema) {
			mcp.Choices(p["size"], mcp.Choice{Value: "s", Title: "Small"}, mcp.Choice{Value: "l", Title: "Large"})
			p["count"].Minimum = mcp.Ptr(1.0)
		})
		if err != nil {
			return "", err // also when the question is still to be answered
		}
		return mcp.Text(fmt.Sprintf("sent %d of size %s", p.Count, p.Size)), nil // what has effects comes last
	})
	talk(s,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"size":"l","count":2}}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"What shall I send?","requestedSchema":{"type":"object","properties":{"size":{"type":"string","oneOf":[{"title":"Small","const":"s"},{"title":"Large","const":"l"}]},"count":{"type":"integer","description":"how many","minimum":1}},"required":["size","count"]}}}
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sent 2 of size l"}]}}
}

// Several questions can be asked at once.
func ExampleAskAll() {
	s := mcp.NewServer(mcp.Implementation{Name: "guide", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "describe"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		var roots []mcp.Root
		var said mcp.SampleResult
		err := mcp.AskAll(ctx,
			mcp.AskRoots("roots", &roots),
			mcp.AskSample("greeting", mcp.SampleRequest{
				Messages: []mcp.SampleMessage{mcp.Say(mcp.User, mcp.Text("Greet the user."))}, MaxTokens: 20,
			}, &said))
		return mcp.Text(fmt.Sprintf("%s You work in %d folders.", said.Text(), len(roots))), err
	})
	talk(s,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"describe"}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"roots":[{"uri":"file:///home/me"}]}}`,
		`{"jsonrpc":"2.0","id":2,"result":{"role":"assistant","content":{"type":"text","text":"Hello."},"model":"m"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"method":"roots/list","params":{}}
	// {"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"Greet the user."}}],"maxTokens":20}}
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Hello. You work in 1 folders."}]}}
}

// talk is a client that can be asked anything. It sends the lines, a response only when
// it has been asked, and prints what it hears.
func talk(s *mcp.Server, lines ...string) {
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	defer client.Close()
	r := bufio.NewReader(client)
	hear := func() string {
		line, err := r.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return line
	}
	fmt.Fprintln(client, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{},"sampling":{},"roots":{}},"clientInfo":{"name":"example","version":"1"}}}`)
	hear()
	fmt.Fprintln(client, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	fmt.Fprintln(client, lines[0])
	for _, line := range lines[1:] {
		fmt.Print(hear())
		fmt.Fprintln(client, line)
	}
	for {
		line := hear()
		fmt.Print(line)
		if strings.Contains(line, `"content"`) || strings.Contains(line, "EOF") {
			return
		}
	}
}
