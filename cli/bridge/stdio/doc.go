// Package stdio joins a client's standard streams with a guest, so that an image is
// one more program in the configuration of any MCP client.
//
// The guest's framing is that of MCP's stdio transport already: one message a line.
// While there is a guest, lines pass in both directions as the bytes that came; the
// bridge reads along only as far as it must to know who waits for what:
//
//	client -> guest   requests that are not answered yet; the handshake
//	guest  -> client  responses; requests of the guest's own (before 2026-07-28)
//
// When the guest ends, the bridge
//
//   - answers each request that waits with error rpc.CodeGuestLost; a batch with
//     one array of them;
//   - tells the client that the guest's own requests are cancelled;
//   - waits for the next guest, and with it the lines that the client goes on
//     writing; after Config.Wait it answers requests with rpc.CodeGuestDown;
//   - brings the new guest to where the old one was: see replay.go.
//
// A line that the guest had begun to write is dropped: only whole messages reach the
// client. A line to the guest is sent again only if the one before took no byte of it.
//
// The end of the client's stream ends the bridge: it waits for answers that are due,
// Config.Drain at most, and hangs up.
package stdio
