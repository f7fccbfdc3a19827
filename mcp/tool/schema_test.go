package tool_test

import (
	"encoding/json"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// TestGenerateFitsSchema has the embedded model write values, through the wire.
func TestGenerateFitsSchema(t *testing.T) {
	m, err := inference.Load(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
	tool.Generate(s, m)
	cs := connectTo(t, s, nil)
	for _, c := range []struct {
		name      string
		schema    string
		maxTokens int
		fits      func(v any) bool
		err       string // of the tool
	}{
		{"object", `{"type":"object","properties":{"zeal":{"type":"integer","minimum":3,"maximum":5},"alms":{"type":"string","maxLength":10}},"required":["zeal","alms"]}`, 0,
			func(v any) bool {
				m, _ := v.(map[string]any)
				return len(m) == 2 && m["zeal"].(float64) >= 3 && m["alms"] != nil
			}, ""},
		{"enum", `{"enum":["ark","dove"]}`, 0, func(v any) bool { return v == "ark" || v == "dove" }, ""},
		{"anything", `true`, 0, func(v any) bool { return true }, ""},
		{"cut off", `{"type":"array","minItems":50}`, 3, func(v any) bool { return v == nil }, ""},
		{"unsupported", `{"type":"object","properties":{"a":{"not":{}}}}`, 0, nil, `#/properties/a: keyword "not" is not supported`},
		{"nothing fits", `false`, 0, nil, "no value that can be generated fits"},
		{"not a schema", `"string"`, 0, nil, "json_schema"},
	} {
		args := map[string]any{"prompt": "And he said", "json_schema": json.RawMessage(c.schema)}
		if c.maxTokens > 0 {
			args["max_tokens"] = c.maxTokens
		}
		res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "generate", Arguments: args})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if c.err != "" {
			if text := res.Content[0].(*sdk.TextContent).Text; !res.IsError || !strings.Contains(text, c.err) {
				t.Errorf("%s: %q, want %q", c.name, text, c.err)
			}
			continue
		}
		out, _ := res.StructuredContent.(map[string]any)
		if res.IsError || !c.fits(out["value"]) {
			t.Errorf("%s: %v %v", c.name, res.Content[0], out)
			continue
		}
		if want := map[bool]string{true: "eos", false: "length"}[out["value"] != nil]; out["finish_reason"] != want {
			t.Errorf("%s: finish reason %v, want %s", c.name, out["finish_reason"], want)
		}
		if c.name == "object" && strings.Index(out["text"].(string), "zeal") > strings.Index(out["text"].(string), "alms") {
			t.Errorf("%s: members are not in the schema's order", out["text"])
		}
	}
}
