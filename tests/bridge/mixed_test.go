package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
	"github.com/unikernel-ai/unikernel-ai/cli/bridge/streamable"
	"github.com/unikernel-ai/unikernel-ai/cli/dial"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"

	"net"
)

// echoServer has tools that tell one client from another.
func echoServer(limits mcp.Limits) *mcp.Server {
	s := mcp.NewServer(mcp.Implementation{Name: "mixed", Version: "1"}, &mcp.Options{Limits: limits})
	type in struct {
		Text  string `json:"text"`
		Steps int    `json:"steps,omitempty"`
	}
	mcp.AddTool(s, mcp.Tool{Name: "echo", Description: "sends text back"},
		func(_ context.Context, in in) (mcp.Text, error) { return mcp.Text(in.Text), nil })
	mcp.AddTool(s, mcp.Tool{Name: "report", Description: "reports progress with the text, then sends it back"},
		func(ctx context.Context, in in) (mcp.Text, error) {
			for i := range in.Steps {
				mcp.Progress(ctx, float64(i+1), float64(in.Steps), in.Text)
			}
			return mcp.Text(in.Text), nil
		})
	mcp.AddTool(s, mcp.Tool{Name: "wait", Description: "waits until it is cancelled"},
		func(ctx context.Context, _ struct{}) (mcp.Text, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
	return s
}

// web serves the guest at an address by HTTP, in this process, and returns the endpoint.
func web(t testing.TB, addr string) string {
	t.Helper()
	a, err := dial.Parse(addr)
	if err != nil {
		t.Fatal(err)
	}
	b := streamable.New(streamable.Config{
		Guest: &keeper.Remote{Connect: func(ctx context.Context) (net.Conn, error) { return a.Dial(ctx) }},
		Log:   func(format string, args ...any) { t.Logf(format, args...) },
	})
	h := httptest.NewServer(b)
	t.Cleanup(func() {
		b.Close()
		h.Close()
	})
	return h.URL + streamable.Path
}

// TestManyClientsOfBothEras has clients of all revisions call at once, cancel now and then,
// and checks that each hears only its own.
func TestManyClientsOfBothEras(t *testing.T) {
	url := web(t, Host(t, echoServer(mcp.Limits{})))
	revisions := []string{"2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"}
	var over sync.WaitGroup
	for i := range 12 {
		over.Go(func() { oneOfMany(t, url, revisions[i%len(revisions)], fmt.Sprintf("client %d", i)) })
	}
	over.Wait()
}

func oneOfMany(t *testing.T, url, revision, name string) {
	var mu sync.Mutex
	var heard []string
	client := sdk.NewClient(&sdk.Implementation{Name: name, Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, r.Params.Message)
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
	defer cancel()
	transport := &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: &http.Transport{}}}
	s, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Errorf("%s (%s): %v", name, revision, err)
		return
	}
	defer s.Close()
	random := rand.New(rand.NewPCG(1, uint64(len(name)))) // all have some reports
	for i := range 30 {
		text := fmt.Sprintf("%s, call %d", name, i)
		switch random.IntN(4) {
		case 0:
			short, stop := context.WithTimeout(ctx, time.Millisecond)
			if _, err := s.CallTool(short, &sdk.CallToolParams{Name: "wait", Arguments: struct{}{}}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: a call that was given up: %v", name, err)
			}
			stop()
		case 1:
			p := &sdk.CallToolParams{Name: "report", Arguments: map[string]any{"text": text, "steps": 3}}
			p.SetProgressToken("token") // everybody's
			wantEcho(t, name, text)(s.CallTool(ctx, p))
		default:
			wantEcho(t, name, text)(s.CallTool(ctx, &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": text}}))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if i := slices.IndexFunc(heard, func(s string) bool { return s != "" && !strings.HasPrefix(s, name+",") }); i >= 0 {
		t.Errorf("%s heard %q", name, heard[i])
	}
	if len(heard) == 0 {
		t.Errorf("%s (%s) heard nothing", name, revision)
	}
}

func wantEcho(t *testing.T, name, text string) func(*sdk.CallToolResult, error) {
	return func(r *sdk.CallToolResult, err error) {
		t.Helper()
		if err != nil || len(r.Content) != 1 || r.Content[0].(*sdk.TextContent).Text != text {
			t.Errorf("%s: %+v, %v, want %q", name, r, err, text)
		}
	}
}
