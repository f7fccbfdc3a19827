package tokenizer

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// unknownText stands for the unknown token (sentencepiece_processor.cc, kDefaultUnknownSymbol).
const unknownText = " \u2047 "

// appendToken appends what token id stands for, spaces included.
func (t *Tokenizer) appendToken(dst []byte, id int32) ([]byte, error) {
	if id < 0 || int(id) >= t.Len() {
		return dst, fmt.Errorf("tokenizer: token %d is not in the vocabulary of %d", id, t.Len())
	}
	piece := t.pieces.At(int(id))
	switch kind(t.kinds[id]) {
	case kindControl:
		return dst, nil
	case kindUnknown:
		return append(dst, unknownText...), nil
	case kindByte:
		b, _ := parseByte(piece)
		return append(dst, b), nil
	}
	if t.byteLevel != nil {
		if kind(t.kinds[id]) == kindNormal {
			return appendBytes(dst, piece), nil
		}
		return append(dst, piece...), nil
	}
	for {
		i := bytes.Index(piece, []byte(space))
		if i < 0 {
			return append(dst, piece...), nil
		}
		dst = append(append(dst, piece[:i]...), ' ')
		piece = piece[i+len(space):]
	}
}

// AppendText appends the bytes that token id adds to a text, if text is what it is for: control
// tokens, unused ones and unknown add nothing, nor does a number that is not in the vocabulary.
func (t *Tokenizer) AppendText(dst []byte, id int32) []byte {
	if id < 0 || int(id) >= t.Len() {
		return dst
	}
	switch kind(t.kinds[id]) {
	case kindControl, kindUnknown, kindUnused:
		return dst
	}
	dst, _ = t.appendToken(dst, id)
	return dst
}

// Decode returns the bytes of a whole sequence of tokens.
func (t *Tokenizer) Decode(ids []int32) ([]byte, error) {
	var out []byte
	for _, id := range ids {
		var err error
		if out, err = t.appendToken(out, id); err != nil {
			return nil, err
		}
	}
	if t.addSpace && len(out) > 0 && out[0] == ' ' {
		out = out[1:]
	}
	return out, nil
}

// Text is Decode made valid UTF-8: each byte that is not part of a character
// becomes U+FFFD.
func (t *Tokenizer) Text(ids []int32) (string, error) {
	var b strings.Builder
	s := t.Stream()
	for _, id := range ids {
		text, err := s.Next(id)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	b.WriteString(s.End())
	return b.String(), nil
}

// Stream decodes a sequence of tokens one by one.
type Stream struct {
	t       *Tokenizer
	started bool   // the text has begun: a space is a space
	rest    []byte // the start of a character, at most utf8.UTFMax-1 bytes
	buf     []byte // a token's bytes, after rest
}

// Stream returns a decoder at the start of a text.
func (t *Tokenizer) Stream() *Stream { return &Stream{t: t} }

// Next returns the whole characters that token id completes. The texts that
// Next and End return make up Text of all the tokens; each is valid UTF-8.
func (s *Stream) Next(id int32) (string, error) {
	text, err := s.Append(nil, id)
	return string(text), err
}

// Append appends to dst what Next would return, and allocates nothing else.
func (s *Stream) Append(dst []byte, id int32) ([]byte, error) {
	b, err := s.t.appendToken(append(s.buf[:0], s.rest...), id)
	if err != nil {
		return dst, err
	}
	s.buf = b
	if !s.started && len(b) > 0 {
		s.started = true
		if s.t.addSpace && b[0] == ' ' {
			b = b[1:]
		}
	}
	keep := unfinished(b)
	dst = appendValid(dst, b[:len(b)-keep])
	s.rest = append(s.rest[:0], b[len(b)-keep:]...)
	return dst, nil
}

// End returns what is left when no more tokens come: U+FFFD for each byte of a
// character that was begun and not finished.
func (s *Stream) End() string {
	text := appendValid(nil, s.rest)
	s.rest = s.rest[:0]
	return string(text)
}

// appendValid appends b with U+FFFD for each byte that is not part of a character.
func appendValid(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b) // utf8.RuneError, 1 for such a byte
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
	return dst
}

// unfinished returns how many bytes at the end of b begin a character that
// further bytes could complete.
func unfinished(b []byte) int {
	for n := 1; n <= min(len(b), utf8.UTFMax-1); n++ {
		if utf8.RuneStart(b[len(b)-n]) {
			if utf8.FullRune(b[len(b)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}
