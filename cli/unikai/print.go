package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"
)

// printable replaces control characters except newline and tab, so that a
// guest's text cannot drive the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

// A cleaner writes what a guest says without control characters. A character
// whose bytes come in several writes is kept together.
type cleaner struct {
	w    io.Writer
	part []byte // the start of a character, at most 3 bytes
}

func (c *cleaner) Write(b []byte) (int, error) {
	text := append(c.part, b...)
	keep := unfinished(text)
	c.part = append([]byte(nil), text[len(text)-keep:]...)
	// A serial line ends with CR LF.
	s := strings.ReplaceAll(string(text[:len(text)-keep]), "\r", "")
	if _, err := io.WriteString(c.w, printable(strings.ToValidUTF8(s, "\ufffd"))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// unfinished returns how many bytes at the end of b begin a UTF-8 sequence
// that b does not end (RFC 3629 section 3).
func unfinished(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		c := b[len(b)-n]
		switch {
		case c < 0x80:
			return 0
		case c >= 0xf0 && c < 0xf8 && n < 4, c >= 0xe0 && c < 0xf0 && n < 3, c >= 0xc0 && c < 0xe0 && n < 2:
			return n
		case c >= 0xc0:
			return 0
		}
	}
	return 0
}

// printJSON prints v, indented. Control characters that JSON allows as they are (DEL
// and C1: U+009B begins a terminal's escape sequence) are escaped.
func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, r := range string(b) {
		if r != '\n' && unicode.IsControl(r) {
			fmt.Fprintf(&text, "\\u%04x", r)
		} else {
			text.WriteRune(r)
		}
	}
	_, err = fmt.Fprintf(w, "%s\n", text.String())
	return err
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// A style colours text, or not. Its methods wrap text in ECMA-48 SGR codes.
type style bool

// styleFor colours on terminals, unless NO_COLOR is set (no-color.org) or the
// terminal is dumb.
func styleFor(w io.Writer) style {
	return style(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (s style) sgr(code, text string) string {
	if !s {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string  { return s.sgr("1", t) }
func (s style) dim(t string) string   { return s.sgr("2", t) }
func (s style) red(t string) string   { return s.sgr("31", t) }
func (s style) green(t string) string { return s.sgr("32", t) }
func (s style) cyan(t string) string  { return s.sgr("36", t) }
