package mcp

import "encoding/json"

// clientCaps is the set of things a client has declared to be able to do: in the
// handshake, or with each request (MCP 2026-07-28 schema "ClientCapabilities").
type clientCaps uint16

const (
	capRoots           clientCaps = 1 << iota
	capRootsChanged               // it tells when they change
	capSampling                   // sampling/createMessage
	capSamplingTools              // with tools
	capSamplingContext            // with includeContext
	capElicitForm                 // elicitation/create in form mode
	capElicitURL                  // in URL mode
	capTasks                      // the extension io.modelcontextprotocol/tasks
)

const tasksExtension = metaPrefix + "tasks"

// parseCaps reads a capabilities object; v may be nil. What it does not know, or what has
// not the right type, is not there. It comes with every request, so it makes no garbage.
func parseCaps(v []byte) (c clientCaps) {
	for w := objects(v); ; {
		name, v, ok := w.next()
		if !ok {
			return c
		}
		switch string(name) {
		case "roots":
			c |= capRoots
			for w := walk(v); ; {
				name, v, ok := w.member()
				if !ok {
					break
				}
				if string(name) == "listChanged" && string(v) == "true" {
					c |= capRootsChanged
				}
			}
		case "sampling":
			c |= capSampling | capsIn(v, "tools", capSamplingTools, "context", capSamplingContext)
		case "elicitation":
			modes := capsIn(v, "form", capElicitForm, "url", capElicitURL)
			if modes == 0 { // MCP 2025-11-25 client/elicitation "Capabilities": form mode
				modes = capElicitForm
			}
			c |= modes
		case "extensions":
			c |= capsIn(v, tasksExtension, capTasks, "", 0)
		}
	}
}

// capsIn returns the capabilities that the members of an object called a and b stand for.
func capsIn(v []byte, a string, ifA clientCaps, b string, ifB clientCaps) (c clientCaps) {
	for w := objects(v); ; {
		name, _, ok := w.next()
		switch {
		case !ok:
			return c
		case string(name) == a:
			c |= ifA
		case string(name) == b:
			c |= ifB
		}
	}
}

// objectWalker yields those members of an object that are objects.
type objectWalker struct{ walker }

func objects(v []byte) objectWalker {
	if v == nil {
		v = noArguments
	}
	return objectWalker{walk(v)}
}

func (w *objectWalker) next() (name, value []byte, ok bool) {
	for {
		name, value, ok := w.member()
		if !ok || isObject(value) {
			return name, value, ok
		}
	}
}

// errMissing is the answer to a request that cannot be served because the client has not
// declared need. MCP 2026-07-28 basic "Per-request protocol fields": error -32021 with
// data.requiredCapabilities, which has the form of ClientCapabilities.
func errMissing(need clientCaps) *Error {
	e := Errorf(CodeMissingCapability, "the client has not declared a capability that this request needs")
	data := json.RawMessage(append(need.appendTo([]byte(`{"requiredCapabilities":`)), '}'))
	e.Data = &data
	return e
}

// capNames says where each capability stands in a ClientCapabilities object; those of
// one group stand together.
var capNames = [...]struct {
	bit          clientCaps
	group, value string // value is empty: the group says it all
}{
	{capRoots, "roots", ""},
	{capRootsChanged, "roots", `"listChanged":true`},
	{capSampling, "sampling", ""},
	{capSamplingTools, "sampling", `"tools":{}`},
	{capSamplingContext, "sampling", `"context":{}`},
	{capElicitForm, "elicitation", `"form":{}`},
	{capElicitURL, "elicitation", `"url":{}`},
	{capTasks, "extensions", `"` + tasksExtension + `":{}`},
}

// appendTo appends the set as a ClientCapabilities object.
func (c clientCaps) appendTo(dst []byte) []byte {
	dst = append(dst, '{')
	group := ""
	for _, n := range capNames {
		if c&n.bit == 0 {
			continue
		}
		if n.group != group {
			if group != "" {
				dst = append(dst, "},"...)
			}
			group = n.group
			dst = append(dst, `"`+group+`":{`...)
		} else if dst[len(dst)-1] != '{' && n.value != "" {
			dst = append(dst, ',')
		}
		dst = append(dst, n.value...)
	}
	if group != "" {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
