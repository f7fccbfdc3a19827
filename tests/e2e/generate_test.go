package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// model is the one that the image embeds.
const model = "kjv-Q8_0.gguf"

func loadGolden(t *testing.T) golden.Golden {
	t.Helper()
	g, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// generated is the result of the tool generate.
type generated struct {
	Text   string `json:"text"`
	Tokens int    `json:"tokens"`
	Finish string `json:"finish_reason"`
}

// TestGenerateEqualsGoldenText compares the guest's text at temperature 0 with
// that of an independent engine, and what was streamed with the result.
func TestGenerateEqualsGoldenText(t *testing.T) {
	var mu sync.Mutex
	streamed := map[any]string{} // by progress token
	s := guest.Session(t, theGuest(t), "", &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			mu.Lock()
			defer mu.Unlock()
			streamed[r.Params.ProgressToken] += r.Params.Message
		},
	})
	for _, c := range loadGolden(t).Models[model].Cases {
		t.Run(c.Prompt, func(t *testing.T) {
			p := &mcp.CallToolParams{Name: "generate", Arguments: map[string]any{
				"prompt": c.Prompt, "max_tokens": len(c.GreedyIDs), "temperature": 0,
			}}
			p.SetProgressToken(c.Prompt)
			r, err := s.CallTool(t.Context(), p)
			if err != nil || r.IsError {
				t.Fatalf("generate: %+v, %v", r, err)
			}
			var got generated
			decode(t, r.StructuredContent, &got)
			// The golden text is decoded alone, so without the space before its first word.
			if text := strings.TrimPrefix(got.Text, " "); text != c.GreedyText {
				t.Errorf("generate(%q) = %q, want %q", c.Prompt, text, c.GreedyText)
			}
			if got.Tokens != len(c.GreedyIDs) || got.Finish != "length" {
				t.Errorf("generate(%q): %d tokens, ended by %s, want %d, length", c.Prompt, got.Tokens, got.Finish, len(c.GreedyIDs))
			}
			// Progress and result travel in order on one connection; the SDK
			// handles the former on another goroutine, so give it a round trip.
			if err := s.Ping(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !strings.HasPrefix(got.Text, streamed[c.Prompt]) || streamed[c.Prompt] == "" {
				t.Errorf("streamed %q, result %q", streamed[c.Prompt], got.Text)
			}
		})
	}
}

func TestSeededTextIsRepeatable(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	texts := map[string]int{}
	for _, seed := range []int{1, 1, 2, 3} {
		var g generated
		call(t, s, "generate", map[string]any{"prompt": "And it came to pass", "max_tokens": 24, "temperature": 1, "seed": seed}, &g)
		texts[g.Text]++
	}
	if len(texts) < 2 || len(texts) > 3 {
		t.Errorf("seeds 1, 1, 2, 3 gave %v, want the same twice and others", texts)
	}
}

func TestTokenizeEqualsGolden(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	for _, c := range loadGolden(t).Tokenize {
		var out struct{ Tokens []int32 }
		call(t, s, "tokenize", map[string]any{"text": c.Text}, &out)
		if len(out.Tokens) != len(c.IDs) {
			t.Errorf("tokenize(%q) = %v, want %v", c.Text, out.Tokens, c.IDs)
			continue
		}
		for i, id := range out.Tokens {
			if id != c.IDs[i] {
				t.Errorf("tokenize(%q) = %v, want %v", c.Text, out.Tokens, c.IDs)
				break
			}
		}
	}
}
