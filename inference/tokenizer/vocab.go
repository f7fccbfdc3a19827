package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// MaxVocabulary is the largest accepted number of tokens; known models have
// up to 262,144.
const MaxVocabulary = 1 << 20

// None is the number of a special token that a vocabulary does not have.
const None = -1

// kind is what a token is for, numbered as in tokenizer.ggml.token_type.
type kind int32

const (
	kindNormal      kind = 1
	kindUnknown     kind = 2
	kindControl     kind = 3
	kindUserDefined kind = 4
	kindUnused      kind = 5
	kindByte        kind = 6
)

// Tokenizer is a vocabulary. It is read-only and safe for concurrent use.
type Tokenizer struct {
	BOS, EOS, Unknown int32 // special tokens, or None
	EOT               int32 // ends a turn of a chat, or None
	AddBOS            bool  // the model was trained with BOS in front of its text
	addSpace          bool  // put a space in front of the text

	pieces gguf.Strings
	scores []float32
	kinds  []int32

	byteLevel *byteLevel // nil for SentencePiece

	// The index is built by the first Encode, so that loading stays cheap.
	once     sync.Once
	index    map[string]int32 // pieces that text can become, as bytes of the text
	bytes    [256]int32       // byte tokens, or None
	specials specials
	ends     map[int32]bool // tokens that end a turn by their names
}

// New takes the vocabulary out of a model file.
func New(f *gguf.File) (*Tokenizer, error) {
	model, err := f.String("tokenizer.ggml.model")
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t := &Tokenizer{}
	if t.pieces, err = f.Strings("tokenizer.ggml.tokens"); err == nil {
		t.kinds, err = f.Ints("tokenizer.ggml.token_type")
	}
	switch {
	case err != nil:
	case model == "llama":
		t.scores, err = f.Floats("tokenizer.ggml.scores")
	case model == "gpt2":
		t.byteLevel, err = newByteLevel(f)
	default:
		err = fmt.Errorf("key %q: %q is not supported, only \"llama\" (SentencePiece BPE) and \"gpt2\" (byte BPE)", "tokenizer.ggml.model", model)
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, t.readSpecial(f)
}

// check refuses vocabularies that Encode and Decode could not rely on.
func (t *Tokenizer) check() error {
	n := t.pieces.Len()
	switch {
	case n == 0 || n > MaxVocabulary:
		return fmt.Errorf("tokenizer: %d tokens, want 1 to %d", n, MaxVocabulary)
	case len(t.kinds) != n || t.byteLevel == nil && len(t.scores) != n:
		return fmt.Errorf("tokenizer: %d tokens but %d scores and %d types", n, len(t.scores), len(t.kinds))
	}
	for i, s := range t.scores {
		if s != s || s > math.MaxFloat32 {
			return fmt.Errorf("tokenizer: token %d has score %v", i, s)
		}
	}
	for i := range t.kinds {
		if k := kind(t.kinds[i]); k < kindNormal || k > kindByte {
			return fmt.Errorf("tokenizer: token %d has unknown type %d", i, k)
		}
		if kind(t.kinds[i]) == kindByte {
			if _, ok := parseByte(t.pieces.At(i)); !ok {
				return fmt.Errorf("tokenizer: byte token %d is called %q, want <0xXX>", i, t.pieces.At(i))
			}
		}
	}
	return nil
}

// readSpecial reads the keys about special tokens; all have defaults.
func (t *Tokenizer) readSpecial(f *gguf.File) error {
	for _, s := range []struct {
		key      string
		id       *int32
		fallback int32
	}{ // the fallbacks are SentencePiece's, used if such a token exists
		{"tokenizer.ggml.bos_token_id", &t.BOS, 1},
		{"tokenizer.ggml.eos_token_id", &t.EOS, 2},
		{"tokenizer.ggml.unknown_token_id", &t.Unknown, 0},
		{"tokenizer.ggml.eot_token_id", &t.EOT, None},
	} {
		*s.id = None
		switch id, err := f.Uint(s.key); {
		case errors.Is(err, gguf.ErrMissing):
			if t.byteLevel == nil && s.fallback != None && int(s.fallback) < t.Len() && kind(t.kinds[s.fallback]) != kindNormal {
				*s.id = s.fallback
			}
		case err != nil:
			return fmt.Errorf("tokenizer: %w", err)
		case id >= uint64(t.Len()):
			return fmt.Errorf("tokenizer: key %q: token %d is not in the vocabulary of %d", s.key, id, t.Len())
		default:
			*s.id = int32(id)
		}
	}
	for _, b := range []struct {
		key      string
		v        *bool
		fallback bool
	}{
		{"tokenizer.ggml.add_bos_token", &t.AddBOS, t.byteLevel == nil || t.byteLevel.whole},
		{"tokenizer.ggml.add_space_prefix", &t.addSpace, t.byteLevel == nil},
	} {
		var err error
		if *b.v, err = f.Bool(b.key); errors.Is(err, gguf.ErrMissing) {
			*b.v = b.fallback
		} else if err != nil {
			return fmt.Errorf("tokenizer: %w", err)
		}
	}
	return nil
}

// Len returns the number of tokens.
func (t *Tokenizer) Len() int { return t.pieces.Len() }

// build makes the index. Where two tokens have the same piece, the lower wins.
func (t *Tokenizer) build() {
	t.buildSpecials()
	if t.byteLevel != nil {
		t.buildByteLevel()
		return
	}
	t.index = make(map[string]int32, t.Len())
	for i := range t.bytes {
		t.bytes[i] = None
	}
	for i := t.Len() - 1; i >= 0; i-- {
		piece := t.pieces.At(i)
		switch kind(t.kinds[i]) {
		case kindNormal, kindUserDefined:
			t.index[string(piece)] = int32(i)
		case kindByte:
			b, _ := parseByte(piece)
			t.bytes[b] = int32(i)
		}
	}
}

// parseByte decodes the name of a byte token, "<0x0A>".
func parseByte(p []byte) (byte, bool) {
	if len(p) != 6 || string(p[:3]) != "<0x" || p[5] != '>' {
		return 0, false
	}
	hi, lo := hexDigit(p[3]), hexDigit(p[4])
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
