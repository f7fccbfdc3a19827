package mcp

import (
	"context"
	"errors"
	"fmt"
)

// A tool, prompt or resource may ask its client for input while it works: a person's
// answer to a form (elicitation), a model's to a conversation (sampling), the folders that
// matter (roots).
//
//	in a task of 2026-07-28       the task says what is asked; tasks/update brings the answers
//	revisions with a handshake    we send the client a request and wait for its response
//	2026-07-28                    the result of the call says what is asked; the client makes
//	                              the call again with the answers, and the function runs again
//
// Authors write it once. See docs/decisions/0010-asking-the-client.md.

var (
	// ErrDeclined is what asking returns when the user said no.
	ErrDeclined = errors.New("the user declined")
	// ErrDismissed is what asking returns when the user closed the question without an answer.
	ErrDismissed = errors.New("the user dismissed the question")
	// ErrCannotAsk is what asking returns when the client has not declared that it can be
	// asked that. Returned from a function, it becomes error -32021 in revision 2026-07-28.
	ErrCannotAsk = errors.New("the client has not declared that it can be asked this")
	// ErrInputRequired is what asking returns in revision 2026-07-28 when the answer is not
	// there yet. The function should return it, or any error. It will be run again from the
	// start, with the answer; so do what must not be done twice after the last question, or
	// inside Once. Whatever this run returns is thrown away.
	ErrInputRequired = errors.New("the client is asked for input")

	errInline = errors.New("mcp: an inline tool cannot ask its client: it must not wait")
)

// Ask is one thing to ask of the client, for AskAll. AskForm, AskSchema, AskURL, AskSample
// and AskRoots make one.
type Ask struct {
	key    string
	method string
	need   func(c *call) clientCaps
	// params appends the request's params, a JSON object, as c's revision has them.
	params func(c *call, dst []byte) ([]byte, error)
	// take stores an answer, checked JSON. Its error is a badAnswer, ErrDeclined or
	// ErrDismissed.
	take func(answer []byte) error
}

// maxKeySize bounds the key of an Ask in bytes.
const maxKeySize = 128

// badAnswer says what is wrong with an answer of the client's.
type badAnswer string

func (b badAnswer) Error() string { return string(b) }

func badAnswerf(format string, args ...any) error { return badAnswer(fmt.Sprintf(format, args...)) }

// AskAll asks for several things at once and returns when all answers are stored where
// each Ask says. The error is that of the first question that has no good answer.
//
// Keys tell the questions of one call from each other: each may be used for one question
// only, and in revision 2026-07-28, where the function runs again, always for the same.
func AskAll(ctx context.Context, asks ...Ask) error {
	c := callOf(ctx)
	if c == nil {
		return errNoCall
	}
	if c.cancel == nil {
		return errInline
	}
	for i, a := range asks {
		if a.take == nil || a.key == "" || len(a.key) > maxKeySize {
			return fmt.Errorf("mcp: question %d: a key has 1 to %d bytes, not %d", i, maxKeySize, len(a.key))
		}
		for _, b := range asks[:i] {
			if a.key == b.key {
				return fmt.Errorf("mcp: key %q stands for two questions", a.key)
			}
		}
	}
	run := c.task.Load()
	switch {
	case c.rev.asksInResults && run != nil:
		return c.askInTask(ctx, run, asks)
	case c.rev.asksInResults:
		return c.askInResult(asks)
	}
	return c.askOnConnection(ctx, asks)
}

// request appends the request that a makes, from its method on, without the braces.
func (a *Ask) request(c *call, dst []byte) ([]byte, error) {
	dst = append(dst, `"method":"`...)
	dst = append(dst, a.method...)
	dst = append(dst, `","params":`...)
	dst, err := a.params(c, dst)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", a.key, err)
	}
	if run := c.task.Load(); run != nil && c.rev.taskTools {
		if dst = dst[:len(dst)-1]; dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(run.appendRelation(append(dst, `"_meta":{`...)), "}}"...)
	}
	return dst, nil
}

// accept stores an answer.
func (a *Ask) accept(answer []byte) error {
	if !isObject(answer) {
		return fmt.Errorf("%s: %w", a.key, badAnswer("the answer is not an object"))
	}
	if err := a.take(answer); err != nil {
		return fmt.Errorf("%s: %w", a.key, err)
	}
	return nil
}

// can reports what c's client can be asked: what it has declared and the revision has.
func (c *call) can() clientCaps { return c.caps & c.rev.asks }

// checkCaps returns the error for questions that the client has not declared to answer.
// MCP 2026-07-28 basic/patterns/mrtr: servers MUST NOT ask them; before, client/elicitation
// and client/sampling "Capabilities" say the same.
func (c *call) checkCaps(asks []Ask) error {
	var missing clientCaps
	for _, a := range asks {
		missing |= a.need(c) &^ c.can()
	}
	switch {
	case missing == 0:
		return nil
	case c.rev.asksInResults:
		return errors.Join(ErrCannotAsk, errMissing(missing))
	}
	return fmt.Errorf("%w: %s", ErrCannotAsk, missing.appendTo(nil))
}

// ClientCaps is what a client can be asked.
type ClientCaps struct {
	Elicit        bool // Elicit, ElicitSchema
	ElicitURL     bool // ElicitURL
	Sample        bool // Sample
	SampleTools   bool // Sample with Tools
	SampleContext bool // Sample with IncludeContext
	Roots         bool // Roots
}

// ClientCan reports what the client of this call can be asked.
func ClientCan(ctx context.Context) ClientCaps {
	c := callOf(ctx)
	if c == nil {
		return ClientCaps{}
	}
	has := func(bits clientCaps) bool { return c.can()&bits == bits }
	return ClientCaps{
		Elicit: has(capElicitForm), ElicitURL: has(capElicitURL), Sample: has(capSampling),
		SampleTools: has(capSamplingTools), SampleContext: has(capSamplingContext), Roots: has(capRoots),
	}
}

// needs returns a function for Ask.need.
func needs(bits clientCaps) func(*call) clientCaps {
	return func(*call) clientCaps { return bits }
}
