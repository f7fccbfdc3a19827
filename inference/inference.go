package inference

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/inference/chat"
	"github.com/unikernel-ai/unikernel-ai/inference/constrain"
	"github.com/unikernel-ai/unikernel-ai/inference/encoder"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// Model is a loaded model. It may be used by many goroutines at once; its
// weights are shared, each call in flight has a KV cache of its own, and together they
// take steps through the model.
type Model struct {
	file    *gguf.File
	tokens  *tokenizer.Tokenizer
	net     *transformer.Model
	encoder *encoder.Model // in place of tokens and net, for an encoder (encoder.go)
	context int            // positions of each session
	workers workers
	steps   steps
	long    sync.Mutex // held while a long text is taken apart

	template   *chat.Template        // parsed at its first use; guarded by long
	vocabulary *constrain.Vocabulary // made at its first use; guarded by long
}

// Info describes a model for people and for the system_info tool.
type Info struct {
	Name          string // general.name
	Architecture  string // general.architecture
	License       string // general.license, "" if the file does not say
	Quantization  string // the type most weights are stored in: "Q8_0", "Q4_K", "F16" and so on
	Parameters    int64  // count of weights
	Size          int64  // bytes of the GGUF file
	ContextLength int    // tokens a session can hold: prompt and reply together
	Layers        int
	Embedding     int    // width of the residual stream
	Vocabulary    int    // count of tokens
	Kernel        string // what multiplies matrices: "avx2", "avx128", "portable"
	Threads       int    // threads that a large product is spread over
	Sessions      int    // Generate calls that can run at the same time
	Cache         string // how they keep keys and values: "f32", "f16", "q8_0"; "" for an encoder
}

// CacheKind is how KV caches keep keys and values.
type CacheKind = transformer.CacheKind

// The kinds of CacheKind. What each loses, and what follows for perplexity, is in package
// transformer.
const (
	CacheF32 = transformer.CacheF32 // 4 bytes an element, nothing lost
	CacheF16 = transformer.CacheF16 // 2 bytes
	CacheQ8  = transformer.CacheQ8  // 9/8 bytes
)

// ParseCacheKind returns the kind called name: "f32", "f16" or "q8_0". The name "" is that
// of the default, f32.
func ParseCacheKind(name string) (CacheKind, error) {
	if name == "" {
		return CacheF32, nil
	}
	return transformer.ParseCacheKind(name)
}

// Config bounds what a model may use. The zero value takes every default.
type Config struct {
	// Context is the largest number of tokens a session holds, prompt and
	// reply together. 0 means what the file was trained for, at most
	// DefaultContext.
	Context int
	// Sessions bounds the Generate calls that run at the same time; more
	// wait. Each holds a KV cache, made at its first use. 0 means
	// DefaultSessions.
	Sessions int
	// CacheBytes bounds what the KV caches of all sessions together take, in bytes.
	// Sessions, and then Context, are made smaller until they fit. 0 is no bound.
	CacheBytes int64
	// Cache is how KV caches keep keys and values. The zero value is CacheF32, with
	// which results are those of an exact engine; the others take less memory, and less
	// time where texts are long.
	Cache CacheKind
	// Forget makes sessions forget their texts. Without it, a call whose prompt begins
	// as the text of a free session does takes up there: a chat that sends everything
	// again pays for the new part only. The tokens are the same either way, but who
	// measures the time to the first one learns how much of a prompt somebody else
	// sent before. Set it where clients must not learn that of each other.
	Forget bool
	// Threads spreads large products. 0 means GOMAXPROCS when loaded.
	// The results do not depend on it.
	Threads int
}

// Load prepares the model in the GGUF file data, which it uses in place: data
// must not change while the model is in use, and may be in read-only memory.
//
// The file is not trusted: a malformed or unsupported one gives an error that
// names the tensor or key and its offset in the file.
func Load(data []byte) (*Model, error) { return LoadConfig(data, Config{}) }

// LoadConfig is Load with bounds of the caller's.
func LoadConfig(data []byte, cfg Config) (*Model, error) {
	if cfg.Context < 0 || cfg.Sessions < 0 || cfg.Threads < 0 || cfg.CacheBytes < 0 {
		return nil, fmt.Errorf("inference: negative bound in %+v", cfg)
	}
	if _, err := ParseCacheKind(cfg.Cache.String()); err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	f, err := gguf.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if cfg.Threads == 0 {
		cfg.Threads = runtime.GOMAXPROCS(0)
	}
	if isEncoder(f) {
		return loadEncoder(f, cfg)
	}
	m := &Model{file: f}
	if m.tokens, err = tokenizer.New(f); err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if m.net, err = transformer.New(f, cfg.Threads); err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if m.net.Vocab != m.tokens.Len() {
		return nil, fmt.Errorf("inference: embedding of %d tokens, vocabulary of %d", m.net.Vocab, m.tokens.Len())
	}
	if m.context = min(m.net.Context, DefaultContext); cfg.Context > 0 {
		m.context = min(m.net.Context, cfg.Context)
	}
	if cfg.Sessions == 0 {
		cfg.Sessions = DefaultSessions
	}
	if cfg.CacheBytes > 0 {
		if err := m.fit(&cfg); err != nil {
			return nil, err
		}
	}
	m.steps.net = m.net
	m.workers = workers{net: m.net, context: m.context, kind: cfg.Cache, forget: cfg.Forget, size: cfg.Sessions, unmade: cfg.Sessions}
	return m, nil
}

// usefulContext is how many tokens a session should hold before there is another.
const usefulContext = 1024

// fit makes sessions and context small enough for cfg.CacheBytes.
func (m *Model) fit(cfg *Config) error {
	const unit = transformer.CacheUnit
	size := m.net.CacheBytes(unit, cfg.Cache)
	fit := cfg.CacheBytes / size
	if fit < 1 {
		return fmt.Errorf("inference: %d tokens take %d bytes of KV cache, %d are allowed", unit, size, cfg.CacheBytes)
	}
	useful := (min(m.context, usefulContext) + unit - 1) / unit
	cfg.Sessions = int(max(1, min(int64(cfg.Sessions), fit/int64(useful))))
	m.context = int(min(int64(m.context), fit/int64(cfg.Sessions)*unit))
	return nil
}

// CacheBytes returns what the KV caches of all sessions take, once they are there.
func (m *Model) CacheBytes() int64 {
	if m.encoder != nil {
		return m.encoder.ScratchBytes(m.context)
	}
	return int64(m.workers.size) * m.net.CacheBytes(m.context, m.workers.kind)
}

// Info returns what the file says about itself and how it is being run.
func (m *Model) Info() Info {
	text := func(key string) string { s, _ := m.file.String(key); return s }
	var params int64
	for i := range m.file.Tensors {
		params += int64(m.file.Tensors[i].Elems())
	}
	i := Info{
		Name: text("general.name"), Architecture: text("general.architecture"), License: text("general.license"),
		Parameters: params, Size: int64(m.file.Size()),
	}
	if m.encoder != nil {
		m.describe(&i)
		return i
	}
	i.Quantization, i.ContextLength, i.Layers, i.Embedding, i.Vocabulary = m.net.Type.String(), m.context, m.net.Layers, m.net.Dim, m.net.Vocab
	i.Kernel, i.Threads, i.Sessions = matmul.Kernel(), m.net.Threads(), m.workers.size
	i.Cache = m.workers.kind.String()
	return i
}

// shortText is how many bytes of text are taken apart without waiting for others.
const shortText = 1 << 10

// Tokenize returns the tokens of text, with the beginning-of-sequence token in
// front when addBOS is set and the model has one. Any text up to MaxText bytes
// is accepted, bytes that are not UTF-8 too.
//
// It takes up to 200 bytes of memory for each of text, so long texts take turns:
// callers are many, and the memory of a guest is small.
func (m *Model) Tokenize(text string, addBOS bool) ([]int32, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("inference: text of %d bytes, at most %d", len(text), MaxText)
	}
	if len(text) > shortText {
		m.long.Lock()
		defer m.long.Unlock()
	}
	if m.encoder != nil {
		ids := m.encoder.Tokens.Encode(text)
		if addBOS {
			ids = append([]int32{m.encoder.Tokens.CLS}, ids...)
		}
		return ids, nil
	}
	ids := m.tokens.Encode(text)
	if addBOS && m.tokens.BOS != tokenizer.None {
		ids = append([]int32{m.tokens.BOS}, ids...)
	}
	return ids, nil
}

// Detokenize returns the text of a whole sequence of tokens: control tokens
// give nothing, the space that Tokenize put before the text is taken away, and
// bytes that do not form UTF-8 become U+FFFD. It fails if a token is not in the
// vocabulary.
func (m *Model) Detokenize(tokens []int32) (string, error) {
	decode := m.tokens.Text
	if m.encoder != nil {
		decode = m.encoder.Tokens.Text
	}
	text, err := decode(tokens)
	if err != nil {
		return "", fmt.Errorf("inference: %w", err)
	}
	return text, nil
}
