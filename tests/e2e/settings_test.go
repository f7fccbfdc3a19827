package e2e

import (
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// system is what these tests want of the tool system_info.
type system struct {
	Matmul string
	Model  struct{ Kernel, Cache string }
}

// TestSettings boots with words on the kernel command line that choose the kernel of matrix
// products and the kind of KV caches. Every kernel gives the same text.
func TestSettings(t *testing.T) {
	c := loadGolden(t).Models[model].Cases[0]
	for _, tt := range []struct{ line, kernel, cache string }{
		{"UNIKAI_KERNEL=portable", "portable", "f32"},
		{"UNIKAI_KERNEL=avx128 UNIKAI_CACHE=f16", "avx128", "f16"},
		{"UNIKAI_CACHE=q8_0", "", "q8_0"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			s := guest.Session(t, guest.Boot(t, vm.Config{Append: tt.line}), "", nil)
			var info system
			call(t, s, "system_info", map[string]any{}, &info)
			if tt.kernel == "" {
				tt.kernel = info.Matmul
			}
			if info.Matmul != tt.kernel || info.Model.Kernel != tt.kernel || info.Model.Cache != tt.cache {
				t.Errorf("system_info: %+v, want %s, %s", info, tt.kernel, tt.cache)
			}
			var got generated
			call(t, s, "generate", map[string]any{"prompt": c.Prompt, "max_tokens": len(c.GreedyIDs)}, &got)
			text := strings.TrimPrefix(got.Text, " ")
			if tt.cache == "f32" && text != c.GreedyText || text == "" {
				t.Errorf("generate(%q) = %q, want %q", c.Prompt, text, c.GreedyText)
			}
		})
	}
}

// TestMeasures calls the tools that measure.
func TestMeasures(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	var judged struct {
		Perplexity float64
		Counted    int
	}
	call(t, s, "perplexity", map[string]any{"text": "And God said, Let there be light: and there was light."}, &judged)
	if judged.Counted < 10 || judged.Perplexity < 1 || judged.Perplexity > 50 {
		t.Errorf("perplexity = %+v", judged)
	}
	var vector struct{ Embedding []float32 }
	call(t, s, "embed", map[string]any{"text": "light"}, &vector)
	if len(vector.Embedding) != 256 {
		t.Errorf("embed: %d numbers", len(vector.Embedding))
	}
	var speed map[string]any
	call(t, s, "bench", map[string]any{"seconds": 1}, &speed)
	for _, name := range []string{"gflops", "prompt_tokens_per_second", "tokens_per_second"} {
		if v, _ := speed[name].(float64); v <= 0 {
			t.Errorf("bench: %s is %v", name, speed[name])
		}
	}
	t.Logf("bench: %v", speed)
}

// TestSchema asks the guest for JSON of a model that knows none.
func TestSchema(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	schema := map[string]any{
		"type": "object", "required": []string{"name", "age"},
		"properties": map[string]any{
			"name": map[string]any{"type": "string", "minLength": 1, "maxLength": 9},
			"age":  map[string]any{"type": "integer", "minimum": 30, "maximum": 960},
		},
	}
	var got struct {
		Text  string
		Value struct {
			Name *string
			Age  *int
		}
		Finish string `json:"finish_reason"`
	}
	call(t, s, "generate", map[string]any{"prompt": "And Noah was", "json_schema": schema, "temperature": 2, "seed": 5}, &got)
	v := got.Value
	if v.Name == nil || v.Age == nil || *v.Name == "" || len([]rune(*v.Name)) > 9 || *v.Age < 30 || *v.Age > 960 || got.Finish != "eos" {
		t.Errorf("generate = %+v", got)
	}
	call(t, s, "generate", map[string]any{"prompt": "And", "max_tokens": 1}, nil) // the mask is gone with its call
	r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "generate", Arguments: map[string]any{"prompt": "And", "json_schema": map[string]any{"not": true}}})
	if err != nil || !r.IsError || !strings.Contains(textOf(t, r), `"not"`) {
		t.Errorf("a schema that cannot be held to: %+v, %v", r, err)
	}
}
