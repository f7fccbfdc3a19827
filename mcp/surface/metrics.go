package surface

import (
	"runtime/metrics"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// metrics returns all numbers but the server's own.
func (img Image) metrics() []mcp.Metric {
	list := goMetrics()
	more, _ := Kernel() // none on a host
	list = append(list, more...)
	if img.Stack != nil {
		list = append(list, vsockMetrics(img.Stack.Stats())...)
	}
	if img.Metrics != nil {
		list = append(list, img.Metrics()...)
	}
	return list
}

func counter(name, help string, v uint64) mcp.Metric {
	return mcp.Metric{Name: name, Help: help, Counter: true, Value: float64(v)}
}

func gauge(name, help string, v uint64) mcp.Metric {
	return mcp.Metric{Name: name, Help: help, Value: float64(v)}
}

// Kernel returns the kernel's counters.
func Kernel() ([]mcp.Metric, error) {
	s, err := kernel.ReadStats()
	if err != nil {
		return nil, err
	}
	rdrand := uint64(0)
	if s.RDRAND {
		rdrand = 1
	}
	return []mcp.Metric{
		gauge("kernel_cpus", "Processors that take part.", s.CPUs),
		gauge("kernel_tasks", "Threads of the Go runtime.", s.Tasks),
		counter("kernel_switches", "A processor changed to another task.", s.Switches),
		counter("kernel_wakeups", "Tasks made runnable.", s.Wakeups),
		counter("kernel_interrupts", "Interrupts taken.", s.Interrupts),
		counter("kernel_demand_faults", "Pages mapped at their first touch.", s.Faults),
		counter("kernel_signals", "Signals delivered, most of them preemptions.", s.Signals),
		counter("kernel_syscalls", "System calls.", s.Syscalls),
		counter("kernel_unknown_syscalls", "System calls that there are none of.", s.NoSyscall),
		counter("kernel_shootdowns", "Flushes of the other processors' TLBs.", s.Shootdowns),
		gauge("kernel_memory_bytes", "RAM.", s.FramesTotal*kernel.PageSize),
		gauge("kernel_memory_used_bytes", "RAM in use.", s.FramesUsed*kernel.PageSize),
		gauge("kernel_memory_free_bytes", "RAM not in use.", s.FramesFree*kernel.PageSize),
		gauge("kernel_page_table_bytes", "RAM that holds page tables.", s.PageTables*kernel.PageSize),
		gauge("kernel_dma_bytes", "RAM that devices reach.", s.DMABytes),
		gauge("kernel_stacks", "Stacks in use, the kernel's included.", s.Stacks),
		counter("kernel_entropy_bytes", "Taken from an entropy device.", s.EntropyBytes),
		gauge("kernel_rdrand", "1 if the processor has a random number generator.", rdrand),
		gauge("kernel_tsc_hertz", "Frequency of the time stamp counter.", s.TSCkHz*1000),
		counter("kernel_log_bytes", "Written to the kernel log.", s.LogWritten),
	}, nil
}

func vsockMetrics(s vsock.Stats) []mcp.Metric {
	return []mcp.Metric{
		gauge("vsock_connections", "Open connections.", uint64(s.Conns)),
		counter("vsock_received_bytes", "Payload received.", s.BytesIn),
		counter("vsock_sent_bytes", "Payload sent.", s.BytesOut),
		counter("vsock_received_packets", "Packets received.", s.PacketsIn),
		counter("vsock_sent_packets", "Packets sent.", s.PacketsOut),
		counter("vsock_ignored_packets", "Packets dropped unanswered.", s.Ignored),
		counter("vsock_refused_connections", "Requests answered by a reset.", s.Refused),
		counter("vsock_broken_connections", "Connections that broke.", s.Resets),
		counter("vsock_credit_updates", "Credit updates sent.", s.CreditUpdates),
		counter("vsock_credit_requests", "Credit updates asked for.", s.CreditRequests),
		gauge("vsock_window_bytes", "Receive window promised to peers.", uint64(s.Promised)),
		counter("vsock_wakes", "Times the device woke the stack.", s.Wakes),
	}
}

// goValues are numbers of the Go runtime that are read without stopping it.
var goValues = [...]struct {
	runtime, name, help string
	counter             bool
}{
	{"/sched/goroutines:goroutines", "go_goroutines", "Goroutines.", false},
	{"/memory/classes/heap/objects:bytes", "go_heap_bytes", "Live objects and those not swept yet.", false},
	{"/memory/classes/total:bytes", "go_memory_bytes", "All that the Go runtime has mapped.", false},
	{"/gc/gomemlimit:bytes", "go_memory_limit_bytes", "What the Go runtime stays below if it can.", false},
	{"/gc/heap/allocs:bytes", "go_allocated_bytes", "Allocated on the heap.", true},
	{"/gc/heap/allocs:objects", "go_allocations", "Objects allocated on the heap.", true},
	{"/gc/cycles/total:gc-cycles", "go_gc_cycles", "Garbage collections.", true},
}

// goHistograms are distributions of the Go runtime.
var goHistograms = [...]struct{ runtime, name, help string }{
	{"/sched/pauses/total/gc:seconds", "go_gc_pause_seconds", "How long garbage collections stopped the program."},
	{"/sched/latencies:seconds", "go_sched_latency_seconds", "How long goroutines that could run waited."},
}

// goMetrics reads the Go runtime.
func goMetrics() []mcp.Metric {
	samples := make([]metrics.Sample, 0, len(goValues)+len(goHistograms))
	for _, v := range goValues {
		samples = append(samples, metrics.Sample{Name: v.runtime})
	}
	for _, h := range goHistograms {
		samples = append(samples, metrics.Sample{Name: h.runtime})
	}
	metrics.Read(samples)
	var list []mcp.Metric
	for i, v := range goValues {
		if s := samples[i]; s.Value.Kind() == metrics.KindUint64 {
			list = append(list, mcp.Metric{Name: v.name, Help: v.help, Counter: v.counter, Value: float64(s.Value.Uint64())})
		}
	}
	for i, h := range goHistograms {
		if s := samples[len(goValues)+i]; s.Value.Kind() == metrics.KindFloat64Histogram {
			list = append(list, mcp.Metric{Name: h.name, Help: h.help, Histogram: coarse(s.Value.Float64Histogram())})
		}
	}
	return list
}

// pauseBounds are the bounds that are shown: powers of two nanoseconds, about 1 µs to 2 s,
// each of which is a bound of the runtime's own, finer histograms.
var pauseBounds = []float64{1024e-9, 8192e-9, 65536e-9, 524288e-9, 4194304e-9, 33554432e-9, 268435456e-9, 2147483648e-9}

// coarse adds the buckets of h up to those of pauseBounds. One that lies across a bound
// counts as above it. The runtime keeps no sum.
func coarse(h *metrics.Float64Histogram) *mcp.Histogram {
	out := &mcp.Histogram{Bounds: pauseBounds, Counts: make([]uint64, len(pauseBounds)+1), Sum: -1}
	b := 0
	for i, n := range h.Counts { // in [Buckets[i], Buckets[i+1])
		for b < len(pauseBounds) && h.Buckets[i+1] > pauseBounds[b] {
			b++
		}
		out.Counts[b] += n
	}
	return out
}
