package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

// bootLimit is how long a guest may take until it listens. A translated guest
// on a machine with much else to do needs seconds.
const bootLimit = 60 * time.Second

// vmFlags adds the flags that say on what an image runs.
func vmFlags(cmd *cobra.Command, c *vm.Config, accel *string) {
	f := cmd.Flags()
	f.IntVarP(&c.Memory, "memory", "m", 256, "guest memory in MiB; if it is not given, more for a large --model")
	f.IntVar(&c.CPUs, "smp", 1, "virtual processors")
	// TCG is what images are tested on, so it is what a newcomer gets.
	f.StringVar(accel, "accel", string(vm.TCG), "how QEMU runs the guest: tcg, kvm, or auto for kvm where there is hardware for it")
	f.StringVar(&c.QEMU, "qemu", "", "QEMU, if not qemu-system-x86_64 on PATH")
	f.StringVar(&c.Daemon, "daemon", "", "daemon, if not vhost-device-vsock on PATH")
	f.StringVar(&c.Module, "model", "", "a GGUF file, or the name of a model that unikai model get has fetched, in place of the one in the image")
	f.StringVar(&c.Append, "append", "", "the guest's kernel command line")
	f.StringArrayVar(&c.Args, "qemu-arg", nil, "a further argument for QEMU; may be given again")
}

func (a *app) runCommand() *cobra.Command {
	var c vm.Config
	var accel string
	var port uint32
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "run IMAGE",
		Short: "Boot an image, show its console, print its address",
		Long: "Boot an image in QEMU, show its console on standard output and, once the guest listens,\n" +
			"its address on standard error. Ctrl-C or SIGTERM ends the guest in order.\n" +
			"The exit code is the guest's, or 0 if it was ended from outside.",
		Example: "  unikai run --socket /tmp/guest image.elf &\n" +
			"  UNIKAI_ADDR=unix:/tmp/guest:1024 unikai tools",
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Image, c.Accel = userPath(args[0]), vm.Accel(accel)
			if err := useModel(cmd, &c); err != nil {
				return err
			}
			return a.runImage(cmd.Context(), c, port, limit)
		},
	}
	vmFlags(cmd, &c, &accel)
	f := cmd.Flags()
	f.StringVar(&c.Socket, "socket", "", "path for the guest's Unix socket (default: one in a new directory)")
	f.Uint32Var(&c.GuestCID, "cid", 0, "use the host's own AF_VSOCK, with this address for the guest, and no daemon")
	f.Uint32Var(&port, "port", vm.MCPPort, "the guest's MCP port, for the address that is printed")
	f.DurationVar(&limit, "ready-within", bootLimit, "how soon the guest should listen")
	return cmd
}

// runImage boots an image and waits for its end, or for ctx's.
func (a *app) runImage(ctx context.Context, c vm.Config, port uint32, limit time.Duration) error {
	out := &syncWriter{w: a.out}
	c.Console = &cleaner{w: out}
	v, err := vm.Start(ctx, c)
	if err != nil {
		return err
	}
	defer v.Stop()
	go a.announce(ctx, v, port, limit)
	select {
	case <-v.Ended():
	case <-ctx.Done():
		fmt.Fprintln(a.err, "unikai: ending the guest")
		v.Stop()
		if exit, _ := v.Wait(); exit.Stopped {
			return nil
		}
	}
	exit, err := v.Wait()
	if err != nil {
		return err
	}
	if exit.Code != 0 {
		return &exitError{exit.Code, fmt.Errorf("the guest ended with exit code %d", exit.Code)}
	}
	return nil
}

// announce prints the guest's address once it listens.
func (a *app) announce(ctx context.Context, v *vm.VM, port uint32, limit time.Duration) {
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := v.Ready(wait)
	switch {
	case err == nil && a.json:
		qemu, daemon := v.PIDs()
		_ = printJSON(a.err, map[string]any{
			"addr": v.Addr(port).String(), "accel": v.Accel(), "qemu": qemu, "daemon": daemon,
			"ready_ms": float64(v.ReadyAt().Sub(v.Started()).Microseconds()) / 1000,
		})
	case err == nil:
		fmt.Fprintf(a.err, "unikai: the guest listens (%v after QEMU's start, %s)\n    export UNIKAI_ADDR=%s\n",
			v.ReadyAt().Sub(v.Started()).Round(100*time.Microsecond), v.Accel(), v.Addr(port))
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		fmt.Fprintf(a.err, "unikai: the guest has not said within %v that it listens; it runs on\n", limit)
	}
}

// userPath resolves a path that the user typed. `bazel run` starts programs in
// a folder of its own and says where the user was.
func userPath(path string) string {
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" && !filepath.IsAbs(path) {
		if p := filepath.Join(dir, path); exists(p) {
			return p
		}
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A syncWriter serves several goroutines.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func (s *syncWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}
