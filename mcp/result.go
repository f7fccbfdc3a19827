package mcp

import (
	"strconv"
	"time"
)

// Caching is what clients are told about how long results stay good (MCP 2026-07-28
// server/utilities/caching). The zero value: fetch everything anew.
type Caching struct {
	// Lists is for lists and server/discover. A change is told to those that listen all
	// the same.
	Lists time.Duration
	// Reads is for resources/read.
	Reads time.Duration
	// PublicReads: what resources hold may be kept by caches that several users share.
	// Lists always may: they are the same for every client.
	PublicReads bool
}

// marks is what there is to say of a result beside its content.
type marks struct {
	kind  string // of result; empty: complete
	cache cacheHint
	meta  []byte // members of its _meta, as JSON without braces; nil if there are none
}

// cacheHint says which of the hints in Caching a result carries.
type cacheHint uint8

const (
	noCaching cacheHint = iota
	cacheList
	cacheRead
	cacheNever // for what depends on a user's answers
)

// mark adds to a result that ends dst, a whole JSON object, what revision rev wants in it.
// Handlers thus know of none of it.
//
//	resultType          2026-07-28 basic "ResultType"
//	ttlMs, cacheScope   2026-07-28 server/utilities/caching
//	_meta               the result's own, and who we are: 2026-07-28 basic
//	                    "Per-response protocol fields"
func (s *Server) mark(dst []byte, rev *revision, m *marks) []byte {
	if !rev.resultTypes && (m.meta == nil || !rev.metas) {
		return dst
	}
	dst = dst[:len(dst)-1]
	if rev.resultTypes {
		kind := m.kind
		if kind == "" {
			kind = "complete"
		}
		dst = append(appendComma(dst), `"resultType":"`...)
		dst = append(dst, kind...)
		dst = append(dst, '"')
	}
	if rev.cacheHints && m.cache != noCaching {
		dst = s.appendCacheHint(dst, m.cache)
	}
	dst = append(appendComma(dst), `"_meta":{`...)
	dst = append(dst, m.meta...)
	if rev.resultTypes {
		dst = append(appendComma(dst), s.info...)
	}
	return append(dst, '}', '}')
}

// appendCacheHint appends the members ttlMs and cacheScope with a leading comma.
func (s *Server) appendCacheHint(dst []byte, h cacheHint) []byte {
	ttl, public := s.opts.Caching.Lists, true
	switch h {
	case cacheRead:
		ttl, public = s.opts.Caching.Reads, s.opts.Caching.PublicReads
	case cacheNever:
		ttl, public = 0, false
	}
	dst = append(dst, `,"ttlMs":`...)
	dst = strconv.AppendInt(dst, max(ttl.Milliseconds(), 0), 10)
	if public {
		return append(dst, `,"cacheScope":"public"`...)
	}
	return append(dst, `,"cacheScope":"private"`...)
}
