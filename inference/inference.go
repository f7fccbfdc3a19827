package inference

import (
	"errors"
)

// Model is a loaded model. It may be used by many goroutines at once; its
// weights are shared, and each Generate in flight has a KV cache of its own.
type Model struct {
}

// Info describes a model for people and for the system_info tool.
type Info struct {
	Name          string // general.name
	Architecture  string // general.architecture
	License       string // general.license, "" if the file does not say
	Quantization  string // the type most weights are stored in: "Q8_0", "Q4_0", "F16", "F32"
	Parameters    int64  // count of weights
	Size          int64  // bytes of the GGUF file
	ContextLength int    // tokens a session can hold: prompt and reply together
	Layers        int
	Embedding     int    // width of the residual stream
	Vocabulary    int    // count of tokens
	Kernel        string // what multiplies matrices: "avx2", "portable"
	Threads       int    // threads that a large product is spread over
	Sessions      int    // Generate calls that can run at the same time
}

// Config bounds what a model may use. The zero value takes every default.
type Config struct {
	// Context is the largest number of tokens a session holds, prompt and
	// reply together. 0 means what the file was trained for, at most
	// DefaultContext.
	Context int
	// Sessions bounds the Generate calls that run at the same time; more
	// wait. Each holds a KV cache. 0 means 4.
	Sessions int
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
	return nil, errors.New("inference: not implemented")
}

// Info returns what the file says about itself and how it is being run.
func (m *Model) Info() Info { return Info{} }

// Tokenize returns the tokens of text, with the beginning-of-sequence token in
// front when addBOS is set and the model has one. Any text is accepted, bytes
// that are not UTF-8 too.
func (m *Model) Tokenize(text string, addBOS bool) ([]int32, error) {
	return nil, errors.New("inference: not implemented")
}

// Detokenize returns the text of a whole sequence of tokens: control tokens
// give nothing, the space that Tokenize put before the text is taken away, and
// bytes that do not form UTF-8 become U+FFFD. It fails if a token is not in the
// vocabulary.
func (m *Model) Detokenize(tokens []int32) (string, error) {
	return "", errors.New("inference: not implemented")
}
