package inference

import (
	"context"
	"errors"
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/encoder"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// An encoder, of architecture "bert", is a Model that turns text into vectors and makes
// none: Embed, Tokenize, Detokenize and Info are there, Generate, Chat and Perplexity
// return ErrEncoder.

// ErrEncoder is returned by what a model cannot do because it is an encoder.
var ErrEncoder = errors.New("inference: the model is an encoder: it turns text into vectors (embed), and does not generate text")

// Generates reports whether the model makes text: Generate, Perplexity and, if HasChat,
// Chat.
func (m *Model) Generates() bool { return m.encoder == nil }

// isEncoder reports whether f is for package encoder.
func isEncoder(f *gguf.File) bool {
	arch, err := f.String("general.architecture")
	return err == nil && arch == encoder.Architecture
}

// loadEncoder is the rest of LoadConfig for an encoder. Its scratch memory, for the one
// text that is being run, is what cfg.CacheBytes bounds.
func loadEncoder(f *gguf.File, cfg Config) (*Model, error) {
	e, err := encoder.New(f, cfg.Threads)
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if cfg.Context > 0 {
		e.Context = min(e.Context, cfg.Context)
	}
	for cfg.CacheBytes > 0 && e.Context > 0 && e.ScratchBytes(e.Context) > cfg.CacheBytes {
		e.Context = e.Context * 7 / 8
	}
	if e.Context < 1 {
		return nil, fmt.Errorf("inference: a token takes %d bytes of memory, %d are allowed", e.ScratchBytes(1), cfg.CacheBytes)
	}
	return &Model{file: f, encoder: e, context: e.Context}, nil
}

// encode is Embed for an encoder.
func (m *Model) encode(ctx context.Context, text string) ([]float32, error) {
	tokens, err := m.Tokenize(text, false)
	if err != nil {
		return nil, err
	}
	tokens = m.encoder.Frame(tokens)
	if len(tokens) > m.context {
		return nil, fmt.Errorf("inference: text of %d tokens, at most %d fit, cut it into parts: %w", len(tokens), m.context, ErrContextFull)
	}
	v, err := m.encoder.Embed(ctx, tokens)
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	return v, err
}

// describe is what Info says of an encoder beyond what it says of every file.
func (m *Model) describe(i *Info) {
	e := m.encoder
	i.Quantization, i.ContextLength, i.Layers, i.Embedding, i.Vocabulary = e.Type.String(), e.Context, e.Layers, e.Dim, e.Vocab
	i.Kernel, i.Threads, i.Sessions = matmul.Kernel(), e.Threads(), 1
}
