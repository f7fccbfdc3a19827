package transformer

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/f16"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/q4"
)

// verse is the tokens of golden.json's first text.
var verse = []int32{1, 299, 968, 261, 810, 267, 968, 294, 391, 282, 560, 285, 261, 739, 270, 261, 624, 985}

// parse returns the three files of the embedded model.
func parse(t testing.TB) map[string]*gguf.File {
	t.Helper()
	files := map[string]*gguf.File{}
	for name, data := range map[string][]byte{"kjv-Q8_0.gguf": kjv.Q8_0(), "kjv-f16.gguf": f16.File(), "kjv-Q4_0.gguf": q4.File()} {
		var err error
		if files[name], err = gguf.Parse(data); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// session returns a session on f with threads threads.
func session(t testing.TB, f *gguf.File, threads, context int) *Session {
	t.Helper()
	m, err := New(f, threads)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.NewSession(context, CacheF32)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// feed is Run, which must succeed.
func feed(t testing.TB, s *Session, tokens ...int32) []float32 {
	t.Helper()
	logits, err := s.Run(tokens, nil)
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// eachKernel runs body with every kernel this machine has.
func eachKernel(t *testing.T, body func(t *testing.T)) {
	before := matmul.Kernel()
	defer matmul.Use(before)
	for _, name := range matmul.Kernels() {
		if err := matmul.Use(name); err != nil {
			t.Fatal(err)
		}
		t.Run(name, body)
	}
}

// tolerance is the largest difference of a logit from a float64 engine's; logits
// are of size 10, and the smallest gap that golden texts pass is 0.008.
const tolerance = 1e-3

func TestLogitsEqualFloat64Reference(t *testing.T) {
	for name, f := range parse(t) {
		want := reference(f, verse)
		eachKernel(t, func(t *testing.T) {
			worst := 0.0
			for i, v := range feed(t, session(t, f, 1, 256), verse...) {
				worst = max(worst, math.Abs(float64(v)-want[i]))
			}
			t.Logf("%s: largest difference %.2g", name, worst)
			if !(worst <= tolerance) {
				t.Errorf("%s: a logit differs by %v, want at most %v", name, worst, tolerance)
			}
		})
	}
}

func TestLogitsEqualGolden(t *testing.T) {
	g, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range parse(t) {
		s := session(t, f, 2, 256)
		for _, c := range g.Models[name].Cases {
			s.Reset()
			logits := feed(t, s, c.PromptIDs...)
			for _, l := range c.TopLogits {
				if d := math.Abs(float64(logits[l.ID]) - l.Value); !(d <= tolerance) {
					t.Errorf("%s %q: logit of %d is %v, want %v", name, c.Prompt, l.ID, logits[l.ID], l.Value)
				}
			}
		}
		s.Reset()
		sum, squares := 0.0, 0.0 // over the logits after every token
		for _, id := range verse {
			for _, v := range feed(t, s, id) {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
		}
		if m := g.Models[name]; math.Abs(sum-m.LogitsSum) > 2 || math.Abs(math.Sqrt(squares)-m.LogitsL2) > 0.01 {
			t.Errorf("%s: logits sum %.4f, norm %.4f, want %.4f, %.4f", name, sum, math.Sqrt(squares), m.LogitsSum, m.LogitsL2)
		}
	}
}

// TestBitsDoNotDependOnThreadsBatchesOrKernel runs a long prompt in all ways.
func TestBitsDoNotDependOnThreadsBatchesOrKernel(t *testing.T) {
	const promptSize = 70
	var prompt []int32
	for i := range promptSize {
		prompt = append(prompt, int32(260+i*37%700))
	}
	for name, f := range parse(t) {
		want := slices.Clone(feed(t, session(t, f, 1, 256), prompt...))
		eachKernel(t, func(t *testing.T) {
			for _, threads := range []int{2, 5} {
				if got := feed(t, session(t, f, threads, 256), prompt...); !slices.Equal(got, want) {
					t.Errorf("%s: %d threads give other bits", name, threads)
				}
			}
			s := session(t, f, 1, 256)
			for i, id := range prompt[:promptSize-1] {
				feed(t, s, id)
				if s.Len() != i+1 {
					t.Fatalf("length %d after %d tokens", s.Len(), i+1)
				}
			}
			if got := feed(t, s, prompt[promptSize-1]); !slices.Equal(got, want) {
				t.Errorf("%s: tokens one by one give other bits", name)
			}
		})
	}
}

func TestSessionsRunAtTheSameTime(t *testing.T) {
	f := parse(t)["kjv-Q8_0.gguf"]
	m, err := New(f, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(feed(t, session(t, f, 1, 64), verse...))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s, err := m.NewSession(64, CacheF32)
			for range 20 {
				s.Reset()
				if logits, e := s.Run(verse, nil); err != nil || e != nil || !slices.Equal(logits, want) {
					t.Errorf("another result beside other sessions: %v %v", err, e)
				}
			}
		})
	}
	group.Wait()
}

func TestFullContextIsRefused(t *testing.T) {
	s := session(t, parse(t)["kjv-Q8_0.gguf"], 1, 20)
	feed(t, s, verse...)
	if _, err := s.Run([]int32{3, 4, 5}, nil); !errors.Is(err, ErrContextFull) {
		t.Errorf("3 tokens in 2 places: %v", err)
	}
	if s.Len() != len(verse) || s.Free() != 2 {
		t.Errorf("refused tokens were kept: %d, %d free", s.Len(), s.Free())
	}
	feed(t, s, 3, 4)
	if _, err := s.Run([]int32{5}, nil); !errors.Is(err, ErrContextFull) {
		t.Errorf("full: %v", err)
	}
}

func TestRunRefusesTokensOutsideVocabulary(t *testing.T) {
	s := session(t, parse(t)["kjv-Q8_0.gguf"], 1, 20)
	for _, ids := range [][]int32{nil, {-1}, {1024}, {5, 1 << 30}} {
		if _, err := s.Run(ids, nil); err == nil || s.Len() != 0 {
			t.Errorf("Run(%v) = %v, length %d", ids, err, s.Len())
		}
	}
}

func TestRunStopsBetweenBatches(t *testing.T) {
	s := session(t, parse(t)["kjv-Q8_0.gguf"], 1, 256)
	enough, calls := errors.New("enough"), 0
	_, err := s.Run(make([]int32, 3*s.m.MaxRows()), func() error {
		if calls++; calls == 3 {
			return enough
		}
		return nil
	})
	if err != enough || s.Len() != 2*s.m.MaxRows() {
		t.Errorf("Run = %v after %d tokens, want %v after %d", err, s.Len(), enough, 2*s.m.MaxRows())
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for name, f := range parse(t) {
		for _, threads := range []int{1, 2} {
			s := session(t, f, threads, 256)
			prompt := make([]int32, 40)
			one := []int32{300}
			feed(t, s, prompt...)
			if n := testing.AllocsPerRun(20, func() { feed(t, s, one...) }); n != 0 {
				t.Errorf("%s, %d threads: %v allocations per token", name, threads, n)
			}
			if n := testing.AllocsPerRun(20, func() { s.Reset(); feed(t, s, prompt...) }); n != 0 {
				t.Errorf("%s, %d threads: %v allocations per prompt", name, threads, n)
			}
		}
	}
}
