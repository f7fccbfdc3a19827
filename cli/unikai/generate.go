package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

// noText is what is said in place of a guest's "unknown tool".
const noText = "this guest does not generate text; its model may be an encoder, for embed (unikai tools lists what it has)"

// generateTool is the tool that continues a text. It reports each piece of the
// text as the message of a progress notification.
const generateTool = "generate"

// generateFlags are the tool's arguments by the flags that set them; only
// those given are sent, so that the guest's defaults hold.
var generateFlags = map[string]string{
	"max-tokens": "max_tokens", "temperature": "temperature", "top-k": "top_k", "top-p": "top_p", "seed": "seed",
}

func (a *app) generateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "generate PROMPT",
		Short: "Have a guest's model continue a text",
		Long: "Have a guest's model continue a text; the tokens are shown as they come.\n" +
			"PROMPT - is read from standard input. --json prints the tool's result instead.",
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			prompt := args[0]
			if prompt == "-" {
				b, err := io.ReadAll(io.LimitReader(a.in, maxArguments))
				if err != nil {
					return fmt.Errorf("prompt from standard input: %w", err)
				}
				prompt = string(b)
			}
			arguments := map[string]any{"prompt": prompt}
			for flag, name := range generateFlags {
				if f := cmd.Flags().Lookup(flag); f.Changed {
					arguments[name] = json.Number(f.Value.String())
				}
			}
			if f := cmd.Flags().Lookup("schema"); f.Changed {
				schema, err := readSchema(f.Value.String())
				if err != nil {
					return err
				}
				arguments["json_schema"] = schema
			}
			return a.generate(cmd.Context(), prompt, arguments)
		},
	}
	f := cmd.Flags()
	f.Uint("max-tokens", 0, "stop after so many tokens (default: the guest's)")
	f.Float32("temperature", 0, "0 takes the likeliest token each time (default: the guest's)")
	f.Uint("top-k", 0, "choose among the k likeliest tokens (default: the guest's)")
	f.Float32("top-p", 0, "choose among the likeliest tokens that reach p together (default: the guest's)")
	f.Uint64("seed", 0, "same seed, same text (default: the guest's)")
	f.String("schema", "", "generate a JSON value that fits the JSON Schema in `FILE`")
	return cmd
}

// maxSchema bounds the file of a schema, in bytes. Guests take less.
const maxSchema = 1 << 20

// readSchema reads a JSON Schema. Its text is sent as it is: the order of properties is that of the
// value.
func readSchema(path string) (json.RawMessage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSchema+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("schema: %w", err)
	case len(b) > maxSchema:
		return nil, fmt.Errorf("schema: %s: more than %d bytes", path, maxSchema)
	case !json.Valid(b):
		return nil, fmt.Errorf("schema: %s: not JSON", path)
	}
	return b, nil
}

// generate calls the tool and shows its text.
func (a *app) generate(ctx context.Context, prompt string, arguments map[string]any) error {
	g, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer g.Close()
	s := styleFor(a.out)
	show := io.Discard
	if !a.json {
		show = a.out
		fmt.Fprint(show, s.dim(printable(prompt)))
	}
	gen, err := streamText(ctx, g, arguments, show)
	if gen.result != nil && a.json {
		if e := printJSON(a.out, gen.result); e != nil {
			return e
		}
	}
	if !a.json {
		fmt.Fprintln(show)
	}
	if err != nil {
		return err
	}
	if !a.json {
		fmt.Fprintln(a.err, styleFor(a.err).dim(gen.summary()))
	}
	return nil
}

// A generation is a text that a guest generated.
type generation struct {
	result  *mcp.CallToolResult
	text    string
	pieces  int           // reported while the text was made
	first   time.Duration // from the call to the first piece
	last    time.Duration // from the call to the last
	tokens  int           // what the guest counted, 0 if it did not say
	perSec  float64       // what the guest measured, 0 if it did not say
	stopped string        // why the text ends, as the guest says
}

// maxText bounds the text that a guest may report piece by piece, in bytes: it is
// kept, and a hostile guest never ends it.
const maxText = 16 << 20

var errEndless = fmt.Errorf("tool %s: more than %d bytes of text", generateTool, maxText)

// streamText calls the generate tool and writes the text piece by piece.
func streamText(ctx context.Context, g *guest, arguments map[string]any, w io.Writer) (*generation, error) {
	var gen generation
	var shown strings.Builder
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t0 := time.Now()
	r, err := g.call(ctx, generateTool, arguments, func(_, _ float64, piece string) {
		if shown.Len()+len(piece) > maxText {
			cancel(errEndless)
			return
		}
		gen.last = time.Since(t0)
		if gen.pieces++; gen.pieces == 1 {
			gen.first = gen.last
		}
		shown.WriteString(piece)
		_, _ = io.WriteString(w, printable(piece))
	})
	if err != nil && r == nil && strings.Contains(err.Error(), "unknown tool") {
		err = fmt.Errorf("%s: %w", noText, err)
	}
	gen.result = r
	if context.Cause(ctx) == errEndless {
		return &gen, errEndless
	}
	if err != nil {
		return &gen, err
	}
	if err := gen.decode(); err != nil {
		return &gen, err
	}
	// The result may overtake the last reports: they are separate messages.
	rest, ok := strings.CutPrefix(gen.text, shown.String())
	if !ok {
		return &gen, fmt.Errorf("tool %s: its result is not the text that it reported piece by piece", generateTool)
	}
	_, err = io.WriteString(w, printable(rest))
	return &gen, err
}

// decode reads the tool's result.
func (gen *generation) decode() error {
	b, err := json.Marshal(gen.result.StructuredContent)
	if err != nil {
		return err
	}
	var out struct {
		Text            *string `json:"text"`
		Tokens          int     `json:"tokens"`
		TokensPerSecond float64 `json:"tokens_per_second"`
		Stop            string  `json:"finish_reason"`
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return fmt.Errorf("tool %s: its result is of another form: %w", generateTool, err)
	}
	if out.Text == nil {
		return errors.New("tool " + generateTool + `: its result has no "text"`)
	}
	gen.text, gen.tokens, gen.perSec, gen.stopped = *out.Text, out.Tokens, out.TokensPerSecond, out.Stop
	return nil
}

// summary tells how much text came how fast.
func (gen *generation) summary() string {
	rate, by := gen.perSec, "in the guest"
	if rate == 0 && gen.pieces > 1 {
		rate, by = float64(gen.pieces-1)/(gen.last-gen.first).Seconds(), "as seen from here"
	}
	n := max(gen.tokens, gen.pieces)
	text := fmt.Sprintf("%d tokens", n)
	if rate > 0 {
		text += fmt.Sprintf(", %.0f tokens/s %s", rate, by)
	}
	if gen.pieces > 0 {
		text += fmt.Sprintf(", first after %v", gen.first.Round(100*time.Microsecond))
	}
	if gen.stopped != "" {
		text += ", ended by " + printable(gen.stopped)
	}
	return text
}
