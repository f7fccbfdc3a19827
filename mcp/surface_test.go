package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/mcp/metrictest"
)

func TestMetrics(t *testing.T) {
	s := newFixture(nil)
	s.AddMetrics(func() []Metric {
		return []Metric{
			{Name: "kernel_tasks", Help: "Tasks, \"all\"\nof \\ them.", Value: 3},
			{Name: "gc_pause_seconds", Histogram: &Histogram{Bounds: []float64{0.001, 1}, Counts: []uint64{5, 0, 1}, Sum: -1}},
			{Name: "gone_bytes", Value: math.NaN()},
			// What would spoil the text is not in it.
			{Name: "kernel_tasks", Value: 4},
			{Name: "two words", Value: 1},
			{Name: "shrinks", Counter: true, Value: -1},
			{Name: "mcp_tool_failures", Counter: true, Value: 1},
			{Name: "odd", Histogram: &Histogram{Bounds: []float64{1}, Counts: []uint64{1}}},
		}
	})
	cs := connect(t, s, "2025-11-25", nil)
	for range 3 {
		if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "fail"}); err != nil {
		t.Fatal(err)
	}
	res, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "metrics://"})
	if err != nil || len(res.Contents) != 2 {
		t.Fatalf("metrics:// = %+v, %v; want text and JSON", res, err)
	}
	text := res.Contents[0].Text
	list, err := metrictest.Parse(text)
	if err != nil {
		t.Fatalf("%v, in\n%s", err, text)
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"kernel_tasks", nil, 3}, {"mcp_connections_total", nil, 1}, {"mcp_connections_open", nil, 1},
		{"mcp_tool_failures_total", []string{"tool", "fail"}, 1}, {"mcp_tool_failures_total", []string{"tool", "echo"}, 0},
		{"mcp_tool_duration_seconds_bucket", []string{"tool", "echo", "le", "+Inf"}, 3},
		{"mcp_tool_duration_seconds_count", []string{"tool", "echo"}, 3},
		{"gc_pause_seconds_bucket", []string{"le", "0.001"}, 5}, {"gc_pause_seconds_bucket", []string{"le", "+Inf"}, 6},
	} {
		if v, ok := metrictest.Value(list, c.name, c.labels...); v != c.want || !ok {
			t.Errorf("%s%v = %v, %v; want %v", c.name, c.labels, v, ok, c.want)
		}
	}
	for _, want := range []string{
		"# TYPE kernel_tasks gauge\n# HELP kernel_tasks Tasks, \\\"all\\\"\\nof \\\\ them.\nkernel_tasks 3\n",
		"# UNIT gc_pause_seconds seconds\n", "le=\"5e-05\"", "le=\"1.0\"", "gone_bytes NaN\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("OpenMetrics text lacks %q", want)
		}
	}
	for _, unwanted := range []string{"two words", "shrinks", "odd", "gc_pause_seconds_count", "gc_pause_seconds_sum"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("OpenMetrics text has %q", unwanted)
		}
	}
	var doc struct {
		Values map[string]float64
		Tools  map[string]struct {
			Calls, Failed uint64
			Buckets       []uint64
		}
		Bounds     []float64 `json:"bounds_seconds"`
		Histograms map[string]struct {
			Bounds  []float64
			Buckets []uint64
		}
	}
	if err := json.Unmarshal([]byte(res.Contents[1].Text), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Values["kernel_tasks"] != 3 || doc.Tools["echo"].Calls != 3 || doc.Tools["fail"].Failed != 1 || len(doc.Tools["echo"].Buckets) != len(doc.Bounds)+1 {
		t.Errorf("metrics in JSON: %+v", doc)
	}
	if h := doc.Histograms["gc_pause_seconds"]; !slices.Equal(h.Buckets, []uint64{5, 0, 1}) || len(h.Bounds) != 2 {
		t.Errorf("histogram in JSON: %+v", h)
	}
}

func TestLogResource(t *testing.T) {
	log := "first\nsecond \xff\n"
	s := newFixture(nil)
	s.AddLogResource("log://kernel", "kernel log", "", func(from uint64) ([]byte, uint64, error) {
		end := min(from+5, uint64(len(log)))
		return []byte(log[from:end]), end, nil
	})
	s.AddLogResource("log://none", "no log", "", func(uint64) ([]byte, uint64, error) { return nil, 0, errors.New("not in the unikernel") })
	// One that grows as fast as it is read.
	s.AddLogResource("log://endless", "endless log", "", func(from uint64) ([]byte, uint64, error) {
		return bytes.Repeat([]byte("line\n"), 10000), from + 50000, nil
	})
	cs := connect(t, s, "2025-11-25", nil)
	res, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "log://endless"})
	if err != nil || len(res.Contents[0].Text) != maxLogSize {
		t.Errorf("log://endless: %v, want %d bytes", err, maxLogSize)
	}
	res, err = cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "log://kernel"})
	if err != nil || res.Contents[0].Text != "first\nsecond \ufffd\n" {
		t.Errorf("log://kernel = %+v, %v", res, err)
	}
	if _, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "log://none"}); err == nil || !strings.Contains(err.Error(), "not in the unikernel") {
		t.Errorf("log://none: %v", err)
	}
}

// TestLogHandlerNeverWaits: clients get the records of the level they asked for; one that
// does not read loses them and holds up nobody.
func TestLogHandlerNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(nil)
		c, ended := pipe(t, s)
		deaf, deafEnded := pipe(t, s)
		heard := listen(c)
		setLevel := `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}}` + "\n"
		if _, err := io.WriteString(c, string(benchInit)+string(benchOK)+setLevel); err != nil {
			t.Fatal(err)
		}
		deafReader := rawClient(t, deaf)
		if _, err := io.WriteString(deaf, setLevel); err != nil {
			t.Fatal(err)
		}
		if _, err := deafReader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		heard()
		log := slog.New(s.LogHandler("test")).With("who", "me")
		for range 1000 {
			log.Warn("careful", slog.Group("g", "n", 1))
			log.Info("not for them")
			synctest.Wait()
		}
		got := heard()
		if len(got) != 1000 || !strings.Contains(got[0], `"level":"warning","logger":"test","data":{`) ||
			!strings.Contains(got[0], `"msg":"careful","who":"me","g":{"n":1}}`) {
			t.Errorf("heard %d messages, the first %q", len(got), got[:min(1, len(got))])
		}
		c.Close()
		deaf.Close()
		<-ended
		<-deafEnded
	})
}
