// The program of //:image, the default image: an MCP server with a language
// model, reached over virtio-vsock. Start reading the project here.
//
// It runs in the guest, above the Go runtime and the kernel (package kernel and
// kernel/runtime), and is where the four columns - kernel, drivers, mcp,
// inference - meet. When main starts, the kernel has booted and tested itself.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/rng"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/surface"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

const (
	name    = "unikernel-ai"
	version = "0.1.0"

	// maxMatmul bounds the tool matmul: three matrices of that size are 12 MiB.
	maxMatmul = 1024
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run() error {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))

	memory, err := kernel.ReadStats()
	if errors.Is(err, kernel.ErrNotGuest) {
		return fmt.Errorf("%w: `bazel run //:demo` boots this program", err)
	}
	free := memory.FramesFree * kernel.PageSize
	debug.SetMemoryLimit(int64(free / 4 * 3)) // the collector works harder before there is none left

	platform := machine.Platform()
	devices, err := machine.Devices(platform) // what the VMM gave us
	if err != nil {
		log.Warn("some devices are of no use", "error", err)
	}
	seedEntropy(log, platform, devices)

	stack, err := openVsock(log, platform, devices, free) // the one door
	if err != nil {
		return err
	}
	config, err := settings(int64(free / 2)) // sessions as there is room
	if err != nil {
		return err
	}
	file := modelFile() // used in place
	model, err := inference.LoadConfig(file, config)
	if err != nil {
		return err
	}
	listener, err := stack.Listen(machine.MCPPort)
	if err != nil {
		return err
	}
	img := &image{model: model, file: file, stack: stack}
	server := img.newServer(log, limits(free))
	log = slog.New(slog.NewMultiHandler(log.Handler(), server.LogHandler(name))) // clients may listen, too

	// A plain line: a log record here would be 600 of the 15,500 blocks of code that QEMU
	// translates until the first reply.
	_, _ = os.Stdout.WriteString(name + ": serving MCP at " + listener.Addr().String() + "\n")
	if err := machine.Announce(stack); err != nil { // the host may stop waiting
		log.Warn("the host was not told", "error", err)
	}
	return server.Serve(listener)
}

// modelFile returns the model that the VMM loaded beside the image, or else the one sealed
// into it. One that is no good stops the image: the user asked for it.
func modelFile() []byte {
	if modules, err := kernel.Modules(); err == nil && len(modules) > 0 {
		return modules[0]
	}
	return kjv.Q8_0()
}

// seedEntropy adds what the VMM's entropy device gives to the kernel's
// generator. Without one, RDRAND has to do.
func seedEntropy(log *slog.Logger, p virtio.Platform, devices []*virtio.MMIO) {
	transport := virtio.Find(devices, virtio.TypeRNG)
	if transport == nil {
		return
	}
	source, err := rng.Open(transport, p, rng.DefaultTimeout)
	if err != nil {
		log.Warn("entropy device", "error", err)
		return
	}
	if _, err = rng.Seed(source, kernel.AddEntropy); err != nil {
		log.Warn("entropy device", "error", err)
	}
	if err := source.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		log.Warn("entropy device", "error", err)
	}
}

// openVsock opens the machine's sockets. What all peers together can make them
// buffer is bounded by an eighth of the free memory.
func openVsock(log *slog.Logger, p virtio.Platform, devices []*virtio.MMIO, free uint64) (*vsock.Stack, error) {
	config := vsock.Config{
		Logf: func(format string, args ...any) { log.Warn(fmt.Sprintf(format, args...)) },
	}
	config.Limits.Budget = uint32(min(free/8, 16<<20))
	return machine.OpenVsock(p, devices, config)
}

// newServer returns the MCP server with everything that this image offers.
func (img *image) newServer(log *slog.Logger, limits mcp.Limits) *mcp.Server {
	options := &mcp.Options{
		Logger: log, Limits: limits,
		// What an image offers is sealed; but another may come in its place.
		Caching: mcp.Caching{Lists: 5 * time.Minute},
	}
	if !img.model.Generates() {
		options.Instructions = "The model of this image is an encoder: embed turns text into vectors, and tokenize splits it. It does not generate text."
	}
	s := mcp.NewServer(mcp.Implementation{
		Name: name, Version: version, Title: "Unikernel-AI",
		Description: "a language model and tools sealed into one kernel image",
	}, options)

	tool.Echo(s)
	bench := tool.Benchmark{Sgemm: matmul.Implementation{}, Kernel: matmul.Kernel()}
	if img.model.Generates() { // not an encoder
		tool.Generate(s, img)
		tool.Perplexity(s, img.model)
		bench.Generator = img.model
	}
	tool.Embed(s, img.model)
	tool.Tokenize(s, img.model)
	tool.Detokenize(s, img.model)
	tool.Matmul(s, matmul.Implementation{}, maxMatmul)
	tool.Bench(s, bench)
	tool.SystemInfo(s, tool.System{
		Image: name, Version: version,
		Kernel: kernelNumbers, Boot: img.moments, SelfTests: selfTests,
		Model:  img.describeModel,
		Matmul: matmul.Kernel(),
	})

	img.listening = surface.Add(s, surface.Image{ // log://..., metrics://, selftest://, image://
		Name: name, Version: version, Stack: img.stack, Metrics: img.metrics, Model: img.sealedModel, Sums: sums,
	})
	return s
}

// limits keeps what clients can make the server hold within an eighth of the free
// memory: a long message costs up to four times its length until it is answered.
func limits(free uint64) mcp.Limits {
	const mib = 1 << 20
	buffered := int(min(max(free/32, mib), 16*mib))
	return mcp.Limits{MaxLine: min(buffered, 4*mib), MaxBuffered: buffered}
}

// withoutTime leaves the time out of log records: the kernel log has it already.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
