package mcp

import (
	"context"
	"strings"
)

// Root is a folder or file that the client says matters (MCP client/roots). It is a hint,
// and no permission: whoever follows it is to check what it may.
type Root struct {
	URI  string // begins with file://
	Name string // for people; may be empty
}

// Roots asks the client for its roots. Clients of the handshake revisions that tell of
// changes are asked again only after one.
func Roots(ctx context.Context, key string) ([]Root, error) {
	var roots []Root
	err := AskAll(ctx, AskRoots(key, &roots))
	return roots, err
}

// AskRoots is Roots for AskAll.
func AskRoots(key string, to *[]Root) Ask {
	return Ask{
		key: key, method: "roots/list", need: needs(capRoots),
		params: func(_ *call, dst []byte) ([]byte, error) { return append(dst, "{}"...), nil },
		take: func(answer []byte) error {
			roots, err := parseRoots(answer)
			if err == nil {
				*to = roots
			}
			return err
		},
	}
}

// parseRoots reads a ListRootsResult.
func parseRoots(answer []byte) ([]Root, error) {
	list := memberOf(answer, "roots")
	if len(list) == 0 || list[0] != '[' {
		return nil, badAnswer("roots must be an array")
	}
	roots := []Root{}
	for w := walk(list); ; {
		v, ok := w.element()
		if !ok {
			return roots, nil
		}
		if !isObject(v) {
			return nil, badAnswerf("roots[%d] must be an object", len(roots))
		}
		var r Root
		eachMember(v, func(name string, v []byte) {
			switch {
			case name == "uri" && isString(v):
				r.URI = unquote(v)
			case name == "name" && isString(v):
				r.Name = unquote(v)
			}
		})
		// MCP client/roots "Root": MUST be a file:// URI.
		if !strings.HasPrefix(r.URI, "file://") {
			return nil, badAnswerf("roots[%d].uri must begin with file://", len(roots))
		}
		roots = append(roots, r)
	}
}
