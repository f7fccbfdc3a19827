package mcp

import (
	"context"
	"net"
)

// Server holds tools and resources and serves any number of connections.
type Server struct {
	impl Implementation
	opts Options
}

// NewServer returns a server without tools. opts may be nil.
func NewServer(impl Implementation, opts *Options) *Server {
	s := &Server{impl: impl}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.Limits = s.opts.Limits.withDefaults()
	return s
}

// Serve accepts connections from l and serves each on goroutines of its own,
// until l fails or the server is shut down. It always returns an error:
// ErrServerClosed after Shutdown or Close, else what Accept said. It closes l.
func (s *Server) Serve(l net.Listener) error { return ErrServerClosed }

// ServeConn serves one connection until the client ends it, the server is
// shut down or ctx ends, and closes it. The error says why it ended; it is nil
// if the client closed in good order.
func (s *Server) ServeConn(ctx context.Context, c net.Conn) error { return nil }

// Shutdown stops accepting, lets requests at work finish, and closes all
// connections; when ctx ends first it cancels the rest and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// Close ends all connections at once, cancelling the requests at work.
func (s *Server) Close() error { return nil }
