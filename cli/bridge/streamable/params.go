package streamable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// A tool may have arguments repeated in headers, by x-mcp-header in their schemas (MCP
// 2026-07-28 transports/streamable-http "Custom Headers from Tool Parameters"). The guest
// sees no headers, so the bridge compares them, by the guest's own list of tools. It asks
// for the list when it is first needed, and again when it is older than the guest's
// ttlMs or listAge. A request is not refused by an old list: the list is asked for again
// before that.
const (
	// listAge is how old the list may be, whatever the guest says.
	listAge = 5 * time.Second
	// listFresh is the least age at which it is asked for again.
	listFresh = 100 * time.Millisecond
	// listRetry is how long it is not asked for again when the guest did not answer.
	listRetry = time.Second
	// listLimit is how long the guest may take to list its tools, maxPages how many
	// pages that may be.
	listLimit = 5 * time.Second
	maxPages  = 100
	// maxDepth bounds the nesting of properties.
	maxDepth = 16
)

// A paramHeader is one annotated property.
type paramHeader struct {
	name string   // of the header
	path []string // of properties, from the arguments on
}

// toolHeaders are the annotations of all tools.
type toolHeaders struct {
	mu     sync.Mutex               // held while the list is asked for: others wait
	byTool map[string][]paramHeader // guarded by mu
	asked  time.Time                // guarded by mu
	until  time.Time                // guarded by mu
}

// checkParams compares the Mcp-Param headers of a tools/call with its arguments.
func (s *Server) checkParams(r *http.Request, c *call) error {
	name, _ := rpc.Text(c.params.Name)
	err := compareParams(r.Header, s.annotations(name, listAge), c.params.Arguments)
	if err != nil {
		err = compareParams(r.Header, s.annotations(name, listFresh), c.params.Arguments)
	}
	return err
}

func compareParams(h http.Header, annotated []paramHeader, arguments []byte) error {
	for _, a := range annotated {
		value := arguments
		for _, step := range a.path {
			value = member(value, step)
		}
		if string(value) == "null" {
			value = nil
		}
		if err := checkValue(h, a.name, value, true); err != nil {
			return err
		}
	}
	return nil
}

// member returns a member of an object, nil if there is none.
func member(object []byte, name string) (v []byte) {
	rpc.Members(object, func(n, value []byte) bool {
		if string(n) == name {
			v = value
		}
		return true
	})
	return v
}

// annotations returns what a tool has repeated in headers, by a list that is at most age
// old.
func (s *Server) annotations(tool string, age time.Duration) []paramHeader {
	t := &s.tools
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); now.After(t.until) || now.Sub(t.asked) > age {
		byTool, ttl, err := s.listTools()
		if err != nil {
			s.Log("the guest's tools could not be listed, so Mcp-Param headers are checked by an older list, or not: %v", err)
			byTool, ttl = t.byTool, listRetry
		}
		t.byTool, t.asked = byTool, time.Now()
		t.until = t.asked.Add(ttl)
	}
	return t.byTool[tool]
}

// listTools asks the guest for its tools.
func (s *Server) listTools() (byTool map[string][]paramHeader, ttl time.Duration, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, listLimit) // not a request's: a client that leaves must not spoil it for others
	defer cancel()
	l, err := s.pool.get(ctx, false)
	if err != nil {
		return nil, 0, err
	}
	good := false
	defer func() { s.pool.put(l, good, false) }()
	byTool = map[string][]paramHeader{}
	ttl = listAge
	cursor := ""
	for page := range maxPages {
		var list struct {
			Tools []struct {
				Name        string          `json:"name"`
				InputSchema json.RawMessage `json:"inputSchema"`
			} `json:"tools"`
			NextCursor json.RawMessage `json:"nextCursor"`
			TTLMs      float64         `json:"ttlMs"`
		}
		result, err := s.askPage(ctx, l, page, cursor)
		if err != nil {
			return nil, 0, err
		}
		if err := json.Unmarshal(result, &list); err != nil {
			return nil, 0, fmt.Errorf("its answer: %w", err)
		}
		for _, tool := range list.Tools {
			if a := annotated(tool.InputSchema, nil, nil); a != nil {
				byTool[tool.Name] = a
			}
		}
		if list.TTLMs >= 0 && list.TTLMs < float64(listAge.Milliseconds()) {
			ttl = min(ttl, max(listFresh, time.Duration(list.TTLMs)*time.Millisecond))
		}
		if cursor = string(list.NextCursor); cursor == "" || cursor == "null" {
			good = true
			return byTool, ttl, nil
		}
	}
	return nil, 0, fmt.Errorf("it has more than %d pages of tools", maxPages)
}

// askPage asks for one page. cursor is JSON, or "".
func (s *Server) askPage(ctx context.Context, l *link, page int, cursor string) ([]byte, error) {
	if cursor != "" {
		cursor = `"cursor":` + cursor + `,`
	}
	id := `"unikai-tools-` + strconv.Itoa(page) + `"`
	if err := l.send([]byte(`{"jsonrpc":"2.0","id":` + id + `,"method":"tools/list","params":{` + cursor + `"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"unikai bridge","version":"1"}}}}` + "\n")); err != nil {
		return nil, err
	}
	for {
		line, err := l.next(ctx, nil)
		if err != nil {
			return nil, err
		}
		m := rpc.Peek(line)
		switch {
		case m.Kind != rpc.Response:
		case string(m.ID) != id:
			return nil, errors.New("it answered another request")
		case m.Result == nil:
			return nil, fmt.Errorf("it answered %.200s", m.Error)
		default:
			l.proven = true
			return m.Result, nil
		}
	}
}

// annotated collects the valid annotations of a schema: on properties of the types that
// may have one, at the end of properties alone. Others are the client's to refuse.
func annotated(schema []byte, path []string, found []paramHeader) []paramHeader {
	if len(path) > maxDepth {
		return found
	}
	rpc.Members(member(schema, "properties"), func(name, property []byte) bool {
		at := append(path[:len(path):len(path)], string(name))
		header, _ := rpc.Text(member(property, "x-mcp-header"))
		kind, _ := rpc.Text(member(property, "type"))
		if isToken(header) && (kind == "string" || kind == "integer" || kind == "boolean") {
			found = append(found, paramHeader{headerParam + header, at})
		}
		found = annotated(property, at, found)
		return true
	})
	return found
}

// isToken reports whether s may stand in a header's name (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for _, x := range []byte(s) {
		if !('0' <= x && x <= '9' || 'a' <= x && x <= 'z' || 'A' <= x && x <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", x) >= 0) {
			return false
		}
	}
	return s != ""
}
