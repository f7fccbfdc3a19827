package mcp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
)

// Resource describes something a client can read.
type Resource struct {
	URI         string // absolute; unique in a server
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	MIMEType    string
	Size        int64 // in bytes; 0: not said
	Icons       []Icon
	Annotations *Annotations
	Meta        Meta
}

// Contents is one piece of a resource: text, or bytes if Blob is not nil.
type Contents struct {
	URI      string // empty: the resource's own
	MIMEType string // empty: the resource's own
	Text     string
	Blob     []byte
	Meta     Meta
}

// ReadFunc reads a resource. It runs on a goroutine of its own; ctx ends when the
// client cancels or goes away.
type ReadFunc func(ctx context.Context) ([]Contents, error)

// resource is a resource ready to be read.
type resource struct {
	Resource
	read ReadFunc
}

// AddResource adds or replaces a resource. It may be called at any time. It
// panics if r has no absolute URI or no name: that is a bug of the program.
func (s *Server) AddResource(r Resource, read ReadFunc) {
	if u, err := url.Parse(r.URI); err != nil || u.Scheme == "" || r.Name == "" || read == nil {
		panic(fmt.Sprintf("mcp: resource %q: needs an absolute URI, a name and a function", r.URI))
	}
	s.change(func(c *catalog) { c.resources[r.URI] = &resource{r, read} })
}

// listResources answers resources/list: URI order, PageSize at a time.
func (s *session) listResources(m *message, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(m.params, cat.resourceURIs)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"resources":[`...)
	for i, uri := range cat.resourceURIs[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(cat.resources[uri].appendMembers(append(dst, '{'), s.rev), '}')
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.resourceURIs, to), '}'), nil
}

// listTemplates answers resources/templates/list: there are none yet.
func (s *session) listTemplates(m *message, dst []byte) ([]byte, *Error) {
	if _, _, e := s.page(m.params, nil); e != nil {
		return dst, e
	}
	return append(dst, `{"resourceTemplates":[]}`...), nil
}

// appendMembers appends the members of a resource, without the braces.
func (r *Resource) appendMembers(dst []byte, rev *revision) []byte {
	dst = append(dst, `"uri":`...)
	dst = appendString(dst, r.URI)
	dst = appendMember(dst, "name", r.Name)
	if rev.titles {
		dst = appendMember(dst, "title", r.Title)
	}
	dst = appendMember(dst, "description", r.Description)
	return appendMember(dst, "mimeType", r.MIMEType)
}

// readResource starts resources/read; doRead answers it.
func (s *session) readResource(m *message, dst []byte) ([]byte, *Error) {
	var uri, token []byte
	var e *Error
	eachMember(m.params, func(name string, v []byte) {
		switch {
		case name == "uri":
			uri = v
		case name == "_meta" && e == nil:
			token, e = progressToken(v)
		}
	})
	if e != nil {
		return dst, e
	}
	if !isString(uri) {
		return dst, Errorf(CodeInvalidParams, "params.uri must be a string")
	}
	r := s.srv.catalog.Load().resources[unquote(uri)]
	if r == nil {
		return dst, notFound(unquote(uri))
	}
	if !s.admit(m, true) {
		return dst[:0], nil
	}
	c := s.newCall(m, token)
	c.read, c.do = r, doRead
	s.start(c, len(m.raw))
	return dst[:0], nil
}

// notFound is the answer for an unknown URI (MCP server/resources "Error Handling").
func notFound(uri string) *Error {
	e := Errorf(CodeResourceNotFound, "resource not found")
	data := json.RawMessage(append(appendString([]byte(`{"uri":`), clip(uri)), '}'))
	e.Data = &data
	return e
}

// doRead reads a resource. Its errors are JSON-RPC errors: results have no place for them.
func doRead(c *call, dst []byte) ([]byte, error) {
	pieces, err := c.read.read(c)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"contents":[`...)
	for i, p := range pieces {
		if i > 0 {
			dst = append(dst, ',')
		}
		if p.URI == "" {
			p.URI = c.read.URI
		}
		if p.MIMEType == "" {
			p.MIMEType = c.read.MIMEType
		}
		dst = p.appendTo(dst)
	}
	return append(dst, ']', '}'), nil
}

// appendTo appends the contents as JSON.
func (p *Contents) appendTo(dst []byte) []byte {
	dst = append(dst, `{"uri":`...)
	dst = appendString(dst, p.URI)
	dst = appendMember(dst, "mimeType", p.MIMEType)
	if p.Blob != nil {
		dst = append(dst, `,"blob":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, p.Blob)
		return append(dst, '"', '}')
	}
	dst = append(dst, `,"text":`...)
	dst = appendString(dst, p.Text)
	return append(dst, '}')
}
