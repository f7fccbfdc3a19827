package constrain

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// endToken is the token of testVocabulary that ends a text.
const endToken = 0

// testPieces are the tokens of a small vocabulary: one that ends, all bytes, and pieces of many kinds.
func testPieces() []string {
	pieces := []string{"<end>"}
	for b := range 256 {
		pieces = append(pieces, string([]byte{byte(b)}))
	}
	return append(pieces, strings.Split(`{"|": "|", "|"}|"]|[{|}]|}}|]]|": |":|, |,"|[]|{}|""|null|true|false|fal|tr|12|00|0.|.5|e1|-1|`+
		`the| the|name|na|me": "|é|日本|\u00e|\ud8|3d\ud|\n|\\|\"| |  |xyzzy|value|"a|"b"|a"|b": |items|ite|1, 2|2, |, {"|"x": 1|null, "a"|, "a"`, "|")...)
}

func testVocabulary() (*Vocabulary, []string) {
	pieces := append(testPieces(), "\xE6\x97", "\xA5", "a\xC3", "\xA9b", "\"\xF0\x9F", "12") // the last is there twice
	return vocabularyFor(pieces), pieces
}

func vocabularyFor(pieces []string) *Vocabulary {
	return NewVocabulary(len(pieces), func(dst []byte, id int32) []byte { return append(dst, pieces[id]...) },
		func(id int32) bool { return id == endToken })
}

// generate writes a value with random tokens. It returns the text and whether it is complete.
func generate(t testing.TB, g *Grammar, v *Vocabulary, pieces []string, r *rand.Rand, most int, enough bool) (string, bool) {
	t.Helper()
	o, err := New(g, v)
	if err != nil {
		t.Fatal(err)
	}
	if r.IntN(3) == 0 {
		o.steps = 300 // as if there were much more to look at
	}
	if enough {
		most = max(most, o.Least())
	}
	logits := make([]float32, len(pieces))
	var text strings.Builder
	for left := most; left > 0; left-- {
		for i := range logits {
			logits[i] = float32(r.NormFloat64())
		}
		o.Mask(logits, left)
		id := int32(0)
		for i, l := range logits {
			if l > logits[id] {
				id = int32(i)
			}
		}
		if logits[id] == none {
			t.Fatalf("no token may follow %q", text.String())
		}
		if id == endToken {
			if !o.Complete() {
				t.Fatalf("%q may end", text.String())
			}
			break
		}
		text.WriteString(pieces[id])
		if err := o.Next(id); err != nil {
			t.Fatal(err)
		}
		if o.Final() {
			break
		}
	}
	return text.String(), o.Complete()
}

// reads reports whether text can be read as the beginning of a value, and as a whole one.
func reads(g *Grammar, v *Vocabulary, text string) (begins, whole bool) {
	o, err := New(g, v)
	if err != nil {
		panic(err)
	}
	for _, b := range []byte(text) {
		o.list, o.from = append(o.list[:0], o.state...), 0
		o.advance(0, len(o.list), b)
		if o.from == len(o.list) {
			return false, false
		}
		o.state = slices.Clone(o.list[o.from:])
	}
	return true, o.Complete()
}
