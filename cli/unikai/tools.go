package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

func (a *app) toolsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "List the tools of a guest",
		Long:  "List the tools of a guest with their arguments; those without ? must be given. --json prints their schemas.",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer g.Close()
			tools, err := listTools(cmd.Context(), g)
			if err != nil {
				return err
			}
			if a.json {
				return printJSON(a.out, tools)
			}
			return printTools(a.out, tools, styleFor(a.out))
		},
	}
}

// maxTools and maxPages bound how many tools a guest may list on how many pages,
// so that a hostile one cannot keep us listing.
const (
	maxTools = 10_000
	maxPages = 1000
)

// listTools returns all tools of a guest, page by page.
func listTools(ctx context.Context, g *guest) ([]*mcp.Tool, error) {
	var all []*mcp.Tool
	p := &mcp.ListToolsParams{}
	for range maxPages {
		page, err := g.ListTools(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("list tools: %w", err)
		}
		if all = append(all, page.Tools...); len(all) > maxTools {
			return nil, fmt.Errorf("list tools: the guest lists more than %d", maxTools)
		}
		if p.Cursor = page.NextCursor; p.Cursor == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list tools: the guest has more than %d pages of them", maxPages)
}

// printTools prints a table: name and the description's first line, and below
// it the arguments, if any.
func printTools(w io.Writer, tools []*mcp.Tool, s style) error {
	width := 0
	for _, tool := range tools {
		width = max(width, utf8.RuneCountInString(printable(tool.Name)))
	}
	for _, tool := range tools {
		name := fmt.Sprintf("%-*s", width, printable(tool.Name))
		description, _, _ := strings.Cut(cmp.Or(tool.Description, tool.Title), "\n")
		text := s.bold(name) + "  " + printable(description) + "\n"
		if list := arguments(tool.InputSchema); list != "" {
			text += fmt.Sprintf("%*s  %s\n", width, "", s.dim(printable(list)))
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// arguments tells a JSON Schema of an object in words: name:type, with a ?
// where one may be left out.
func arguments(schema any) string {
	var s struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	b, err := json.Marshal(schema)
	if err != nil || json.Unmarshal(b, &s) != nil {
		return "?"
	}
	names := make([]string, 0, len(s.Properties))
	for n := range s.Properties {
		names = append(names, n)
	}
	// Required ones first, in their own order; the rest by name.
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(rank(s.Required, x), rank(s.Required, y)), cmp.Compare(x, y))
	})
	for i, n := range names {
		optional := ""
		if !slices.Contains(s.Required, n) {
			optional = "?"
		}
		names[i] = n + optional + ":" + typeName(s.Properties[n].Type)
	}
	return strings.Join(names, " ")
}

func rank(required []string, name string) int {
	if i := slices.Index(required, name); i >= 0 {
		return i
	}
	return len(required)
}

// typeName returns the name of a schema's type, which is a word or a list of words.
func typeName(t any) string {
	switch t := t.(type) {
	case string:
		return t
	case []any:
		words := make([]string, 0, len(t))
		for _, w := range t {
			if s, ok := w.(string); ok && s != "null" {
				words = append(words, s)
			}
		}
		return strings.Join(words, "|")
	}
	return "any"
}
