package mcp

import (
	"encoding/json"
	"testing"
	"time"
)

// TestMarks: what each revision wants in a result is added to any object, an empty one too.
func TestMarks(t *testing.T) {
	s := NewServer(Implementation{Name: "n", Version: "1"}, &Options{Caching: Caching{Lists: time.Minute, Reads: -1, PublicReads: true}})
	const info = `"io.modelcontextprotocol/serverInfo":{"name":"n","version":"1"}`
	own := []byte(`"a":1`)
	for _, c := range []struct {
		name, revision, in string
		m                  marks
		want               string
	}{
		{"stateless", "2026-07-28", `{"x":1}`, marks{}, `{"x":1,"resultType":"complete","_meta":{` + info + `}}`},
		{"empty", "2026-07-28", `{}`, marks{}, `{"resultType":"complete","_meta":{` + info + `}}`},
		{"kind", "2026-07-28", `{}`, marks{kind: "input_required"}, `{"resultType":"input_required","_meta":{` + info + `}}`},
		{"list", "2026-07-28", `{}`, marks{cache: cacheList}, `{"resultType":"complete","ttlMs":60000,"cacheScope":"public","_meta":{` + info + `}}`},
		{"read", "2026-07-28", `{}`, marks{cache: cacheRead}, `{"resultType":"complete","ttlMs":0,"cacheScope":"public","_meta":{` + info + `}}`},
		{"own _meta", "2026-07-28", `{"x":1}`, marks{meta: own}, `{"x":1,"resultType":"complete","_meta":{"a":1,` + info + `}}`},
		{"handshake", "2025-11-25", `{"x":1}`, marks{cache: cacheList}, `{"x":1}`},
		{"handshake, own _meta", "2025-11-25", `{}`, marks{meta: own}, `{"_meta":{"a":1}}`},
		{"handshake, own _meta and more", "2025-06-18", `{"x":1}`, marks{meta: own}, `{"x":1,"_meta":{"a":1}}`},
	} {
		got := string(s.mark([]byte("before "+c.in), findRevision(c.revision), &c.m))
		if got != "before "+c.want || !json.Valid([]byte(c.want)) {
			t.Errorf("%s: mark(%s) = %s, want %s", c.name, c.in, got, c.want)
		}
	}
}

// TestMethods holds the table of methods against the specification's list: the client
// requests of schema 2025-11-25 and before, those of 2026-07-28, and those of its extension
// for tasks. The tasks/list of 2025-11-25 is optional, and left out: clients have
// no names here, so each would see the tasks of all.
func TestMethods(t *testing.T) {
	const legacy, modern = 1, 2
	want := map[string]int{
		"initialize": legacy, "ping": legacy, "logging/setLevel": legacy, "resources/subscribe": legacy, "resources/unsubscribe": legacy,
		"tools/list": legacy | modern, "tools/call": legacy | modern, "prompts/list": legacy | modern, "prompts/get": legacy | modern,
		"resources/list": legacy | modern, "resources/templates/list": legacy | modern, "resources/read": legacy | modern, "completion/complete": legacy | modern,
		"server/discover": modern, "subscriptions/listen": modern,
		"tasks/get": legacy | modern, "tasks/cancel": legacy | modern, "tasks/result": legacy, "tasks/update": modern,
	}
	for i := range methods {
		m := &methods[i]
		got := 0
		if m.legacy {
			got |= legacy
		}
		if m.modern {
			got |= modern
		}
		if got != want[m.name] || got == 0 {
			t.Errorf("%s is in eras %d, want %d", m.name, got, want[m.name])
		}
		if (m.do == nil) == (m.start == nil) {
			t.Errorf("%s needs either do or start", m.name)
		}
		if findMethod([]byte(m.name)) != m {
			t.Errorf("%s is there twice", m.name)
		}
		delete(want, m.name)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

// TestRevisionsAreOrdered: the newest comes first, and a handshake never settles on one
// that has no handshake.
func TestRevisionsAreOrdered(t *testing.T) {
	for i := 1; i < len(revisions); i++ {
		if revisions[i-1].name <= revisions[i].name {
			t.Errorf("%s stands before %s", revisions[i-1].name, revisions[i].name)
		}
	}
	for ask, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", "2025-11-25": "2025-11-25",
		"2026-07-28": "2025-11-25", "2099-01-01": "2025-11-25", "": "2025-11-25",
	} {
		if got := negotiate(ask); got == nil || got.name != want {
			t.Errorf("negotiate(%q) = %+v, want %s", ask, got, want)
		}
	}
}
