package sampler

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func next(t testing.TB, s *Sampler, logits []float32) int32 {
	t.Helper()
	id, err := s.Next(logits)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

func TestGreedyTakesLowestOfEquals(t *testing.T) {
	for _, c := range []struct {
		name   string
		logits []float32
		want   int32
	}{
		{"highest", []float32{1, 3, 2}, 1},
		{"tie", []float32{1, 3, 3, 3}, 1},
		{"negative", []float32{-3, -1, -2}, 1},
		{"NaN is skipped", []float32{nan, -1, nan, 0}, 3},
		{"-Inf is skipped", []float32{-inf, -1e30}, 1},
	} {
		if got := next(t, New(Params{}), c.logits); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBrokenLogitsAreAnError(t *testing.T) {
	for _, logits := range [][]float32{nil, {nan}, {-inf, -inf}, {0, inf}} {
		for _, p := range []Params{{}, {Temperature: 1}} {
			if _, err := New(p).Next(logits); !errors.Is(err, ErrNoToken) {
				t.Errorf("%v with %+v: %v", logits, p, err)
			}
		}
	}
}

func TestCheckRefusesNonsense(t *testing.T) {
	for _, p := range []Params{{Temperature: -1}, {Temperature: nan}, {Temperature: inf}, {TopK: -1}, {TopP: -0.1}, {TopP: 1.1}, {TopP: nan}} {
		if p.Check() == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
	if err := (Params{Temperature: 1, TopK: 1 << 40, TopP: 1, Seed: 1}).Check(); err != nil {
		t.Error(err)
	}
}

// expected is the definition: softmax, then k likeliest, then p, by sorting.
func expected(logits []float32, p Params) []float64 {
	type pair struct {
		id int
		p  float64
	}
	var all []pair
	for i, v := range logits {
		all = append(all, pair{i, math.Exp(float64(v) / float64(p.Temperature))})
	}
	slices.SortStableFunc(all, func(a, b pair) int {
		switch {
		case a.p > b.p:
			return -1
		case a.p < b.p:
			return 1
		}
		return 0
	})
	if p.TopK > 0 {
		all = all[:min(p.TopK, len(all))]
	}
	total := 0.0
	for _, a := range all {
		total += a.p
	}
	if p.TopP > 0 && p.TopP < 1 {
		reached := 0.0
		for i, a := range all {
			if reached += a.p; reached >= total*float64(p.TopP) {
				all, total = all[:i+1], reached
				break
			}
		}
	}
	out := make([]float64, len(logits))
	for _, a := range all {
		out[a.id] = a.p / total
	}
	return out
}

// TestDistribution draws many tokens and compares frequencies with the
// definition's: within 6 standard deviations, and never a token it excludes.
func TestDistribution(t *testing.T) {
	logits := []float32{2, 1, 1, 0, -1, 3, -2, 0.5, 2, -9, 1.5, 0}
	const draws = 40000
	for _, p := range []Params{
		{Temperature: 1}, {Temperature: 0.5}, {Temperature: 3}, {Temperature: 1, TopK: 1}, {Temperature: 1, TopK: 4}, {Temperature: 2, TopK: 100},
		{Temperature: 1, TopP: 0.5}, {Temperature: 1, TopP: 0.01}, {Temperature: 1, TopP: 0.999}, {Temperature: 1, TopK: 6, TopP: 0.8}, {Temperature: 100, TopP: 0.9},
	} {
		p.Seed = 42
		s, counts := New(p), make([]float64, len(logits))
		for range draws {
			counts[next(t, s, logits)]++
		}
		for i, want := range expected(logits, p) {
			sigma := math.Sqrt(draws * want * (1 - want))
			if math.Abs(counts[i]-draws*want) > 6*sigma+1e-9*draws {
				t.Errorf("%+v: token %d drawn %v times, want %.1f", p, i, counts[i], draws*want)
			}
		}
	}
}

func TestSameSeedSameTokens(t *testing.T) {
	logits := make([]float32, 500)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range logits {
		logits[i] = float32(r.NormFloat64())
	}
	draw := func(s *Sampler) (ids []int32) {
		for range 50 {
			ids = append(ids, next(t, s, logits))
		}
		return ids
	}
	p := Params{Temperature: 1, TopK: 100, TopP: 0.9, Seed: 7}
	s := New(p)
	first := draw(s)
	s.Reset(p)
	if again := draw(s); !slices.Equal(first, again) {
		t.Errorf("seed 7 gives %v, then %v", first, again)
	}
	p.Seed = 8
	if other := draw(New(p)); slices.Equal(first, other) {
		t.Error("seed 8 gives the tokens of seed 7")
	}
	// The tokens of a seed are part of the promise: they change with no release.
	if want := []int32{365, 288, 367}; !slices.Equal(first[:3], want) {
		t.Errorf("seed 7 gives %v, want %v", first[:3], want)
	}
}

// TestTopKEqualsSorting compares the selection with sorting, ties included.
func TestTopKEqualsSorting(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		list := make([]candidate, 2+r.IntN(60))
		for i := range list {
			list[i] = candidate{float32(r.IntN(8)), int32(i)}
		}
		k := 1 + r.IntN(len(list)-1)
		want := slices.Clone(list)
		slices.SortFunc(want, compare)
		got := topK(list, k)
		slices.SortFunc(got, compare)
		if !slices.Equal(got, want[:k]) {
			t.Fatalf("seed %d: topK(%d) = %v, want %v", seed, k, got, want[:k])
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	logits := make([]float32, 1024)
	for i := range logits {
		logits[i] = float32(i%37) / 5
	}
	for _, p := range []Params{{}, {Temperature: 1}, {Temperature: 1, TopK: 40, TopP: 0.9}, {Temperature: 1, TopP: 0.9}} {
		s := New(p)
		next(t, s, logits)
		if n := testing.AllocsPerRun(50, func() { next(t, s, logits) }); n != 0 {
			t.Errorf("%+v: %v allocations", p, n)
		}
	}
}

// FuzzNext checks that any logits give a token with a chance, or the error.
func FuzzNext(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 0x7F, 0x80, 0, 0}, float32(1), 2, float32(0.5), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, temperature float32, k int, p float32, seed uint64) {
		params := Params{temperature, k, p, seed}
		if params.Check() != nil {
			return
		}
		logits := make([]float32, len(b)/4)
		for i := range logits {
			logits[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
		}
		id, err := New(params).Next(logits)
		if err == nil && (id < 0 || int(id) >= len(logits) || !(logits[id] > -inf)) {
			t.Fatalf("token %d of %v with %+v", id, logits, params)
		}
	})
}

// BenchmarkNext chooses from 32,000 logits.
func BenchmarkNext(b *testing.B) {
	logits := make([]float32, 32000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 3)
	}
	for name, p := range map[string]Params{"greedy": {}, "temperature": {Temperature: 1}, "top-k40": {Temperature: 1, TopK: 40}, "top-p0.9": {Temperature: 1, TopP: 0.9}} {
		b.Run(name, func(b *testing.B) {
			s := New(p)
			b.ReportAllocs()
			for b.Loop() {
				next(b, s, logits)
			}
		})
	}
}
