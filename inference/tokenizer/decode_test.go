package tokenizer

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// texts is inputs that have been trouble to tokenizers.
var texts = []string{
	"", " ", "  ", "a", " a", "a ", "In the beginning God created the heaven and the earth.",
	" two  spaces and\nnewline", "naïve café — 東京 \u0000 1234567", "<s> </s>", "<0x0A>", strings.Repeat("a", 300),
	"\xff\xfe", "a\x80b", "\xe6\x9d", "\xed\xa0\x80", "\U0010FFFF", "👩‍👩‍👧‍👦", "\r\n\t", "the the  the   the",
}

// checkRoundTrip checks what the package comment promises for text x.
func checkRoundTrip(t *testing.T, tok *Tokenizer, x string) {
	t.Helper()
	ids := tok.Encode(x)
	got, err := tok.Decode(ids)
	if want := strings.ReplaceAll(x, space, " "); err != nil || string(got) != want {
		t.Fatalf("Decode(Encode(%q)) = %q, %v", x, got, err)
	}
	text, err := tok.Text(ids)
	if err != nil || !utf8.ValidString(text) {
		t.Fatalf("Text(Encode(%q)) = %q, %v", x, text, err)
	}
	if utf8.ValidString(x) && text != string(got) {
		t.Fatalf("Text(Encode(%q)) = %q", x, text)
	}
	for _, id := range ids {
		if k := kind(tok.kinds[id]); k != kindNormal && k != kindByte {
			t.Fatalf("Encode(%q) gives token %d of type %d", x, id, k)
		}
	}
}

func TestDecodeReversesEncode(t *testing.T) {
	tok := kjvTokenizer(t)
	for _, x := range texts {
		checkRoundTrip(t, tok, x)
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 500 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = " theandofLORD\xe2\x96\x81\xff\n"[r.IntN(18)]
		}
		checkRoundTrip(t, tok, string(b))
	}
}

// TestStreamGivesWholeCharacters feeds single bytes as byte tokens.
func TestStreamGivesWholeCharacters(t *testing.T) {
	tok := kjvTokenizer(t)
	tok.once.Do(tok.build)
	for _, c := range []struct{ name, in, want string }{
		{"two bytes", "é", "é"},
		{"three bytes", "東京", "東京"},
		{"four bytes", "👩", "👩"},
		{"stray continuation", "\x80a", "\uFFFDa"},
		{"cut character", "\xe6\x9da", "\uFFFD\uFFFDa"},
		{"cut at the end", "a\xe6\x9d", "a\uFFFD\uFFFD"},
		{"surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
	} {
		s := tok.Stream()
		var out strings.Builder
		for _, b := range []byte(c.in) {
			text, err := s.Next(tok.bytes[b])
			if err != nil || !utf8.ValidString(text) {
				t.Fatalf("%s: Next = %q, %v", c.name, text, err)
			}
			out.WriteString(text)
		}
		out.WriteString(s.End())
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, out.String(), c.want)
		}
	}
}

func TestDecodeRefusesTokensOutsideVocabulary(t *testing.T) {
	tok := kjvTokenizer(t)
	for _, id := range []int32{-1, int32(tok.Len()), 1<<31 - 1} {
		if _, err := tok.Decode([]int32{id}); err == nil {
			t.Errorf("Decode accepts token %d", id)
		}
		if _, err := tok.Stream().Next(id); err == nil {
			t.Errorf("Next accepts token %d", id)
		}
	}
}

func TestControlTokensGiveNothing(t *testing.T) {
	tok := kjvTokenizer(t)
	ids := append([]int32{tok.BOS}, tok.Encode("God")...)
	if got, _ := tok.Decode(append(ids, tok.EOS)); string(got) != "God" {
		t.Errorf("Decode with BOS and EOS = %q", got)
	}
	if got, _ := tok.Decode([]int32{tok.Unknown}); !bytes.Contains(got, []byte("\u2047")) {
		t.Errorf("unknown token = %q", got)
	}
}

// FuzzEncode checks the round trip for every byte string.
func FuzzEncode(f *testing.F) {
	for _, x := range texts {
		f.Add(x)
	}
	tok := kjvTokenizer(f)
	f.Fuzz(func(t *testing.T, x string) { checkRoundTrip(t, tok, x) })
}

// FuzzStream checks that any tokens decode to valid UTF-8, and that the stream
// gives what the whole does.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 200, 201, 255})
	tok := kjvTokenizer(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var ids []int32
		for i := 0; i+1 < len(b); i += 2 {
			ids = append(ids, int32(b[i])<<8&0x300|int32(b[i+1]))
		}
		text, err := tok.Text(ids)
		if err != nil || !utf8.ValidString(text) {
			t.Fatalf("Text(%v) = %q, %v", ids, text, err)
		}
		if raw, _ := tok.Decode(ids); text != string([]rune(string(raw))) {
			t.Fatalf("Text(%v) = %q, Decode %q", ids, text, raw)
		}
	})
}

// BenchmarkEncode tokenizes a verse.
func BenchmarkEncode(b *testing.B) {
	tok := kjvTokenizer(b)
	b.SetBytes(int64(len(texts[6])))
	for b.Loop() {
		tok.Encode(texts[6])
	}
}
