package tool

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Generator continues text; *inference.Model is one.
type Generator interface {
	Generate(ctx context.Context, prompt string, o inference.Options, each func(inference.Token) error) (inference.Result, error)
}

var _ Generator = (*inference.Model)(nil)

type generateIn struct {
	Prompt      string  `json:"prompt" jsonschema:"text to continue"`
	MaxTokens   int     `json:"max_tokens,omitempty" jsonschema:"stop after this many tokens; 64 if left out"`
	Temperature float32 `json:"temperature,omitempty" jsonschema:"0, the default, always takes the likeliest token"`
	TopK        int     `json:"top_k,omitempty" jsonschema:"choose among the k likeliest tokens; 0 is all"`
	TopP        float32 `json:"top_p,omitempty" jsonschema:"choose among the likeliest tokens that together reach this probability; 0 and 1 are all"`
	Seed        uint64  `json:"seed,omitempty" jsonschema:"same seed, same text"`
	Stream      *bool   `json:"stream,omitempty" jsonschema:"send each piece of text as the message of a progress notification if the call has a progress token; true if left out"`

	// Named as what it holds; response_format of other servers' interfaces wraps it in two more objects.
	Schema json.RawMessage `json:"json_schema,omitempty" jsonschema:"a JSON Schema (2020-12 or draft-07): the text is then one JSON value that fits it; keywords that cannot be held to are refused by name"`
}

type generateOut struct {
	Text            string  `json:"text" jsonschema:"what follows the prompt"`
	Tokens          int     `json:"tokens" jsonschema:"how many tokens were generated"`
	PromptTokens    int     `json:"prompt_tokens" jsonschema:"how many tokens the prompt has"`
	TokensPerSecond float64 `json:"tokens_per_second" jsonschema:"speed of generation"`
	PromptPerSecond float64 `json:"prompt_tokens_per_second" jsonschema:"speed of reading the prompt"`
	FinishReason    string  `json:"finish_reason" jsonschema:"length, eos or context; with json_schema eos says that the value is complete"`

	Value json.RawMessage `json:"value,omitempty" jsonschema:"the text as a value, if there was a json_schema and it is complete"`
}

// MaxTokens is how many tokens one call of generate may ask for.
const MaxTokens = 4096

// boundGenerate bounds the numbers that inference would refuse anyway, so that the model
// that calls knows.
func boundGenerate(p map[string]*jsonschema.Schema) {
	between := func(name string, low, high float64) {
		p[name].Minimum, p[name].Maximum = &low, &high
	}
	between("max_tokens", 1, MaxTokens)
	between("temperature", 0, 100)
	between("top_k", 0, 1<<20)
	between("top_p", 0, 1)
	p["json_schema"].Types = []string{"object", "boolean"}
}

// Generate adds the tool generate. With a progress token each token is reported as it is
// chosen: progress counts tokens and message is the text it adds. Put together,
// the messages are the text of the result. If g is a Chatter that can chat, the tool takes
// messages as well.
func Generate(s *mcp.Server, g Generator) {
	a := reader()
	a.Idempotent = nil
	t := mcp.Tool{
		Name: "generate", Title: "Generate text", Description: "Continues a prompt with the built-in language model.",
		Annotations: a, Tighten: boundGenerate,
	}
	if c, ok := g.(Chatter); ok && c.HasChat() {
		chat(s, t, c)
		return
	}
	mcp.AddTool(s, t, func(ctx context.Context, in generateIn) (generateOut, error) {
		return in.answer(g.Generate(ctx, in.Prompt, in.options(), in.reporter(ctx)))
	})
}

func (in *generateIn) options() inference.Options {
	return inference.Options{MaxTokens: in.MaxTokens, Temperature: in.Temperature, TopK: in.TopK, TopP: in.TopP, Seed: in.Seed, Schema: in.Schema}
}

func (in *generateIn) reporter(ctx context.Context) func(inference.Token) error {
	total := in.MaxTokens
	if total == 0 {
		total = inference.DefaultMaxTokens
	}
	return reporter(ctx, total, in.Stream == nil || *in.Stream)
}

// answer is the tool's result.
func (in *generateIn) answer(res inference.Result, err error) (generateOut, error) {
	if err != nil {
		return generateOut{}, err
	}
	out := generateOut{
		Text:            strings.ToValidUTF8(res.Text, "\ufffd"),
		Tokens:          res.Stats.Tokens,
		PromptTokens:    res.Stats.PromptTokens,
		TokensPerSecond: res.Stats.DecodeRate(),
		PromptPerSecond: res.Stats.PromptRate(),
		FinishReason:    string(res.Stop),
	}
	if in.Schema != nil && res.Stop == inference.StopEOS {
		out.Value = json.RawMessage(res.Text)
	}
	return out, nil
}

// reporter returns what tells the client of each token, nil if it does not want
// to know. A token that adds no text yet is not reported: the next one brings it.
func reporter(ctx context.Context, total int, stream bool) func(inference.Token) error {
	if !stream || !mcp.WantsProgress(ctx) {
		return nil
	}
	return func(t inference.Token) error {
		if t.Text == "" {
			return nil
		}
		return mcp.Progress(ctx, float64(t.Index+1), float64(total), t.Text)
	}
}
