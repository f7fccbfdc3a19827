package tool

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Chatter is a Generator that may be able to answer messages too; *inference.Model is one.
type Chatter interface {
	Generator
	// HasChat reports whether Chat can be used. It is asked once.
	HasChat() bool
	Chat(ctx context.Context, messages []inference.Message, o inference.Options, each func(inference.Token) error) (inference.Result, error)
}

var _ Chatter = (*inference.Model)(nil)

// maxMessages is how many messages a call may have.
const maxMessages = 256

type message struct {
	Role    string `json:"role" jsonschema:"who says it"`
	Content string `json:"content" jsonschema:"what is said"`
}

// chatIn is generateIn for a model that can chat: prompt or messages.
type chatIn struct {
	Prompt      string    `json:"prompt,omitempty" jsonschema:"text to continue; give this or messages"`
	Messages    []message `json:"messages,omitempty" jsonschema:"a chat to answer; its control tokens are put round the messages, and never read out of them"`
	MaxTokens   int       `json:"max_tokens,omitempty" jsonschema:"stop after this many tokens; 64 if left out"`
	Temperature float32   `json:"temperature,omitempty" jsonschema:"0, the default, always takes the likeliest token"`
	TopK        int       `json:"top_k,omitempty" jsonschema:"choose among the k likeliest tokens; 0 is all"`
	TopP        float32   `json:"top_p,omitempty" jsonschema:"choose among the likeliest tokens that together reach this probability; 0 and 1 are all"`
	Seed        uint64    `json:"seed,omitempty" jsonschema:"same seed, same text"`
	Stream      *bool     `json:"stream,omitempty" jsonschema:"send each piece of text as the message of a progress notification if the call has a progress token; true if left out"`

	Schema json.RawMessage `json:"json_schema,omitempty" jsonschema:"a JSON Schema (2020-12 or draft-07): the text is then one JSON value that fits it; keywords that cannot be held to are refused by name"`
}

// boundChat bounds what boundGenerate does, and the messages.
func boundChat(p map[string]*jsonschema.Schema) {
	boundGenerate(p)
	most, least := maxMessages, 1
	m := p["messages"]
	m.MinItems, m.MaxItems = &least, &most
	m.Items.Properties["role"].Enum = []any{"system", "user", "assistant"}
}

// chat adds the tool generate of a model that can chat.
func chat(s *mcp.Server, t mcp.Tool, c Chatter) {
	t.Description, t.Tighten = "Continues a prompt, or answers the messages of a chat, with the language model.", boundChat
	mcp.AddTool(s, t, func(ctx context.Context, in chatIn) (generateOut, error) {
		if (in.Prompt == "") == (len(in.Messages) == 0) {
			return generateOut{}, errors.New("either prompt or messages, not both, must be given")
		}
		g := generateIn{in.Prompt, in.MaxTokens, in.Temperature, in.TopK, in.TopP, in.Seed, in.Stream, in.Schema}
		if len(in.Messages) == 0 {
			return g.answer(c.Generate(ctx, g.Prompt, g.options(), g.reporter(ctx)))
		}
		messages := make([]inference.Message, len(in.Messages))
		for i, m := range in.Messages {
			messages[i] = inference.Message(m)
		}
		return g.answer(c.Chat(ctx, messages, g.options(), g.reporter(ctx)))
	})
}
