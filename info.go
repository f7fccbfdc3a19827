package main

import (
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// image is what the tools tell of: the program while it serves.
type image struct {
	model     *inference.Model
	stack     *vsock.Stack
	listening time.Duration // since the first instruction
}

// sinceFirstInstruction returns 0 where the kernel does not tell.
func sinceFirstInstruction() time.Duration {
	t, _ := kernel.BootTimeline()
	return t.Now
}

// kernelMetrics returns the kernel's counters as measurements.
func kernelMetrics() ([]mcp.Metric, error) {
	s, err := kernel.ReadStats()
	if err != nil {
		return nil, err
	}
	rdrand := 0.0
	if s.RDRAND {
		rdrand = 1
	}
	return []mcp.Metric{
		{Name: "kernel_cpus", Help: "processors that take part", Value: float64(s.CPUs)},
		{Name: "kernel_tasks", Help: "threads of the Go runtime", Value: float64(s.Tasks)},
		{Name: "kernel_switches", Help: "a processor changed to another task", Counter: true, Value: float64(s.Switches)},
		{Name: "kernel_wakeups", Help: "tasks made runnable", Counter: true, Value: float64(s.Wakeups)},
		{Name: "kernel_interrupts", Help: "interrupts taken", Counter: true, Value: float64(s.Interrupts)},
		{Name: "kernel_demand_faults", Help: "pages mapped at their first touch", Counter: true, Value: float64(s.Faults)},
		{Name: "kernel_signals", Help: "signals delivered, most of them preemptions", Counter: true, Value: float64(s.Signals)},
		{Name: "kernel_syscalls", Help: "system calls", Counter: true, Value: float64(s.Syscalls)},
		{Name: "kernel_shootdowns", Help: "flushes of the other processors' TLBs", Counter: true, Value: float64(s.Shootdowns)},
		{Name: "kernel_memory_bytes", Help: "RAM", Value: float64(s.FramesTotal * kernel.PageSize)},
		{Name: "kernel_memory_used_bytes", Help: "RAM in use", Value: float64(s.FramesUsed * kernel.PageSize)},
		{Name: "kernel_memory_free_bytes", Help: "RAM not in use", Value: float64(s.FramesFree * kernel.PageSize)},
		{Name: "kernel_dma_bytes", Help: "RAM that devices reach", Value: float64(s.DMABytes)},
		{Name: "kernel_entropy_bytes", Help: "taken from an entropy device", Counter: true, Value: float64(s.EntropyBytes)},
		{Name: "kernel_rdrand", Help: "1 if the processor has a random number generator", Value: rdrand},
		{Name: "kernel_log_bytes", Help: "written to the kernel log", Counter: true, Value: float64(s.LogWritten)},
	}, nil
}

// metrics returns what the image measures besides the server's own numbers.
func (img image) metrics() []mcp.Metric {
	list, _ := kernelMetrics() // none on a host
	s := img.stack.Stats()
	return append(list,
		mcp.Metric{Name: "vsock_connections", Help: "open connections", Value: float64(s.Conns)},
		mcp.Metric{Name: "vsock_received_bytes", Help: "payload received", Counter: true, Value: float64(s.BytesIn)},
		mcp.Metric{Name: "vsock_sent_bytes", Help: "payload sent", Counter: true, Value: float64(s.BytesOut)},
		mcp.Metric{Name: "vsock_received_packets", Help: "packets received", Counter: true, Value: float64(s.PacketsIn)},
		mcp.Metric{Name: "vsock_sent_packets", Help: "packets sent", Counter: true, Value: float64(s.PacketsOut)},
		mcp.Metric{Name: "vsock_ignored_packets", Help: "packets dropped unanswered", Counter: true, Value: float64(s.Ignored)},
		mcp.Metric{Name: "vsock_refused_connections", Help: "requests answered by a reset", Counter: true, Value: float64(s.Refused)},
		mcp.Metric{Name: "vsock_broken_connections", Help: "connections that broke", Counter: true, Value: float64(s.Resets)},
		mcp.Metric{Name: "vsock_credit_updates", Help: "credit updates sent", Counter: true, Value: float64(s.CreditUpdates)},
		mcp.Metric{Name: "vsock_window_bytes", Help: "receive window promised to peers", Value: float64(s.Promised)},
		mcp.Metric{Name: "vsock_wakes", Help: "times the device woke the stack", Counter: true, Value: float64(s.Wakes)},
	)
}

// kernelNumbers returns the kernel's counters by name, for system_info.
func kernelNumbers() (map[string]float64, error) {
	list, err := kernelMetrics()
	m := make(map[string]float64, len(list))
	for _, v := range list {
		m[v.Name] = v.Value
	}
	return m, err
}

// moments returns the boot timeline in order.
func (img image) moments() ([]tool.Moment, error) {
	t, err := kernel.BootTimeline()
	if err != nil {
		return nil, err
	}
	return []tool.Moment{
		tool.At("kernel start", t.KernelStart),
		tool.At("kernel ready", t.KernelReady),
		tool.At("self-tested", t.SelfTested),
		tool.At("runtime start", t.RuntimeStart),
		tool.At("main", t.Main),
		tool.At("listening", img.listening),
		tool.At("now", t.Now),
	}, nil
}

// selfTests returns what the boot self tests found.
func selfTests() ([]tool.SelfTest, error) {
	list, err := kernel.SelfTests()
	if err != nil {
		return nil, err
	}
	out := make([]tool.SelfTest, len(list))
	for i, t := range list {
		out[i] = tool.SelfTest{Name: t.Name, OK: t.OK, Milliseconds: t.Duration.Seconds() * 1e3}
	}
	return out, nil
}

// describeModel tells of the model what system_info shows.
func (img image) describeModel() map[string]any {
	i := img.model.Info()
	return map[string]any{
		"name": i.Name, "architecture": i.Architecture, "license": i.License, "quantization": i.Quantization,
		"parameters": i.Parameters, "bytes": i.Size, "context": i.ContextLength, "layers": i.Layers,
		"embedding": i.Embedding, "vocabulary": i.Vocabulary, "kernel": i.Kernel, "threads": i.Threads,
	}
}
