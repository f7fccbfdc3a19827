package inference

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/constrain"
	"github.com/unikernel-ai/unikernel-ai/inference/sampler"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// ErrContextFull is returned (wrapped, with the numbers) by Generate when the
// prompt alone does not leave room for one more token.
var ErrContextFull = transformer.ErrContextFull

// Options says how to choose tokens. The zero value generates up to
// DefaultMaxTokens tokens greedily.
type Options struct {
	MaxTokens   int     // stop after this many tokens; 0 means DefaultMaxTokens
	Temperature float32 // 0 is greedy: always the likeliest token, the lowest number on a tie
	TopK        int     // keep only the k likeliest tokens; 0 keeps all
	TopP        float32 // keep the likeliest tokens that together reach this probability; 0 and 1 keep all
	Seed        uint64  // same model, prompt, options and seed: same tokens

	// Schema, if not nil, is a JSON Schema: the text is then a JSON value that fits it, and ends with it.
	// Stop is StopEOS if and only if the value is complete. It is if MaxTokens and the context allow
	// constrain.Output.Least tokens: the text is steered to an end in time. Package constrain
	// says which schemas are supported; others are refused.
	Schema []byte
}

// Limits and defaults of Generate and Load.
const (
	DefaultMaxTokens = 64
	DefaultContext   = 4096
	DefaultSessions  = 4
	MaxText          = 64 << 10 // bytes that Tokenize and Generate accept
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
	StopEOS     StopReason = "eos"     // the model ended its text, or its turn in a chat; or the value of the schema is complete
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
	Reused       int           // of these, how many a session still held (Config.Forget)
	Tokens       int           // tokens generated
	Wait         time.Duration // until a session was free
	Prompt       time.Duration // for the prompt, until its logits were there
	Decode       time.Duration // for everything after
}

// PromptRate returns prompt tokens per second, those reused not among them, 0 if there
// were none.
func (s Stats) PromptRate() float64 { return rate(s.PromptTokens-s.Reused, s.Prompt) }

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
// tokens, and between parts of the prompt, it looks at ctx and returns its
// cause when it is done.
//
// It waits while Config.Sessions generations are running. Those that run share steps of
// the model; none waits for another's each.
func (m *Model) Generate(ctx context.Context, prompt string, o Options, each func(Token) error) (Result, error) {
	if m.encoder != nil {
		return Result{}, ErrEncoder
	}
	tokens, err := m.Tokenize(prompt, m.tokens.AddBOS)
	if err != nil {
		return Result{}, err
	}
	return m.generate(ctx, tokens, o, each)
}

// generate is Generate for a prompt of tokens.
func (m *Model) generate(ctx context.Context, tokens []int32, o Options, each func(Token) error) (Result, error) {
	params := sampler.Params{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, Seed: o.Seed}
	if err := params.Check(); err != nil {
		return Result{}, fmt.Errorf("inference: %w", err)
	}
	if o.MaxTokens < 0 {
		return Result{}, fmt.Errorf("inference: %d tokens wanted", o.MaxTokens)
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = DefaultMaxTokens
	}
	if len(tokens) == 0 { // nothing to continue, and no token that stands for it
		return Result{}, fmt.Errorf("inference: empty prompt, and the model has no beginning-of-sequence token")
	}
	if err := m.fits(tokens); err != nil {
		return Result{}, err
	}
	grammar, err := m.grammar(o.Schema)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	w, reused, err := m.workers.acquire(ctx, tokens)
	if err != nil {
		return Result{}, err
	}
	w.sampler.Reset(params)
	g := generation{m: m, w: w, ctx: ctx, max: o.MaxTokens, each: each}
	g.res.Stats.Wait = time.Since(start)
	g.res.Stats.PromptTokens, g.res.Stats.Reused = len(tokens), reused
	defer m.done(w)
	if g.value, err = m.value(grammar); err != nil {
		return g.res, err
	}
	err = g.run(tokens, reused)
	return g.res, err
}

// fits returns an error if tokens are more than a session holds.
func (m *Model) fits(tokens []int32) error {
	if len(tokens) > m.context {
		return fmt.Errorf("inference: prompt of %d tokens, at most %d fit: %w", len(tokens), m.context, ErrContextFull)
	}
	return nil
}

// empty waits for a free worker and makes its session empty.
func (m *Model) empty(ctx context.Context) (*worker, error) {
	w, _, err := m.workers.acquire(ctx, nil)
	return w, err
}

// done gives w back.
func (m *Model) done(w *worker) {
	m.steps.leave(w.request)
	m.workers.release(w)
}

// generation is one Generate in flight.
type generation struct {
	m    *Model
	w    *worker
	ctx  context.Context
	max  int
	each func(Token) error
	out  *tokenizer.Stream
	text strings.Builder // what the tokens' texts are parts of
	buf  []byte          // one of these
	res  Result

	value *constrain.Output // nil without a schema
}

// run feeds the prompt, of which the session holds some already, and then token after
// token.
func (g *generation) run(prompt []int32, reused int) error {
	defer func() { g.res.Text = g.text.String() }()
	g.out = g.m.tokens.Stream() // has seen the prompt, so a space after it is kept
	for _, id := range prompt {
		var err error
		if g.buf, err = g.out.Append(g.buf[:0], id); err != nil {
			return fmt.Errorf("inference: %w", err)
		}
	}
	start := time.Now()
	err := g.feed(prompt[reused:])
	g.res.Stats.Prompt = time.Since(start)
	start = time.Now()
	defer func() { g.res.Stats.Decode = time.Since(start) }()
	for err == nil {
		var id int32
		g.narrow()
		if id, err = g.w.sampler.Next(g.w.logits); err != nil {
			break
		}
		if g.m.tokens.Ends(id) {
			return g.finish(StopEOS)
		}
		g.res.Tokens = append(g.res.Tokens, id)
		g.res.Stats.Tokens++
		g.buf, _ = g.out.Append(g.buf[:0], id) // id is in the vocabulary
		switch {
		case g.res.Stats.Tokens == g.max:
			g.res.Stop = StopLength
		case g.w.session.Free() == 0:
			g.res.Stop = StopContext
		}
		if err = g.follow(id); err != nil {
			break
		}
		if g.res.Stop != "" {
			g.buf = append(g.buf, g.out.End()...)
		}
		from := g.text.Len()
		g.text.Write(g.buf)
		if g.each != nil {
			text := g.text.String()[from:] // no copy
			if err := g.each(Token{Index: g.res.Stats.Tokens - 1, ID: id, Text: text}); err != nil {
				return err
			}
		}
		if g.res.Stop != "" {
			return nil
		}
		g.w.one[0] = id
		err = g.feed(g.w.one[:])
	}
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	return fmt.Errorf("inference: %w", err)
}

// feed runs tokens and leaves the logits after the last in g.w.logits.
func (g *generation) feed(tokens []int32) error {
	w := g.w
	w.text = append(w.text, tokens...)
	w.request.logits = w.keep
	return g.m.steps.run(g.ctx, w.request, tokens, len(tokens)-1)
}

// finish ends the text where the model did. A character left unfinished was
// not handed to each: it is in Result.Text only.
func (g *generation) finish(why StopReason) error {
	g.text.WriteString(g.out.End())
	g.res.Stop = why
	return nil
}
