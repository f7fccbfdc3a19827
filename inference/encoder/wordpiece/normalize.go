package wordpiece

import (
	"unicode"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer/canonical"
)

// words calls each with every word of text, normalised: bytes that are good until each
// returns, and the word's number of characters. Of a word of more than maxWord
// characters it hands out the first ones; the count is right.
func words(text string, each func(word []byte, chars int)) {
	w := wordWriter{each: each, word: make([]byte, 0, 64)}
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			i++
			w.ascii(c)
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		w.char(r)
	}
	w.flush()
}

// wordWriter puts words together.
type wordWriter struct {
	each  func(word []byte, chars int)
	word  []byte
	chars int
}

func (w *wordWriter) flush() {
	if w.chars > 0 {
		w.each(w.word, w.chars)
	}
	w.word, w.chars = w.word[:0], 0
}

// add appends a character to the word.
func (w *wordWriter) add(r rune) {
	if w.chars++; w.chars <= maxWord {
		w.word = utf8.AppendRune(w.word, r)
	}
}

// alone makes a character a word.
func (w *wordWriter) alone(r rune) {
	w.flush()
	w.add(r)
	w.flush()
}

func (w *wordWriter) ascii(c byte) {
	switch {
	case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
		w.add(rune(c))
	case 'A' <= c && c <= 'Z':
		w.add(rune(c | 0x20))
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		w.flush()
	case c < ' ' || c == 0x7F: // control characters are not there
	default: // all others count as punctuation, "$" and "^" too
		w.alone(rune(c))
	}
}

// char adds a character beyond ASCII.
func (w *wordWriter) char(r rune) {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
	case unicode.IsSpace(r):
		w.flush()
	case ideograph(r):
		w.flush()
		strip(r, w.put)
		w.flush()
	default:
		strip(r, w.put)
	}
}

// put adds a character without marks.
func (w *wordWriter) put(r rune) {
	switch r = unicode.ToLower(r); {
	case r < utf8.RuneSelf: // "K" of the Kelvin sign
		w.ascii(byte(r))
	case unicode.IsPunct(r):
		w.alone(r)
	default:
		w.add(r)
	}
}

// ideograph reports whether r is Chinese: such characters are words of their own. Kana
// and Hangul are not (tokenization.py, _is_chinese_char).
func ideograph(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4DBF, 0x4E00 <= r && r <= 0x9FFF, 0xF900 <= r && r <= 0xFAFF:
		return true
	}
	return 0x20000 <= r && r <= 0x2A6DF || 0x2A700 <= r && r <= 0x2CEAF || 0x2F800 <= r && r <= 0x2FA1F
}

// strip calls put with what is left of r when it is decomposed canonically and
// nonspacing marks are taken away.
func strip(r rune, put func(rune)) {
	canonical.Decompose(r, func(p rune) {
		if !unicode.Is(unicode.Mn, p) {
			put(p)
		}
	})
}
