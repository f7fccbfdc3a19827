package mcp

import (
	"errors"
	"fmt"

	"github.com/sourcegraph/jsonrpc2"
)

// Error is a JSON-RPC error. A tool or resource that returns one has it sent as
// the response, where any other error becomes a tool result with isError.
type Error = jsonrpc2.Error

// Error codes of responses (JSON-RPC 2.0 "Error object", MCP server/resources).
const (
	CodeParseError     = jsonrpc2.CodeParseError     // not JSON
	CodeInvalidRequest = jsonrpc2.CodeInvalidRequest // JSON, but not a message we can take now
	CodeMethodNotFound = jsonrpc2.CodeMethodNotFound
	CodeInvalidParams  = jsonrpc2.CodeInvalidParams
	CodeInternalError  = jsonrpc2.CodeInternalError
	// CodeResourceNotFound is of the handshake revisions (MCP 2025-11-25 server/resources
	// "Error Handling"); since 2026-07-28 it is CodeInvalidParams.
	CodeResourceNotFound = -32002
	// CodeMissingCapability: the request needs something of the client that it has not
	// declared (MCP 2026-07-28 basic "Error Codes").
	CodeMissingCapability = -32021
	// CodeUnsupportedVersion: the request is of a revision that is not spoken here (there, too).
	CodeUnsupportedVersion = -32022
	// CodeBusy is ours, outside the reserved range: a limit of the server is
	// reached; the same request may succeed later.
	CodeBusy = -31000
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("mcp: server closed")

// Errorf returns an Error with that code and message.
func Errorf(code int64, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
