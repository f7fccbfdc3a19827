package vm

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func texts(lines []Line) (s []string) {
	for _, l := range lines {
		s = append(s, l.Text)
	}
	return s
}

func TestConsoleCutsLines(t *testing.T) {
	long := strings.Repeat("x", maxLineLen)
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"serial line ends", "a\r\nb\r\n", []string{"a", "b"}},
		{"no end", "a\nb", []string{"a", "b"}},
		{"empty lines", "\n\n", []string{"", ""}},
		{"longest", long + "\n", []string{long}},
		{"too long", long + "yy\n", []string{long, "yy"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
				c := newConsole(nil, nil)
				c.pump(r)
				lines, _, _ := c.since(0)
				if got := texts(lines); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
					t.Errorf("lines of %.20q = %.50q, want %.50q", tt.in, got, tt.want)
				}
			}
		})
	}
}

func TestConsoleForgetsOldLines(t *testing.T) {
	c := newConsole(nil, nil)
	const n = 3*maxLines + 5
	for i := range n {
		c.pump(strings.NewReader(fmt.Sprintln(i)))
	}
	lines, next, _ := c.since(0)
	if len(lines) > maxLines || next != n || lines[len(lines)-1].Text != fmt.Sprint(n-1) {
		t.Errorf("%d lines to number %d, last %q, want at most %d to %d", len(lines), next, lines[len(lines)-1].Text, maxLines, n)
	}
	if lines, _, _ := c.since(n - 2); len(lines) != 2 || lines[0].Text != fmt.Sprint(n-2) {
		t.Errorf("since(%d) = %q, want the last two", n-2, texts(lines))
	}
	if lines, _, _ := c.since(n + 7); len(lines) != 0 {
		t.Errorf("since(%d) = %q, want none", n+7, texts(lines))
	}
}

type brokenWriter struct{ calls int }

func (w *brokenWriter) Write([]byte) (int, error) { w.calls++; return 0, errors.New("broken") }

func TestConsoleSurvivesItsWriter(t *testing.T) {
	w := new(brokenWriter)
	c := newConsole(w, nil)
	c.pump(iotest.OneByteReader(strings.NewReader("a\nb\n")))
	lines, _, _ := c.since(0)
	if w.calls != 1 || len(lines) != 2 {
		t.Errorf("%d writes and lines %q, want one write and both lines", w.calls, texts(lines))
	}
}

func TestTailShowsTheLastLines(t *testing.T) {
	c := newConsole(nil, nil)
	if got := c.tail(); got != "the console is empty" {
		t.Errorf("tail = %q", got)
	}
	for i := range 100 {
		c.add(time.Time{}, fmt.Appendln(nil, "line", i))
	}
	got := c.tail()
	if strings.Contains(got, "line 87") || !strings.Contains(got, "line 88") || !strings.HasSuffix(got, "line 99") {
		t.Errorf("tail = %q, want lines 88 to 99", got)
	}
}
