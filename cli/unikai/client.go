package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// defaultProtocol is the newest revision with a handshake. Servers that know an
// older one say so, and the SDK takes that.
const defaultProtocol = "2025-11-25"

// dialLimit is how long a guest may take to let us in.
const dialLimit = 10 * time.Second

// progress receives what a tool reports while it works.
type progress func(done, total float64, message string)

// A guest is an MCP session with a guest.
type guest struct {
	*mcp.ClientSession
	mu      sync.Mutex
	reports map[string]progress // guarded by mu; by progress token
	tokens  int                 // guarded by mu
}

// connect opens a session with the guest at the app's address.
func (a *app) connect(ctx context.Context) (*guest, error) {
	if a.addr == "" {
		return nil, usage(errors.New("no guest named: give --addr or set UNIKAI_ADDR to the address that `unikai run IMAGE` prints"))
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := a.dial(ctx, a.addr)
	if err != nil {
		return nil, err
	}
	g, err := handshake(ctx, c, a.protocol)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.addr, err)
	}
	return g, nil
}

// handshake opens a session on c and takes it over.
func handshake(ctx context.Context, c net.Conn, protocol string) (*guest, error) {
	g := &guest{reports: map[string]progress{}}
	client := mcp.NewClient(&mcp.Implementation{Name: "unikai", Version: "1"}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{}, // no roots: the guest has no business with our files
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			g.report(r.Params)
		},
	})
	s, err := client.Connect(ctx, &mcp.IOTransport{Reader: c, Writer: c}, &mcp.ClientSessionOptions{ProtocolVersion: protocol})
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("MCP handshake: %w", err)
	}
	g.ClientSession = s
	return g, nil
}

// report hands a progress notification to the call that it is about. Those
// about calls that are over are dropped.
func (g *guest) report(p *mcp.ProgressNotificationParams) {
	token, _ := p.ProgressToken.(string)
	g.mu.Lock()
	defer g.mu.Unlock() // held while reporting, so that nothing is reported after the call
	if f := g.reports[token]; f != nil {
		f(p.Progress, p.Total, p.Message)
	}
}

// call calls a tool. report, if not nil, is called from another goroutine, in
// order, and not after call has returned. What the tool itself says about an
// error is a toolError.
func (g *guest) call(ctx context.Context, tool string, args any, report progress) (*mcp.CallToolResult, error) {
	p := &mcp.CallToolParams{Name: tool, Arguments: args}
	if report != nil {
		g.mu.Lock()
		g.tokens++
		token := fmt.Sprintf("unikai-%d", g.tokens)
		g.reports[token] = report
		g.mu.Unlock()
		p.SetProgressToken(token)
		defer func() {
			g.mu.Lock()
			delete(g.reports, token)
			g.mu.Unlock()
		}()
	}
	r, err := g.CallTool(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", tool, err)
	}
	if r.IsError {
		return r, &toolError{tool, text(r)}
	}
	return r, nil
}

// A toolError is what a tool says about its failure.
type toolError struct{ tool, text string }

func (e *toolError) Error() string { return "tool " + e.tool + ": " + e.text }

// text returns all text of a result, a description in place of anything else.
func text(r *mcp.CallToolResult) string {
	var parts []string
	for _, c := range r.Content {
		switch c := c.(type) {
		case *mcp.TextContent:
			parts = append(parts, c.Text)
		case *mcp.ImageContent:
			parts = append(parts, fmt.Sprintf("[image, %s, %d bytes]", c.MIMEType, len(c.Data)))
		case *mcp.AudioContent:
			parts = append(parts, fmt.Sprintf("[audio, %s, %d bytes]", c.MIMEType, len(c.Data)))
		case *mcp.ResourceLink:
			parts = append(parts, fmt.Sprintf("[resource %s]", c.URI))
		case *mcp.EmbeddedResource:
			if c.Resource != nil && c.Resource.Blob == nil {
				parts = append(parts, c.Resource.Text)
			} else if c.Resource != nil {
				parts = append(parts, fmt.Sprintf("[resource %s, %d bytes]", c.Resource.URI, len(c.Resource.Blob)))
			}
		}
	}
	return strings.Join(parts, "\n")
}
