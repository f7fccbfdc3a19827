package mcp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowSkip is what skipText and skipASCII mean.
func slowSkip(b []byte, i int, ascii bool) int {
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' && !(ascii && b[i] >= utf8.RuneSelf) {
		i++
	}
	return i
}

func equalSkips(t *testing.T, b []byte) {
	t.Helper()
	for from := range len(b) + 1 {
		if got, want := skipText(b, from), slowSkip(b, from, false); got != want {
			t.Fatalf("skipText(%q, %d) = %d, want %d", b, from, got, want)
		}
		want := slowSkip(b, from, true)
		if got := skipASCII(b, from); got != want {
			t.Fatalf("skipASCII(%q, %d) = %d, want %d", b, from, got, want)
		}
		if got := skipASCII(string(b), from); got != want {
			t.Fatalf("skipASCII of string %q, %d = %d, want %d", b, from, got, want)
		}
	}
}

// TestEveryByteEverywhere: each byte at each place of a word, beside each kind of neighbour, which is
// where borrows come from.
func TestEveryByteEverywhere(t *testing.T) {
	for _, around := range []byte{'a', 0x00, 0x1f, 0x20, '!', '"', '#', '[', '\\', ']', 0x7f, 0x80, 0xa0, 0xa2, 0xdc, 0xff} {
		for x := range 256 {
			for at := range 8 {
				word := bytes.Repeat([]byte{'a'}, 8)
				word[at] = byte(x)
				if at > 0 {
					word[at-1] = around
				}
				if at < 7 {
					word[at+1] = around
				}
				if got, want := skipText(word, 0), slowSkip(word, 0, false); got != want {
					t.Fatalf("skipText(%q) = %d, want %d", word, got, want)
				}
				if got, want := skipASCII(word, 0), slowSkip(word, 0, true); got != want {
					t.Fatalf("skipASCII(%q) = %d, want %d", word, got, want)
				}
			}
		}
	}
}

func TestSkipsOfTexts(t *testing.T) {
	for n := range 40 {
		for _, end := range []string{"", `"`, `\`, "\x00", "\x1f", "é", "\xff", "\x7f", " "} {
			equalSkips(t, []byte(strings.Repeat("x", n)+end+"behind it\""))
		}
	}
}

// slowAppendString is appendString, a rune at a time.
func slowAppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range strings.ToValidUTF8(string([]rune(s)), "\ufffd") {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

func FuzzSkip(f *testing.F) {
	for _, s := range []string{"", "plain text that is long", "\"quoted\\\" \x01\x1f\x20", "é\xff\u2028🜁 mixed \x80 in", "\x00\x01\x02\x03\x04\x05\x06\x07"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		equalSkips(t, b)
		got := appendString(nil, b)
		if want := slowAppendString(nil, string(b)); !bytes.Equal(got, want) {
			t.Fatalf("appendString(%q) = %s, want %s", b, got, want)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || utf8.Valid(b) && back != string(b) {
			t.Fatalf("appendString(%q) = %s, which is %q, %v", b, got, back, err)
		}
		if !bytes.Equal(appendString(nil, string(b)), got) {
			t.Fatalf("appendString(%q) of a string differs", b)
		}
		if want := slowSkip(b, 0, false); unquote(got) != back {
			t.Fatalf("unquote(%s) = %q, want %q (%d)", got, unquote(got), back, want)
		}
	})
}

// BenchmarkEchoLong is an echo of 64 KiB of text.
func BenchmarkEchoLong(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ascii", strings.Repeat("x", 64<<10)},
		{"escapes", strings.Repeat(`a line of text\n`, 4<<10)},
		{"greek", strings.Repeat("λόγος ", 6<<10)},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn, _ := pipe(b, newFixture(nil))
			r := rawClient(b, conn)
			call := []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + c.text + `"}}}` + "\n")
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				go func() { _, _ = conn.Write(call) }()
				for {
					if _, err := r.ReadSlice('\n'); err == nil {
						break
					}
				}
			}
		})
	}
}
