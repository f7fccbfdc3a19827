package mcp

import "context"

// Resource describes something a client can read.
type Resource struct {
	URI         string // absolute; unique in a server
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	MIMEType    string
}

// Contents is one piece of a resource: text, or bytes if Blob is not nil.
type Contents struct {
	URI      string // empty: the resource's own
	MIMEType string // empty: the resource's own
	Text     string
	Blob     []byte
}

// ReadFunc reads a resource. It runs on a goroutine of its own; ctx ends when the
// client cancels or goes away.
type ReadFunc func(ctx context.Context) ([]Contents, error)

// AddResource adds or replaces a resource. It may be called at any time. It
// panics if r has no absolute URI or no name: that is a bug of the program.
func (s *Server) AddResource(r Resource, read ReadFunc) {
	panic("mcp: not yet")
}
