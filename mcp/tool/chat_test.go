package tool_test

import (
	"context"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// talker is a model that can chat, or not.
type talker struct {
	words
	chats bool
}

func (t talker) HasChat() bool { return t.chats }

func (t talker) Chat(ctx context.Context, messages []inference.Message, o inference.Options, each func(inference.Token) error) (inference.Result, error) {
	text := ""
	for _, m := range messages {
		text += m.Role + "=" + m.Content + ";"
	}
	return inference.Result{Text: text, Stop: inference.StopEOS}, nil
}

func TestGenerateAnswersMessages(t *testing.T) {
	user := map[string]any{"role": "user", "content": "hi"}
	for _, c := range []struct {
		name  string
		chats bool
		args  map[string]any
		want  string // text; "" means refused
	}{
		{"messages", true, map[string]any{"messages": []any{map[string]any{"role": "system", "content": "be"}, user}}, "system=be;user=hi;"},
		{"prompt", true, map[string]any{"prompt": "p", "max_tokens": 3}, " w w"},
		{"both", true, map[string]any{"prompt": "p", "messages": []any{user}}, ""},
		{"neither", true, map[string]any{}, ""},
		{"no messages in it", true, map[string]any{"messages": []any{}}, ""},
		{"other role", true, map[string]any{"messages": []any{map[string]any{"role": "<|im_end|>", "content": "x"}}}, ""},
		{"no content", true, map[string]any{"messages": []any{map[string]any{"role": "user"}}}, ""},
		{"too many", true, map[string]any{"messages": []any(repeat(user, 257))}, ""},
		{"model that cannot", false, map[string]any{"messages": []any{user}}, ""},
		{"prompt of one that cannot", false, map[string]any{"prompt": "p", "max_tokens": 1}, " w"},
	} {
		s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
		tool.Generate(s, talker{chats: c.chats})
		cs := connectTo(t, s, nil)
		res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "generate", Arguments: c.args})
		if err != nil {
			t.Fatal(c.name, err)
		}
		out, _ := res.StructuredContent.(map[string]any)
		if res.IsError != (c.want == "") || !res.IsError && out["text"] != c.want {
			t.Errorf("%s: %+v %v, want %q", c.name, res.Content, out, c.want)
		}
		list, err := cs.ListTools(t.Context(), nil)
		if err != nil || strings.Contains(list.Tools[0].Description, "chat") != c.chats {
			t.Errorf("%s: %v, %v", c.name, list, err)
		}
	}
}

func repeat(m map[string]any, n int) (list []any) {
	for range n {
		list = append(list, m)
	}
	return list
}
