package mcp

import (
	"context"
	"strings"
	"testing"
)

// MCP 2025-11-25 server/tools "Tool Names": 1 to 128 ASCII letters, digits, '_', '-', '.'.
func TestToolNames(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"getUser", true}, {"DATA_EXPORT_v2", true}, {"admin.tools.list", true}, {"a-b", true}, {"0", true},
		{strings.Repeat("x", 128), true},
		{"", false}, {strings.Repeat("x", 129), false}, {"two words", false}, {"a,b", false}, {"a/b", false},
		{"é", false}, {"a\n", false}, {"a\x00", false},
	} {
		refused := func() (refused bool) {
			defer func() { refused = recover() != nil }()
			AddTool(NewServer(Implementation{}, nil), Tool{Name: c.name},
				func(context.Context, struct{}) (Text, error) { return "", nil })
			return false
		}()
		if refused == c.ok {
			t.Errorf("a tool called %q is taken: %v, want %v", c.name, !refused, c.ok)
		}
	}
}
