package mcp

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotFound is what the function of a template, or of a resource, returns if there is
// nothing to read there. The client gets the error that its revision has for that.
var ErrNotFound = errors.New("mcp: resource not found")

// Template describes resources whose URIs follow a pattern.
type Template struct {
	// URI is a URI template (RFC 6570) with these expressions: {var} is one or more
	// bytes up to the next / ? or #; {+var} is one or more of any; {/var} is a / and
	// a {var}; {/var*} is nothing or a / and all that follows up to a ? or #, var being
	// what follows the slash; {?a,b} at the end is parameters, each of which may be left out.
	URI         string
	Name        string
	Title       string // for people; from revision 2025-06-18
	Description string
	MIMEType    string // if it is the same for all
	Icons       []Icon
	Annotations *Annotations
	Meta        Meta
}

// TemplateFunc reads a resource whose URI fits a template. vars holds the variables,
// decoded: a value may be any text, with / and .. in it, so one that names a file needs a
// look first. If there is no such resource it returns ErrNotFound. It runs on a
// goroutine of its own; ctx ends when the client cancels or goes away.
type TemplateFunc func(ctx context.Context, vars map[string]string) ([]Contents, error)

// AddTemplate adds or replaces a resource template. A URI is read by the resource that
// has it; else by the template it fits, the one with most literal text if there are
// several. AddTemplate may be called at any time. It panics if t has no name or a URI that
// is not as described there: that is a bug of the program.
func (s *Server) AddTemplate(t Template, read TemplateFunc) {
	if t.Name == "" || read == nil {
		panic(fmt.Sprintf("mcp: template %q: needs a name and a function", t.URI))
	}
	parsed, err := parseURITemplate(t.URI)
	if err != nil {
		panic(fmt.Sprintf("mcp: template %q: %v", t.URI, err))
	}
	checkIcons("template "+t.URI, t.Icons)
	tmpl := &template{Template: t, parsed: parsed, read: read, meta: t.Meta.marshal()}
	s.change(offerResources, func(c *catalog) bool { return put(&c.templates, &c.templateURIs, t.URI, tmpl) })
}

// RemoveTemplate removes the template with that URI and reports whether there was one.
func (s *Server) RemoveTemplate(uri string) bool {
	return s.change(offerResources, func(c *catalog) bool { return remove(&c.templates, &c.templateURIs, uri) })
}

// template is a template ready to be read.
type template struct {
	Template
	parsed *uriTemplate
	read   TemplateFunc
	meta   []byte // JSON of Meta
}

// find returns what reads uri: a resource, or one made of a template; nil if there is neither.
func (c *catalog) find(uri string) *resource {
	if r := c.resources[uri]; r != nil {
		return r
	}
	var best *template
	var bestVars map[string]string
	for _, name := range c.templateURIs {
		t := c.templates[name]
		if best != nil && best.parsed.literal >= t.parsed.literal {
			continue
		}
		if vars, ok := t.parsed.match(uri); ok {
			best, bestVars = t, vars
		}
	}
	if best == nil {
		return nil
	}
	read := func(ctx context.Context) ([]Contents, error) { return best.read(ctx, bestVars) }
	return &resource{Resource: Resource{URI: uri, MIMEType: best.MIMEType}, read: read}
}

// listTemplates answers resources/templates/list: URI order, PageSize at a time.
func (s *session) listTemplates(r *request, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(r, cat.templateURIs)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"resourceTemplates":[`...)
	for i, uri := range cat.templateURIs[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = cat.templates[uri].appendTo(dst, r.rev)
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.templateURIs, to), '}'), nil
}

// appendTo appends the template's entry of resources/templates/list.
func (t *template) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"uriTemplate":`...)
	dst = appendString(dst, t.URI)
	dst = appendMember(dst, "name", t.Name)
	if rev.titles {
		dst = appendMember(dst, "title", t.Title)
	}
	dst = appendMember(dst, "description", t.Description)
	dst = appendMember(dst, "mimeType", t.MIMEType)
	dst = appendIcons(dst, t.Icons, rev)
	dst = t.Annotations.appendTo(dst, rev)
	return append(appendMeta(dst, t.meta, rev), '}')
}
