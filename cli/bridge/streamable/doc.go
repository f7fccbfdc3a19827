// Package streamable serves a guest's MCP by Streamable HTTP, in both of its shapes,
// at one endpoint:
//
//	2025-03-26 .. 2025-11-25   sessions, GET streams, requests of the guest's own
//	2026-07-28                 one POST a request, nothing kept between them
//
// A request is of the second kind if its _meta names a protocol version, or its
// MCP-Protocol-Version header names one that has no sessions.
//
// # How messages find their way
//
//	client ---- POST ----> pool of connections ----> guest       2026-07-28
//	client ---- POST ----> session's connection ---> guest       before
//
// A modern request has a connection to the guest for itself while it is at work. So ids,
// progress tokens and subscriptions of different clients cannot meet, log messages, which
// name no request, reach the client whose request they come from, and bytes pass as they
// came. The guest's answer decides the form: a response that comes first is sent as
// JSON with the HTTP status of its error, anything else opens an SSE stream. A client
// that goes away cancels: the guest is told, and the connection is not used again.
//
// A session has one connection. Its guest's messages are told apart: responses by
// their id, progress by its token; all else goes to the POST at work if there is just
// one, else to the GET stream, else to the newest POST, else it waits for a GET. See
// route.go.
//
// The bridge is transparent: it adds no member to a message and removes none. What it
// says itself are HTTP statuses, and JSON-RPC errors where there is no guest to ask.
//
// # Who may come
//
// On a loopback address anybody on this machine: Host and Origin must be loopback names,
// against DNS rebinding. On any other address TLS and a bearer token are needed. See
// access.go.
package streamable
