package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// space is what SentencePiece writes for ' ': U+2581, LOWER ONE EIGHTH BLOCK.
const space = "\u2581"

// symbol is a stretch of the text, in a list linked both ways. There is one for
// each character, so it is kept small: 24 bytes.
type symbol struct {
	start, end int32 // bytes in the text
	prev, next int32 // indexes of neighbours, -1 at the ends
	id         int32
	fixed      bool // user-defined: is never merged
}

// Encode returns the tokens of text, without special tokens. It takes time
// n log n and memory n in the length of text, up to 200 bytes for each byte; the
// caller bounds that, at less than 512 MiB of text.
func (t *Tokenizer) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	t.once.Do(t.build)
	if t.addSpace {
		text = " " + text
	}
	text = strings.ReplaceAll(text, " ", space)
	symbols := t.split(text)
	t.merge(text, symbols)
	return t.number(text, symbols)
}

// split makes one symbol of each character, each byte that is not UTF-8 and
// each user-defined piece.
func (t *Tokenizer) split(text string) []symbol {
	symbols := make([]symbol, 0, utf8.RuneCountInString(text)) // spaces have 3 bytes by now
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		s := symbol{start: int32(i), end: int32(i + n), id: None}
		if id, ok := t.index[text[i:i+n]]; ok {
			s.id = id
		}
		if t.userStarts[text[i]] {
			t.matchUser(text, &s)
		}
		k := int32(len(symbols))
		s.prev, s.next = k-1, k+1
		symbols = append(symbols, s)
		i = int(s.end)
	}
	symbols[len(symbols)-1].next = -1
	return symbols
}

// matchUser makes s the longest user-defined piece that starts where s does.
func (t *Tokenizer) matchUser(text string, s *symbol) {
	for end := min(int(s.start)+t.userMax, len(text)); end > int(s.start); end-- {
		if id, ok := t.index[text[s.start:end]]; ok && kind(t.kinds[id]) == kindUserDefined {
			s.end, s.id, s.fixed = int32(end), id, true
			return
		}
	}
}

// merge joins neighbours until no union is in the vocabulary.
func (t *Tokenizer) merge(text string, symbols []symbol) {
	var q queue
	propose := func(left int32) {
		if left < 0 || symbols[left].next < 0 {
			return
		}
		a, b := &symbols[left], &symbols[symbols[left].next]
		if a.fixed || b.fixed {
			return
		}
		if id, ok := t.index[text[a.start:b.end]]; ok {
			q.push(candidate{score: t.scores[id], left: left, right: a.next, end: b.end, start: a.start, id: id})
		}
	}
	for i := range len(symbols) - 1 {
		propose(int32(i))
	}
	for len(q) > 0 {
		c := q.pop()
		a, b := &symbols[c.left], &symbols[c.right]
		if a.next != c.right || a.start != c.start || b.end != c.end || a.end != b.start {
			continue // one of the two has been merged meanwhile
		}
		a.end, a.id, a.next = b.end, c.id, b.next
		b.start, b.end = -1, -1
		if a.next >= 0 {
			symbols[a.next].prev = c.left
		}
		propose(a.prev)
		propose(c.left)
	}
}

// number lists the tokens of what is left.
func (t *Tokenizer) number(text string, symbols []symbol) []int32 {
	var ids []int32
	for i := int32(0); i >= 0; i = symbols[i].next {
		s := symbols[i]
		if s.id != None {
			ids = append(ids, s.id)
			continue
		}
		for _, b := range []byte(text[s.start:s.end]) {
			if id := t.bytes[b]; id != None {
				ids = append(ids, id)
			} else if t.Unknown != None {
				ids = append(ids, t.Unknown)
				break // one unknown per character
			}
		}
	}
	return ids
}

// candidate is a possible merge of the neighbours left and right.
type candidate struct {
	score       float32
	left, right int32
	start, end  int32 // of the union when it was proposed
	id          int32
}

// queue is a binary heap, the best candidate at index 0.
type queue []candidate

// better orders by score, then leftmost first (bpe_model.cc, SymbolPairComparator).
func (q queue) better(i, j int) bool {
	return q[i].score > q[j].score || q[i].score == q[j].score && q[i].left < q[j].left
}

func (q *queue) push(c candidate) {
	*q = append(*q, c)
	h := *q
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.better(i, up) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (q *queue) pop() candidate {
	h := *q
	best, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*q = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return best
		}
		if child+1 < last && h.better(child+1, child) {
			child++
		}
		if !h.better(child, i) {
			return best
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
