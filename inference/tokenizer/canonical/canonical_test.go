package canonical

import (
	_ "embed"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// golden.txt is part of Unicode's own test (testdata/golden.py).
//
//go:embed testdata/golden.txt
var golden string

// cases calls each with a text and its form C.
func cases(t testing.TB, file string, each func(text, want string)) {
	t.Helper()
	text := func(codes string) string {
		var b strings.Builder
		for _, field := range strings.Fields(codes) {
			n, err := strconv.ParseUint(field, 16, 21)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteRune(rune(n))
		}
		return b.String()
	}
	count := 0
	for line := range strings.Lines(file) {
		if a, b, ok := strings.Cut(strings.TrimSpace(line), ";"); ok {
			b, _, _ = strings.Cut(b, ";")
			each(text(a), text(b))
			count++
		}
	}
	if count < 500 {
		t.Errorf("%d cases", count)
	}
}

func TestComposeEqualsUnicodeTest(t *testing.T) {
	cases(t, golden, func(text, want string) {
		if got := Compose(text); got != want {
			t.Errorf("Compose(%+q) = %+q, want %+q", text, got, want)
		}
		if got := Compose(want); got != want {
			t.Errorf("Compose(%+q) = %+q, which was composed", want, got)
		}
	})
}

func TestCompose(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"ASCII", "plain", "plain"},
		{"composed", "é ñ", "é ñ"},
		{"accent", "e\u0301", "é"},
		{"accent on a composed one", "é\u0323", "ẹ\u0301"},
		{"marks in the other order", "e\u0301\u0323", "ẹ\u0301"},
		{"accent with nothing before", "\u0301e", "\u0301e"},
		{"blocked", "a\u0300\u0301\u0301", "à\u0301\u0301"},
		{"Hangul", "\u1112\u1161\u11ab", "한"},
		{"Hangul and a tail", "하\u11ab", "한"},
		{"sign", "\u212b\u2126", "ÅΩ"},
		{"two starters", "\u09c7\u09be", "\u09cb"},
		{"two starters with a mark between", "\u09c7\u0334\u09be", "\u09c7\u0334\u09be"},
		{"excluded", "\u0958", "\u0915\u093c"},
		{"not UTF-8", "e\xff\u0301", "e\xff\u0301"},
		{"cut short", "e\u0301\xcc", "é\xcc"},
	} {
		if got := Compose(c.text); got != c.want {
			t.Errorf("%s: Compose(%+q) = %+q, want %+q", c.name, c.text, got, c.want)
		}
	}
}

// Marks without end are put in order in bounded time: with the square of so many this would not end.
func TestComposeIsBounded(t *testing.T) {
	const n = 1 << 19
	text := "a" + strings.Repeat("\u0301\u0323\u0345", n)
	if got := Compose(text); utf8.RuneCountInString(got) < 3*n-2 || Compose(got) != got {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}

func FuzzCompose(f *testing.F) {
	cases(f, golden, func(text, _ string) { f.Add(text) })
	f.Add("e\xff\u0301")
	f.Fuzz(func(t *testing.T, text string) {
		got := Compose(text)
		if again := Compose(got); again != got {
			t.Fatalf("%+q -> %+q -> %+q", text, got, again)
		}
		if utf8.ValidString(text) != utf8.ValidString(got) {
			t.Fatalf("%+q -> %+q", text, got)
		}
		if parts(text) != parts(got) { // the same but for the order of marks
			t.Fatalf("%+q -> %+q: other characters", text, got)
		}
	})
}

// parts returns the sum of the characters that text decomposes to, and their number.
func parts(text string) (sum [2]uint64) {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			r = unicode.MaxRune + 1 + rune(text[i])
		}
		Decompose(r, func(p rune) { sum[0] += uint64(p) * uint64(p); sum[1]++ })
		i += n
	}
	return sum
}
