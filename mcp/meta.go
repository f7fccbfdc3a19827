package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Meta is what goes into _meta beside that which the protocol itself puts there: values
// for programs that know the key. From revision 2025-06-18 on things that are listed and
// on content, in all revisions on results. A key is an optional prefix that ends with /,
// and a name; prefixes whose second label is mcp or modelcontextprotocol belong to the
// protocol and its extensions (MCP 2026-07-28 basic "_meta").
type Meta map[string]any

// Role is who speaks, or who is meant.
type Role string

// The two roles there are.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Annotations are hints for the client about a resource or a piece of content: for whom
// it is and how much it matters (MCP server/resources "Annotations").
type Annotations struct {
	Audience     []Role    // for whom; empty: not said
	Priority     *float64  // 0, optional, to 1, needed; nil: not said
	LastModified time.Time // zero: not said; from revision 2025-06-18
}

// Ptr returns a pointer to v, for fields where nil means not said.
func Ptr[T any](v T) *T { return &v }

// Annotated is content with hints for the client.
type Annotated struct {
	Content     Content
	Annotations Annotations
	Meta        Meta
}

// marshal returns m as JSON, nil if there is nothing in it. It panics if it has a bad
// key or what is not JSON: that is a bug of the program.
func (m Meta) marshal() []byte {
	if len(m) == 0 {
		return nil
	}
	for key := range m {
		if !validMetaKey(key) {
			panic(fmt.Sprintf("mcp: bad key %q in Meta", key))
		}
	}
	doc, err := json.Marshal(map[string]any(m))
	if err != nil {
		panic("mcp: Meta: " + err.Error())
	}
	return doc
}

// validMetaKey reports whether key is one for _meta (MCP 2026-07-28 basic "_meta"): an
// optional prefix of labels with dots between and a slash, and a name.
func validMetaKey(key string) bool {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	} else {
		for label := range strings.SplitSeq(prefix, ".") {
			if !validWord(label, "-") || !isLetter(label[0]) {
				return false
			}
		}
	}
	return name == "" && found || validWord(name, "-_.")
}

// validWord reports whether s begins and ends with a letter or digit and has nothing else
// inside but those and the bytes of inner.
func validWord(s, inner string) bool {
	if s == "" || !isAlphanumeric(s[0]) || !isAlphanumeric(s[len(s)-1]) {
		return false
	}
	for _, x := range []byte(s) {
		if !isAlphanumeric(x) && strings.IndexByte(inner, x) < 0 {
			return false
		}
	}
	return true
}

func isLetter(x byte) bool       { return 'a' <= x && x <= 'z' || 'A' <= x && x <= 'Z' }
func isAlphanumeric(x byte) bool { return isLetter(x) || '0' <= x && x <= '9' }

// appendTo appends the content block with what it is annotated with.
func (a Annotated) appendTo(dst []byte, rev *revision) []byte {
	dst = a.Content.appendTo(dst, rev)
	dst = dst[:len(dst)-1] // the closing brace; every block has a member before
	dst = a.Annotations.appendTo(dst, rev)
	return append(appendMeta(dst, a.Meta.marshal(), rev), '}')
}

// appendTo appends ,"annotations":{...}, or nothing if a says nothing or is nil.
func (a *Annotations) appendTo(dst []byte, rev *revision) []byte {
	if a == nil {
		return dst
	}
	const name = `,"annotations":{`
	from := len(dst)
	dst = append(dst, name...)
	for i, r := range a.Audience {
		dst = append(dst, []string{`"audience":["`, `,"`}[min(i, 1)]...)
		dst = append(dst, r...)
		dst = append(dst, '"')
	}
	if len(a.Audience) > 0 {
		dst = append(dst, ']')
	}
	if a.Priority != nil {
		dst = appendComma(dst)
		dst = append(dst, `"priority":`...)
		dst = appendNumber(dst, *a.Priority)
	}
	if rev.lastModified && !a.LastModified.IsZero() {
		dst = appendComma(dst)
		dst = append(dst, `"lastModified":"`...)
		dst = append(a.LastModified.UTC().AppendFormat(dst, time.RFC3339), '"')
	}
	if len(dst) == from+len(name) {
		return dst[:from]
	}
	return append(dst, '}')
}

// appendComma appends a comma unless dst ends with an opening brace.
func appendComma(dst []byte) []byte {
	if dst[len(dst)-1] == '{' {
		return dst
	}
	return append(dst, ',')
}

// appendMeta appends ,"_meta":meta, or nothing if there is none or the revision has none.
func appendMeta(dst, meta []byte, rev *revision) []byte {
	if meta == nil || !rev.metas {
		return dst
	}
	dst = append(dst, `,"_meta":`...)
	return append(dst, meta...)
}

// setMeta notes what the handler puts in the _meta of the result.
func (m *marks) setMeta(meta Meta) {
	if doc := meta.marshal(); doc != nil {
		m.meta = doc[1 : len(doc)-1]
	}
}
