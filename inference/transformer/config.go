package transformer

import (
	"errors"
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// Config is the shape of a model.
type Config struct {
	Dim     int // width of the residual stream
	Layers  int
	Heads   int     // of queries
	KVHeads int     // of keys and values; divides Heads
	HeadDim int     // even
	Hidden  int     // width of the feed-forward network
	Vocab   int     // tokens
	Context int     // positions the model was trained for
	Epsilon float32 // of RMSNorm

	RopeDims int     // elements of each head that are rotated, even
	RopeBase float64 // freq[i] = RopeBase^(-2i/RopeDims)
	RopeLine float64 // positions are divided by it ("linear" scaling); 1 is none

	arch variant
	yarn yarn
}

// variant is how an architecture differs from llama.
type variant struct {
	halves bool // rotated pairs are (i, i+RopeDims/2), not (2i, 2i+1)

	// Gemma's: the embedding is scaled by sqrt(Dim), results are normalised before they
	// are added, GELU is in place of SiLU, and all layers but each globalEach-th see
	// only the last window positions, rotated by localBase.
	gemma     bool
	window    int
	localBase float64
}

// globalEach says which of Gemma's layers see everything: 6th, 12th, ...
const globalEach = 6

// variantOf returns the variant of an architecture.
func variantOf(arch string) (variant, bool) {
	switch arch {
	case "llama":
		return variant{}, true
	case "qwen2", "qwen3":
		return variant{halves: true}, true
	case "gemma3":
		return variant{halves: true, gemma: true}, true
	}
	return variant{}, false
}

// global reports whether a layer sees all positions.
func (v *variant) global(layer int) bool { return !v.gemma || (layer+1)%globalEach == 0 }

// Limits of every dimension: far beyond models that fit in memory, and small
// enough that products of three do not overflow.
const (
	maxDim    = 1 << 20
	maxLayers = 1 << 12
)

// readConfig reads the shape from the keys of f.
func readConfig(f *gguf.File) (Config, error) {
	arch, err := f.String("general.architecture")
	if err != nil {
		return Config{}, fmt.Errorf("transformer: %w", err)
	}
	v, ok := variantOf(arch)
	if !ok {
		return Config{}, fmt.Errorf("transformer: key %q: architecture %q is not supported, only \"llama\", \"qwen2\", \"qwen3\" and \"gemma3\"", "general.architecture", arch)
	}
	r := reader{f: f, prefix: arch + "."}
	if n, err := f.Uint(arch + ".expert_count"); err == nil && n > 0 {
		return Config{}, fmt.Errorf("transformer: key %q: mixtures of experts are not supported", arch+".expert_count")
	}
	c := Config{
		Dim:     r.count("embedding_length", maxDim, 0),
		Layers:  r.count("block_count", maxLayers, 0),
		Heads:   r.count("attention.head_count", maxDim, 0),
		Hidden:  r.count("feed_forward_length", maxDim, 0),
		Context: r.count("context_length", 1<<30, 0),
		Epsilon: float32(r.float("attention.layer_norm_rms_epsilon", 0)),
	}
	if r.err != nil {
		return Config{}, r.err
	}
	if c.Heads > c.Dim {
		return Config{}, fmt.Errorf("transformer: %d heads of %d elements in all", c.Heads, c.Dim)
	}
	c.KVHeads = r.count("attention.head_count_kv", maxDim, c.Heads)
	c.HeadDim = r.count("attention.key_length", maxDim, c.Dim/c.Heads)
	values := r.count("attention.value_length", maxDim, c.HeadDim)
	c.RopeDims = r.count("rope.dimension_count", maxDim, c.HeadDim)
	c.RopeBase = r.float("rope.freq_base", 10000)
	r.ropeScaling(&c)
	if c.arch = v; v.gemma {
		c.arch.window = r.count("attention.sliding_window", 1<<30, 0)
		c.arch.localBase = 10000 // as trained; files do not say it
	}
	if r.err != nil {
		return Config{}, r.err
	}
	return c, c.check(values)
}

// check refuses shapes that forward could not run.
func (c *Config) check(values int) error {
	bad := func(format string, args ...any) error { return fmt.Errorf("transformer: "+format, args...) }
	switch {
	case c.HeadDim < 1 || c.Heads*c.HeadDim > maxDim:
		return bad("%d heads of %d elements", c.Heads, c.HeadDim)
	case c.Heads%c.KVHeads != 0:
		return bad("%d query heads cannot share %d key heads", c.Heads, c.KVHeads)
	case values != c.HeadDim:
		return bad("values of %d elements with keys of %d are not supported", values, c.HeadDim)
	case c.RopeDims%2 != 0 || c.RopeDims > c.HeadDim:
		return bad("rotation of %d elements in heads of %d", c.RopeDims, c.HeadDim)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		return bad("norm epsilon %v", c.Epsilon)
	case c.yarn.factor != 0 && !(c.yarn.factor > 1 && c.yarn.factor < 1e6 && c.yarn.size > 0 && c.yarn.size < 1e6):
		return bad("rotation factor %v, size %v", c.yarn.factor, c.yarn.size)
	case !(c.RopeBase > 1 && c.RopeBase < 1e12) || !(c.RopeLine > 0 && c.RopeLine < 1e6):
		return bad("rotation base %v, scale %v", c.RopeBase, c.RopeLine)
	}
	return nil
}

// reader reads keys and keeps the first error.
type reader struct {
	f      *gguf.File
	prefix string // of keys: the architecture
	err    error
}

// count reads a number from 1 to limit. A missing key gives fallback, or an
// error if that is 0.
func (r *reader) count(key string, limit, fallback int) int {
	key = r.prefix + key
	n, err := r.f.Uint(key)
	switch {
	case errors.Is(err, gguf.ErrMissing) && fallback > 0:
		return fallback
	case err != nil:
		r.fail(err)
	case n < 1 || n > uint64(limit):
		r.fail(fmt.Errorf("key %q: %d is not between 1 and %d", key, n, limit))
	}
	return int(n)
}

// float reads a number. A missing key gives fallback, or an error if that is 0.
func (r *reader) float(key string, fallback float64) float64 {
	key = r.prefix + key
	v, err := r.f.Float(key)
	if errors.Is(err, gguf.ErrMissing) && fallback != 0 {
		return fallback
	}
	if err != nil {
		r.fail(err)
	}
	return v
}

// ropeScaling reads how positions beyond those of the first training are squeezed.
func (r *reader) ropeScaling(c *Config) {
	c.RopeLine = 1
	key := r.prefix + "rope.scaling.type"
	switch kind, err := r.f.String(key); {
	case errors.Is(err, gguf.ErrMissing) || err == nil && kind == "none":
	case err != nil:
		r.fail(err)
	case kind == "linear":
		c.RopeLine = r.float("rope.scaling.factor", 0)
	case kind == "yarn":
		c.yarn = yarn{
			factor: r.float("rope.scaling.factor", 0), size: r.float("rope.scaling.attn_factor", 1),
			context: r.count("rope.scaling.original_context_length", 1<<30, c.Context),
		}
	default:
		r.fail(fmt.Errorf("key %q: %q is not supported, only \"none\", \"linear\" and \"yarn\"", key, kind))
	}
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("transformer: %w", err)
	}
}
