package streamable

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// Headers of MCP 2026-07-28 transports/streamable-http "Request Metadata". They repeat
// what the body says, for those who look at requests in between, so they must say the
// same. A header that is there twice says nothing certain and is refused.
const (
	headerVersion = "Mcp-Protocol-Version"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
	headerParam   = "Mcp-Param-"
	headerSession = "Mcp-Session-Id"
)

// single returns the one value of a header, "" if there is none; ok is false if there
// are several.
func single(h http.Header, name string) (value string, ok bool) {
	switch v := h.Values(name); len(v) {
	case 0:
		return "", true
	case 1:
		return strings.Trim(v[0], " \t"), true
	}
	return "", false
}

// checkHeaders compares the standard headers of a modern request with its body. version
// is that of the header, which post has read. The error is for people.
func checkHeaders(h http.Header, version string, c *call) error {
	body, isText := rpc.Text(c.params.Version)
	switch {
	case version == "":
		return fmt.Errorf("the %s header is missing", headerVersion)
	case !isText || version != body:
		return fmt.Errorf("the %s header says %q, the body %s", headerVersion, version, clip(c.params.Version))
	}
	method, ok := single(h, headerMethod)
	switch {
	case !ok:
		return fmt.Errorf("the %s header is given twice", headerMethod)
	case method == "" && c.Kind == rpc.Notification:
		// "header requirements for notification POSTs are not defined"
	case method == "":
		return fmt.Errorf("the %s header is missing", headerMethod)
	case method != c.Method:
		return fmt.Errorf("the %s header says %q, the body %q", headerMethod, method, c.Method)
	}
	source, needed := nameSource(c)
	if source == nil && !needed {
		return nil
	}
	return checkValue(h, headerName, source, needed)
}

// nameSource returns what the Mcp-Name header of a request repeats, and whether it must.
func nameSource(c *call) (source []byte, needed bool) {
	p := &c.params
	switch c.Method {
	case "tools/call", "prompts/get":
		return p.Name, true
	case "resources/read":
		return p.URI, true
	case "tasks/get", "tasks/update", "tasks/cancel": // the tasks extension
		return p.TaskID, false
	}
	return nil, false
}

// checkValue compares a header that may be encoded with a value of the body, nil if there
// is none there. needed: the header must be there if the value is.
func checkValue(h http.Header, name string, value []byte, needed bool) error {
	header, ok := single(h, name)
	_, there := h[http.CanonicalHeaderKey(name)]
	switch {
	case !ok:
		return fmt.Errorf("the %s header is given twice", name)
	case !there && value != nil && needed:
		return fmt.Errorf("the %s header is missing", name)
	case !there:
		return nil
	}
	text, err := decodeValue(header)
	if err != nil {
		return fmt.Errorf("the %s header %w", name, err)
	}
	if value == nil || !sameValue(text, value) {
		return fmt.Errorf("the %s header says %q, the body %s", name, text, clip(value))
	}
	return nil
}

// Markers round an encoded header value (2026-07-28 transports/streamable-http "Value
// Encoding"). A value with only one of them is literal.
const (
	encodedStart = "=?base64?"
	encodedEnd   = "?="
)

// decodeValue returns what a header value stands for.
func decodeValue(v string) (string, error) {
	for i := range len(v) {
		if v[i] != '\t' && (v[i] < ' ' || v[i] > '~') {
			return "", errors.New("has a character that header values may not have")
		}
	}
	if len(v) < len(encodedStart)+len(encodedEnd) || !strings.HasPrefix(v, encodedStart) || !strings.HasSuffix(v, encodedEnd) {
		return v, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(v[len(encodedStart) : len(v)-len(encodedEnd)])
	if err != nil || !utf8.Valid(b) {
		return "", errors.New("is not Base64 of UTF-8")
	}
	return string(b), nil
}

// sameValue reports whether text is what a header says for a JSON value: a string as it
// is, a whole number by its value, true and false.
func sameValue(text string, value []byte) bool {
	if s, ok := rpc.Text(value); ok {
		return s == text
	}
	if string(value) == text && (text == "true" || text == "false") {
		return true
	}
	a, okA := integer(text)
	b, okB := integer(string(value))
	return okA && okB && a == b
}

// integer reads a whole number within what JavaScript can tell apart, the range that the
// specification allows; it may be written as 42.0.
func integer(s string) (int64, bool) {
	if !json.Valid([]byte(s)) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53-1 {
		return 0, false
	}
	return int64(f), true
}

// clip shortens what is shown in an error.
func clip(b []byte) []byte {
	if b == nil {
		return []byte("nothing")
	}
	return b[:min(len(b), 100)]
}
