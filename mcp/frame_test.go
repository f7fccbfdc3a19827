package mcp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func newReader(r io.Reader, limit, budgetSize int) *lineReader {
	return &lineReader{r: r, limit: limit, budget: &budget{limit: int64(budgetSize)}, before: func(bool) error { return nil }}
}

// readAll returns the lines of a stream, a skipped one as its error's text.
func readAll(l *lineReader) (lines []string, err error) {
	for {
		line, err := l.next()
		switch {
		case errors.Is(err, errLineTooLong) || errors.Is(err, errNoBuffer):
			lines = append(lines, err.Error())
		case err != nil:
			return lines, err
		default:
			lines = append(lines, string(line))
		}
	}
}

func TestLineReader(t *testing.T) {
	const limit = 10
	tooLong := errLineTooLong.Error()
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"two lines", "a\nbc\n", []string{"a", "bc"}},
		{"empty lines", "\n\n", []string{"", ""}},
		{"last line without newline", "a\nb", []string{"a", "b"}},
		{"as long as the limit", "0123456789\nx\n", []string{"0123456789", "x"}},
		{"longer than the limit", "0123456789a\nx\n", []string{tooLong, "x"}},
		{"much longer", strings.Repeat("y", 100000) + "\nx\n", []string{tooLong, "x"}},
		{"two too long", strings.Repeat("y", 9000) + "\n" + strings.Repeat("y", 9000) + "\nx", []string{tooLong, tooLong, "x"}},
		{"too long and no end", strings.Repeat("y", 9000), nil},
	} {
		for kind, r := range map[string]io.Reader{
			"whole": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in)),
			"with the error": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			got, err := readAll(newReader(r, limit, 0))
			if err != io.EOF || strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
				t.Errorf("%s, %s: lines %q, %v; want %q, EOF", c.name, kind, got, err, c.want)
			}
		}
	}
}

// TestLineReaderAgainstSplit compares with bytes.Split on random streams in random pieces.
func TestLineReaderAgainstSplit(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	const limit = 70000
	for range 30 {
		var in []byte
		var want []string
		for range rnd.IntN(8) {
			line := bytes.Repeat([]byte{'a' + byte(rnd.IntN(26))}, rnd.IntN(1<<rnd.IntN(19)))
			in = append(append(in, line...), '\n')
			if len(line) > limit {
				line = []byte(errLineTooLong.Error())
			}
			want = append(want, string(line))
		}
		l := newReader(&pieces{in, rnd}, limit, 1<<20)
		got, err := readAll(l)
		if err != io.EOF || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("seed %d: got %d lines, %v; want %d", seed, len(got), err, len(want))
		}
		if l.close(); l.budget.used.Load() != 0 {
			t.Fatalf("seed %d: %d bytes of the budget are lost", seed, l.budget.used.Load())
		}
	}
}

// pieces reads b in pieces of random size.
type pieces struct {
	b   []byte
	rnd *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:1+p.rnd.IntN(len(b))], p.b)
	p.b = p.b[n:]
	return n, nil
}

func TestLineReaderRefusesBeyondBudget(t *testing.T) {
	in := strings.Repeat("x", 200<<10) + "\nok\n"
	got, err := readAll(newReader(strings.NewReader(in), 1<<20, 100<<10))
	if err != io.EOF || len(got) != 2 || got[0] != errNoBuffer.Error() || got[1] != "ok" {
		t.Errorf("lines %q, %v; want the first refused", got, err)
	}
}

// FuzzLineReader compares with bytes.Split: whatever comes, in pieces of whatever size,
// the lines are the same, those too long are skipped, and the budget is returned. how: the
// limit (16 bits), the size of the pieces (8 bits), and whether there is hardly any budget.
func FuzzLineReader(f *testing.F) {
	f.Add([]byte("a\nb\n"), 1)
	f.Add([]byte("\n"), 0)
	f.Add(bytes.Repeat([]byte("x"), 5000), 100)
	f.Add(append(bytes.Repeat([]byte("x"), 70000), "\ny"...), 1<<24|0xff<<16|0xffff)
	f.Fuzz(func(t *testing.T, in []byte, how int) {
		limit, piece, poor := how&0xffff, how>>16&0xff, how>>24&1 == 1
		room := 1 << 20
		if poor {
			room = 50 << 10
		}
		l := newReader(&slowReader{in, 1 + piece*piece}, limit, room)
		rest := in
		for {
			line, err := l.next()
			want, after, ended := bytes.Cut(rest, []byte{'\n'})
			switch {
			case err == io.EOF:
				if ended || len(rest) > 0 && len(rest) <= limit && !poor {
					t.Fatalf("%d bytes are left", len(rest))
				}
			case errors.Is(err, errLineTooLong):
				if len(want) <= limit || !ended {
					t.Fatalf("a line of %d bytes is too long, limit %d", len(want), limit)
				}
			case errors.Is(err, errNoBuffer):
				if !poor || len(want) < freeSize || !ended {
					t.Fatalf("no room for a line of %d bytes", len(want))
				}
			case err != nil:
				t.Fatal(err)
			case !bytes.Equal(line, want) || len(line) > limit:
				t.Fatalf("line of %d bytes, want %d, limit %d", len(line), len(want), limit)
			}
			if err == io.EOF {
				break
			}
			rest = after
		}
		if used := l.budget.used.Load(); used < 0 || used > int64(room) {
			t.Fatalf("%d bytes of a budget of %d in use", used, room)
		}
		if l.close(); l.budget.used.Load() != 0 {
			t.Fatal("budget lost")
		}
	})
}

// slowReader reads b in pieces.
type slowReader struct {
	b     []byte
	piece int
}

func (r *slowReader) Read(b []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), r.piece)], r.b)
	r.b = r.b[n:]
	return n, nil
}
