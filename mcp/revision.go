package mcp

import "encoding/json"

// revision states how one revision of the protocol differs from the others.
// Handlers ask it; nothing else compares revision names.
type revision struct {
	name string

	// stateless: there is no handshake; each request names the revision and the client's
	// capabilities in its _meta (2026-07-28 changelog). Else the handshake settles both.
	stateless bool
	// batching: an array of messages is a message. MCP 2025-03-26 basic
	// "Batching": implementations MUST support receiving them; gone in 2025-06-18.
	batching bool
	// annotations: tools carry behaviour hints (2025-03-26 changelog).
	annotations bool
	// progressText: progress notifications have a message (2025-03-26 changelog).
	progressText bool
	// audio: results may hold audio content (2025-03-26 changelog).
	audio bool
	// completions: servers declare completion/complete (2025-03-26 changelog).
	completions bool
	// structured: outputSchema and structuredContent (2025-06-18 changelog).
	structured bool
	// titles: a title beside the name of tools, resources and server (2025-06-18).
	titles bool
	// links: results may hold resource links (2025-06-18 changelog).
	links bool
	// metas: things that are listed, and contents, may have _meta (2025-06-18 changelog).
	metas bool
	// lastModified: annotations say when a resource or content changed (2025-06-18 schema).
	lastModified bool
	// descriptions: serverInfo has a description (2025-11-25 changelog).
	descriptions bool
	// icons: tools, resources, prompts and the server may have icons (2025-11-25).
	icons bool
	// argumentsAreResults: bad tool arguments are a result with isError, so that
	// the model can correct itself, not error -32602 (2025-11-25 changelog).
	argumentsAreResults bool
	// taskTools: tools say whether they can run as tasks, and clients ask for that with
	// params.task: the experimental form of 2025-11-25 only.
	taskTools bool
	// extensions: capabilities have a member of that name (2026-07-28 changelog).
	extensions bool
	// resultTypes: results say what they are in resultType (2026-07-28 changelog).
	resultTypes bool
	// cacheHints: lists and what is read carry ttlMs and cacheScope (2026-07-28).
	cacheHints bool
	// asksInResults: what we ask of the client goes into results, not requests of ours
	// (2026-07-28 basic/patterns/mrtr).
	asksInResults bool
	// asks is what clients can be asked: elicitation since 2025-06-18; its URL mode, and
	// sampling with tools, since 2025-11-25, which also made context something to declare.
	asks clientCaps
	// choices: forms may have titled choices and lists (2025-11-25 changelog).
	choices bool
	// elicitationIDs: questions in URL mode have an id, by which they are later said to be
	// complete (2025-11-25 client/elicitation only).
	elicitationIDs bool
	// anyStructured: structuredContent may be any JSON value (2026-07-28 changelog).
	anyStructured bool
	// nullIDs: an error about a message whose id could not be read has the id null, as
	// JSON-RPC 2.0 has it; since 2025-11-25 (schema "JSONRPCErrorResponse") it has none.
	nullIDs bool
	// notFound is the error code for an unknown resource.
	notFound int64
}

// laterAsks is what clients can be asked since 2025-11-25.
const laterAsks = capRoots | capRootsChanged | capSampling | capSamplingTools | capSamplingContext | capElicitForm | capElicitURL

// revisions are all that the server speaks, newest first.
var revisions = [...]revision{
	{
		name: "2026-07-28", stateless: true, annotations: true, progressText: true, audio: true,
		completions: true, structured: true, titles: true, links: true, metas: true, lastModified: true,
		descriptions: true, icons: true, argumentsAreResults: true,
		extensions: true, resultTypes: true, cacheHints: true, asksInResults: true, anyStructured: true,
		asks: laterAsks, choices: true,
		notFound: CodeInvalidParams,
	},
	{
		name: "2025-11-25", annotations: true, progressText: true, audio: true,
		completions: true, structured: true, titles: true, links: true, metas: true, lastModified: true,
		descriptions: true, icons: true, argumentsAreResults: true,
		taskTools: true, asks: laterAsks, choices: true, elicitationIDs: true,
		notFound: CodeResourceNotFound,
	},
	{
		name: "2025-06-18", nullIDs: true, annotations: true, progressText: true, audio: true,
		completions: true, structured: true, titles: true, links: true, metas: true, lastModified: true,
		asks:     capRoots | capRootsChanged | capSampling | capElicitForm,
		notFound: CodeResourceNotFound,
	},
	{
		name: "2025-03-26", nullIDs: true, annotations: true, progressText: true, audio: true,
		completions: true, batching: true,
		asks:     capRoots | capRootsChanged | capSampling,
		notFound: CodeResourceNotFound,
	},
	{
		// MCP 2024-11-05 has batching through JSON-RPC only and says nothing of it.
		name: "2024-11-05", nullIDs: true,
		asks:     capRoots | capRootsChanged | capSampling,
		notFound: CodeResourceNotFound,
	},
}

// findRevision returns the revision of that name, or nil.
func findRevision[S string | []byte](name S) *revision {
	for i := range revisions {
		if revisions[i].name == string(name) {
			return &revisions[i]
		}
	}
	return nil
}

// negotiate returns the revision for a client whose handshake asks for the one called
// name: that one, or the newest that begins with a handshake (MCP 2025-11-25
// basic/lifecycle "Version Negotiation": another version it supports, SHOULD be the latest).
func negotiate(name string) *revision {
	if r := findRevision(name); r != nil && !r.stateless {
		return r
	}
	for i := range revisions {
		if !revisions[i].stateless {
			return &revisions[i]
		}
	}
	return nil
}

// errVersion is the answer to a request of a revision that we do not speak, or not
// without a handshake. MCP 2026-07-28 basic/versioning "Protocol Version Negotiation".
func errVersion(requested string) *Error {
	e := Errorf(CodeUnsupportedVersion, "unsupported protocol version")
	if findRevision(requested) != nil {
		e.Message = "this protocol version begins with initialize"
	}
	data := append(appendVersions([]byte(`{"supported":`)), `,"requested":`...)
	raw := json.RawMessage(append(appendString(data, clip(requested)), '}'))
	e.Data = &raw
	return e
}

// appendVersions appends the names of all revisions as a JSON array.
func appendVersions(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range revisions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, revisions[i].name)
	}
	return append(dst, ']')
}

// Revisions returns the names of the protocol revisions the server speaks, newest first.
func Revisions() []string {
	names := make([]string, len(revisions))
	for i := range revisions {
		names[i] = revisions[i].name
	}
	return names
}
