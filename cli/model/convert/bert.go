package convert

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Options say what is not in the source.
type Options struct {
	Name    string // general.name
	License string // general.license: SPDX, lower case
	Halves  bool   // matrices as F16, not Q8_0
}

// config is what is read of config.json.
type config struct {
	Type       string  `json:"model_type"`
	Activation string  `json:"hidden_act"`
	Positions  string  `json:"position_embedding_type"`
	Width      int     `json:"hidden_size"`
	Hidden     int     `json:"intermediate_size"`
	Layers     int     `json:"num_hidden_layers"`
	Heads      int     `json:"num_attention_heads"`
	Context    int     `json:"max_position_embeddings"`
	Types      int     `json:"type_vocab_size"`
	Vocabulary int     `json:"vocab_size"`
	Epsilon    float32 `json:"layer_norm_eps"`
}

// BERT writes to w, as GGUF, the encoder in src: files as sentence-transformers keeps
// them, model.safetensors, config.json, vocab.txt and 1_Pooling/config.json.
func BERT(w io.Writer, src fs.FS, o Options) error {
	var c config
	var pooling struct {
		Mean  bool `json:"pooling_mode_mean_tokens"`
		First bool `json:"pooling_mode_cls_token"`
	}
	if err := readJSON(src, "config.json", &c); err != nil {
		return err
	}
	if err := readJSON(src, "1_Pooling/config.json", &pooling); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if pooling.Mean == pooling.First {
		return fmt.Errorf("convert: 1_Pooling/config.json: want one of mean and first token")
	}
	b, err := fs.ReadFile(src, "model.safetensors")
	if err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	in, err := readWeights(b)
	if err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	vocab, err := fs.ReadFile(src, "vocab.txt")
	if err != nil {
		return fmt.Errorf("convert: %w", err)
	}

	m := maker{in: in, halves: o.Halves}
	m.head(o, &c, pooling.First)
	m.tokens(strings.Split(strings.TrimSuffix(string(vocab), "\n"), "\n"), &c)
	m.layers(&c)
	if m.err != nil {
		return fmt.Errorf("convert: %w", m.err)
	}
	if _, err := m.out.WriteTo(w); err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	return nil
}

func readJSON(src fs.FS, name string, v any) error {
	b, err := fs.ReadFile(src, name)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("convert: %s: %w", name, err)
	}
	return nil
}

// check refuses what package encoder would compute otherwise.
func (c *config) check() error {
	switch {
	case c.Type != "bert" || c.Activation != "gelu" || c.Positions != "" && c.Positions != "absolute":
		return fmt.Errorf("convert: config.json: model %q with activation %q and positions %q, want \"bert\", \"gelu\", \"absolute\"", c.Type, c.Activation, c.Positions)
	case min(c.Width, c.Hidden, c.Layers, c.Heads, c.Context, c.Types, c.Vocabulary) < 1 || max(c.Width, c.Hidden, c.Layers, c.Context, c.Types, c.Vocabulary) > 1<<20:
		return fmt.Errorf("convert: config.json: %+v", *c)
	case c.Width%32 != 0 || c.Hidden%32 != 0:
		return fmt.Errorf("convert: config.json: widths %d and %d, want multiples of 32", c.Width, c.Hidden)
	}
	return nil
}

// maker puts a file together and keeps the first error.
type maker struct {
	in     *weights
	out    file
	halves bool
	err    error
}

// File types (gguf.md, general.file_type): of most tensors.
const fileF16, fileQ8 = 1, 7

func (m *maker) head(o Options, c *config, first bool) {
	m.out.key("general.architecture", "bert")
	m.out.key("general.type", "model")
	m.out.key("general.name", o.Name)
	m.out.key("general.license", o.License)
	kind := uint32(fileQ8)
	if m.halves {
		kind = fileF16
	}
	m.out.key("general.file_type", kind)
	m.out.key("general.quantization_version", uint32(2))
	for _, k := range []struct {
		name string
		n    int
	}{{"block_count", c.Layers}, {"context_length", c.Context}, {"embedding_length", c.Width}, {"feed_forward_length", c.Hidden},
		{"attention.head_count", c.Heads}} {
		m.out.key("bert."+k.name, uint32(k.n))
	}
	m.out.key("bert.attention.layer_norm_epsilon", c.Epsilon)
	m.out.key("bert.attention.causal", false)
	pooling := uint32(1)
	if first {
		pooling = 2
	}
	m.out.key("bert.pooling_type", pooling)
}

// Types of tokens (gguf.md, tokenizer.ggml.token_type).
const tokenNormal, tokenUnknown, tokenControl = 1, 2, 3

// tokens writes the vocabulary as GGUF has it: U+2581 in front of what begins a word,
// nothing in front of the rest, which vocab.txt writes with "##".
func (m *maker) tokens(pieces []string, c *config) {
	if len(pieces) != c.Vocabulary {
		m.fail(fmt.Errorf("vocab.txt has %d pieces, want %d", len(pieces), c.Vocabulary))
		return
	}
	kinds := make([]int32, len(pieces))
	special := map[string]string{"[PAD]": "padding", "[UNK]": "unknown", "[CLS]": "cls", "[SEP]": "seperator", "[MASK]": "mask"} // spelt so
	ids := make(map[string]uint32)
	for i, p := range pieces {
		kinds[i] = tokenNormal
		if name, ok := special[p]; ok {
			kinds[i], ids[name] = tokenControl, uint32(i)
			if p == "[UNK]" {
				kinds[i] = tokenUnknown
			}
		} else if rest, ok := strings.CutPrefix(p, "##"); ok && rest != "" {
			pieces[i] = rest
		} else {
			pieces[i] = "\u2581" + p
		}
	}
	m.out.key("tokenizer.ggml.model", "bert")
	m.out.key("tokenizer.ggml.tokens", pieces)
	m.out.key("tokenizer.ggml.token_type", kinds)
	m.out.key("tokenizer.ggml.token_type_count", uint32(c.Types))
	for _, name := range []string{"padding", "unknown", "cls", "seperator", "mask"} {
		id, ok := ids[name]
		if !ok {
			m.fail(fmt.Errorf("vocab.txt has no %s token", name))
		}
		m.out.key("tokenizer.ggml."+name+"_token_id", id)
	}
}

func (m *maker) layers(c *config) {
	m.matrix("token_embd.weight", "embeddings.word_embeddings.weight", c.Vocabulary, c.Width)
	m.floats("position_embd.weight", "embeddings.position_embeddings.weight", c.Context, c.Width)
	m.floats("token_types.weight", "embeddings.token_type_embeddings.weight", c.Types, c.Width)
	m.norm("token_embd_norm", "embeddings.LayerNorm", c.Width)
	for i := range c.Layers {
		to, from := fmt.Sprintf("blk.%d.", i), fmt.Sprintf("encoder.layer.%d.", i)
		m.linear(to+"attn_q", from+"attention.self.query", c.Width, c.Width)
		m.linear(to+"attn_k", from+"attention.self.key", c.Width, c.Width)
		m.linear(to+"attn_v", from+"attention.self.value", c.Width, c.Width)
		m.linear(to+"attn_output", from+"attention.output.dense", c.Width, c.Width)
		m.norm(to+"attn_output_norm", from+"attention.output.LayerNorm", c.Width)
		m.linear(to+"ffn_up", from+"intermediate.dense", c.Hidden, c.Width)
		m.linear(to+"ffn_down", from+"output.dense", c.Width, c.Hidden)
		m.norm(to+"layer_output_norm", from+"output.LayerNorm", c.Width)
	}
	// What is left must be what an encoder does not use.
	var rest []string
	for name := range m.in.tensors {
		if name != "embeddings.position_ids" && !strings.HasPrefix(name, "pooler.") {
			rest = append(rest, name)
		}
	}
	if slices.Sort(rest); m.err == nil && len(rest) > 0 {
		m.fail(fmt.Errorf("tensor %q and %d others have no place in the result", rest[0], len(rest)-1))
	}
}

func (m *maker) linear(to, from string, rows, cols int) {
	m.matrix(to+".weight", from+".weight", rows, cols)
	m.floats(to+".bias", from+".bias", rows)
}

func (m *maker) norm(to, from string, n int) {
	m.floats(to+".weight", from+".weight", n)
	m.floats(to+".bias", from+".bias", n)
}

// floats copies a tensor.
func (m *maker) floats(to, from string, shape ...int) {
	if x := m.take(from, shape...); x != nil {
		m.out.tensor(to, typeF32, appendF32(nil, x), shape...)
	}
}

// matrix copies a tensor, quantized.
func (m *maker) matrix(to, from string, rows, cols int) {
	switch x := m.take(from, rows, cols); {
	case x == nil:
	case m.halves:
		m.out.tensor(to, typeF16, appendF16(nil, x), rows, cols)
	default:
		m.out.tensor(to, typeQ8, appendQ8(nil, x), rows, cols)
	}
}

func (m *maker) take(name string, shape ...int) []float32 {
	if m.err != nil {
		return nil
	}
	x, err := m.in.floats(name, shape...)
	if err != nil {
		m.fail(err)
	}
	return x
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}
