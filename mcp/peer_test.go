package mcp

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// connect returns a session of the official Go SDK's client with s. It is the
// independent reading of the specification that our server is held against.
func connect(t testing.TB, s *Server, revision string, opts *sdk.ClientOptions) *sdk.ClientSession {
	t.Helper()
	c, ended := pipe(t, s)
	client := sdk.NewClient(&sdk.Implementation{Name: "peer", Version: "1"}, opts)
	cs, err := client.Connect(t.Context(), &sdk.IOTransport{Reader: c, Writer: c}, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatalf("connect with revision %s: %v", revision, err)
	}
	t.Cleanup(func() {
		cs.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("the server did not notice that the client has gone")
		}
	})
	return cs
}

func TestPeerAtEachRevision(t *testing.T) {
	for _, revision := range Revisions() {
		t.Run(revision, func(t *testing.T) {
			progress := make(chan *sdk.ProgressNotificationParams, 10)
			logs := make(chan *sdk.LoggingMessageParams, 10)
			cs := connect(t, newFixture(&Options{PageSize: 3, Limits: Limits{DrainTimeout: 50 * time.Millisecond}}), revision, &sdk.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { progress <- r.Params },
				LoggingMessageHandler:       func(_ context.Context, r *sdk.LoggingMessageRequest) { logs <- r.Params },
			})
			ctx := t.Context()
			if got := cs.InitializeResult().ProtocolVersion; got != revision {
				t.Fatalf("negotiated %s, want %s", got, revision)
			}
			modern := findRevision(revision).stateless
			if !modern { // that has no ping
				if err := cs.Ping(ctx, nil); err != nil {
					t.Errorf("ping: %v", err)
				}
			}
			var names []string
			for tool, err := range cs.Tools(ctx, nil) {
				if err != nil {
					t.Fatalf("tools: %v", err)
				}
				names = append(names, tool.Name)
			}
			if got, want := strings.Join(names, " "), "add count echo fail mixed panic refuse wait"; got != want {
				t.Errorf("tools = %s, want %s", got, want)
			}
			res, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "héllo"}})
			if err != nil || len(res.Content) != 1 || res.Content[0].(*sdk.TextContent).Text != "héllo" {
				t.Errorf("echo = %+v, %v", res, err)
			}
			params := &sdk.CallToolParams{Name: "count", Arguments: map[string]any{"n": 2}}
			params.SetProgressToken("tok")
			if modern {
				params.Meta[metaPrefix+"logLevel"] = "debug"
			} else if err := cs.SetLoggingLevel(ctx, &sdk.SetLoggingLevelParams{Level: "debug"}); err != nil {
				t.Errorf("setLevel: %v", err)
			}
			if _, err := cs.CallTool(ctx, params); err != nil {
				t.Errorf("count: %v", err)
			}
			for i := range 2 {
				if p := <-progress; p.Progress != float64(i+1) || p.ProgressToken != "tok" {
					t.Errorf("progress %d = %+v", i, p)
				}
				if l := <-logs; l.Logger != "count" || l.Level != "notice" {
					t.Errorf("log %d = %+v", i, l)
				}
			}
			rr, err := cs.ReadResource(ctx, &sdk.ReadResourceParams{URI: "test://blob"})
			if err != nil || string(rr.Contents[0].Blob) != "\x00\x01\x02" {
				t.Errorf("blob = %+v, %v", rr, err)
			}
			if res, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "mixed"}); err != nil || len(res.Content) != 5 {
				t.Errorf("mixed = %+v, %v", res, err)
			}
			if res, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "fail"}); err != nil || !res.IsError {
				t.Errorf("fail = %+v, %v", res, err)
			}
			short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			if _, err := cs.CallTool(short, &sdk.CallToolParams{Name: "wait"}); err == nil {
				t.Error("wait was not cancelled")
			}
		})
	}
}

// TestPeerPicksTheNewest: left to itself the client asks server/discover and stays with
// the revision that has no handshake.
func TestPeerPicksTheNewest(t *testing.T) {
	cs := connect(t, newFixture(nil), "", nil)
	if got := cs.InitializeResult().ProtocolVersion; got != "2026-07-28" {
		t.Errorf("negotiated %s, want 2026-07-28", got)
	}
}

// newSDKServer returns the official Go SDK's server with one echo tool, for comparison.
func newSDKServer() *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "peer", Version: "1"}, nil)
	sdk.AddTool(s, &sdk.Tool{Name: "echo", Description: "sends text back"},
		func(_ context.Context, _ *sdk.CallToolRequest, in textIn) (*sdk.CallToolResult, any, error) {
			return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: in.Text}}}, nil, nil
		})
	return s
}

// sdkPipe serves one end of a net.Pipe by the SDK's server.
func sdkPipe(t testing.TB) net.Conn {
	client, server := net.Pipe()
	go func() { _ = newSDKServer().Run(context.Background(), &sdk.IOTransport{Reader: server, Writer: server}) }()
	t.Cleanup(func() { client.Close() })
	return client
}
