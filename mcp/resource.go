package mcp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
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
	meta []byte // JSON of Meta
}

// AddResource adds or replaces a resource. It may be called at any time. It
// panics if r has no absolute URI or no name: that is a bug of the program.
func (s *Server) AddResource(r Resource, read ReadFunc) {
	if u, err := url.Parse(r.URI); err != nil || u.Scheme == "" || r.Name == "" || read == nil {
		panic(fmt.Sprintf("mcp: resource %q: needs an absolute URI, a name and a function", r.URI))
	}
	checkIcons("resource "+r.URI, r.Icons)
	res := &resource{Resource: r, read: read, meta: r.Meta.marshal()}
	s.change(offerResources, func(c *catalog) bool { return put(&c.resources, &c.resourceURIs, r.URI, res) })
}

// listResources answers resources/list: URI order, PageSize at a time.
func (s *session) listResources(r *request, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(r, cat.resourceURIs)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"resources":[`...)
	for i, uri := range cat.resourceURIs[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		res := cat.resources[uri]
		dst = append(res.appendMembers(append(dst, '{'), r.rev, res.meta), '}')
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.resourceURIs, to), '}'), nil
}

// appendMembers appends the members of a resource, without the braces. meta is r.Meta as JSON.
func (r *Resource) appendMembers(dst []byte, rev *revision, meta []byte) []byte {
	dst = append(dst, `"uri":`...)
	dst = appendString(dst, r.URI)
	dst = append(dst, `,"name":`...)
	dst = appendString(dst, r.Name)
	if rev.titles {
		dst = appendMember(dst, "title", r.Title)
	}
	dst = appendMember(dst, "description", r.Description)
	dst = appendMember(dst, "mimeType", r.MIMEType)
	if r.Size > 0 {
		dst = append(dst, `,"size":`...)
		dst = strconv.AppendInt(dst, r.Size, 10)
	}
	dst = appendIcons(dst, r.Icons, rev)
	dst = r.Annotations.appendTo(dst, rev)
	return appendMeta(dst, meta, rev)
}

// readResource starts resources/read; doRead answers it.
func (s *session) readResource(r *request) *Error {
	if !isString(r.p.uri) {
		return Errorf(CodeInvalidParams, "params.uri must be a string")
	}
	uri := unquote(r.p.uri)
	res := s.srv.catalog.Load().find(uri)
	if res == nil {
		return notFound(uri, r.rev)
	}
	if e := s.admit(r, true); e != nil {
		return e
	}
	c := s.newCall(r)
	c.read, c.do, c.marks.cache = res, doRead, cacheRead
	if e := c.takeAnswers(r); e != nil {
		return e
	}
	return s.start(c, len(r.raw))
}

// notFound is the answer for an unknown URI (MCP server/resources "Error Handling").
func notFound(uri string, rev *revision) *Error {
	e := Errorf(rev.notFound, "resource not found")
	data := json.RawMessage(append(appendString([]byte(`{"uri":`), clip(uri)), '}'))
	e.Data = &data
	return e
}

// doRead reads a resource. Its errors are JSON-RPC errors: results have no place for them.
// MCP 2026-07-28 server/resources "Error Handling": what is not there is an error, not
// empty contents.
func doRead(c *call, dst []byte) ([]byte, error) {
	pieces, err := c.read.read(c)
	if errors.Is(err, ErrNotFound) || err == nil && len(pieces) == 0 {
		return dst, notFound(c.read.URI, c.rev)
	}
	if err != nil {
		return dst, err
	}
	if c.answered() {
		c.marks.cache = cacheNever
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
		dst = p.appendTo(dst, c.rev)
	}
	return append(dst, ']', '}'), nil
}

// appendTo appends the contents as JSON.
func (p *Contents) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"uri":`...)
	dst = appendString(dst, p.URI)
	dst = appendMember(dst, "mimeType", p.MIMEType)
	dst = appendMeta(dst, p.Meta.marshal(), rev)
	if p.Blob != nil {
		dst = append(dst, `,"blob":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, p.Blob)
		return append(dst, '"', '}')
	}
	dst = append(dst, `,"text":`...)
	dst = appendString(dst, p.Text)
	return append(dst, '}')
}
