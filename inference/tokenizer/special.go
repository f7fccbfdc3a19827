package tokenizer

import "strings"

// maxSpecial is the size in bytes of the longest special token that is looked for in
// a text. It bounds the work for each character; known ones have up to 40.
const maxSpecial = 256

// specials finds tokens that are whole before anything is merged: user-defined
// ones, and control tokens where the text may have them.
type specials struct {
	index  map[string]int32
	starts [256]bool // first bytes
	max    int       // bytes of the longest
}

func (s *specials) add(piece string, id int32) {
	if len(piece) == 0 || len(piece) > maxSpecial {
		return
	}
	if s.index == nil {
		s.index = make(map[string]int32)
	}
	s.index[piece] = id
	s.starts[piece[0]] = true
	s.max = max(s.max, len(piece))
}

// at returns the longest special token at text[i:] and its end. Tokens for which
// allowed is false are not there.
func (s *specials) at(text string, i int, allowed func(id int32, start, end int) bool) (id int32, stop int, ok bool) {
	if !s.starts[text[i]] {
		return 0, 0, false
	}
	for stop = min(i+s.max, len(text)); stop > i; stop-- {
		if id, ok := s.index[text[i:stop]]; ok && allowed(id, i, stop) {
			return id, stop, true
		}
	}
	return 0, 0, false
}

// EncodeTemplate returns the tokens of text that was made by a chat template. Where
// trusted says that bytes [from, to) of it are the template's own, control tokens in
// them are tokens, as "<|im_start|>" is. In the rest of the text they are ordinary
// characters, as they are for Encode.
//
// A space is not put in front of the text, nor anything else.
func (t *Tokenizer) EncodeTemplate(text string, trusted func(from, to int) bool) []int32 {
	t.once.Do(t.build)
	return t.encode(text, func(id int32, from, to int) bool {
		return kind(t.kinds[id]) == kindUserDefined || trusted(from, to)
	})
}

// Special returns the text of control token id, "" if it has none.
func (t *Tokenizer) Special(id int32) string {
	if id < 0 || int(id) >= t.Len() {
		return ""
	}
	return string(t.pieces.At(int(id)))
}

// Ends reports whether token id ends the model's text: end of sequence, or in a chat
// end of turn.
func (t *Tokenizer) Ends(id int32) bool {
	if id == t.EOS || id == t.EOT {
		return true
	}
	t.once.Do(t.build)
	return t.ends[id]
}

// turnEnds is the names of control tokens that end a model's turn. Files do not
// always say it otherwise.
var turnEnds = [...]string{"<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<EOT>"}

// buildSpecials lists special tokens; the lower of two with one piece wins.
func (t *Tokenizer) buildSpecials() {
	t.ends = make(map[int32]bool)
	for i := t.Len() - 1; i >= 0; i-- {
		switch k := kind(t.kinds[i]); k {
		case kindControl, kindUserDefined:
			piece := t.pieces.At(i)
			t.specials.add(string(piece), int32(i))
			if t.byteLevel == nil { // SentencePiece writes spaces so
				t.specials.add(strings.ReplaceAll(string(piece), space, " "), int32(i))
			}
			for _, name := range turnEnds {
				if k == kindControl && string(piece) == name {
					t.ends[int32(i)] = true
				}
			}
		}
	}
}
