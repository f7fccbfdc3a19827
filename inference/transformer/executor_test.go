package transformer

import (
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// follow is a session in a test: its text, how far it is, and what is expected.
type follow struct {
	s    *Session
	text []int32
	want [][]float32 // logits after each token, from tokens run one at a time
	last [][]float32 // hidden states
	done int
}

// alone runs text token by token and returns the logits and hidden states after each.
func alone(t *testing.T, f *gguf.File, kind CacheKind, text []int32) (logits, hidden [][]float32) {
	m, err := New(f, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.NewSession(len(text), kind)
	if err != nil {
		t.Fatal(err)
	}
	e := m.NewExecutor()
	for i := range text {
		err := e.Step([]Piece{{Session: s, Tokens: text[i : i+1],
			Logits: func(_ int, l []float32) { logits = append(logits, slices.Clone(l)) },
			Hidden: func(_ int, h []float32) { hidden = append(hidden, slices.Clone(h)) }}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return logits, hidden
}

// TestBitsDoNotDependOnWhoSharesAStep runs random texts of several sessions in random
// pieces, with results wanted of random tokens, and cuts texts back at times. Sessions have
// caches of all kinds.
func TestBitsDoNotDependOnWhoSharesAStep(t *testing.T) {
	files := parse(t)
	for name, m := range variants() {
		m.typ = gguf.Q4_K
		files[name] = m.file(t)
	}
	for name, f := range files {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		m, err := New(f, 1+r.IntN(3))
		if err != nil {
			t.Fatal(err)
		}
		e := m.NewExecutor()
		list := make([]*follow, 5)
		for i := range list {
			text := make([]int32, 3+r.IntN(60))
			for j := range text {
				text[j] = int32(r.IntN(m.Vocab))
			}
			kind := CacheKind(r.IntN(len(cacheKinds)))
			s, err := m.NewSession(len(text)+r.IntN(3), kind)
			if err != nil {
				t.Fatal(err)
			}
			list[i] = &follow{s: s, text: text}
			list[i].want, list[i].last = alone(t, f, kind, text)
		}
		for {
			var pieces []Piece
			room := m.MaxRows()
			for _, i := range r.Perm(len(list)) {
				w := list[i]
				if w.done > 0 && r.IntN(20) == 0 {
					w.done = r.IntN(w.done)
					w.s.Truncate(w.done)
				}
				n := min(len(w.text)-w.done, r.IntN(1+min(room, 1<<r.IntN(6))))
				if n == 0 {
					continue
				}
				room -= n
				p := Piece{Session: w.s, Tokens: w.text[w.done : w.done+n], From: r.IntN(n + 1)}
				at, next := w.done, w.done+p.From
				if r.IntN(3) > 0 {
					p.Logits = func(i int, l []float32) {
						if at+i != next || !slices.Equal(l, w.want[at+i]) {
							t.Fatalf("%s, seed %d: other logits after token %d (%d is next)", name, seed, at+i, next)
						}
						next++
					}
				}
				if r.IntN(3) == 0 {
					p.Hidden = func(i int, h []float32) {
						if !slices.Equal(h, w.last[at+i]) {
							t.Fatalf("%s, seed %d: another hidden state after token %d", name, seed, at+i)
						}
					}
				}
				pieces = append(pieces, p)
				w.done += n
			}
			if err := e.Step(pieces); err != nil {
				t.Fatal(err)
			}
			left := 0
			for _, w := range list {
				if w.s.Len() != w.done {
					t.Fatalf("%s, seed %d: a session holds %d tokens, want %d", name, seed, w.s.Len(), w.done)
				}
				left += len(w.text) - w.done
			}
			if left == 0 {
				break
			}
		}
	}
}

func TestStepRefusesWhatDoesNotFit(t *testing.T) {
	m, err := New(parse(t)["kjv-Q8_0.gguf"], 1)
	if err != nil {
		t.Fatal(err)
	}
	e := m.NewExecutor()
	a, _ := m.NewSession(200, CacheF32)
	b, _ := m.NewSession(2, CacheF32)
	one := []int32{5}
	for _, c := range []struct {
		name   string
		pieces []Piece
		want   string
	}{
		{"twice", []Piece{{Session: a, Tokens: one}, {Session: b, Tokens: one}, {Session: a, Tokens: one}}, "twice"},
		{"too many", []Piece{{Session: a, Tokens: make([]int32, e.m.MaxRows())}, {Session: b, Tokens: one}}, "at most"},
		{"no tokens", []Piece{{Session: a, Tokens: one}, {Session: b}}, "no tokens"},
		{"no token", []Piece{{Session: a, Tokens: one}, {Session: b, Tokens: []int32{1024}}}, "vocabulary"},
		{"no room", []Piece{{Session: a, Tokens: one}, {Session: b, Tokens: []int32{1, 2, 3}}}, "do not fit"},
	} {
		err := e.Step(c.pieces)
		if err == nil || !strings.Contains(err.Error(), c.want) || a.Len() != 0 || b.Len() != 0 {
			t.Errorf("%s: %v, %d and %d tokens kept", c.name, err, a.Len(), b.Len())
		}
		if errors.Is(err, ErrContextFull) != (c.name == "no room") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := e.Step(nil); err != nil {
		t.Errorf("step of nothing: %v", err)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("needs a test without -race: it has sync.Pool forget at random")
	}
	for name, f := range parse(t) { // the sessions of each step have caches of all kinds
		for _, threads := range []int{1, 2} {
			m, err := New(f, threads)
			if err != nil {
				t.Fatal(err)
			}
			e := m.NewExecutor()
			pieces := make([]Piece, 4)
			for i := range pieces {
				s, err := m.NewSession(256, CacheKind(i%len(cacheKinds)))
				if err != nil {
					t.Fatal(err)
				}
				pieces[i] = Piece{Session: s, Tokens: []int32{int32(300 + i)}, Logits: func(int, []float32) {}}
			}
			step := func() {
				if err := e.Step(pieces); err != nil {
					t.Fatal(err)
				}
			}
			step()
			if n := testing.AllocsPerRun(20, step); n != 0 {
				t.Errorf("%s, %d threads: %v allocations per step", name, threads, n)
			}
		}
	}
}

func TestRowsOfAStepFitInMemory(t *testing.T) {
	for _, c := range []struct {
		name string
		Config
		want int
	}{
		{"embedded", Config{Dim: 160, Heads: 4, KVHeads: 2, HeadDim: 40, Hidden: 448, RopeDims: 40}, mostRows},
		{"70 billion weights", Config{Dim: 8192, Heads: 64, KVHeads: 8, HeadDim: 128, Hidden: 28672, RopeDims: 128}, mostRows},
		{"next to no weights", Config{Dim: 1, Heads: 1, KVHeads: 1, HeadDim: 1, Hidden: maxDim}, 3},
		{"as wide as can be", Config{Dim: maxDim, Heads: 1, KVHeads: 1, HeadDim: maxDim, Hidden: maxDim, RopeDims: maxDim}, 1},
	} {
		if got := rowsOf(&c.Config); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFewRowsHaveTheSameBits runs a text in steps of at most five, one and seventeen tokens.
func TestFewRowsHaveTheSameBits(t *testing.T) {
	f := tiny{arch: "llama", typ: gguf.Q8_0, layers: 2}.file(t)
	text := make([]int32, 60)
	for i := range text {
		text[i] = int32(i * 7 % tinyVocab)
	}
	want, _ := alone(t, f, CacheF32, text)
	for _, rows := range []int{5, 1, 17} {
		m, err := New(f, 2)
		if err != nil {
			t.Fatal(err)
		}
		m.rows = rows
		s, err := m.NewSession(len(text), CacheF32)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(text, nil)
		if err != nil || !slices.Equal(got, want[len(text)-1]) {
			t.Errorf("steps of %d: logits differ from those of steps of 1, %v", rows, err)
		}
		if m.executor.rows > rows {
			t.Errorf("steps of %d: memory for %d", rows, m.executor.rows)
		}
	}
}
