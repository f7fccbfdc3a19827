package mcp

// method is one method of the protocol: where it exists and what serves it.
type method struct {
	name   string
	legacy bool // in revisions with a handshake
	modern bool // in stateless revisions
	early  bool // legacy: may come before the handshake
	cache  cacheHint

	// needs is what the server must offer, 0 if nothing. MCP 2026-07-28 schema
	// "MethodNotFoundError": methods of capabilities that are not advertised do not exist.
	needs offer

	// Exactly one of these is set. Both run on the reader's goroutine and must not wait.
	//
	// do appends the result, a whole JSON object; dispatch adds what the revision wants in
	// all results.
	do func(s *session, r *request, dst []byte) ([]byte, *Error)
	// start admits r and starts a call that will answer it, or returns the error to answer
	// with.
	start func(s *session, r *request) *Error
}

// methods is every request a client can make, the most frequent first.
var methods = [...]method{
	{name: "tools/call", legacy: true, modern: true, needs: offerTools, start: (*session).callTool},
	{name: "resources/read", legacy: true, modern: true, needs: offerResources, start: (*session).readResource},
	{name: "initialize", legacy: true, early: true, do: (*session).initialize},
	{name: "server/discover", modern: true, cache: cacheList, do: (*session).discover},
	{name: "ping", legacy: true, early: true, do: (*session).ping},
	{name: "tools/list", legacy: true, modern: true, cache: cacheList, needs: offerTools, do: (*session).listTools},
	{name: "resources/list", legacy: true, modern: true, cache: cacheList, needs: offerResources, do: (*session).listResources},
	{name: "resources/templates/list", legacy: true, modern: true, cache: cacheList, needs: offerResources, do: (*session).listTemplates},
	{name: "prompts/list", legacy: true, modern: true, cache: cacheList, needs: offerPrompts, do: (*session).listPrompts},
	{name: "prompts/get", legacy: true, modern: true, needs: offerPrompts, start: (*session).getPrompt},
	{name: "completion/complete", legacy: true, modern: true, needs: offerCompletions, start: (*session).complete},
	{name: "resources/subscribe", legacy: true, needs: offerResources, do: (*session).subscribe},
	{name: "resources/unsubscribe", legacy: true, needs: offerResources, do: (*session).unsubscribe},
	{name: "subscriptions/listen", modern: true, start: (*session).listen},
	{name: "tasks/get", legacy: true, modern: true, needs: offerTasks, start: (*session).getTask},
	{name: "tasks/update", modern: true, needs: offerTasks, do: (*session).updateTask},
	{name: "tasks/cancel", legacy: true, modern: true, needs: offerTasks, do: (*session).cancelTask},
	{name: "tasks/result", legacy: true, needs: offerTasks, start: (*session).taskResult},
	{name: "logging/setLevel", legacy: true, do: (*session).setLevel},
}

// findMethod returns the method called name, or nil.
func findMethod(name []byte) *method {
	for i := range methods {
		if methods[i].name == string(name) {
			return &methods[i]
		}
	}
	return nil
}

// errNoMethod is the answer to a request of a method that r's revision, or this server,
// does not have.
func errNoMethod(r *request) *Error {
	return Errorf(CodeMethodNotFound, "method not found: %s", clip(r.method))
}
