package mcp

import (
	"context"
	"errors"
	"time"
)

// askInTask asks the client by the status of the task. What is no answer to the question
// fails the task: a client that keeps count of keys, as it should, would not answer again.
func (c *call) askInTask(ctx context.Context, run *taskRun, asks []Ask) error {
	if err := c.checkCaps(asks); err != nil {
		return err
	}
	inputs := make([]taskInput, len(asks))
	for i, a := range asks {
		request, err := a.request(c, []byte{'{'})
		if err != nil {
			return err
		}
		inputs[i] = taskInput{key: a.key, request: append(request, '}')}
	}
	answers, err := run.ask(ctx, inputs)
	if err != nil {
		return err
	}
	var first error
	for i, a := range asks {
		err := a.accept(answers[i])
		var bad badAnswer
		if errors.As(err, &bad) {
			return Errorf(CodeInvalidParams, "params.inputResponses: %v", err)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// waits marks the task as one that waits for n more, or less, answers on its connection.
func (r *taskRun) waits(n int) {
	if r != nil {
		r.update(false, func(s *taskStore, now time.Time) bool { return s.wait(r.record, now, n) })
	}
}
