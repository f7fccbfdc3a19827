package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

// A demo is one showing of an image.
type demo struct {
	config vm.Config
	prompt string
	tokens uint
	limit  time.Duration // for everything

	w io.Writer
	s style
}

func (a *app) demoCommand() *cobra.Command {
	d := &demo{w: a.out, s: styleFor(a.out)}
	var accel string
	cmd := &cobra.Command{
		Use:   "demo --image IMAGE",
		Short: "Boot an image and show what happens",
		Long: "Boot an image in QEMU and show its console with its self tests, a timeline of the boot,\n" +
			"its tools, and a text from its model token by token; then end it.",
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.config.Image == "" {
				return usage(errors.New("no image named: give --image; `bazel run //:demo` brings its own"))
			}
			d.config.Image, d.config.Accel = userPath(d.config.Image), vm.Accel(accel)
			if err := useModel(cmd, &d.config); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), d.limit)
			defer cancel()
			return d.run(ctx)
		},
	}
	vmFlags(cmd, &d.config, &accel)
	f := cmd.Flags()
	f.StringVar(&d.config.Image, "image", "", "the image to boot")
	f.StringVar(&d.prompt, "prompt", "In the beginning", "what the text starts with")
	f.UintVar(&d.tokens, "max-tokens", 64, "how much text")
	f.DurationVar(&d.limit, "timeout", 5*time.Minute, "for everything")
	return cmd
}

// run is the showing, from top to bottom.
func (d *demo) run(ctx context.Context) error {
	d.banner()
	console := &demoConsole{w: d.w, s: d.s}
	d.config.Line = console.line
	d.heading("Console", "ms from QEMU's start")
	console.start()
	v, err := vm.Start(ctx, d.config)
	if err != nil {
		return err
	}
	defer v.Stop()
	if err := v.Ready(ctx); err != nil {
		return err
	}
	conn, err := v.Dial(ctx, vm.MCPPort)
	if err != nil {
		return err
	}
	g, err := handshake(ctx, conn, defaultProtocol)
	if err != nil {
		return err
	}
	replied := time.Now()
	defer g.Close()
	console.stop()
	if err := console.summary(); err != nil {
		return err
	}

	d.heading("Boot", "ms from QEMU's start")
	marks, err := guestMarks(ctx, g)
	if err != nil {
		return err
	}
	seen := []sighting{{listeningMark, v.ReadyAt()}}
	for _, l := range v.Console() {
		if l.Text == bootingLine {
			seen = append(seen, sighting{testedMark, l.At})
		}
	}
	printTimeline(d.w, d.s, timeline(v.Started(), marks, seen, v.ReadyAt(), replied))

	info := g.InitializeResult()
	d.heading("Tools", fmt.Sprintf("of %s, MCP %s", printable(serverName(info.ServerInfo)), printable(info.ProtocolVersion)))
	tools, err := listTools(ctx, g)
	if err != nil {
		return err
	}
	if err := printTools(indented(d.w), tools, d.s); err != nil {
		return err
	}

	d.heading("Text", "generate, token by token")
	w := indented(d.w)
	fmt.Fprint(w, d.s.bold(d.prompt))
	gen, err := streamText(ctx, g, map[string]any{"prompt": d.prompt, "max_tokens": d.tokens, "temperature": 0}, w)
	fmt.Fprintln(d.w)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.w, "\n  %s\n", d.s.dim(gen.summary()))
	g.Close()
	v.Stop()
	fmt.Fprintf(d.w, "\n%s\n", d.s.dim(fmt.Sprintf("Guest ended %.1f s after its start.", time.Since(v.Started()).Seconds())))
	return nil
}

func (d *demo) banner() {
	size := "?"
	if st, err := os.Stat(d.config.Image); err == nil {
		size = fmt.Sprintf("%.1f MB", float64(st.Size())/1e6)
	}
	fmt.Fprintf(d.w, "%s  %s, %s\n", d.s.bold("Unikernel-AI"), filepath.Base(d.config.Image), size)
}

func (d *demo) heading(name, note string) {
	fmt.Fprintf(d.w, "\n%s  %s\n", d.s.bold(d.s.cyan(name)), d.s.dim(note))
}

// A demoConsole shows the console while the guest boots.
type demoConsole struct {
	w       io.Writer
	s       style
	began   time.Time
	quiet   atomic.Bool
	tests   atomic.Int32
	failed  atomic.Int32
	printed chan struct{} // holds one token while a line is printed
}

func (c *demoConsole) start() {
	c.began = time.Now()
	c.printed = make(chan struct{}, 1)
}

// line prints a line. It is called from the console's goroutine.
func (c *demoConsole) line(l vm.Line) {
	c.printed <- struct{}{}
	defer func() { <-c.printed }()
	if c.quiet.Load() {
		return
	}
	text := printable(l.Text)
	switch {
	case !strings.HasPrefix(text, "[test] "):
		text = c.s.dim(text)
	case strings.Contains(text, "... ok"):
		c.tests.Add(1)
		text = c.s.green(text)
	default:
		c.tests.Add(1)
		c.failed.Add(1)
		text = c.s.red(text)
	}
	fmt.Fprintf(c.w, "%8.1f  %s\n", milliseconds(l.At.Sub(c.began)), text)
}

// stop prints no further lines: what follows is not to be interrupted.
func (c *demoConsole) stop() {
	c.printed <- struct{}{}
	c.quiet.Store(true)
	<-c.printed
}

// summary counts the self tests. One that failed is an error.
func (c *demoConsole) summary() error {
	n, failed := c.tests.Load(), c.failed.Load()
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d self tests failed", failed, n)
	case n == 0:
		fmt.Fprintf(c.w, "          %s\n", c.s.dim("no self-test lines; does the command line say selftest=off?"))
	default:
		fmt.Fprintf(c.w, "          %s\n", c.s.bold(fmt.Sprintf("%d self tests ok", n)))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// serverName returns how a server calls itself.
func serverName(i *implementation) string {
	if i == nil {
		return "an unnamed server"
	}
	return strings.TrimSpace(cmp.Or(i.Title, i.Name) + " " + i.Version)
}

// An indenter sets two spaces before each line.
type indenter struct {
	w   io.Writer
	mid bool // a line has begun
}

func indented(w io.Writer) *indenter { return &indenter{w: w} }

func (i *indenter) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		if !i.mid {
			line = "  " + line
		}
		i.mid = !strings.HasSuffix(line, "\n")
		if _, err := io.WriteString(i.w, line); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
