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
	// bytes up to the next / ? or #; {+var} is anything; {/var} is a / and a
	// segment; {/var*} any number of those, var then being what follows the first slash;
	// {?a,b} at the end is query parameters, each of which may be left out.
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
// decoded: a value may hold any byte, / and .. included, so a value that names a
// file needs a look first. If there is no such resource it returns ErrNotFound.
type TemplateFunc func(ctx context.Context, vars map[string]string) ([]Contents, error)

// AddTemplate adds or replaces a resource template. A URI is read by the resource that
// has it; else by the template it fits, the one with most literal text if there are
// several. AddTemplate may be called at any time. It panics if t has no name or a URI that
// is not as described there: that is a bug of the program.
func (s *Server) AddTemplate(t Template, read TemplateFunc) {
	if t.Name == "" || read == nil {
		panic(fmt.Sprintf("mcp: template %q: needs a name and a function", t.URI))
	}
	checkIcons("template "+t.URI, t.Icons)
	tmpl := &template{Template: t, read: read, meta: t.Meta.marshal()}
	s.change(func(c *catalog) { c.templates[t.URI] = tmpl })
}

// template is a template ready to be read.
type template struct {
	Template
	read TemplateFunc
	meta []byte // JSON of Meta
}
