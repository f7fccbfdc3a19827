// Package mcp is a Model Context Protocol server for programs that are
// reached through a byte stream: in the unikernel a virtio-vsock connection,
// in a test one end of net.Pipe. It is ordinary Go and knows neither the kernel
// nor the drivers; it needs a net.Listener and nothing else.
//
// It is not a client, and it has no HTTP: a bridge outside the guest adds that.
//
// # A server in ten lines
//
//	type AddIn struct {
//		A int `json:"a" jsonschema:"first summand"`
//		B int `json:"b" jsonschema:"second summand"`
//	}
//	type AddOut struct {
//		Sum int `json:"sum"`
//	}
//	s := mcp.NewServer(mcp.Implementation{Name: "sums", Version: "1"}, nil)
//	mcp.AddTool(s, mcp.Tool{Name: "add", Description: "adds two numbers"},
//		func(ctx context.Context, in AddIn) (AddOut, error) { return AddOut{in.A + in.B}, nil })
//	err := s.Serve(listener)
//
// # What a server can offer
//
//	tools        AddTool: a function of two types; arguments and results are checked
//	prompts      AddPrompt: a function from arguments to messages
//	resources    Server.AddResource, Server.AddTemplate: a function from a URI to text or bytes
//	completion   Server.CompletePrompt, Server.CompleteTemplate, Among
//
// What a function does beside returning goes through its context: Progress, Log, Elicit,
// Sample, Roots and others. A function is written once: what a revision has no place for is
// left out or said in another way, such as a link as text. All of this may be added and
// removed while clients are connected.
//
// # The protocol on one page
//
// Client and server exchange JSON-RPC 2.0 messages, one JSON object a line, in
// UTF-8, with nothing else on the stream (MCP basic/transports, "stdio"). A message
// with "method" and "id" is a request and gets one response with the same id; with
// "method" alone it is a notification and gets none.
//
// The protocol has two eras, and a connection may speak both. Until 2025-11-25 a
// handshake settles the revision and what the client can do, for as long as the
// connection lasts:
//
//	client                                   server
//	  initialize {protocolVersion,...}  ->
//	                                    <-   {protocolVersion, capabilities, serverInfo}
//	  notifications/initialized         ->
//	  tools/call {name, arguments}      ->
//	                                    <-   notifications/progress  (if asked for)
//	  notifications/cancelled           ->   (then there is no response)
//	                                    <-   {content, structuredContent, isError}
//
// Since 2026-07-28 each request says both in its _meta and is served by itself; what was
// said before on the connection, by a handshake or another request, means nothing to it:
//
//	server/discover {_meta}           ->   (if the client likes)
//	                                  <-   {supportedVersions, capabilities, resultType}
//	tools/call {name, ..., _meta}     ->
//	                                  <-   {content, ..., resultType: complete}, or
//	                                  <-   {inputRequests, ..., resultType: input_required}
//	subscriptions/listen {_meta, ...} ->
//	                                  <-   notifications/subscriptions/acknowledged, ...
//
// What differs between revisions is one table, in revision.go; handlers are written once.
// What a result carries beside its content is added in one place, in result.go. Requests
// may overlap; responses come in any order.
//
// A connection begins with the first message and ends when either side closes it. A client
// that only stops sending still gets the answers to what it asked. A request is cancelled
// by notifications/cancelled, or by closing the connection.
//
// Clients that listen are told when lists and resources change: see subscribe.go.
//
// A request that cannot be understood is answered with a JSON-RPC error, a tool that
// fails with a result that has isError set, so that the model can see it.
//
// # Data path
//
//	net.Conn -> lineReader   bytes to lines, bounded            (frame.go)
//	         -> decode       line to message, strict            (scan.go, message.go)
//	         -> session      life cycle, in flight              (session.go, call.go)
//	         -> request      era, capabilities, method          (request.go, dispatch.go, method.go)
//	         -> tool         schema check, Go function, result  (toolcall.go, validate.go)
//	         -> mark         what the revision wants in results (result.go)
//	         -> writer       one write for all that is ready    (writer.go)
//
// The client is taken to be hostile: see Limits for every bound and its default.
package mcp
