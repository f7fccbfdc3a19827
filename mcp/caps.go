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

// parseCaps reads a capabilities object. What it does not know, or what has not the
// right type, is not there.
func parseCaps(v []byte) (c clientCaps) {
	eachObject(v, func(name string, v []byte) {
		switch name {
		case "roots":
			c |= capRoots
			eachMember(v, func(name string, v []byte) {
				if name == "listChanged" && string(v) == "true" {
					c |= capRootsChanged
				}
			})
		case "sampling":
			c |= capSampling
			eachObject(v, func(name string, _ []byte) {
				switch name {
				case "tools":
					c |= capSamplingTools
				case "context":
					c |= capSamplingContext
				}
			})
		case "elicitation":
			c |= elicitation(v)
		case "extensions":
			eachObject(v, func(name string, _ []byte) {
				if name == tasksExtension {
					c |= capTasks
				}
			})
		}
	})
	return c
}

// elicitation reads the capability of that name. MCP 2025-11-25 client/elicitation
// "Capabilities": an empty object means form mode.
func elicitation(v []byte) (c clientCaps) {
	eachObject(v, func(name string, _ []byte) {
		switch name {
		case "form":
			c |= capElicitForm
		case "url":
			c |= capElicitURL
		}
	})
	if c == 0 {
		c = capElicitForm
	}
	return c
}

// eachObject calls f for the members of an object that are objects.
func eachObject(v []byte, f func(name string, v []byte)) {
	eachMember(v, func(name string, v []byte) {
		if isObject(v) {
			f(name, v)
		}
	})
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
