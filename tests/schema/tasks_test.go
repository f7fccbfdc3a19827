package schema

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// taskSchema is a Task as the extension io.modelcontextprotocol/tasks describes it in
// words ("Tasks", "Task Status"); the schemas of the core do not have it.
const taskSchema = `{
	"type": "object",
	"required": ["taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs"],
	"properties": {
		"taskId": {"type": "string", "minLength": 1},
		"status": {"enum": ["working", "input_required", "completed", "failed", "cancelled"]},
		"statusMessage": {"type": "string"},
		"createdAt": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"},
		"lastUpdatedAt": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"},
		"ttlMs": {"type": ["integer", "null"]},
		"pollIntervalMs": {"type": "integer"},
		"requestState": false, "ttl": false, "pollInterval": false, "task": false
	}
}`

// detail is the member that each status adds, and what it is.
var detail = map[string]struct{ member, def string }{
	"input_required": {"inputRequests", "InputRequests"},
	"completed":      {"result", "CallToolResult"},
	"failed":         {"error", "Error"},
}

// task validates a task. detailed: with what belongs to its status; else without it.
func (r *revision) task(v map[string]any, detailed bool) error {
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(taskSchema), &s); err != nil {
		return err
	}
	ready, err := s.Resolve(nil)
	if err != nil {
		return err
	}
	if err := ready.Validate(v); err != nil {
		return fmt.Errorf("not a Task: %w", err)
	}
	status, _ := v["status"].(string)
	for name, d := range detail {
		part, there := v[d.member]
		switch {
		case there != (detailed && status == name):
			return fmt.Errorf("a task that is %s has %q: %v", status, d.member, there)
		case there:
			if err := r.check(part, d.def); err != nil {
				return err
			}
		}
	}
	return nil
}

// extension validates the result of a method of the extension; known is false if it is none.
func (r *revision) extension(result map[string]any, method string) (known bool, err error) {
	switch method {
	case "tasks/get":
		return true, r.task(result, true)
	case "tasks/update", "tasks/cancel":
		for name := range result {
			if name != "resultType" && name != "_meta" {
				return true, fmt.Errorf("an acknowledgement with %q", name)
			}
		}
		return true, r.check(result, "EmptyResult")
	}
	return false, nil
}

// TestTaskRefuses: what is no task is not taken for one.
func TestTaskRefuses(t *testing.T) {
	r := load(t)[newest]
	const good = `"taskId":"t","createdAt":"2026-07-28T00:00:00Z","lastUpdatedAt":"2026-07-28T00:00:00Z"`
	for _, c := range []struct {
		task     string
		detailed bool
		want     bool
	}{
		{`{"status":"working","ttlMs":1,` + good + `}`, true, true},
		{`{"status":"working","ttlMs":null,` + good + `}`, false, true},
		{`{"status":"working","ttl":1,` + good + `}`, true, false},
		{`{"status":"done","ttlMs":1,` + good + `}`, true, false},
		{`{"status":"completed","ttlMs":1,` + good + `}`, true, false},
		{`{"status":"completed","ttlMs":1,` + good + `}`, false, true},
		{`{"status":"completed","ttlMs":1,"result":{"content":[],"resultType":"complete"},` + good + `}`, true, true},
		{`{"status":"completed","ttlMs":1,"result":{},` + good + `}`, true, false},
		{`{"status":"working","ttlMs":1.5,` + good + `}`, true, false},
		{`{"status":"working","ttlMs":1,"requestState":"x",` + good + `}`, true, false},
	} {
		var v map[string]any
		if err := json.Unmarshal([]byte(c.task), &v); err != nil {
			t.Fatal(err)
		}
		if err := r.task(v, c.detailed); (err == nil) != c.want {
			t.Errorf("%s: %v, want it taken: %v", c.task, err, c.want)
		}
	}
}
