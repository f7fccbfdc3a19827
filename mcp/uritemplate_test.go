package mcp

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseURITemplateRefuses(t *testing.T) {
	for _, bad := range []string{
		"a{", "a}", "{}", "{a", "{a}}", "{{a}}", "x{a,b}", "{a:3}", "{#a}", "{.a}", "{;a}", "{&a}", "{a*}",
		"{a}{b}", "{+a}{b}", "{+a}{/b*}", "{/a*}{b}", "{a}/{a}", "{?a}x", "{?a}{?b}", "{?}", "{?a,}", "{?a,a}", "{a b}", "{/}", "{/*}", "{+}",
		strings.Repeat("x{a}", 40),
	} {
		if _, err := parseURITemplate(bad); err == nil {
			t.Errorf("template %q is accepted", bad)
		}
	}
	var many strings.Builder
	for i := range maxTemplateItems {
		fmt.Fprintf(&many, "/{v%d}", i)
	}
	if _, err := parseURITemplate(many.String()); err == nil {
		t.Error("a template of too many parts is accepted")
	}
}

func TestURITemplateMatch(t *testing.T) {
	const no = "no"
	for _, c := range []struct{ template, uri, want string }{
		{"a://x", "a://x", ""},
		{"a://x", "a://y", no},
		{"a://x", "a://xx", no},
		{"t://{id}/data", "t://123/data", "id=123"},
		{"t://{id}/data", "t:///data", no},
		{"t://{id}/data", "t://1/2/data", no},
		{"t://{id}/data", "t://1/data/", no},
		{"t://{id}/data", "t://a%2Fb/data", "id=a/b"},
		{"t://{id}/data", "t://%zz/data", no},
		{"t://{id}/data", "t://%f", no},
		{"t://{id}/data", "t://%ff/data", no}, // not UTF-8
		{"t://{id}/data", "t://%c3%A9/data", "id=é"},
		{"t://{id}/data", "t://é/data", "id=é"},
		{"t://{id}/data", "t://a b/data", no},
		{"t://{id}/data", "t://a\x00/data", no},
		{"t://{id}", "t://..%2f..", "id=../.."}, // up to the reader
		{"t://{id}", "t://a?b", no},
		{"t://{id}", "t://a#b", no},
		{"f:///{+path}", "f:///a/b/c?d#e", "path=a/b/c?d#e"},
		{"f:///{+path}", "f:///", no},
		{"f:///{+path}/{name}", "f:///a/b/c", "name=c path=a/b"},
		{"f:///{+path}/{name}.go", "f:///a/b/c.go", "name=c path=a/b"},
		{"{name}.{ext}", "a.b.c", "ext=b.c name=a"},
		{"{a}-end", "b-end-end", "a=b-end"},
		{"x{/a}{/b}", "x/1/2", "a=1 b=2"},
		{"x{/a}{/b}", "x/1", no},
		{"x{/p*}", "x", ""},
		{"x{/p*}", "x/", "p="},
		{"x{/p*}", "x/1/2%2F3", "p=1/2/3"},
		{"x{/p*}", "xy", no},
		{"x{/p*}", "x/1?2", no},
		{"x{/p*}/end", "x/end", ""},
		{"x{/p*}/end", "x/1/end", "p=1"},
		{"x{/p*}/end", "x/1/end/2", no},
		{"x/{u}{/p*}", "x/1", "u=1"},
		{"x/{u}{/p*}", "x/1/2/3", "p=2/3 u=1"},
		{"s{?q,n}", "s", ""},
		{"s{?q,n}", "s?q=a%20b", "q=a b"},
		{"s{?q,n}", "s?n=1&q=", "n=1 q="},
		{"s{?q,n}", "s?n=1&n=2", no},
		{"s{?q,n}", "s?m=1", no},
		{"s{?q,n}", "s?q", no},
		{"s{?q,n}", "s?", no},
		{"s{?q,n}", "s?q=/?", "q=/?"},
		{"s/{+p}{?q}", "s/a/b?q=1", "p=a/b q=1"},
		{"s/{id}{?q}", "s/?q=1", no},
		{"{+all}", strings.Repeat("a", maxTemplateURI+1), no},
	} {
		tm, err := parseURITemplate(c.template)
		if err != nil {
			t.Errorf("template %q: %v", c.template, err)
			continue
		}
		got := no
		if vars, ok := tm.match(c.uri); ok {
			got = show(vars)
		}
		if got != c.want {
			t.Errorf("%q on %q gives %q, want %q", c.template, c.uri, got, c.want)
		}
	}
}

// show returns the variables as name=value, sorted by name.
func show(vars map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		parts = append(parts, name+"="+vars[name])
	}
	return strings.Join(parts, " ")
}

// escape encodes all but unreserved characters (RFC 6570 section 3.2.2).
func escape(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") }

// expand makes a URI of a template by RFC 6570, as a client does.
func expand(tm *uriTemplate, vars map[string]string) string {
	var b strings.Builder
	for _, item := range tm.items {
		v, ok := vars[item.text]
		switch {
		case item.kind == itemLiteral:
			b.WriteString(item.text)
		case !ok:
		case item.kind == itemSegment:
			b.WriteString(escape(v))
		case item.kind == itemReserved:
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(v, "%", "%25"), " ", "%20"))
		case item.kind == itemPath:
			for part := range strings.SplitSeq(v, "/") {
				b.WriteString("/" + escape(part))
			}
		}
	}
	sep := "?"
	for _, name := range tm.query {
		if v, ok := vars[name]; ok {
			b.WriteString(sep + name + "=" + escape(v))
			sep = "&"
		}
	}
	return b.String()
}

// TestURITemplateUndoesExpansion: what a client expands is matched, to the same variables
// where there is one way only.
func TestURITemplateUndoesExpansion(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 2))
	letters := []rune("ab1 é/%&=")
	for _, s := range []string{"t://{a}/x/{b}", "t://{a}", "t:///{a}{/b*}", "q://x{?a,b}", "q://{+a}", "q://x/{a}{?b}", "t:{/a*}"} {
		tm, err := parseURITemplate(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			vars := map[string]string{}
			for _, name := range tm.names {
				var v []rune
				for range 1 + rnd.IntN(5) {
					v = append(v, letters[rnd.IntN(len(letters))])
				}
				vars[name] = string(v)
			}
			uri := expand(tm, vars)
			got, ok := tm.match(uri)
			if !ok || !maps.Equal(got, vars) {
				t.Fatalf("seed %d: %q on %q = %q, %v; want %q", seed, s, uri, show(got), ok, show(vars))
			}
		}
	}
}

// TestURITemplateTimeIsLinear: the worst URI for a matcher that tries all ways.
func TestURITemplateTimeIsLinear(t *testing.T) {
	var s strings.Builder
	for i := range maxTemplateItems / 2 {
		fmt.Fprintf(&s, "a{+v%d}", i)
	}
	tm, err := parseURITemplate(s.String())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, ok := tm.match(strings.Repeat("a", maxTemplateURI-1) + "b"); !ok {
		t.Error("does not fit")
	}
	tm.items = append(tm.items, uriItem{itemLiteral, "!"})
	if _, ok := tm.match(strings.Repeat("a", maxTemplateURI)); ok {
		t.Error("fits")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %v", d)
	}
}

// slowMatch tries all ways, by the book.
func slowMatch(items []uriItem, uri string) bool {
	if len(items) == 0 {
		return uri == ""
	}
	switch item, rest := items[0], items[1:]; item.kind {
	case itemLiteral:
		return strings.HasPrefix(uri, item.text) && slowMatch(rest, uri[len(item.text):])
	case itemPath:
		if slowMatch(rest, uri) {
			return true
		}
		if uri == "" || uri[0] != '/' {
			return false
		}
		for n := 1; n <= len(uri); n++ {
			if strings.ContainsAny(uri[1:n], "?#") {
				return false
			}
			if slowMatch(rest, uri[n:]) {
				return true
			}
		}
		return false
	default:
		for n := 1; n <= len(uri); n++ {
			if item.kind == itemSegment && isDelimiter(uri[n-1]) {
				return false
			}
			if slowMatch(rest, uri[n:]) {
				return true
			}
		}
		return false
	}
}

// FuzzURITemplate: neither a template nor a URI makes the parser or matcher panic, and
// the matcher agrees with one that tries all ways.
func FuzzURITemplate(f *testing.F) {
	for _, s := range [][2]string{
		{"t://{id}/data", "t://1/data"}, {"f:///{+path}/{name}", "f:///a/b/c"}, {"x{/p*}/end", "x/1/end"},
		{"s{?q,n}", "s?q=%41&n=2"}, {"{a}{", "{"}, {"{a}-{b}-{+c}", "--a-%-b"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, s, uri string) {
		tm, err := parseURITemplate(s)
		if err != nil {
			return
		}
		vars, ok := tm.match(uri)
		if ok != (vars != nil) {
			t.Errorf("match = %v, %v", vars, ok)
		}
		if len(uri) > 40 || len(tm.items) > 6 || tm.query != nil {
			return
		}
		if want := uri != "" && slowMatch(tm.items, uri); want != ok && (ok || utf8.ValidString(uri) && validURIBytes(uri) && !strings.Contains(uri, "%")) {
			t.Errorf("%q on %q = %v, want %v", s, uri, ok, want)
		}
	})
}
