package mcp

import (
	"context"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestBadSchemaFailsTheToolAlone(t *testing.T) {
	s := newFixture(nil)
	if err := s.CheckTools(); err != nil {
		t.Fatal(err)
	}
	AddTool(s, Tool{Name: "array", InputSchema: &jsonschema.Schema{Type: "array"}},
		func(context.Context, textIn) (Text, error) { return "", nil })
	AddTool(s, Tool{Name: "typo", Tighten: func(p map[string]*jsonschema.Schema) { p["tetx"].Pattern = "a" }},
		func(context.Context, textIn) (Text, error) { return "", nil })
	cs := connect(t, s, "2025-11-25", nil)
	if list, err := cs.ListTools(t.Context(), nil); err != nil || len(list.Tools) < 3 {
		t.Errorf("tools/list = %v, %v; want all", list, err)
	}
	for _, name := range []string{"array", "typo", "typo"} {
		_, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: map[string]any{"text": "x"}})
		if err == nil || !strings.Contains(err.Error(), "bad schema") {
			t.Errorf("call of %s: %v, want a bad schema", name, err)
		}
	}
	if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "x"}}); err != nil {
		t.Errorf("another tool: %v", err)
	}
	if err := s.CheckTools(); err == nil || !strings.Contains(err.Error(), `"array"`) || !strings.Contains(err.Error(), `"typo"`) {
		t.Errorf("CheckTools = %v, want both named", err)
	}
}

func TestAddToolPanicsOnBadName(t *testing.T) {
	for _, name := range []string{"", "a b", strings.Repeat("x", 129)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("name %q is accepted", name)
				}
			}()
			AddTool(newFixture(nil), Tool{Name: name}, func(context.Context, textIn) (Text, error) { return "", nil })
		}()
	}
}
