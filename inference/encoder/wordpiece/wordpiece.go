package wordpiece

import (
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// MaxVocabulary is the largest accepted number of tokens; known models have 30,522 or
// a few times that.
const MaxVocabulary = 1 << 20

// maxWord is the number of characters of the longest word that is cut into pieces
// (tokenization.py, max_input_chars_per_word).
const maxWord = 100

// first stands in front of the pieces that begin a word: U+2581.
const first = "\u2581"

// Numbers of tokenizer.ggml.token_type.
const (
	kindNormal  = 1
	kindUnknown = 2
	kindControl = 3
	kindUnused  = 5
)

// None is the number of a special token that a vocabulary does not have.
const None = -1

// Tokenizer is a vocabulary. It is read-only and safe for concurrent use.
type Tokenizer struct {
	// CLS and SEP stand before and after a text; Unknown for a word.
	CLS, SEP, Unknown int32

	pieces gguf.Strings
	kinds  []int32

	// The index is built by the first Encode, so that loading stays cheap.
	once    sync.Once
	index   map[string]int32 // pieces that words are made of, as in the file
	longest int              // bytes of the longest of them
}

// New takes the vocabulary out of a model file.
func New(f *gguf.File) (*Tokenizer, error) {
	const key = "tokenizer.ggml.model"
	model, err := f.String(key)
	if err == nil && model != "bert" {
		err = fmt.Errorf("key %q: %q is not supported for an encoder, only \"bert\" (WordPiece)", key, model)
	}
	t := &Tokenizer{}
	if err == nil {
		t.pieces, err = f.Strings("tokenizer.ggml.tokens")
	}
	if err == nil {
		t.kinds, err = f.Ints("tokenizer.ggml.token_type")
	}
	if err != nil {
		return nil, fmt.Errorf("wordpiece: %w", err)
	}
	switch n := t.pieces.Len(); {
	case n == 0 || n > MaxVocabulary:
		return nil, fmt.Errorf("wordpiece: %d tokens, want 1 to %d", n, MaxVocabulary)
	case len(t.kinds) != n:
		return nil, fmt.Errorf("wordpiece: %d tokens but %d types", n, len(t.kinds))
	}
	return t, t.readSpecial(f)
}

// readSpecial finds the special tokens: by their keys, or else by BERT's names for them.
func (t *Tokenizer) readSpecial(f *gguf.File) error {
	for _, s := range []struct {
		id   *int32
		name string
		keys []string
	}{
		{&t.CLS, "[CLS]", []string{"tokenizer.ggml.cls_token_id", "tokenizer.ggml.bos_token_id"}},
		{&t.SEP, "[SEP]", []string{"tokenizer.ggml.seperator_token_id", "tokenizer.ggml.eos_token_id"}}, // spelt so
		{&t.Unknown, "[UNK]", []string{"tokenizer.ggml.unknown_token_id"}},
	} {
		*s.id = None
		for _, key := range s.keys {
			id, err := f.Uint(key)
			if errors.Is(err, gguf.ErrMissing) {
				continue
			}
			if err != nil {
				return fmt.Errorf("wordpiece: %w", err)
			}
			if id >= uint64(t.Len()) {
				return fmt.Errorf("wordpiece: key %q: token %d is not in the vocabulary of %d", key, id, t.Len())
			}
			*s.id = int32(id)
			break
		}
		for i := 0; i < t.Len() && *s.id == None; i++ {
			if string(t.pieces.At(i)) == s.name {
				*s.id = int32(i)
			}
		}
		if *s.id == None {
			return fmt.Errorf("wordpiece: the vocabulary has no token %s, and there is no key %q", s.name, s.keys[0])
		}
	}
	return nil
}

// Len returns the number of tokens.
func (t *Tokenizer) Len() int { return t.pieces.Len() }

// build makes the index. Where two tokens have the same piece, the lower wins.
func (t *Tokenizer) build() {
	t.index = make(map[string]int32, t.Len())
	for i := t.Len() - 1; i >= 0; i-- {
		piece := t.pieces.At(i)
		if k := t.kinds[i]; k == kindUnknown || k == kindControl || k == kindUnused || len(piece) == 0 {
			continue
		}
		t.index[string(piece)] = int32(i)
		t.longest = max(t.longest, len(piece))
	}
	t.longest = min(t.longest, len(first)+maxWord*utf8.UTFMax)
}

// Encode returns the tokens of text, without special tokens. It takes time in
// proportion to the length of text, a hundred look-ups for each byte at worst, and
// memory for the tokens, at most one for each byte.
func (t *Tokenizer) Encode(text string) []int32 {
	t.once.Do(t.build)
	var ids []int32
	var buf [len(first) + maxWord*utf8.UTFMax]byte
	words(text, func(word []byte, chars int) {
		if chars > maxWord {
			ids = append(ids, t.Unknown)
			return
		}
		ids = t.cut(ids, append(append(buf[:0], first...), word...))
	})
	return ids
}

// cut appends the tokens of a word, which has first in front.
func (t *Tokenizer) cut(ids []int32, word []byte) []int32 {
	n := len(ids)
	for least := len(first); len(word) > 0; least = 0 {
		end := min(len(word), t.longest)
		id, ok := int32(0), false
		for ; end > least; end-- {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			if id, ok = t.index[string(word[:end])]; ok {
				break
			}
		}
		if !ok {
			return append(ids[:n], t.Unknown)
		}
		ids = append(ids, id)
		word = word[end:]
	}
	return ids
}

// Text returns text that has the tokens: words with a space between, "[UNK]" for unknown
// ones, without control tokens. What normalising took away is gone. It fails if a token
// is not in the vocabulary.
func (t *Tokenizer) Text(ids []int32) (string, error) {
	var out []byte
	for _, id := range ids {
		if id < 0 || int(id) >= t.Len() {
			return "", fmt.Errorf("wordpiece: token %d is not in the vocabulary of %d", id, t.Len())
		}
		piece := t.pieces.At(int(id))
		if t.kinds[id] == kindControl {
			continue
		}
		if rest, ok := cutPrefix(piece); ok || t.kinds[id] == kindUnknown {
			if len(out) > 0 {
				out = append(out, ' ')
			}
			piece = rest
		}
		out = append(out, piece...)
	}
	if !utf8.Valid(out) {
		out = []byte(string([]rune(string(out))))
	}
	return string(out), nil
}

func cutPrefix(piece []byte) ([]byte, bool) {
	if len(piece) >= len(first) && string(piece[:len(first)]) == first {
		return piece[len(first):], true
	}
	return piece, false
}
