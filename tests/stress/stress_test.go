// Package stress boots an image many times in a row on a machine that has other
// things to do. It takes minutes, so its target is manual:
//
//	./dev bazel test //tests/stress:stress_test
package stress

import (
	"context"
	"flag"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

var boots = flag.Int("boots", 50, "how many boots")

// load keeps every processor of the host busy at the lowest priority.
func load(t *testing.T) {
	t.Helper()
	for range runtime.NumCPU() {
		cmd := exec.Command("nice", "-n", "19", "sh", "-c", "while :; do :; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		started := make(chan error)
		ended := make(chan struct{})
		go func() { // Pdeathsig is about the thread
			runtime.LockOSThread()
			defer close(ended)
			err := cmd.Start()
			started <- err
			if err == nil {
				_ = cmd.Wait()
			}
		}()
		if err := <-started; err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	}
}

func TestBootsUnderLoad(t *testing.T) {
	guest.Image(t)
	load(t)
	var took []time.Duration
	for i := range *boots {
		cpus := 1 + i%2
		v := guest.Boot(t, vm.Config{CPUs: cpus})
		ctx, cancel := context.WithTimeout(t.Context(), guest.Limit)
		s, err := guest.Connect(ctx, guest.Dial(t, v), "", nil)
		if err != nil {
			t.Fatalf("boot %d, %d processors: %v", i, cpus, err)
		}
		for _, p := range []*mcp.CallToolParams{
			{Name: "echo", Arguments: map[string]any{"text": "hello"}},
			{Name: "generate", Arguments: map[string]any{"prompt": "In the beginning", "max_tokens": 4}},
		} {
			if r, err := s.CallTool(ctx, p); err != nil || r.IsError {
				t.Fatalf("boot %d, %d processors: %s: %+v, %v", i, cpus, p.Name, r, err)
			}
		}
		cancel()
		took = append(took, v.ReadyAt().Sub(v.Started()))
		s.Close()
		v.Stop()
	}
	slices.Sort(took)
	t.Logf("%d boots until the guest listens: %v to %v, median %v", len(took), took[0], took[len(took)-1], took[len(took)/2])
}
