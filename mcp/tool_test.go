package mcp

import (
	"context"
	"reflect"
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

// TestDefaultsOfArguments: what is left out has the default of its property.
func TestDefaultsOfArguments(t *testing.T) {
	type in struct {
		City string   `json:"city,omitempty"`
		Days int      `json:"days,omitempty"`
		Tags []string `json:"tags,omitempty"`
	}
	s := NewServer(Implementation{Name: "s", Version: "1"}, nil)
	got := make(chan in, 1)
	AddTool(s, Tool{Name: "t", Tighten: func(p map[string]*jsonschema.Schema) {
		p["city"].Default, p["days"].Default, p["tags"].Default = []byte(`"Oslo"`), []byte("3"), []byte(`["a","b"]`)
	}}, func(_ context.Context, x in) (Text, error) { got <- x; return "", nil })
	type plain struct {
		City string `json:"city,omitempty"`
	}
	AddTool(s, Tool{Name: "plain", Tighten: func(p map[string]*jsonschema.Schema) { p["city"].Default = []byte(`"Rome"`) }},
		func(_ context.Context, x plain) (Text, error) { got <- in{City: x.City}; return "", nil })
	cs := connect(t, s, "2025-11-25", nil)
	for _, c := range []struct {
		tool string
		args map[string]any
		want in
	}{
		{"t", nil, in{"Oslo", 3, []string{"a", "b"}}},
		{"t", map[string]any{"days": 5, "tags": []string{"c"}}, in{"Oslo", 5, []string{"c"}}},
		{"t", nil, in{"Oslo", 3, []string{"a", "b"}}}, // the default is as it was
		{"plain", nil, in{City: "Rome"}},
		{"plain", map[string]any{"city": ""}, in{}},
	} {
		if res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: c.tool, Arguments: c.args}); err != nil || res.IsError {
			t.Fatalf("%s %v: %v, %v", c.tool, c.args, res, err)
		}
		if x := <-got; !reflect.DeepEqual(x, c.want) {
			t.Errorf("%s %v: got %+v, want %+v", c.tool, c.args, x, c.want)
		}
	}
	for name, def := range map[string]string{"wrong type": "3", "no JSON": "{", "nothing": " "} {
		AddTool(s, Tool{Name: "bad", Tighten: func(p map[string]*jsonschema.Schema) { p["city"].Default = []byte(def) }},
			func(context.Context, plain) (Text, error) { return "", nil })
		if err := s.CheckTools(); err == nil || !strings.Contains(err.Error(), "default of city") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
