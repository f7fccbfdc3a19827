package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

// maxArguments bounds arguments read from standard input, in bytes.
const maxArguments = 64 << 20

func (a *app) callCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "call TOOL [JSON]",
		Short: "Call a tool of a guest",
		Long: "Call a tool with arguments given as a JSON object, or read from standard input with -.\n" +
			"The tool's text goes to standard output, its progress to standard error. --json prints the whole result.",
		Example: `  unikai call echo '{"text": "hello"}'` + "\n" + `  unikai call matmul - < args.json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usage(fmt.Errorf("%d arguments given, want %s", len(args), c.UseLine()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			doc := "{}"
			if len(args) == 2 {
				doc = args[1]
			}
			arguments, err := a.toolArguments(doc)
			if err != nil {
				return err
			}
			g, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer g.Close()
			show := newProgressLine(a.err)
			r, err := g.call(cmd.Context(), args[0], arguments, show.report)
			show.end()
			if r != nil && a.json {
				if e := printJSON(a.out, r); e != nil {
					return e
				}
			}
			if err != nil || a.json {
				return err
			}
			return printResult(a.out, r)
		},
	}
}

// toolArguments returns the arguments of a call, which must be a JSON object.
func (a *app) toolArguments(doc string) (json.RawMessage, error) {
	b := []byte(doc)
	if doc == "-" {
		var err error
		if b, err = io.ReadAll(io.LimitReader(a.in, maxArguments+1)); err != nil {
			return nil, fmt.Errorf("arguments from standard input: %w", err)
		}
		if len(b) > maxArguments {
			return nil, usage(fmt.Errorf("arguments from standard input: more than %d bytes", maxArguments))
		}
	}
	var object map[string]json.RawMessage
	err := json.Unmarshal(b, &object)
	if err == nil && object == nil {
		err = errors.New("it is null")
	}
	if err != nil {
		return nil, usage(fmt.Errorf(`arguments %.80q are not a JSON object such as {"text": "hello"}: %w`, b, err))
	}
	return b, nil
}

// printResult prints a result's text, or its structured content where there is
// no text.
func printResult(w io.Writer, r *mcp.CallToolResult) error {
	if t := text(r); t != "" || r.StructuredContent == nil {
		_, err := fmt.Fprintln(w, printable(t))
		return err
	}
	return printJSON(w, r.StructuredContent)
}

// A progressLine shows progress: on a terminal one line that changes, else one
// line per report.
type progressLine struct {
	w        io.Writer
	terminal bool
	shown    bool
}

func newProgressLine(w io.Writer) *progressLine {
	return &progressLine{w: w, terminal: isTerminal(w)}
}

func (p *progressLine) report(done, total float64, message string) {
	line := fmt.Sprintf("%g", done)
	if total > 0 {
		line += fmt.Sprintf(" of %g (%.0f %%)", total, 100*done/total)
	}
	if message != "" {
		line += " " + printable(message)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line) // ECMA-48 EL: erase to the line's end
	} else {
		fmt.Fprintln(p.w, line)
	}
	p.shown = true
}

// end clears the line.
func (p *progressLine) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
