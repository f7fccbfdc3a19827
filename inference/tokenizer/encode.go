package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer/canonical"
)

// space is what SentencePiece writes for ' ': U+2581, LOWER ONE EIGHTH BLOCK.
const space = "\u2581"

// symbol is a stretch of the text, in a list linked both ways. There is one for
// each character, so it is kept small: 20 bytes.
type symbol struct {
	start, end int32 // bytes in the text
	prev, next int32 // indexes of neighbours, -1 at the ends
	id         int32
}

// work is the memory of one Encode.
type work struct {
	symbols []symbol
	queue   queue
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
	return t.encode(text, func(id int32, _, _ int) bool { return kind(t.kinds[id]) == kindUserDefined })
}

// encode cuts text at special tokens, those that are allowed there, and encodes what
// is between.
func (t *Tokenizer) encode(text string, allowed func(id int32, start, end int) bool) []int32 {
	var ids []int32
	var w work
	from := 0
	for i := 0; i < len(text); {
		id, stop, ok := t.specials.at(text, i, allowed)
		if !ok {
			i++
			continue
		}
		ids = append(t.appendText(ids, text[from:i], &w), id)
		i, from = stop, stop
	}
	return t.appendText(ids, text[from:], &w)
}

// appendText appends the tokens of a text without special tokens.
func (t *Tokenizer) appendText(ids []int32, text string, w *work) []int32 {
	switch {
	case text == "":
		return ids
	case t.byteLevel != nil:
		if t.byteLevel.compose {
			text = canonical.Compose(text)
		}
		return t.appendWords(ids, text, w)
	}
	text = strings.ReplaceAll(text, " ", space)
	t.split(text, w)
	w.merge(func(a, b *symbol) (float32, int32, bool) {
		id, ok := t.index[text[a.start:b.end]]
		if !ok {
			return 0, None, false
		}
		return t.scores[id], id, true
	})
	return t.number(ids, text, w.symbols)
}

// split makes one symbol of each character and of each byte that is not UTF-8.
func (t *Tokenizer) split(text string, w *work) {
	if n := utf8.RuneCountInString(text); cap(w.symbols) < n { // spaces have 3 bytes by now
		w.symbols = make([]symbol, 0, n)
	}
	w.symbols = w.symbols[:0]
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		s := symbol{start: int32(i), end: int32(i + n), id: None}
		if id, ok := t.index[text[i:i+n]]; ok {
			s.id = id
		}
		k := int32(len(w.symbols))
		s.prev, s.next = k-1, k+1
		w.symbols = append(w.symbols, s)
		i += n
	}
	w.symbols[len(w.symbols)-1].next = -1
}

// merge joins neighbours until no union is in the vocabulary. union says what two
// become, and how good that is.
func (w *work) merge(union func(a, b *symbol) (score float32, id int32, ok bool)) {
	symbols, q := w.symbols, w.queue[:0]
	propose := func(left int32) {
		if left < 0 || symbols[left].next < 0 {
			return
		}
		a, b := &symbols[left], &symbols[symbols[left].next]
		if score, id, ok := union(a, b); ok {
			q.push(candidate{score: score, left: left, right: a.next, end: b.end, start: a.start, id: id})
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
	w.queue = q
}

// number appends the tokens of what is left.
func (t *Tokenizer) number(ids []int32, text string, symbols []symbol) []int32 {
	for i := int32(0); i >= 0; i = symbols[i].next {
		s := symbols[i]
		if s.id != None {
			ids = append(ids, s.id)
			continue
		}
		for _, b := range []byte(text[s.start:s.end]) {
			if id := t.bytes[b]; id != None {
				ids = append(ids, id)
			} else if t.Unknown != None && t.byteLevel == nil {
				ids = append(ids, t.Unknown)
				break // one unknown per character
			} // byte BPE leaves out a byte that it has no token for
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
