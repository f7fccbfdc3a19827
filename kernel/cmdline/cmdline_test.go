package cmdline

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// text is a Source for tests; it fails when read out of order.
type text struct {
	t    testing.TB
	s    string
	next int
}

func (x *text) Byte(i int) byte {
	if i != x.next {
		x.t.Fatalf("byte %d read, want %d", i, x.next)
	}
	x.next++
	if i >= len(x.s) {
		return 0
	}
	return x.s[i]
}

func parse(t testing.TB, s string) *Line {
	l := new(Line)
	l.Parse(&text{t: t, s: s})
	return l
}

func args(l *Line) (a []string) {
	for i := range l.Args() {
		start, size := l.Arg(i)
		a = append(a, string(l.Text()[start:start+size]))
	}
	return a
}

func vars(l *Line) (v []string) {
	for i := range l.Vars() {
		start, size := l.Var(i)
		v = append(v, string(l.Text()[start:start+size]))
	}
	return v
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		args, vars []string
		ignored    int
	}{
		{"empty", "", nil, nil, 0},
		{"blank", " \t\n ", nil, nil, 0},
		{"mixed", "-test.v selftest=fast quiet ready=1026", []string{"-test.v"}, []string{"selftest=fast", "ready=1026"}, 1},
		{"argument with =", "-run=TestX", []string{"-run=TestX"}, nil, 0},
		{"quotes", `A="b c" "-x y" D=e"  "f`, []string{"-x y"}, []string{"A=b c", "D=e  f"}, 0},
		{"quote not closed", `A="b c -x`, nil, []string{"A=b c -x"}, 0},
		{"empty quotes", `"" A=""`, nil, []string{"A="}, 0},
		{"no key", "=x ==", nil, nil, 2},
		{"several =", "A=b=c", nil, []string{"A=b=c"}, 0},
		{"high bytes", "A=\xff\xc3\xa9", nil, []string{"A=\xff\xc3\xa9"}, 0},
		{"NUL ends", "A=b\x00C=d", nil, []string{"A=b"}, 0},
		{"too many arguments", strings.Repeat("-x ", MaxArgs+3), slices.Repeat([]string{"-x"}, MaxArgs), nil, 3},
		{"too many variables", strings.Repeat("a=b ", MaxVars+2), nil, slices.Repeat([]string{"a=b"}, MaxVars), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := parse(t, c.text)
			if a := args(l); !slices.Equal(a, c.args) {
				t.Errorf("arguments %q, want %q", a, c.args)
			}
			if v := vars(l); !slices.Equal(v, c.vars) {
				t.Errorf("variables %q, want %q", v, c.vars)
			}
			if l.Ignored() != c.ignored || l.Truncated() {
				t.Errorf("ignored %d, truncated %v, want %d, false", l.Ignored(), l.Truncated(), c.ignored)
			}
		})
	}
}

func TestLongLineIsCutAtAWord(t *testing.T) {
	pad := strings.Repeat("x", MaxSize-len("A=b ")-len("ready=10"))
	for _, c := range []struct {
		name, text string
		vars       []string
		truncated  bool
	}{
		{"fits", "A=b " + pad + "ready=10", []string{"A=b", pad + "ready=10"}, false},
		{"cut inside a word", "A=b " + pad + "ready=1026", []string{"A=b"}, true},
		{"cut between words", "A=b " + pad + "ready=10 C=d", []string{"A=b", pad + "ready=10"}, true},
		{"cut inside quotes", `A=b "` + pad + "y=10 C=d", []string{"A=b"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := parse(t, c.text)
			if v := vars(l); !slices.Equal(v, c.vars) || l.Truncated() != c.truncated {
				t.Errorf("%d variables, truncated %v, want %d, %v", len(v), l.Truncated(), len(c.vars), c.truncated)
			}
		})
	}
}

func TestLookupTakesTheLast(t *testing.T) {
	l := parse(t, "key=1 keys=2 key=3 k=4 empty=")
	for key, want := range map[string]string{"key": "3", "keys": "2", "k": "4", "empty": ""} {
		if v, ok := l.Lookup(key); !ok || string(v) != want {
			t.Errorf("Lookup(%q) = %q, %v, want %q", key, v, ok, want)
		}
	}
	for _, key := range []string{"ke", "keyss", "", "3"} {
		if v, ok := l.Lookup(key); ok {
			t.Errorf("Lookup(%q) = %q, want nothing", key, v)
		}
	}
}

func TestParseAgainForgets(t *testing.T) {
	l := parse(t, "-x a=b c=d junk")
	l.Parse(&text{t: t, s: "e=f"})
	if l.Args() != 0 || l.Ignored() != 0 || !slices.Equal(vars(l), []string{"e=f"}) {
		t.Errorf("%q, %q", args(l), vars(l))
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		text string
		want Options
	}{
		{"", Options{}},
		{"other=1", Options{}},
		{"selftest=off", Options{SelfTest: SelfTestOff}},
		{"selftest=full loglevel=debug console=off", Options{SelfTest: SelfTestFull, LogLevel: LevelDebug, ConsoleOff: true}},
		{"selftest=full selftest=fast", Options{}},
		{"ready=1026", Options{Ready: 1026}},
		{"ready=1026 ready=off", Options{ReadyOff: true}},
		{"ready=off ready=4294967294", Options{Ready: 4294967294}},
		{"tsc_khz=2400000", Options{TSCkHz: 2400000}},
		{"console=on loglevel=quiet", Options{LogLevel: LevelQuiet}},
		{"a=b selftest=maybe", Options{Bad: BadSelfTest, BadVar: 1}},
		{"selftest=", Options{Bad: BadSelfTest}},
		{"loglevel=7", Options{Bad: BadLogLevel}},
		{"console=ttyS0", Options{Bad: BadConsole}},
		{"ready=0", Options{Bad: BadReady}},
		{"ready=4294967295", Options{Bad: BadReady}},
		{"ready=99999999999999999999999999", Options{Bad: BadReady}},
		{"ready=-1 tsc_khz=x", Options{Bad: BadReady}},
		{"ready=", Options{Bad: BadReady}},
		{"tsc_khz=9999", Options{Bad: BadTSC}},
		{"crash=reset", Options{CrashReset: true}},
		{"crash=reset crash=exit", Options{}},
		{"crash=reset crash=", Options{CrashReset: true, Bad: BadCrash, BadVar: 1}},
		{"ready=5 ready=x", Options{Ready: 5, Bad: BadReady, BadVar: 1}},
	} {
		t.Run(c.text, func(t *testing.T) {
			if got := parse(t, c.text).Options(); got != c.want {
				t.Errorf("Options = %+v, want %+v", got, c.want)
			}
		})
	}
}

// model splits as the package comment says, with strings.
func model(s string) (a, v []string) {
	s, _, _ = strings.Cut(s, "\x00")
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			part = strings.Map(func(r rune) rune {
				if r <= ' ' {
					return r + 0x100 // keep: not a separator
				}
				return r
			}, part)
		}
		out = append(out, part)
	}
	for _, w := range strings.FieldsFunc(strings.Join(out, ""), func(r rune) bool { return r <= ' ' }) {
		w = strings.Map(func(r rune) rune {
			if r >= 0x100 {
				return r - 0x100
			}
			return r
		}, w)
		switch {
		case w[0] == '-':
			a = append(a, w)
		case strings.Index(w, "=") > 0:
			v = append(v, w)
		}
	}
	return a[:min(len(a), MaxArgs)], v[:min(len(v), MaxVars)]
}

func TestParseEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		b := make([]byte, rng.IntN(200))
		for i := range b {
			b[i] = "ab-=\" \t\n\x01"[rng.IntN(9)]
		}
		l := parse(t, string(b))
		if a, v := model(string(b)); !slices.Equal(args(l), a) || !slices.Equal(vars(l), v) {
			t.Fatalf("%q = %q, %q, want %q, %q", b, args(l), vars(l), a, v)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		l := parse(t, s)
		l.Options()
		for _, w := range append(args(l), vars(l)...) {
			if w == "" || strings.ContainsAny(w, "\x00\"") {
				t.Fatalf("word %q of %q", w, s)
			}
		}
		for i := range l.Vars() {
			if start, size := l.Var(i); l.Text()[start+size] != 0 {
				t.Fatalf("no NUL behind variable %d of %q", i, s)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for p := Fine; p <= BadCrash; p++ {
		if p.String() == "" || p.String() == "unknown problem" {
			t.Errorf("problem %d has no name", p)
		}
	}
	if Problem(99).String() != "unknown problem" || SelfTest(9).String() != "unknown" || Level(9).String() != "unknown" ||
		SelfTestFull.String() != "full" || LevelDebug.String() != "debug" {
		t.Error("names")
	}
}

func TestNothingAllocates(t *testing.T) {
	l, src := new(Line), &text{t: t, s: "-x a=b selftest=off ready=1026 junk"}
	if n := testing.AllocsPerRun(100, func() {
		src.next = 0
		l.Parse(src)
		l.Options()
		l.Lookup("ready")
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}
