package mcp

// revision states how one revision of the protocol differs from the others.
// Handlers ask it; nothing else compares revision names.
type revision struct {
	name string

	// batching: an array of messages is a message. MCP 2025-03-26 basic
	// "Batching": implementations MUST support receiving them; gone in 2025-06-18.
	batching bool
	// annotations: tools carry behaviour hints (2025-03-26 changelog).
	annotations bool
	// progressText: progress notifications have a message (2025-03-26 changelog).
	progressText bool
	// audio: results may hold audio content (2025-03-26 changelog).
	audio bool
	// structured: outputSchema and structuredContent (2025-06-18 changelog).
	structured bool
	// titles: a title beside the name of tools, resources and server (2025-06-18).
	titles bool
	// links: results may hold resource links (2025-06-18 changelog).
	links bool
	// descriptions: serverInfo has a description (2025-11-25 changelog).
	descriptions bool
	// argumentsAreResults: bad tool arguments are a result with isError, so that
	// the model can correct itself, not error -32602 (2025-11-25 changelog).
	argumentsAreResults bool
}

// revisions are the ones a handshake can settle on, newest first. The stateless
// revision 2026-07-28 has no handshake and its place is beside this table: it is
// named in the request itself.
var revisions = [...]revision{
	{
		name: "2025-11-25", annotations: true, progressText: true, audio: true,
		structured: true, titles: true, links: true,
		descriptions: true, argumentsAreResults: true,
	},
	{
		name: "2025-06-18", annotations: true, progressText: true, audio: true,
		structured: true, titles: true, links: true,
	},
	{
		name: "2025-03-26", annotations: true, progressText: true, audio: true,
		batching: true,
	},
	{
		// MCP 2024-11-05 has batching through JSON-RPC only and says nothing of it.
		name: "2024-11-05",
	},
}

// negotiate returns the revision for a client that asks for the one called
// name: that one, or the newest we have (MCP 2025-11-25 basic/lifecycle
// "Version Negotiation": another version it supports, SHOULD be the latest).
func negotiate(name string) *revision {
	for i := range revisions {
		if revisions[i].name == name {
			return &revisions[i]
		}
	}
	return &revisions[0]
}

// Revisions returns the names of the protocol revisions the server speaks, newest first.
func Revisions() []string {
	names := make([]string, len(revisions))
	for i := range revisions {
		names[i] = revisions[i].name
	}
	return names
}
