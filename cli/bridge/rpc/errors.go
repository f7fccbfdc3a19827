package rpc

import (
	"encoding/json"
	"strconv"
)

// Error codes that a bridge answers with. Those of its own are outside the range that
// JSON-RPC and MCP reserve (MCP 2026-07-28 basic "Error Codes").
const (
	CodeParse          = -32700
	CodeInvalidRequest = -32600
	CodeMethodNotFound = -32601
	CodeInvalidParams  = -32602
	CodeHeaderMismatch = -32020 // MCP 2026-07-28 transports/streamable-http "Server Validation"
	CodeCapability     = -32021 // a client capability is missing
	CodeVersion        = -32022 // unsupported protocol version

	// CodeGuestLost: the guest or the connection to it ended before it answered. The
	// request may have been carried out.
	CodeGuestLost = -31001
	// CodeGuestDown: there is no guest at present. The request was not carried out.
	CodeGuestDown = -31002
	// CodeLimit: the bridge has as many requests, sessions or bytes as it takes.
	CodeLimit = -31003
)

// AppendError appends an error response, without newline. id is the request's, as
// it is written. Where none is known, nil, there is no id: MCP's schemas have no null, and
// its HTTP transport speaks of "a JSON-RPC error response that has no id".
func AppendError(dst, id []byte, code int, message string) []byte {
	dst = append(dst, `{"jsonrpc":"2.0",`...)
	if id != nil {
		dst = append(dst, `"id":`...)
		dst = append(dst, id...)
		dst = append(dst, ',')
	}
	dst = append(dst, `"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = append(dst, `,"message":`...)
	text, _ := json.Marshal(message) // a string cannot fail
	dst = append(dst, text...)
	return append(dst, "}}"...)
}

// ErrorCode returns the code of a response's error; ok is false where there is none.
func ErrorCode(m Message) (code int, ok bool) {
	Members(m.Error, func(name, value []byte) bool {
		if string(name) == "code" {
			n, err := strconv.Atoi(string(value))
			code, ok = n, err == nil
		}
		return true
	})
	return code, ok
}
