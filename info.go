package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/surface"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

// sums are the digests of the modules that the image may be linked from, for image://.
//
//go:embed go.sum
var sums string

// image is what the tools and surfaces tell of: the program while it serves.
type image struct {
	model     *inference.Model
	file      []byte // of the model
	stack     *vsock.Stack
	listening time.Duration // since the first instruction

	calls, prompt, tokens atomic.Uint64 // of generate: calls, tokens read and made
}

// Generate lets the model continue a prompt, and counts.
func (img *image) Generate(ctx context.Context, prompt string, o inference.Options, each func(inference.Token) error) (inference.Result, error) {
	res, err := img.model.Generate(ctx, prompt, o, each)
	img.count(res)
	return res, err
}

// HasChat reports whether the model can chat.
func (img *image) HasChat() bool { return img.model.HasChat() }

// Chat lets the model answer messages, and counts.
func (img *image) Chat(ctx context.Context, messages []inference.Message, o inference.Options, each func(inference.Token) error) (inference.Result, error) {
	res, err := img.model.Chat(ctx, messages, o, each)
	img.count(res)
	return res, err
}

func (img *image) count(res inference.Result) {
	img.calls.Add(1)
	img.prompt.Add(uint64(res.Stats.PromptTokens))
	img.tokens.Add(uint64(res.Stats.Tokens))
}

// metrics returns what this program counts.
func (img *image) metrics() []mcp.Metric {
	count := func(name, help string, v *atomic.Uint64) mcp.Metric {
		return mcp.Metric{Name: name, Help: help, Counter: true, Value: float64(v.Load())}
	}
	return []mcp.Metric{
		count("inference_calls", "Prompts continued, or tried to be.", &img.calls),
		count("inference_prompt_tokens", "Tokens of prompts read.", &img.prompt),
		count("inference_tokens", "Tokens generated.", &img.tokens),
	}
}

// sealedModel names the model for image://. The digest of one that came from outside is
// taken when somebody asks.
func (img *image) sealedModel() *surface.Model {
	i := img.model.Info()
	digest := kjv.SHA256
	if &img.file[0] != &kjv.Q8_0()[0] {
		digest = fmt.Sprintf("%x", sha256.Sum256(img.file))
	}
	return &surface.Model{
		Name: i.Name, SHA256: digest, Bytes: uint64(i.Size), Quantization: i.Quantization, License: i.License,
	}
}

// kernelNumbers returns the kernel's counters by name, for system_info.
func kernelNumbers() (map[string]float64, error) {
	list, err := surface.Kernel()
	m := make(map[string]float64, len(list))
	for _, v := range list {
		m[v.Name] = v.Value
	}
	return m, err
}

// moments returns the boot timeline in order.
func (img *image) moments() ([]tool.Moment, error) {
	steps, err := surface.Steps(img.listening)
	list := make([]tool.Moment, len(steps))
	for i, s := range steps {
		list[i] = tool.At(s.Name, s.At)
	}
	return list, err
}

// selfTests returns what the boot self tests found.
func selfTests() ([]tool.SelfTest, error) {
	list, err := kernel.SelfTests()
	if err != nil {
		return nil, err
	}
	out := make([]tool.SelfTest, len(list))
	for i, t := range list {
		out[i] = tool.SelfTest{Name: t.Name, OK: t.OK, Milliseconds: t.Duration.Seconds() * 1e3}
	}
	return out, nil
}

// describeModel tells of the model what system_info shows.
func (img *image) describeModel() map[string]any {
	i := img.model.Info()
	return map[string]any{
		"name": i.Name, "architecture": i.Architecture, "license": i.License, "quantization": i.Quantization,
		"parameters": i.Parameters, "bytes": i.Size, "context": i.ContextLength, "layers": i.Layers,
		"embedding": i.Embedding, "vocabulary": i.Vocabulary, "kernel": i.Kernel, "threads": i.Threads,
		"generates": img.model.Generates(), // or it is an encoder
		"sessions":  i.Sessions, "cache": i.Cache, "cache_bytes": img.model.CacheBytes(),
	}
}
