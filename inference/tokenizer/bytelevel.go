package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// byteLevel is what a vocabulary of byte BPE (GPT-2) has beside its pieces.
type byteLevel struct {
	split   splitter
	whole   bool         // a word that is a token is not put together by merges
	compose bool         // text is made normalization form C first
	merges  gguf.Strings // "left right", the best first

	// Built by the first Encode.
	ranks map[uint64]union // by the two tokens, left in the upper half
}

// union is what two tokens become.
type union struct{ rank, id int32 }

// newByteLevel reads the keys of byte BPE.
func newByteLevel(f *gguf.File) (*byteLevel, error) {
	const key = "tokenizer.ggml.pre"
	pre, err := f.String(key)
	if err != nil {
		return nil, err
	}
	b := &byteLevel{split: splitterFor(pre)}
	if b.split == nil {
		return nil, fmt.Errorf("key %q: %q is not supported, only \"gpt-2\", \"smollm\", \"llama-bpe\" and \"qwen2\"", key, pre)
	}
	b.whole = strings.HasPrefix(pre, "llama") // as its tokenizer says: ignore_merges
	b.compose = pre == "qwen2"                // as its tokenizer says: normalizer NFC
	if b.merges, err = f.Strings("tokenizer.ggml.merges"); err != nil && !errors.Is(err, gguf.ErrMissing) {
		return nil, err
	}
	if n := b.merges.Len(); n > MaxVocabulary {
		return nil, fmt.Errorf("%d merges, at most %d", n, MaxVocabulary)
	}
	return b, nil
}

// Byte BPE writes each byte as one character that can be seen: those of Latin-1
// that can for themselves, the other 68 as U+0100 and up, in order (GPT-2,
// encoder.py, bytes_to_unicode).
func visible(b int) bool { return 0x21 <= b && b <= 0x7E || 0xA1 <= b && b <= 0xAC || b >= 0xAE }

// firstHidden and lastHidden are what 0x00 and 0xAD are written as.
const firstHidden, lastHidden = 0x100, 0x143

// byteOf returns the byte that r stands for.
func byteOf(r rune) (byte, bool) {
	switch {
	case r < 0x100 && visible(int(r)):
		return byte(r), true
	case r < firstHidden || r > lastHidden:
		return 0, false
	case r <= firstHidden+0x20:
		return byte(r - firstHidden), true // 0x00 to 0x20
	case r < lastHidden:
		return byte(r - firstHidden - 0x21 + 0x7F), true // 0x7F to 0xA0
	}
	return 0xAD, true
}

// appendBytes appends the bytes that a piece stands for. Characters that stand for
// none, which no published vocabulary has, are kept as they are.
func appendBytes(dst, piece []byte) []byte {
	for len(piece) > 0 {
		r, n := rune(piece[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(piece)
		}
		if b, ok := byteOf(r); ok && (n > 1 || piece[0] < utf8.RuneSelf) {
			dst = append(dst, b)
		} else {
			dst = append(dst, piece[:n]...)
		}
		piece = piece[n:]
	}
	return dst
}

// buildByteLevel makes the index, by the bytes that pieces stand for, and the ranks.
func (t *Tokenizer) buildByteLevel() {
	var all []byte // one string holds all keys
	ends := make([]int, t.Len())
	for i := range ends {
		switch kind(t.kinds[i]) {
		case kindNormal:
			all = appendBytes(all, t.pieces.At(i))
		case kindUserDefined:
			all = append(all, t.pieces.At(i)...)
		}
		ends[i] = len(all)
	}
	keys := string(all)
	t.index = make(map[string]int32, t.Len())
	for i := t.Len() - 1; i >= 0; i-- {
		start := 0
		if i > 0 {
			start = ends[i-1]
		}
		if start < ends[i] && kind(t.kinds[i]) == kindNormal {
			t.index[keys[start:ends[i]]] = int32(i)
		}
	}
	for b := range t.bytes {
		t.bytes[b] = None
		if id, ok := t.index[string([]byte{byte(b)})]; ok {
			t.bytes[b] = id
		}
	}
	t.buildRanks()
}

// buildRanks reads the merges. Those of tokens that are not there can never happen.
func (t *Tokenizer) buildRanks() {
	b := t.byteLevel
	b.ranks = make(map[uint64]union, b.merges.Len())
	var buf []byte
	for i := range b.merges.Len() {
		left, right, ok := strings.Cut(string(b.merges.At(i)), " ")
		if !ok {
			continue
		}
		buf = appendBytes(buf[:0], []byte(left))
		n := len(buf)
		buf = appendBytes(buf, []byte(right))
		l, okL := t.index[string(buf[:n])]
		r, okR := t.index[string(buf[n:])]
		id, ok := t.index[string(buf)]
		if !ok || !okL || !okR {
			continue
		}
		if _, twice := b.ranks[pair(l, r)]; !twice {
			b.ranks[pair(l, r)] = union{int32(i), id}
		}
	}
}

func pair(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

// appendWords appends the tokens of text, which has no special tokens in it.
func (t *Tokenizer) appendWords(ids []int32, text string, w *work) []int32 {
	for len(text) > 0 {
		n := t.byteLevel.split(text)
		ids = t.appendWord(ids, text[:n], w)
		text = text[n:]
	}
	return ids
}

// appendWord appends the tokens of one word.
func (t *Tokenizer) appendWord(ids []int32, word string, w *work) []int32 {
	if t.byteLevel.whole || len(word) == 1 {
		if id, ok := t.index[word]; ok {
			return append(ids, id)
		}
	}
	if cap(w.symbols) < len(word) {
		w.symbols = make([]symbol, 0, max(32, len(word)))
	}
	w.symbols = w.symbols[:0]
	for i := range len(word) {
		w.symbols = append(w.symbols, symbol{start: int32(i), end: int32(i + 1), prev: int32(i - 1), next: int32(i + 1), id: t.bytes[word[i]]})
	}
	w.symbols[len(word)-1].next = -1
	w.merge(func(a, b *symbol) (float32, int32, bool) {
		u, ok := t.byteLevel.ranks[pair(a.id, b.id)]
		return -float32(u.rank), u.id, ok // exact: ranks are below 2^24
	})
	return t.number(ids, word, w.symbols)
}
