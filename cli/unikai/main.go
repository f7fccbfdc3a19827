// Unikai boots Unikernel-AI images and talks to the MCP server inside.
//
//	unikai run IMAGE         boot an image, show its console, print its address
//	unikai tools             list the tools of a guest
//	unikai call TOOL JSON    call one
//	unikai generate PROMPT   have its model continue a text, token by token
//	unikai logs [-f]         show its kernel log
//	unikai bridge stdio      let an MCP client use it as a program
//	unikai bridge http       let MCP clients use it by HTTP
//	unikai model list|get    list and fetch language models for run --model
//	unikai demo              boot an image and show what happens
//
// All but run, model and demo need the guest's address, by --addr or in UNIKAI_ADDR;
// run prints it. A bridge can boot an image of its own. Guests are reached by package dial, booted by package vm, and
// spoken to by the official Go SDK of MCP, which shares no code with the server.
//
// Results go to standard output, everything about them to standard error. What
// a guest says is shown without control characters: it is not ours to trust.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
)

// Exit codes of unikai's own; run exits with the guest's.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells count
)

// An app is what the commands have in common. Tests put fakes in.
type app struct {
	in       io.Reader
	out, err io.Writer
	addr     string // --addr or UNIKAI_ADDR
	protocol string // --protocol
	json     bool   // --json
	dial     func(ctx context.Context, addr string) (net.Conn, error)
}

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, addr: os.Getenv("UNIKAI_ADDR"), dial: dialAddr}
	code := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run does what the arguments say and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	cmd := a.command()
	cmd.SetArgs(args)
	cmd.SetIn(a.in)
	cmd.SetOut(a.out)
	cmd.SetErr(a.err)
	err := cmd.ExecuteContext(ctx)
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		if coded.err != nil {
			fmt.Fprintln(a.err, "unikai:", coded.err)
		}
		return coded.code
	case ctx.Err() != nil:
		fmt.Fprintln(a.err, "unikai: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(a.err, "unikai:", printable(err.Error()))
	return exitFailed
}

// An exitError ends the program with a code of its own. It prints err, if any.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit %d: %v", e.code, e.err) }
func (e *exitError) Unwrap() error { return e.err }

// usage marks errors about flags and arguments.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("%w (see unikai --help)", err)}
}

// command returns the whole command tree.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "unikai",
		Short:         "Boot Unikernel-AI images and talk to them",
		SilenceUsage:  true,
		SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{
			HiddenDefaultCmd: true,
		},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("%q is not a command", args[0]))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	f := root.PersistentFlags()
	f.StringVar(&a.addr, "addr", a.addr, "the guest: unix:PATH:PORT or vsock:CID:PORT (default: $UNIKAI_ADDR)")
	f.StringVar(&a.protocol, "protocol", defaultProtocol, "the MCP revision to offer")
	f.BoolVar(&a.json, "json", false, "print JSON, for programs")
	root.AddCommand(a.runCommand(), a.toolsCommand(), a.callCommand(), a.generateCommand(), a.logsCommand(), a.bridgeCommand(), a.modelCommand(), a.demoCommand())
	return root
}

// exactly is cobra.ExactArgs with our exit code and the command's usage.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%d arguments given, want %s", len(args), c.UseLine()))
		}
		return nil
	}
}

// dialAddr connects to a guest.
func dialAddr(ctx context.Context, addr string) (net.Conn, error) {
	a, err := dial.Parse(addr)
	if err != nil {
		return nil, err
	}
	return a.Dial(ctx)
}
