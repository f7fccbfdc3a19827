package mcp

import "time"

// The two forms of a task on the wire. The extension of 2026-07-28 tells all of a task in
// one flat object; 2025-11-25 tells its state, and the result by a method of its own.

// appendTask appends the members of a task as the extension has them, without braces
// (Tasks "Tasks"). detailed: with what belongs to its status, as tasks/get and
// notifications/tasks have it; the result of the call that made it has not.
func (t *taskRecord) appendTask(dst []byte, poll time.Duration, detailed bool) []byte {
	dst = t.appendState(dst, t.status)
	dst = append(dst, `,"ttlMs":`...)
	dst = appendNumber(dst, float64(t.ttl().Milliseconds()))
	dst = append(dst, `,"pollIntervalMs":`...)
	dst = appendNumber(dst, float64(poll.Milliseconds()))
	if !detailed {
		return dst
	}
	switch t.status {
	case taskCompleted:
		dst = append(dst, `,"result":`...)
		dst = append(dst, t.result...)
	case taskFailed:
		dst = append(dst, `,"error":`...)
		dst = append(dst, t.result...)
	case taskInputRequired:
		dst = t.appendInputs(append(dst, `,"inputRequests":`...))
	}
	return dst
}

// appendTask2025 appends a task as 2025-11-25 has it, braces and all (MCP 2025-11-25
// basic/utilities/tasks "Task"). A tool's error is a failed task there ("Task Execution
// Errors").
func (t *taskRecord) appendTask2025(dst []byte, poll time.Duration) []byte {
	status := t.status
	if t.isError {
		status = taskFailed
	}
	dst = t.appendState(append(dst, '{'), status)
	dst = append(dst, `,"ttl":`...)
	dst = appendNumber(dst, float64(t.ttl().Milliseconds()))
	dst = append(dst, `,"pollInterval":`...)
	dst = appendNumber(dst, float64(poll.Milliseconds()))
	return append(dst, '}')
}

// appendState appends the members that both forms share.
func (t *taskRecord) appendState(dst []byte, status taskStatus) []byte {
	dst = append(dst, `"taskId":`...)
	dst = appendString(dst, t.id)
	dst = appendMember(dst, "status", status.String())
	dst = appendMember(dst, "statusMessage", t.message)
	dst = append(dst, `,"createdAt":"`...)
	dst = appendTime(dst, t.created)
	dst = append(dst, `","lastUpdatedAt":"`...)
	dst = appendTime(dst, t.updated)
	return append(dst, '"')
}

// appendInputs appends the questions that wait for an answer, by key.
func (t *taskRecord) appendInputs(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for _, in := range t.inputs {
		if in.answer != nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, in.key)
		dst = append(dst, ':')
		dst = append(dst, in.request...)
	}
	return append(dst, '}')
}

// ttl is how long the task exists, from its creation.
func (t *taskRecord) ttl() time.Duration { return t.expires.Sub(t.created) }

// appendTime appends a time as RFC 3339 has it, to the millisecond.
func appendTime(dst []byte, at time.Time) []byte {
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}
