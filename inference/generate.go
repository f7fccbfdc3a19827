package inference

import (
	"context"
	"errors"
	"time"
)

// ErrContextFull is returned (wrapped, with the numbers) by Generate when the
// prompt alone does not leave room for one more token.
var ErrContextFull = errors.New("context is full")

// Options says how to choose tokens. The zero value generates up to
// DefaultMaxTokens tokens greedily.
type Options struct {
	MaxTokens   int     // stop after this many tokens; 0 means DefaultMaxTokens
	Temperature float32 // 0 is greedy: always the likeliest token, the lowest number on a tie
	TopK        int     // keep only the k likeliest tokens; 0 keeps all
	TopP        float32 // keep the likeliest tokens that together reach this probability; 0 and 1 keep all
	Seed        uint64  // same model, prompt, options and seed: same tokens
}

// Limits and defaults of Generate and Load.
const (
	DefaultMaxTokens = 64
	DefaultContext   = 4096
	DefaultSessions  = 4
)

// Token is one generated token, handed to the callback as soon as it is chosen.
type Token struct {
	Index int    // 0 for the first generated token
	ID    int32  // its number in the vocabulary
	Text  string // what it adds to the text; "" while a UTF-8 sequence is unfinished
}

// StopReason says why a generation ended.
type StopReason string

// The reasons that are not errors.
const (
	StopLength  StopReason = "length"  // Options.MaxTokens reached
	StopEOS     StopReason = "eos"     // the model ended its text
	StopContext StopReason = "context" // no room left in the context
)

// Result is what a generation gave. When Generate returns an error it holds
// what there was until then.
type Result struct {
	// Text is the continuation only: prompt + Text reads as one text. It
	// starts with a space where the model continues with a new word.
	Text   string
	Tokens []int32 // generated tokens, the end-of-sequence token not among them
	Stop   StopReason
	Stats  Stats
}

// Stats counts and times a generation.
type Stats struct {
	PromptTokens int           // tokens of the prompt, beginning-of-sequence included
	Tokens       int           // tokens generated
	Wait         time.Duration // until a session was free
	Prompt       time.Duration // for the prompt, until its logits were there
	Decode       time.Duration // for everything after
}

// PromptRate returns prompt tokens per second, 0 if there were none.
func (s Stats) PromptRate() float64 { return rate(s.PromptTokens, s.Prompt) }

// DecodeRate returns generated tokens per second, 0 if there were none. The
// first token comes out of the prompt's logits and is not counted.
func (s Stats) DecodeRate() float64 { return rate(s.Tokens-1, s.Decode) }

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Generate continues prompt. It calls each, if not nil, with every token as it
// is chosen; an error from each ends the generation and is returned. Between
// tokens it looks at ctx and returns its cause when it is done.
//
// It waits while Config.Sessions generations are running.
func (m *Model) Generate(ctx context.Context, prompt string, o Options, each func(Token) error) (Result, error) {
	return Result{}, errors.New("inference: not implemented")
}
