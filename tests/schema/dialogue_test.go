package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestDialogues validates every line of the server in the golden dialogues of package mcp
// against the schema of the revision that it belongs to.
func TestDialogues(t *testing.T) {
	revisions := load(t)
	files, err := filepath.Glob("../../mcp/testdata/dialogue/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	checked := map[string]int{}
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		t.Run(folder+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := &player{revisions: revisions, folder: folder, requests: map[string]request{}, checked: checked}
			for _, section := range ar.Files {
				for line := range strings.Lines(string(section.Data)) {
					p.line(t, strings.TrimSuffix(line, "\n"))
				}
			}
		})
	}
	entries, err := os.ReadDir("../../mcp/testdata/dialogue")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if n := checked[e.Name()]; n < 20 {
			t.Errorf("%d messages of %s checked; want at least 20", n, e.Name())
		}
	}
	t.Logf("messages checked, by revision: %v", checked)
}

// request is one that the client made.
type request struct{ method, revision string }

// player follows a dialogue.
type player struct {
	revisions map[string]*revision
	folder    string             // the revision that the dialogue is about
	agreed    string             // that of the handshake, if there was one
	requests  map[string]request // by id, as written
	checked   map[string]int     // messages, by revision
}

func (p *player) line(t *testing.T, line string) {
	text, ours := strings.CutPrefix(line, "< ")
	if !ours {
		if text, theirs := strings.CutPrefix(line, "> "); theirs {
			for _, m := range messages(text) {
				p.request(m)
			}
		}
		return
	}
	all := messages(text)
	if len(all) == 0 {
		t.Errorf("not JSON: %s", line)
	}
	for _, m := range all {
		if err := p.check(m); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
}

// messages returns those in a line: one, or the members of a batch. What is no object is left out.
func messages(line string) (all []map[string]json.RawMessage) {
	var batch []json.RawMessage
	if json.Unmarshal([]byte(line), &batch) != nil {
		batch = []json.RawMessage{[]byte(line)}
	}
	for _, b := range batch {
		var m map[string]json.RawMessage
		if json.Unmarshal(b, &m) == nil && m != nil {
			all = append(all, m)
		}
	}
	return all
}

// request notes what the client asks.
func (p *player) request(m map[string]json.RawMessage) {
	var r request
	if m["id"] == nil || json.Unmarshal(m["method"], &r.method) != nil {
		return
	}
	var params struct {
		Version string `json:"protocolVersion"`
		Meta    struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(m["params"], &params)
	r.revision = params.Meta.Version
	p.requests[string(m["id"])] = r
}

func (p *player) check(raw map[string]json.RawMessage) error {
	r := p.requests[string(raw["id"])]
	name := p.revisionOf(raw, r)
	m := map[string]any{}
	for k, v := range raw {
		var decoded any
		if err := json.Unmarshal(v, &decoded); err != nil {
			return err
		}
		m[k] = decoded
	}
	if id, given := m["id"]; given && id == nil && m["error"] != nil && name < "2025-11-25" {
		// JSON-RPC 2.0 "Response object": null if the id could not be told. The schemas of
		// MCP have no way to say that; from 2025-11-25 they let the id be absent.
		m["id"] = 0.0
	}
	p.checked[name]++
	if err := p.revisions[name].message(m, r.method); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// revisionOf tells the revision that a message of the server is in.
func (p *player) revisionOf(raw map[string]json.RawMessage, r request) string {
	if r.method == "initialize" {
		var result struct {
			Version string `json:"protocolVersion"`
		}
		if json.Unmarshal(raw["result"], &result) == nil && result.Version != "" {
			p.agreed = result.Version
		}
	}
	var params struct {
		Meta struct {
			Subscription json.RawMessage `json:"io.modelcontextprotocol/subscriptionId"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(raw["params"], &params)
	switch {
	case p.revisions[r.revision] != nil:
		return r.revision
	case params.Meta.Subscription != nil:
		return newest
	case p.agreed != "":
		return p.agreed
	case p.folder == newest && raw["result"] != nil:
		return handshake // what may come before a handshake is in the era of handshakes
	}
	return p.folder
}

// TestBadMessagesAreFound breaks messages in ways that the schemas forbid.
func TestBadMessagesAreFound(t *testing.T) {
	revisions := load(t)
	for _, tt := range []struct {
		name, revision, method, message, want string
	}{
		{"good result", "2025-11-25", "tools/list", `{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`, ""},
		{"empty result", "2025-11-25", "ping", `{"jsonrpc":"2.0","id":1,"result":{}}`, ""},
		{"no tools", "2025-03-26", "tools/list", `{"jsonrpc":"2.0","id":1,"result":{}}`, "not a ListToolsResult"},
		{"tool without schema", "2025-06-18", "tools/list", `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"x"}]}}`, "not a ListToolsResult"},
		{"id null", "2025-11-25", "", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}`, "not a JSONRPCErrorResponse"},
		{"no id", "2025-11-25", "", `{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}`, ""},
		{"no resultType", newest, "tools/call", `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`, "not a "},
		{"no cache hints", newest, "tools/list", `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"resultType":"complete"}}`, "not a ListToolsResult"},
		{"method gone", newest, "ping", `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}`, "does not have"},
		{"notification of another revision", "2025-11-25", "", `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}`, "has no method"},
		{"wrong code's data", newest, "", `{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"x","data":{}}}`, "not a UnsupportedProtocolVersionError"},
		{"progress without token", "2024-11-05", "", `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}`, "not a ProgressNotification"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m map[string]any
			if err := json.Unmarshal([]byte(tt.message), &m); err != nil {
				t.Fatal(err)
			}
			err := revisions[tt.revision].message(m, tt.method)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s of %s: %v, want %q", tt.message, tt.revision, err, tt.want)
			}
		})
	}
}
