package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

func TestNewPart(t *testing.T) {
	tests := []struct {
		name, old, now, added string
		lost                  bool
	}{
		{"grown", "ab", "abc", "c", false},
		{"the same", "ab", "ab", "", false},
		{"from nothing", "", "ab", "ab", false},
		{"start dropped", "abcdef", "defgh", "gh", false},
		{"overlap repeats", "xaaa", "aaab", "b", false},
		{"nothing left", "abc", "xyz", "xyz", true},
		{"emptied", "abc", "", "", true},
		{"inner match is no overlap", "abcx", "abc!", "abc!", true},
		{"end of old begins now", "1\n2\n3\n", "3\n4\n", "4\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			added, lost := newPart(tt.old, tt.now)
			if added != tt.added || lost != tt.lost {
				t.Errorf("newPart(%q, %q) = %q, %v, want %q, %v", tt.old, tt.now, added, lost, tt.added, tt.lost)
			}
		})
	}
}

// FuzzNewPart holds newPart against the definition: the longest end of old
// that begins now.
func FuzzNewPart(f *testing.F) {
	f.Add("abcdef", "defgh")
	f.Add("aaaa", "aa")
	f.Fuzz(func(t *testing.T, old, now string) {
		k := min(len(old), len(now))
		for !strings.HasPrefix(now, old[len(old)-k:]) {
			k--
		}
		added, lost := newPart(old, now)
		if added != now[k:] || lost != (k == 0 && old != "") {
			t.Fatalf("newPart(%q, %q) = %q, %v, want %q", old, now, added, lost, now[k:])
		}
	})
}

func TestCleanerKeepsCharactersTogether(t *testing.T) {
	const in = "naïve 東京 𝄞\r\nred: \x1b[31m \xff end"
	const want = "naïve 東京 𝄞\nred: \ufffd[31m \ufffd end"
	for size := 1; size <= len(in); size++ {
		var b bytes.Buffer
		w := &cleaner{w: &b}
		for rest := []byte(in); len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if b.String() != want {
			t.Fatalf("in pieces of %d: %q, want %q", size, b.String(), want)
		}
	}
}

func TestTimeline(t *testing.T) {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	t0 := time.Unix(1000, 0)
	at := func(n float64) time.Time { return t0.Add(ms(n)) }
	guest := []mark{{"self-tested", ms(1)}, {"main", ms(2.5)}, {"listening", ms(4)}, {"now", ms(90)}}
	tests := []struct {
		name string
		seen []sighting
		want []mark
	}{
		{"call to the host", []sighting{{"listening", at(54)}},
			[]mark{{"QEMU starts", 0}, {"first instruction", ms(50)}, {"self-tested", ms(51)}, {"main", ms(52.5)},
				{"listening", ms(54)}, {"the host is told", ms(54)}, {"first MCP reply", ms(60)}}},
		{"call late, line in time", []sighting{{"listening", at(54)}, {"self-tested", at(48)}},
			[]mark{{"QEMU starts", 0}, {"first instruction", ms(47)}, {"self-tested", ms(48)}, {"main", ms(49.5)},
				{"listening", ms(51)}, {"the host is told", ms(54)}, {"first MCP reply", ms(60)}}},
		{"nothing in common", []sighting{{"awake", at(54)}},
			[]mark{{"QEMU starts", 0}, {"the host is told", ms(54)}, {"first MCP reply", ms(60)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := timeline(t0, guest, tt.seen, at(54), at(60))
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("timeline = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDecodeMarksRefuses(t *testing.T) {
	for doc, say := range map[string]string{
		`{}`:                       "no boot points",
		`{"boot": []}`:             "no boot points",
		`{"boot": "fast"}`:         "of another form",
		`[]`:                       "of another form",
		`{"boot": [{"ms": "one"}]`: "of another form",
	} {
		if _, err := decodeMarks([]byte(doc)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("decodeMarks(%s) = %v, want %q", doc, err, say)
		}
	}
}

func TestPrintTimelineIsToScale(t *testing.T) {
	var b bytes.Buffer
	printTimeline(&b, false, []mark{{"a", 0}, {"half", 50 * time.Millisecond}, {"end", 100 * time.Millisecond}, {"before", -time.Second}})
	want := "     0.0  a       \n    50.0  half    " + strings.Repeat("━", 20) + "\n   100.0  end     " + strings.Repeat("━", 40) + "\n -1000.0  before  \n"
	if b.String() != want {
		t.Errorf("timeline:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestDemoConsole(t *testing.T) {
	var b bytes.Buffer
	c := &demoConsole{w: &b}
	c.start()
	for _, s := range []string{"[unikernel-ai] Kernel booting...", "[test] zero page unmapped ... ok (0.1 ms)"} {
		c.line(vm.Line{At: c.began, Text: s})
	}
	c.stop()
	c.line(vm.Line{At: c.began, Text: "late"})
	if err := c.summary(); err != nil {
		t.Fatal(err)
	}
	want := "     0.0  [unikernel-ai] Kernel booting...\n     0.0  [test] zero page unmapped ... ok (0.1 ms)\n          1 self tests ok\n"
	if b.String() != want {
		t.Errorf("console:\n%s\nwant:\n%s", b.String(), want)
	}
	c.quiet.Store(false)
	c.line(vm.Line{Text: "[test] write to text refused ... FAIL (0.1 ms)"})
	if err := c.summary(); err == nil || err.Error() != "1 of 2 self tests failed" {
		t.Errorf("summary = %v", err)
	}
}

func TestStyle(t *testing.T) {
	if got := style(true).bold("x"); got != "\x1b[1mx\x1b[0m" {
		t.Errorf("bold = %q", got)
	}
	if got := style(false).bold("x"); got != "x" {
		t.Errorf("bold without colour = %q", got)
	}
	if styleFor(&bytes.Buffer{}) {
		t.Error("a buffer is no terminal")
	}
}

func TestIndenter(t *testing.T) {
	var b bytes.Buffer
	w := indented(&b)
	for _, s := range []string{"a", "b\nc", "\n", "d\n"} {
		fmt.Fprint(w, s)
	}
	if want := "  ab\n  c\n  d\n"; b.String() != want {
		t.Errorf("indented %q, want %q", b.String(), want)
	}
}

func TestUserPath(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BUILD_WORKING_DIRECTORY", dir)
	if got := userPath("none.elf"); got != "none.elf" {
		t.Errorf("userPath of nothing there = %q", got)
	}
	if got := userPath("."); got != dir {
		t.Errorf("userPath(.) = %q, want %q", got, dir)
	}
}
