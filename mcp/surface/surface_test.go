package surface

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/metrictest"
)

const sums = "example.com/a v1.0.0 h1:wrong=\n" +
	"github.com/google/jsonschema-go v0.4.3 h1:right=\n" +
	"github.com/google/jsonschema-go v0.4.3/go.mod h1:other=\n"

// serve returns a session with a server that has the surfaces and what more adds.
func serve(t *testing.T, img Image, more func(*mcp.Server)) *sdk.ClientSession {
	s := mcp.NewServer(mcp.Implementation{Name: "test", Version: "1"}, nil)
	if at := Add(s, img); at != 0 {
		t.Errorf("Add = %v on a host, want 0", at)
	}
	if more != nil {
		more(s)
	}
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	t.Cleanup(func() { client.Close() })
	cs, err := sdk.NewClient(&sdk.Implementation{Name: "peer", Version: "1"}, nil).
		Connect(t.Context(), &sdk.IOTransport{Reader: client, Writer: client}, &sdk.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cs.Close() })
	return cs
}

func read(t *testing.T, cs *sdk.ClientSession, uri string) []*sdk.ResourceContents {
	t.Helper()
	r, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	return r.Contents
}

// On a host the kernel's surfaces say why there is nothing, and the others work.
func TestOnAHost(t *testing.T) {
	img := Image{
		Name: "test", Version: "3", Sums: sums,
		Metrics: func() []mcp.Metric { return []mcp.Metric{{Name: "own_things", Counter: true, Value: 7}} },
		Model:   func() *Model { return &Model{Name: "m", SHA256: "ab", Bytes: 5} },
	}
	cs := serve(t, img, nil)
	for _, uri := range []string{"log://kernel", "log://boot", "log://boot/json", "selftest://"} {
		if _, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri}); err == nil || !strings.Contains(err.Error(), kernel.ErrNotGuest.Error()) {
			t.Errorf("%s: %v, want %v", uri, err, kernel.ErrNotGuest)
		}
	}
	if _, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "log://crash"}); err == nil {
		t.Error("there is a crash log without a crash")
	}
	runtime.GC()
	families, err := metrictest.Parse(read(t, cs, "metrics://openmetrics")[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		labels []string
		least  float64
	}{
		{"go_goroutines", nil, 2}, {"go_heap_bytes", nil, 1}, {"go_memory_bytes", nil, 1}, {"go_gc_cycles_total", nil, 1},
		{"go_allocations_total", nil, 1}, {"own_things_total", nil, 7}, {"mcp_connections_open", nil, 1},
		{"go_gc_pause_seconds_bucket", []string{"le", "+Inf"}, 1}, {"go_sched_latency_seconds_bucket", []string{"le", "+Inf"}, 1},
	} {
		if v, ok := metrictest.Value(families, c.name, c.labels...); !ok || v < c.least {
			t.Errorf("%s%v = %v, %v; want at least %v", c.name, c.labels, v, ok, c.least)
		}
	}
	var doc document
	if err := json.Unmarshal([]byte(read(t, cs, "image://")[0].Text), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Name != "test" || doc.Version != "3" || doc.Go != runtime.Version() || doc.Model == nil || doc.Model.SHA256 != "ab" ||
		len(doc.Revisions) == 0 || doc.Digest == "" {
		t.Errorf("image:// = %+v", doc)
	}
}

// The crash log is bytes that nobody vouches for.
func TestCrashLog(t *testing.T) {
	at := time.Unix(1, 5)
	cs := serve(t, Image{}, func(s *mcp.Server) {
		addCrashLog(s, kernel.Crash{Code: 118, Uptime: 1500 * time.Millisecond, At: at}, func() ([]byte, error) { return []byte("last \xff words\n"), nil })
	})
	list := read(t, cs, "log://crash")
	if len(list) != 2 || list[0].Text != "last \ufffd words\n" || list[0].MIMEType != "text/plain" {
		t.Fatalf("log://crash = %+v", list)
	}
	var doc struct {
		ExitCode int       `json:"exit_code"`
		Uptime   float64   `json:"uptime_ms"`
		At       time.Time `json:"at"`
		LogBytes int       `json:"log_bytes"`
	}
	if err := json.Unmarshal([]byte(list[1].Text), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.ExitCode != 118 || doc.Uptime != 1500 || !doc.At.Equal(at) || doc.LogBytes != 13 {
		t.Errorf("log://crash/json = %+v", doc)
	}
	if again := read(t, cs, "log://crash/json"); len(again) != 1 || again[0].Text != list[1].Text {
		t.Errorf("log://crash/json = %+v", again)
	}
}

func TestBootText(t *testing.T) {
	got := bootText([]Step{{"kernel start", 1500 * time.Microsecond, 1500 * time.Microsecond}, {"main", 120 * time.Second, 118500 * time.Millisecond}})
	want := "   at ms  took ms  step\n" +
		"     1.5      1.5  kernel start\n" +
		"120000.0 118500.0  main\n"
	if got != want {
		t.Errorf("bootText =\n%s, want\n%s", got, want)
	}
}

func TestSumOf(t *testing.T) {
	const path, version = "github.com/google/jsonschema-go", "v0.4.3"
	for _, c := range []struct{ name, path, version, want string }{
		{"found", path, version, "h1:right="},
		{"other version", path, "v0.4.4", ""},
		{"prefix of a path", "github.com/google/jsonschema", version, ""},
		{"none", "", "", ""},
	} {
		if got := sumOf(sums, c.path, c.version); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// The runtime's histograms have bounds where ours are, so nothing counts as longer than it was.
func TestPauseBoundsAreTheRuntimes(t *testing.T) {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	has := map[float64]bool{}
	for _, b := range s[0].Value.Float64Histogram().Buckets {
		has[math.Round(b*1e9)] = true
	}
	for _, b := range pauseBounds {
		if !has[math.Round(b*1e9)] {
			t.Errorf("the runtime has no bound %v", b)
		}
	}
}

func TestCoarseKeepsEvents(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		h := &metrics.Float64Histogram{Buckets: []float64{math.Inf(-1)}}
		at := 0.0
		for range rng.IntN(30) {
			at += rng.ExpFloat64() * 1e-4
			h.Buckets = append(h.Buckets, at)
		}
		h.Buckets = append(h.Buckets, math.Inf(1))
		h.Counts = make([]uint64, len(h.Buckets)-1)
		total := uint64(0)
		atMost := make([]uint64, len(pauseBounds)) // certainly at most that
		for i := range h.Counts {
			h.Counts[i] = rng.Uint64N(10)
			total += h.Counts[i]
			for b, bound := range pauseBounds {
				if h.Buckets[i+1] <= bound {
					atMost[b] += h.Counts[i]
				}
			}
		}
		got := coarse(h)
		sum := uint64(0)
		for i, n := range got.Counts {
			if sum += n; i < len(atMost) && sum != atMost[i] {
				t.Fatalf("%v: %d events of at most %v, want %d", h, sum, got.Bounds[i], atMost[i])
			}
		}
		if sum != total {
			t.Fatalf("%v: %d events, want %d", h, sum, total)
		}
	}
}
