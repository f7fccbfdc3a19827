package tool

import (
	"context"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// System is what the tool system_info tells of an image beyond the Go runtime. Each
// function may be nil; one that fails is left out of the answer.
type System struct {
	// Image names the program, and Version its version.
	Image, Version string
	// Kernel returns the kernel's counters by name.
	Kernel func() (map[string]float64, error)
	// Boot returns the boot timeline in order.
	Boot func() ([]Moment, error)
	// SelfTests returns what the boot self tests found.
	SelfTests func() ([]SelfTest, error)
	// Model returns what there is to say of the model, something that marshals
	// to a JSON object.
	Model func() map[string]any
	// Matmul names the kernel that multiplies matrices.
	Matmul string
}

// Moment is one event of the boot, timed from the first instruction.
type Moment struct {
	Name         string  `json:"name"`
	Milliseconds float64 `json:"ms" jsonschema:"since the first instruction"`
}

// At returns the moment called name, d after the first instruction.
func At(name string, d time.Duration) Moment {
	return Moment{name, float64(d.Microseconds()) / 1000}
}

// SelfTest is the outcome of one boot self test.
type SelfTest struct {
	Name         string  `json:"name"`
	OK           bool    `json:"ok"`
	Milliseconds float64 `json:"ms"`
}

type systemOut struct {
	Image      string             `json:"image,omitempty"`
	Version    string             `json:"version,omitempty"`
	Go         string             `json:"go" jsonschema:"version of Go"`
	Arch       string             `json:"arch"`
	CPUs       int                `json:"cpus" jsonschema:"processors that run Go code"`
	Goroutines int                `json:"goroutines"`
	Memory     memory             `json:"memory"`
	Kernel     map[string]float64 `json:"kernel,omitempty" jsonschema:"counters of the kernel"`
	Boot       []Moment           `json:"boot,omitempty" jsonschema:"timeline of the boot"`
	SelfTests  []SelfTest         `json:"self_tests,omitempty"`
	Model      map[string]any     `json:"model,omitempty"`
	Matmul     string             `json:"matmul,omitempty" jsonschema:"kernel that multiplies matrices"`
}

// memory is the Go runtime's view of memory, in bytes.
type memory struct {
	Heap  uint64 `json:"heap_bytes" jsonschema:"live and not yet swept objects"`
	Total uint64 `json:"total_bytes" jsonschema:"all that the Go runtime has mapped"`
	GCs   uint64 `json:"gcs" jsonschema:"garbage collections so far"`
}

// SystemInfo adds the tool system_info.
func SystemInfo(s *mcp.Server, sys System) {
	mcp.AddTool(s, mcp.Tool{
		Name: "system_info", Title: "System information",
		Description: "Tells about the machine, the kernel, its boot, and the model.",
		Annotations: reader(),
	}, func(context.Context, struct{}) (systemOut, error) {
		out := systemOut{
			Image: sys.Image, Version: sys.Version,
			Go: runtime.Version(), Arch: runtime.GOARCH,
			CPUs: runtime.GOMAXPROCS(0), Goroutines: runtime.NumGoroutine(),
			Memory: readMemory(), Matmul: sys.Matmul,
		}
		if sys.Kernel != nil {
			out.Kernel, _ = sys.Kernel()
		}
		if sys.Boot != nil {
			out.Boot, _ = sys.Boot()
		}
		if sys.SelfTests != nil {
			out.SelfTests, _ = sys.SelfTests()
		}
		if sys.Model != nil {
			out.Model = sys.Model()
		}
		return out, nil
	})
}

// readMemory asks the runtime without stopping the world, which
// runtime.ReadMemStats would do.
func readMemory() memory {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return samples[i].Value.Uint64()
	}
	return memory{Heap: value(0), Total: value(1), GCs: value(2)}
}
