package mcp

import (
	"encoding/base64"
	"slices"
)

// Lists are in name order and a cursor is the name after which to go on, so that
// it stays good when things are added. To the client it is opaque (MCP
// server/utilities/pagination).

// page returns the range of names that a list request asks for.
func (s *session) page(r *request, names []string) (from, to int, e *Error) {
	if v := r.p.cursor; v != nil {
		if !isString(v) {
			return 0, 0, Errorf(CodeInvalidParams, "params.cursor must be a string")
		}
		last, err := base64.RawURLEncoding.DecodeString(unquote(v))
		if err != nil || len(last) == 0 {
			return 0, 0, Errorf(CodeInvalidParams, "params.cursor is none of ours")
		}
		i, found := slices.BinarySearch(names, string(last))
		if from = i; found {
			from++
		}
	}
	return from, min(len(names), from+s.srv.opts.PageSize), nil
}

// appendCursor appends the cursor for what follows names[:to], if anything does.
func appendCursor(dst []byte, names []string, to int) []byte {
	if to == 0 || to >= len(names) {
		return dst
	}
	return appendMember(dst, "nextCursor", base64.RawURLEncoding.EncodeToString([]byte(names[to-1])))
}
