package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// words is a model whose tokens are words.
type words struct{}

func (words) Tokenize(text string, bos bool) ([]int32, error) {
	if text == "bad" {
		return nil, errors.New("no tokens for that")
	}
	var ids []int32
	if bos {
		ids = append(ids, 1)
	}
	for range strings.Fields(text) {
		ids = append(ids, 7)
	}
	return ids, nil
}

func (words) Detokenize(ids []int32) (string, error) { return strings.Repeat("w", len(ids)), nil }

func (words) Generate(ctx context.Context, prompt string, o inference.Options, each func(inference.Token) error) (inference.Result, error) {
	res := inference.Result{Stop: inference.StopLength}
	for i := range o.MaxTokens {
		text := " w"
		if i == 1 {
			text = "" // an unfinished UTF-8 sequence
		}
		res.Text += text
		res.Stats.Tokens++
		if each != nil {
			if err := each(inference.Token{Index: i, Text: text}); err != nil {
				return res, err
			}
		}
		if err := ctx.Err(); err != nil {
			return res, err
		}
	}
	res.Stats.Decode = time.Second
	return res, nil
}

// newServer returns a server with all tools.
func newServer() *mcp.Server {
	s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
	tool.Echo(s)
	tool.Tokenize(s, words{})
	tool.Generate(s, words{})
	tool.Matmul(s, gonum.Implementation{}, 512)
	tool.SystemInfo(s, tool.System{
		Image:     "test",
		Kernel:    func() (map[string]float64, error) { return map[string]float64{"tasks": 3}, nil },
		Boot:      func() ([]tool.Moment, error) { return []tool.Moment{tool.At("main", 1500*time.Microsecond)}, nil },
		SelfTests: func() ([]tool.SelfTest, error) { return nil, errors.New("not in the unikernel") },
		Model:     func() map[string]any { return map[string]any{"name": "kjv"} },
	})
	return s
}

func TestSchemas(t *testing.T) {
	if err := newServer().CheckTools(); err != nil {
		t.Fatal(err)
	}
}

// connect returns a session of the official Go SDK's client. pieces gets the
// messages of progress notifications.
func connect(t *testing.T, pieces chan<- string) *sdk.ClientSession {
	return connectTo(t, newServer(), pieces)
}

// connectTo is connect for any server.
func connectTo(t *testing.T, s *mcp.Server, pieces chan<- string) *sdk.ClientSession {
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	c := sdk.NewClient(&sdk.Implementation{Name: "t", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { pieces <- r.Params.Message },
	})
	cs, err := c.Connect(t.Context(), &sdk.IOTransport{Reader: client, Writer: client}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cs.Close() })
	return cs
}

// call calls a tool and stores its text content, decoded as JSON, in out.
func call(t *testing.T, cs *sdk.ClientSession, p *sdk.CallToolParams, out any) {
	t.Helper()
	res, err := cs.CallTool(t.Context(), p)
	if err != nil || res.IsError || len(res.Content) != 1 {
		t.Fatalf("%s = %+v, %v", p.Name, res, err)
	}
	if err := json.Unmarshal([]byte(res.Content[0].(*sdk.TextContent).Text), out); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
}

func TestTools(t *testing.T) {
	pieces := make(chan string, 10)
	cs := connect(t, pieces)

	res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hi"}})
	if err != nil || res.Content[0].(*sdk.TextContent).Text != "hi" || res.StructuredContent != nil {
		t.Errorf("echo = %+v, %v", res, err)
	}

	var tokens struct {
		Tokens []int32
		Count  int
	}
	call(t, cs, &sdk.CallToolParams{Name: "tokenize", Arguments: map[string]any{"text": "a b", "bos": true}}, &tokens)
	if tokens.Count != 3 || tokens.Tokens[0] != 1 {
		t.Errorf("tokenize = %+v", tokens)
	}

	var gen struct {
		Text   string
		Tokens int
		Reason string `json:"finish_reason"`
	}
	p := &sdk.CallToolParams{Name: "generate", Arguments: map[string]any{"prompt": "p", "max_tokens": 3}}
	p.SetProgressToken("t")
	call(t, cs, p, &gen)
	if gen.Text != " w w" || gen.Tokens != 3 || gen.Reason != "length" {
		t.Errorf("generate = %+v", gen)
	}
	if got := <-pieces + <-pieces; got != gen.Text {
		t.Errorf("streamed %q, want %q", got, gen.Text)
	}
	p.Arguments = map[string]any{"prompt": "p", "max_tokens": 3, "stream": false}
	call(t, cs, p, &gen)
	if len(pieces) != 0 {
		t.Error("stream=false streamed")
	}

	// The sum for n = 2 by hand: A = [-3 -2; -1 0], B = [-2 -1; 0 1], AB = [6 1; 2 1].
	var product struct{ Checksum float64 }
	call(t, cs, &sdk.CallToolParams{Name: "matmul", Arguments: map[string]any{"n": 2, "reps": 2}}, &product)
	if product.Checksum != 10 {
		t.Errorf("matmul checksum = %v, want 10", product.Checksum)
	}

	var sys struct {
		Go        string
		CPUs      int
		Kernel    map[string]float64
		Boot      []tool.Moment
		SelfTests []tool.SelfTest `json:"self_tests"`
	}
	call(t, cs, &sdk.CallToolParams{Name: "system_info"}, &sys)
	if sys.CPUs < 1 || sys.Kernel["tasks"] != 3 || len(sys.Boot) != 1 || sys.Boot[0].Milliseconds != 1.5 || sys.SelfTests != nil {
		t.Errorf("system_info = %+v", sys)
	}
}

func TestToolsRefuseBadArguments(t *testing.T) {
	cs := connect(t, make(chan string))
	for _, c := range []struct {
		name string
		args map[string]any
	}{
		{"matmul", map[string]any{"n": 0}},
		{"matmul", map[string]any{"n": 513}},
		{"matmul", map[string]any{"n": 1.5}},
		{"generate", map[string]any{"prompt": "x", "max_tokens": 0}},
		{"generate", map[string]any{"prompt": "x", "max_tokens": 1 << 30}},
		{"generate", map[string]any{"prompt": "x", "seed": -1}},
		{"generate", map[string]any{"prompt": "x", "top_p": 2}},
		{"generate", map[string]any{"prompt": "x", "temperature": 1e300}},
		{"generate", map[string]any{}},
		{"tokenize", map[string]any{"text": "bad"}},
		{"echo", map[string]any{"Text": "x"}},
	} {
		res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: c.name, Arguments: c.args})
		if err != nil || !res.IsError {
			t.Errorf("%s %v = %+v, %v, want isError", c.name, c.args, res, err)
		}
	}
}
