// Package schema checks what servers of MCP say against the JSON Schemas of the
// protocol's revisions, which the conformance suite carries.
//
// The schemas let objects have more members than they name, so a member in the wrong
// revision is not found here; the dialogues were read against the specification for that.
package schema

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/tests/npm"
)

//go:embed extract.mjs
var extract string

// The revision without a handshake, and the newest with one.
const newest, handshake = "2026-07-28", "2025-11-25"

// revision is the schema of one revision, taken apart.
type revision struct {
	root    *jsonschema.Schema
	defs    map[string]*jsonschema.Schema
	path    string            // of the definitions
	methods map[string]string // method -> definition of the request or notification
	codes   map[float64]string
	ready   map[string]*jsonschema.Resolved
}

// load returns the schemas by revision. The suite has none for 2024-11-05; of that
// revision's messages it is known that the next one's schema, which only added to
// them, must take them too.
func load(t *testing.T) map[string]*revision {
	t.Helper()
	suite := npm.Package(t, "@modelcontextprotocol/conformance/dist/index.js")
	out, err := npm.Command(t.Context(), t, npm.Script(t, "extract.mjs", extract), suite).Output()
	if err != nil {
		t.Fatalf("extract: %v", err)
	}
	var roots map[string]*jsonschema.Schema
	if err := json.Unmarshal(out, &roots); err != nil {
		t.Fatal(err)
	}
	revisions := map[string]*revision{}
	for name, root := range roots {
		revisions[name] = newRevision(root)
	}
	revisions["2024-11-05"] = revisions["2025-03-26"]
	for _, name := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", newest} {
		if r := revisions[name]; r == nil || len(r.defs) < 80 || len(r.methods) < 20 {
			t.Fatalf("the suite has no whole schema of %s: %+v", name, r)
		}
	}
	return revisions
}

func newRevision(root *jsonschema.Schema) *revision {
	r := &revision{root: root, defs: root.Defs, path: "#/$defs/", methods: map[string]string{},
		codes: map[float64]string{}, ready: map[string]*jsonschema.Resolved{}}
	if r.defs == nil {
		r.defs, r.path = root.Definitions, "#/definitions/"
	}
	for name, def := range r.defs {
		if strings.HasPrefix(name, "Client") || strings.HasPrefix(name, "Server") {
			continue // unions
		}
		if m := def.Properties["method"]; m != nil && m.Const != nil {
			r.methods[fmt.Sprint(*m.Const)] = name
		}
		if e := def.Properties["error"]; e != nil {
			for _, part := range e.AllOf {
				if c := part.Properties["code"]; c != nil && c.Const != nil {
					r.codes[(*c.Const).(float64)] = name
				}
			}
		}
	}
	// A slip of the schemas' generator in 2025-06-18 and 2025-11-25, which the suite mends too.
	if n := r.defs["NumberSchema"]; n != nil {
		for _, p := range []string{"minimum", "maximum", "default"} {
			if s := n.Properties[p]; s != nil && s.Type == "integer" {
				s.Type = "number"
			}
		}
	}
	return r
}

// check validates v, as encoding/json decodes it, against the first of the definitions
// that the revision has.
func (r *revision) check(v any, names ...string) error {
	i := slices.IndexFunc(names, func(n string) bool { return r.defs[n] != nil })
	if i < 0 {
		return fmt.Errorf("the schema defines none of %q", names)
	}
	name := names[i]
	if r.ready[name] == nil {
		one := &jsonschema.Schema{Schema: r.root.Schema, Defs: r.root.Defs, Definitions: r.root.Definitions, Ref: r.path + name}
		resolved, err := one.Resolve(nil)
		if err != nil {
			return fmt.Errorf("schema of %s: %w", name, err)
		}
		r.ready[name] = resolved
	}
	if err := r.ready[name].Validate(v); err != nil {
		return fmt.Errorf("not a %s: %w", name, err)
	}
	return nil
}

// message validates a message of the server. method is that of the request that it
// answers, if any.
func (r *revision) message(m map[string]any, method string) error {
	if name, ok := m["method"].(string); ok {
		def := r.methods[name]
		if name == "notifications/tasks" && def == "" {
			params, _ := m["params"].(map[string]any)
			return r.task(params, true)
		}
		if def == "" {
			return fmt.Errorf("the revision has no method %s", name)
		}
		return r.check(m, def)
	}
	if e, ok := m["error"].(map[string]any); ok {
		code, _ := e["code"].(float64)
		return r.check(m, r.codes[code], "JSONRPCErrorResponse", "JSONRPCError")
	}
	if err := r.check(m, "JSONRPCResultResponse", "JSONRPCResponse"); err != nil {
		return err
	}
	result, _ := m["result"].(map[string]any)
	switch kind, _ := result["resultType"].(string); {
	case kind == "input_required":
		return r.check(result, "InputRequiredResult")
	case kind == "task":
		return r.task(result, false)
	case kind == "" && method == "tools/call" && result["task"] != nil:
		return r.check(result, "CreateTaskResult")
	}
	def := r.methods[method]
	if def == "" {
		if known, err := r.extension(result, method); known {
			return err
		}
		return fmt.Errorf("a result for %q, a method that the revision does not have", method)
	}
	// Results that are empty have no definition of their own.
	return r.check(result, strings.TrimSuffix(def, "Request")+"Result", "EmptyResult")
}
