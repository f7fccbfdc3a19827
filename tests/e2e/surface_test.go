package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/mcp/metrictest"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// readJSON reads a resource that is, or ends with, a JSON document.
func readJSON(t *testing.T, s *mcp.ClientSession, uri string, doc any) {
	t.Helper()
	r, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	if err := json.Unmarshal([]byte(r.Contents[len(r.Contents)-1].Text), doc); err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
}

// TestMetricsOfTheGuest reads all numbers as a collector would.
func TestMetricsOfTheGuest(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	echo(t, s, "hello")
	var g generated
	call(t, s, "generate", map[string]any{"prompt": "And", "max_tokens": 3}, &g)
	r, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "metrics://openmetrics"})
	if err != nil {
		t.Fatal(err)
	}
	families, err := metrictest.Parse(r.Contents[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		labels []string
		least  float64
	}{
		{"kernel_memory_bytes", nil, 1 << 20}, {"kernel_memory_free_bytes", nil, 1 << 20}, {"kernel_tasks", nil, 1},
		{"kernel_switches_total", nil, 1}, {"kernel_interrupts_total", nil, 1}, {"kernel_syscalls_total", nil, 1},
		{"vsock_received_bytes_total", nil, 100}, {"vsock_sent_bytes_total", nil, 100}, {"vsock_window_bytes", nil, 1},
		{"vsock_credit_updates_total", nil, 0}, {"vsock_connections", nil, 1}, {"mcp_connections_open", nil, 1},
		{"go_goroutines", nil, 1}, {"go_heap_bytes", nil, 1}, {"go_gc_pause_seconds_bucket", []string{"le", "+Inf"}, 0},
		{"mcp_tool_duration_seconds_count", []string{"tool", "echo"}, 1}, {"mcp_tool_failures_total", []string{"tool", "echo"}, 0},
		{"inference_tokens_total", nil, 3}, {"inference_calls_total", nil, 1},
	} {
		if v, ok := metrictest.Value(families, c.name, c.labels...); !ok || v < c.least {
			t.Errorf("%s%v = %v, %v; want at least %v", c.name, c.labels, v, ok, c.least)
		}
	}
	var doc struct {
		Values     map[string]float64
		Histograms map[string]struct{ Buckets []uint64 }
	}
	readJSON(t, s, "metrics://json", &doc)
	if doc.Values["kernel_cpus"] < 1 || len(doc.Histograms["go_gc_pause_seconds"].Buckets) == 0 {
		t.Errorf("metrics://json = %+v", doc)
	}
}

// TestBootSurfaces reads what the guest tells of its boot and of what it was made of.
func TestBootSurfaces(t *testing.T) {
	s := guest.Session(t, theGuest(t), "", nil)
	var boot struct {
		Steps []struct {
			Name string
			At   float64 `json:"ms"`
			Took float64 `json:"took_ms"`
		}
	}
	readJSON(t, s, "log://boot", &boot)
	last, sum := 0.0, 0.0
	for _, step := range boot.Steps {
		sum += step.Took
		if step.At < last || sum-step.At > 0.1 || step.At-sum > 0.1 {
			t.Errorf("step %+v after %v ms, the durations so far are %v", step, last, sum)
		}
		last = step.At
	}
	if n := len(boot.Steps); n < 6 || boot.Steps[n-2].Name != "listening" || boot.Steps[n-2].At <= 0 {
		t.Errorf("log://boot = %+v", boot)
	}
	r, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "log://boot"})
	if err != nil || !strings.Contains(r.Contents[0].Text, " listening\n") {
		t.Errorf("log://boot = %+v, %v", r, err)
	}
	var tests struct {
		OK    bool
		Tests []struct {
			Name string
			OK   bool
		}
	}
	readJSON(t, s, "selftest://", &tests)
	if !tests.OK || len(tests.Tests) == 0 || !tests.Tests[0].OK || tests.Tests[0].Name == "" {
		t.Errorf("selftest:// = %+v", tests)
	}
	var image struct {
		Name, Go string
		Modules  []struct{ Path, Version, Sum string }
		Model    struct{ SHA256 string }
		Settings map[string]string `json:"build_settings"`
	}
	readJSON(t, s, "image://", &image)
	if image.Name != "unikernel-ai" || !strings.HasPrefix(image.Go, "go1.") || image.Model.SHA256 != kjv.SHA256 || image.Settings["GOARCH"] != "amd64" {
		t.Errorf("image:// = %+v", image)
	}
	if len(image.Modules) == 0 {
		t.Error("image:// names no module")
	}
	for _, m := range image.Modules {
		if m.Version == "" || !strings.HasPrefix(m.Sum, "h1:") {
			t.Errorf("module %+v", m)
		}
	}
	if _, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "log://crash"}); err == nil {
		t.Error("a boot after none has a crash log")
	}
}
