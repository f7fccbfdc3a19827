package constrain

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// Vocabulary is the tokens of a model as a tree of their bytes. It is read-only and safe for
// concurrent use.
type Vocabulary struct {
	n     int
	bytes func(dst []byte, id int32) []byte
	ends  []int32 // tokens that end a text

	all   trie
	rough trie // of the tokens that are not plain

	// A token is plain if it is whole characters that a JSON string may hold as they are.
	plain   []uint64 // a bit per token
	chars   []uint8  // characters of plain tokens, 0 of others
	longest int      // the most characters of a plain one
	reach   int32    // the most bytes of any

	single  [256]bool // bytes that are a token
	pending [subCount]int32
}

// trie is a tree in preorder: the children of a node follow it.
type trie struct {
	b     []byte
	token []int32 // the token that ends here, or -1
	end   []int32 // where the node's descendants end
	twins map[int32][]int32
}

// NewVocabulary makes the tree of n tokens. bytes appends what a token adds to a text, nothing for
// tokens that are not to be used; ends reports which end the text. It takes some 20 bytes of memory for each
// token.
func NewVocabulary(n int, bytes func(dst []byte, id int32) []byte, ends func(id int32) bool) *Vocabulary {
	v := &Vocabulary{n: n, bytes: bytes, plain: make([]uint64, (n+63)/64), chars: make([]uint8, n)}
	var text []byte
	starts := make([]int32, n+1)
	var all, rough []int32
	for id := range int32(n) {
		if ends(id) {
			v.ends = append(v.ends, id)
		} else {
			text = bytes(text, id)
		}
		starts[id+1] = int32(len(text))
		piece := text[starts[id]:]
		if len(piece) == 0 {
			continue
		}
		all = append(all, id)
		v.reach = max(v.reach, int32(len(piece)))
		if len(piece) == 1 {
			v.single[piece[0]] = true
		}
		if n := plainChars(piece); 0 < n && n < 256 {
			v.plain[id>>6] |= 1 << (id & 63)
			v.chars[id] = uint8(n)
			v.longest = max(v.longest, n)
		} else {
			rough = append(rough, id)
		}
	}
	piece := func(id int32) []byte { return text[starts[id]:starts[id+1]] }
	v.all, v.rough = newTrie(all, piece), newTrie(rough, piece)
	v.findPending()
	return v
}

// plainChars returns how many characters a plain token has, 0 if it is not plain.
func plainChars(b []byte) int {
	for _, c := range b {
		if c < 0x20 || c == '"' || c == '\\' {
			return 0
		}
	}
	if !utf8.Valid(b) {
		return 0
	}
	return utf8.RuneCount(b)
}

func newTrie(ids []int32, piece func(int32) []byte) (t trie) {
	slices.SortFunc(ids, func(a, b int32) int {
		if c := bytes.Compare(piece(a), piece(b)); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	size, before := 0, []byte(nil)
	for _, id := range ids {
		size += len(piece(id)) - common(before, piece(id))
		before = piece(id)
	}
	t = trie{b: make([]byte, 0, size), token: make([]int32, 0, size), end: make([]int32, 0, size)}
	var open []int32 // the node of each byte of before
	before = nil
	for _, id := range ids {
		p := piece(id)
		same := common(before, p)
		for _, o := range open[same:] {
			t.end[o] = int32(len(t.b))
		}
		open = open[:same]
		for _, b := range p[same:] {
			open = append(open, int32(len(t.b)))
			t.b, t.token, t.end = append(t.b, b), append(t.token, -1), append(t.end, 0)
		}
		if last := open[len(open)-1]; t.token[last] < 0 {
			t.token[last] = id
		} else {
			if t.twins == nil {
				t.twins = make(map[int32][]int32)
			}
			t.twins[t.token[last]] = append(t.twins[t.token[last]], id)
		}
		before = p
	}
	for _, o := range open {
		t.end[o] = int32(len(t.b))
	}
	return t
}

// common returns how many bytes a and b begin with alike.
func common(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// child returns the node for b among those from i to end, -1 if there is none.
func (t *trie) child(i, end int32, b byte) int32 {
	for i < end {
		if t.b[i] == b {
			return i
		}
		i = t.end[i]
	}
	return -1
}
