package mcp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A URI template (RFC 6570) says how to make a URI of variables. A server has to go the
// other way: find out whether a URI is one that the template makes, and of what. Here a
// template is a row of items:
//
//	file:///{user}{/path*}{?rev}     "file:///"  user  /path*  ?rev
//
//	literal    its bytes
//	segment    {var}     one or more bytes but / ? #
//	reserved   {+var}    one or more bytes, whatever they are, but ? if there is a query
//	path       {/var*}   nothing, or / and whatever follows but ? and #
//	query      {?a,b}    nothing, or ? and some of a=x and b=y, in any order; comes last
//
// If a URI fits in several ways, an earlier variable is as short as can be. Whether it
// fits is found by going over it once for each item, from behind, so that a
// hostile one costs what any other of its length does.

const (
	maxTemplateItems = 32
	// maxTemplateURI is how long a URI may be in bytes to be tried on templates.
	maxTemplateURI = 4 << 10
)

type itemKind uint8

const (
	itemLiteral itemKind = iota
	itemSegment
	itemReserved
	itemPath
)

// uriItem is a piece of a template.
type uriItem struct {
	kind itemKind
	text string // the literal, or the variable's name
}

// uriTemplate is a parsed template.
type uriTemplate struct {
	items   []uriItem
	query   []string // the query's variables; nil if there is no query item
	names   []string // all variables
	literal int      // how many bytes are literal
}

// parseURITemplate parses a template with the expressions listed above and {/var}, which
// is a literal / and a segment.
func parseURITemplate(s string) (*uriTemplate, error) {
	t := &uriTemplate{}
	for s != "" {
		if t.query != nil {
			return nil, fmt.Errorf("%q comes after the query", s)
		}
		text, rest, open := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, errors.New("has a } without a {")
		}
		t.addLiteral(text)
		if !open {
			break
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New("has a { without a }")
		}
		if err := t.addExpression(expression); err != nil {
			return nil, fmt.Errorf("{%s} %w", expression, err)
		}
		s = after
	}
	if len(t.items) > maxTemplateItems {
		return nil, fmt.Errorf("has more than %d parts", maxTemplateItems)
	}
	return t, nil
}

func (t *uriTemplate) addLiteral(text string) {
	if text == "" {
		return
	}
	t.literal += len(text)
	if n := len(t.items); n > 0 && t.items[n-1].kind == itemLiteral {
		t.items[n-1].text += text
		return
	}
	t.items = append(t.items, uriItem{itemLiteral, text})
}

var errExpression = errors.New("is not supported: a server can match {var}, {+var}, {/var}, {/var*} and, at the end, {?a,b}")

func (t *uriTemplate) addExpression(x string) error {
	switch {
	case strings.HasPrefix(x, "?"):
		t.query = []string{}
		for name := range strings.SplitSeq(x[1:], ",") {
			if err := t.addName(name); err != nil {
				return err
			}
			t.query = append(t.query, name)
		}
		return nil
	case strings.HasPrefix(x, "+"):
		return t.addVariable(itemReserved, x[1:])
	case strings.HasPrefix(x, "/") && strings.HasSuffix(x, "*"):
		return t.addVariable(itemPath, x[1:len(x)-1])
	case strings.HasPrefix(x, "/"):
		t.addLiteral("/")
		return t.addVariable(itemSegment, x[1:])
	}
	return t.addVariable(itemSegment, x)
}

func (t *uriTemplate) addVariable(kind itemKind, name string) error {
	if n := len(t.items); n > 0 {
		if before := t.items[n-1].kind; before != itemLiteral && !(before == itemSegment && kind == itemPath) {
			return errors.New("follows another variable: where one ends could not be told")
		}
	}
	t.items = append(t.items, uriItem{kind, name})
	return t.addName(name)
}

// addName notes a variable. RFC 6570 section 2.3: letters, digits, _ and dots.
func (t *uriTemplate) addName(name string) error {
	if !validWord(strings.ReplaceAll(name, "_", "a"), ".") {
		return errExpression
	}
	if slices.Contains(t.names, name) {
		return fmt.Errorf("has %s for the second time", name)
	}
	t.names = append(t.names, name)
	return nil
}

// match returns the variables, decoded, of a URI that fits. A variable that the URI
// leaves out is not there.
func (t *uriTemplate) match(uri string) (vars map[string]string, ok bool) {
	if len(uri) > maxTemplateURI || !validURIBytes(uri) {
		return nil, false
	}
	query, hasQuery := "", false
	if t.query != nil {
		uri, query, hasQuery = strings.Cut(uri, "?")
	}
	if len(t.items) > 0 && t.items[0].kind == itemLiteral && !strings.HasPrefix(uri, t.items[0].text) {
		return nil, false
	}
	fits := t.fits(uri)
	if !fits[0][0] {
		return nil, false
	}
	vars = make(map[string]string, len(t.names))
	at := 0
	for i, item := range t.items {
		end := at + len(item.text)
		if item.kind != itemLiteral {
			end = at
			if item.kind != itemPath {
				end++
			}
			for !fits[i+1][end] {
				end++
			}
			value := uri[at:end]
			if item.kind == itemPath && value != "" {
				value = value[1:]
			}
			if end > at && !decodeInto(vars, item.text, value) {
				return nil, false
			}
		}
		at = end
	}
	if hasQuery && !t.matchQuery(query, vars) {
		return nil, false
	}
	return vars, true
}

// fits returns a table: fits[i][p] is whether the items from i on fit uri[p:].
func (t *uriTemplate) fits(uri string) [][]bool {
	n, k := len(uri), len(t.items)
	cells := make([]bool, (k+1)*(n+1))
	table := make([][]bool, k+1)
	for i := range table {
		table[i] = cells[i*(n+1) : (i+1)*(n+1)]
	}
	table[k][n] = true
	for i := k - 1; i >= 0; i-- {
		item, here, next := t.items[i], table[i], table[i+1]
		tail := false // for paths: uri[p+1:] fits, the slash being at p
		for p := n; p >= 0; p-- {
			switch item.kind {
			case itemLiteral:
				here[p] = strings.HasPrefix(uri[p:], item.text) && next[p+len(item.text)]
			case itemSegment, itemReserved:
				here[p] = p < n && (item.kind == itemReserved || !isDelimiter(uri[p])) && (next[p+1] || here[p+1])
			case itemPath:
				here[p] = next[p] || p < n && uri[p] == '/' && tail
				tail = next[p] || p < n && uri[p] != '?' && uri[p] != '#' && tail
			}
		}
	}
	return table
}

// isDelimiter reports whether x ends a segment (RFC 3986 section 3.3).
func isDelimiter(x byte) bool { return x == '/' || x == '?' || x == '#' }

// matchQuery takes a query apart. Parameters that the template does not have, or that come
// twice, do not fit.
func (t *uriTemplate) matchQuery(query string, vars map[string]string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := vars[name]; !found || twice || !slices.Contains(t.query, name) || !decodeInto(vars, name, value) {
			return false
		}
	}
	return true
}

// decodeInto sets vars[name] to a percent-encoded value and reports whether that is well
// formed and UTF-8 (RFC 3986 section 2.1).
func decodeInto(vars map[string]string, name, value string) bool {
	if strings.IndexByte(value, '%') >= 0 {
		b := make([]byte, 0, len(value))
		for i := 0; i < len(value); i++ {
			x := value[i]
			if x == '%' {
				if len(value)-i < 3 || !isHex(value[i+1]) || !isHex(value[i+2]) {
					return false
				}
				x = unhex(value[i+1])<<4 | unhex(value[i+2])
				i += 2
			}
			b = append(b, x)
		}
		value = string(b)
	}
	vars[name] = value
	return utf8.ValidString(value)
}

func unhex(x byte) byte {
	if x <= '9' {
		return x - '0'
	}
	return x&^0x20 - 'A' + 10
}

// validURIBytes reports whether s holds no byte that a URI cannot: white space and control
// characters (RFC 3986 section 2). What is not ASCII passes: IRIs are common.
func validURIBytes(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}
