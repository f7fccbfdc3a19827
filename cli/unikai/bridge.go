package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
	"github.com/unikernel-ai/unikernel-ai/cli/bridge/stdio"
	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

// A bridged guest, as flags describe it: one that runs already, or an image to boot.
type bridged struct {
	config  vm.Config
	accel   string
	port    uint32
	limit   time.Duration
	console bool
	quiet   bool
	line    int
}

func (a *app) bridgeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bridge",
		Short: "Let MCP clients reach a guest: by stdio or by HTTP",
		Args:  exactly(0),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(a.bridgeStdioCommand(), a.bridgeHTTPCommand())
	return cmd
}

// bridgeFlags adds the flags that both bridges have.
func bridgeFlags(cmd *cobra.Command, b *bridged) {
	vmFlags(cmd, &b.config, &b.accel)
	f := cmd.Flags()
	f.StringVar(&b.config.Image, "image", "", "boot this image and keep it running, in place of --addr")
	f.Uint32Var(&b.port, "port", vm.MCPPort, "the MCP port of a guest that is booted")
	f.DurationVar(&b.limit, "ready-within", bootLimit, "how soon a guest that is booted must listen")
	f.BoolVar(&b.console, "console", false, "show the console of a guest that is booted, on standard error")
	f.BoolVar(&b.quiet, "quiet", false, "say nothing on standard error but errors that end the bridge")
}

// open returns the guest that the flags name, and what ends it.
func (a *app) open(cmd *cobra.Command, b *bridged, log func(string, ...any)) (keeper.Guest, func(), error) {
	if b.config.Image == "" {
		if a.addr == "" {
			return nil, nil, usage(errors.New("no guest named: give --image, or --addr or UNIKAI_ADDR for one that runs"))
		}
		return &keeper.Remote{Connect: func(ctx context.Context) (net.Conn, error) { return a.dial(ctx, a.addr) }}, func() {}, nil
	}
	if cmd.Flags().Changed("addr") {
		return nil, nil, usage(errors.New("--image and --addr are two guests"))
	}
	b.config.Image, b.config.Accel = userPath(b.config.Image), vm.Accel(b.accel)
	if err := useModel(cmd, &b.config); err != nil {
		return nil, nil, err
	}
	if b.console {
		b.config.Console = &cleaner{w: a.err}
	}
	m := &keeper.Machine{Port: b.port, BootLimit: b.limit, Log: log, Start: func(ctx context.Context) (keeper.Instance, error) {
		v, err := vm.Start(ctx, b.config)
		if err != nil {
			return nil, err // not v: it would be an Instance that is nil inside
		}
		return v, nil
	}}
	m.Run()
	return m, m.Stop, nil
}

// logger returns what tells people of a bridge's doings.
func (a *app) logger(b *bridged) func(string, ...any) {
	return func(format string, args ...any) {
		if !b.quiet {
			fmt.Fprintln(a.err, "unikai: bridge:", printable(fmt.Sprintf(format, args...)))
		}
	}
}

// ignoreBrokenPipes makes the loss of who reads what a bridge says an error of a write, not
// the end of this process before its guest is ended.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

func (a *app) bridgeStdioCommand() *cobra.Command {
	var b bridged
	cmd := &cobra.Command{
		Use:   "stdio",
		Short: "Join standard input and output with a guest, for MCP clients that start their servers",
		Long: "Pass MCP messages between standard input and output and a guest, byte for byte, so that an\n" +
			"image is one entry in any client's configuration. With --image the bridge boots the guest,\n" +
			"boots it again when it ends, and ends it with the client. Requests that were waiting for a\n" +
			"guest that is gone get a JSON-RPC error; the session goes on with the next guest.",
		Example: "  unikai bridge stdio --image image.elf\n" +
			"  unikai bridge stdio --addr unix:/tmp/guest:1024",
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ignoreBrokenPipes()
			a.err = &syncWriter{w: a.err}
			log := a.logger(&b)
			g, stop, err := a.open(cmd, &b, log)
			if err != nil {
				return err
			}
			defer stop()
			return stdio.Run(cmd.Context(), stdio.Config{Guest: g, In: a.in, Out: a.out, Log: log, MaxLine: b.line})
		},
	}
	bridgeFlags(cmd, &b)
	cmd.Flags().IntVar(&b.line, "max-message", 64<<20, "the longest message in bytes, either way")
	return cmd
}

// readToken returns the bearer token from a file, else from UNIKAI_TOKEN, else "".
func readToken(file string) (string, error) {
	token := os.Getenv("UNIKAI_TOKEN")
	if file != "" {
		st, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		if st.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("token file %s can be read by others (mode %o): chmod 600 it", file, st.Mode().Perm())
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if token = strings.TrimSpace(string(b)); token == "" {
			return "", fmt.Errorf("token file %s is empty", file)
		}
	}
	if token != "" && len(token) < minToken {
		return "", fmt.Errorf("the token has %d characters, want %d or more: `openssl rand -hex 32` makes one", len(token), minToken)
	}
	return token, nil
}

// minToken is the length below which a token can be guessed.
const minToken = 16
