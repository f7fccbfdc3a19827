package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// SampleRequest asks a language model of the client's to go on with a conversation (MCP
// client/sampling). A zero field is left to the client, except MaxTokens.
type SampleRequest struct {
	Messages  []SampleMessage
	MaxTokens int // most tokens to generate; the client obeys it; required

	System        string // system prompt
	Temperature   *float64
	StopSequences []string
	Preferences   *ModelPreferences
	// IncludeContext is "thisServer" or "allServers", which the specification discourages:
	// what the client is to add of other conversations. Left out if the client of revision 2025-11-25
	// or later has not declared it.
	IncludeContext string
	Metadata       map[string]any // for the provider of the model

	// Tools are what the model may use; from revision 2025-11-25. Its uses come back as
	// ToolUse in the result; run them and ask again with the ToolResult of each.
	Tools      []SampleTool
	ToolChoice string // "auto", the default, "required" or "none"
}

// SampleMessage is a message of the conversation. Before revision 2025-11-25 a message
// has one piece of content: more are sent as several messages.
type SampleMessage struct {
	Role    Role
	Content []Content // Text, Image, Audio, ToolUse or ToolResult
}

// Say returns a message.
func Say(role Role, content ...Content) SampleMessage { return SampleMessage{role, content} }

// ModelPreferences say what matters in choosing a model, each from 0 to 1; nil means not
// said. Hints are names, or parts of names, best first.
type ModelPreferences struct {
	Hints                     []string
	Cost, Speed, Intelligence *float64
}

// SampleTool is a tool for the model to use.
type SampleTool struct {
	Name        string
	Description string
	InputSchema *jsonschema.Schema // of type object
}

// ToolUse is content of a model that wants a tool to be run. It and ToolResult are for
// sampling only.
type ToolUse struct {
	ID    string
	Name  string
	Input json.RawMessage // JSON object
}

// ToolResult is what came of a ToolUse, for the model.
type ToolResult struct {
	ToolUseID  string
	Content    []Content
	Structured any // nil, or what marshals to a JSON object
	IsError    bool
}

// SampleResult is what the model said.
type SampleResult struct {
	Role       Role
	Content    []Content
	Model      string // name of the model that was used
	StopReason string // "endTurn", "stopSequence", "maxTokens", "toolUse", another or empty
}

// Text returns the text of the result, without what is no text.
func (r SampleResult) Text() string {
	var b strings.Builder
	for _, c := range r.Content {
		if t, ok := c.(Text); ok {
			b.WriteString(string(t))
		}
	}
	return b.String()
}

// ToolUses returns the tools that the model wants to be run.
func (r SampleResult) ToolUses() []ToolUse {
	var list []ToolUse
	for _, c := range r.Content {
		if u, ok := c.(ToolUse); ok {
			list = append(list, u)
		}
	}
	return list
}

// Sample asks the client's model. The client may show the request to a person, who may
// change or decline it: then the error is ErrDeclined. See also ErrCannotAsk and
// ErrInputRequired.
func Sample(ctx context.Context, key string, req SampleRequest) (SampleResult, error) {
	var res SampleResult
	err := AskAll(ctx, AskSample(key, req, &res))
	return res, err
}

// AskSample is Sample for AskAll.
func AskSample(key string, req SampleRequest, to *SampleResult) Ask {
	return Ask{
		key: key, method: "sampling/createMessage",
		need: func(*call) clientCaps {
			if req.Tools != nil {
				return capSampling | capSamplingTools
			}
			return capSampling
		},
		params: func(c *call, dst []byte) ([]byte, error) {
			if err := req.check(); err != nil {
				return dst, fmt.Errorf("mcp: %w", err)
			}
			return req.appendTo(c, dst)
		},
		take: func(answer []byte) error {
			res, err := parseSample(answer)
			if err == nil {
				*to = res
			}
			return err
		},
	}
}

// check says what is wrong with the request. MCP client/sampling "Message Content
// Constraints": a message with tool results has nothing else, and each use of a tool is
// followed by its result in the next message.
func (r *SampleRequest) check() error {
	if r.MaxTokens <= 0 || len(r.Messages) == 0 {
		return errors.New("sampling needs messages and MaxTokens")
	}
	due := map[string]bool{} // uses without result
	for i, m := range r.Messages {
		uses, results := map[string]bool{}, 0
		for _, c := range m.Content {
			switch c := c.(type) {
			case ToolUse:
				uses[c.ID] = true
			case ToolResult:
				if !due[c.ToolUseID] {
					return fmt.Errorf("sampling: message %d has a result of tool use %q, which the message before does not ask for", i, c.ToolUseID)
				}
				delete(due, c.ToolUseID)
				results++
			case Text, Image, Audio:
			default:
				return fmt.Errorf("sampling: message %d holds a %T", i, c)
			}
		}
		switch {
		case m.Role != User && m.Role != Assistant || len(m.Content) == 0:
			return fmt.Errorf("sampling: message %d is of neither role or empty", i)
		case len(due) > 0:
			return fmt.Errorf("sampling: message %d leaves uses of tools without result", i)
		case results > 0 && (results < len(m.Content) || m.Role != User):
			return fmt.Errorf("sampling: message %d has more than results of tools", i)
		case len(uses) > 0 && m.Role != Assistant:
			return fmt.Errorf("sampling: message %d has the user use tools", i)
		}
		due = uses
	}
	if len(due) > 0 {
		return errors.New("sampling: the last message leaves uses of tools without result")
	}
	return nil
}
