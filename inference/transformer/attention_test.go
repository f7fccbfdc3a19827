package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// attentionCase is attention of one layer on its own: text of a few sessions.
type attentionCase struct {
	name                string
	heads, kvHeads, dim int
	window              int // 0 sees everything
	kind                CacheKind
	tokens              int
	e                   *Executor
	caches              []*cache
	q, k, v             [][]float32 // by session: (tokens, heads*dim), (tokens, kvHeads*dim)
}

func attentionCases() []attentionCase {
	var list []attentionCase
	for _, kind := range []CacheKind{CacheF32, CacheF16, CacheQ8} {
		for _, c := range []attentionCase{
			{name: "alone", heads: 2, kvHeads: 2, dim: 16, tokens: 70},
			{name: "groups of 3", heads: 9, kvHeads: 3, dim: 64, tokens: 90},
			{name: "groups of 4", heads: 4, kvHeads: 1, dim: 20, tokens: 40},
			{name: "window", heads: 4, kvHeads: 2, dim: 48, window: 21, tokens: 130},
			{name: "odd", heads: 3, kvHeads: 1, dim: 33, tokens: 17},
			{name: "tiny", heads: 1, kvHeads: 1, dim: 2, tokens: 9},
			{name: "window of 1", heads: 2, kvHeads: 1, dim: 32, window: 1, tokens: 33},
		} {
			c.kind = kind
			list = append(list, c)
		}
	}
	return list
}

// fill makes the sessions' numbers.
func (c *attentionCase) fill(r *rand.Rand, sessions int) {
	numbers := func(n int, f float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64()) * f
		}
		return v
	}
	for range sessions {
		c.q = append(c.q, numbers(c.tokens*c.heads*c.dim, 1))
		c.k = append(c.k, numbers(c.tokens*c.kvHeads*c.dim, 2))
		c.v = append(c.v, numbers(c.tokens*c.kvHeads*c.dim, 1))
	}
}

// reset empties the caches.
func (c *attentionCase) reset(t *testing.T, threads int) {
	m := &Model{pool: newPool(threads)}
	m.Config = Config{Layers: 2, Heads: c.heads, KVHeads: c.kvHeads, HeadDim: c.dim, Dim: c.heads * c.dim}
	m.arch.gemma, m.arch.window = c.window > 0, c.window
	c.e, c.caches = m.NewExecutor(), nil
	for range c.q {
		k, err := newCache(&m.Config, c.kind, c.tokens)
		if err != nil {
			t.Fatal(err)
		}
		c.caches = append(c.caches, k)
	}
}

// step runs the next n[i] tokens of session i in layer 1, and appends what comes out.
func (c *attentionCase) step(at, n []int, out [][]float32) {
	e := c.e
	e.runs, e.q = e.runs[:0], e.q[:0]
	row, kvRow := c.heads*c.dim, c.kvHeads*c.dim
	for i, k := range c.caches {
		if n[i] == 0 {
			continue
		}
		e.runs = append(e.runs, run{k, len(e.q) / row, n[i], at[i]})
		e.q = append(e.q, c.q[i][at[i]*row:(at[i]+n[i])*row]...)
		for pos := at[i]; pos < at[i]+n[i]; pos++ {
			k.put(1, pos, c.k[i][pos*kvRow:(pos+1)*kvRow], c.v[i][pos*kvRow:(pos+1)*kvRow])
		}
	}
	e.att = make([]float32, len(e.q))
	e.attention(1)
	for _, r := range e.runs {
		i := slices.Index(c.caches, r.cache)
		out[i] = append(out[i], e.att[r.first*row:(r.first+r.n)*row]...)
	}
}

// all runs all tokens in steps of random size, at most most of a session, and returns
// (tokens, heads*dim) by session.
func (c *attentionCase) all(t *testing.T, r *rand.Rand, threads, most int) [][]float32 {
	c.reset(t, threads)
	out, at := make([][]float32, len(c.q)), make([]int, len(c.q))
	for slices.Min(at) < c.tokens {
		n := make([]int, len(at))
		for i := range n {
			n[i] = min(1+r.IntN(most), c.tokens-at[i])
		}
		c.step(at, n, out)
		for i := range n {
			at[i] += n[i]
		}
	}
	return out
}

// want computes attention of session s in float64, from what its cache keeps.
func (c *attentionCase) want(s int) []float64 {
	k, room := c.caches[s], make([]float32, chunk*c.caches[s].dim)
	out := make([]float64, c.tokens*c.heads*c.dim)
	for head := range c.heads {
		keys, values := make([]float64, c.tokens*c.dim), make([]float64, c.tokens*c.dim)
		for pos := range c.tokens {
			block := k.keysAt(1, head/(c.heads/c.kvHeads), pos&^15, 1, room)
			for d := range c.dim {
				keys[pos*c.dim+d] = float64(block[d*16+pos%16])
			}
			line := k.valuesAt(1, head/(c.heads/c.kvHeads), pos, 1, room)
			for d := range c.dim {
				values[pos*c.dim+d] = float64(line[d])
			}
		}
		for pos := range c.tokens {
			first := 0
			if c.window > 0 {
				first = max(0, pos+1-c.window)
			}
			at := (pos*c.heads + head) * c.dim
			weights, top := make([]float64, pos+1), math.Inf(-1)
			for p := first; p <= pos; p++ {
				for d := range c.dim {
					weights[p] += float64(c.q[s][at+d]) * keys[p*c.dim+d] / math.Sqrt(float64(c.dim))
				}
				top = max(top, weights[p])
			}
			sum := 0.0
			for p := first; p <= pos; p++ {
				weights[p] = math.Exp(weights[p] - top)
				sum += weights[p]
			}
			for p := first; p <= pos; p++ {
				for d := range c.dim {
					out[at+d] += weights[p] / sum * values[p*c.dim+d]
				}
			}
		}
	}
	return out
}

// TestAttentionEqualsFloat64 compares with attention in float64 over what the cache
// keeps; what it keeps is TestCacheKeepsItsError's.
func TestAttentionEqualsFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range attentionCases() {
		t.Run(fmt.Sprint(c.name, " ", c.kind), func(t *testing.T) {
			c.fill(r, 1)
			got := c.all(t, r, 1, 32)[0]
			worst := 0.0
			for i, w := range c.want(0) {
				worst = max(worst, math.Abs(float64(got[i])-w))
			}
			if worst > 1e-5 {
				t.Errorf("off by %.1e, want 1e-5 at most", worst)
			}
		})
	}
}

// TestAttentionDoesNotDependOnSteps compares bits of one token a step with those of many,
// several sessions and threads.
func TestAttentionDoesNotDependOnSteps(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	for _, c := range attentionCases() {
		for _, infinite := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " ", c.kind, " ", infinite), func(t *testing.T) {
				c.q, c.k, c.v = nil, nil, nil
				c.fill(r, 3)
				if infinite { // from the middle on
					c.v[1][len(c.v[1])/2] = float32(math.Inf(1))
				}
				want := c.all(t, r, 1, 1)
				for _, threads := range []int{1, 3} {
					got := c.all(t, r, threads, 31)
					for i := range want {
						for j := range want[i] {
							if g, w := got[i][j], want[i][j]; math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
								t.Fatalf("seed %d, %d threads, session %d, element %d: %v, want %v", seed, threads, i, j, g, w)
							}
						}
					}
				}
				if infinite {
					row, pos := c.heads*c.dim, len(c.v[1])/2/(c.kvHeads*c.dim)
					if !finite(want[1][:pos*row]) {
						t.Error("an infinite value is seen by positions before it")
					}
					if c.kind != CacheF16 && finite(want[1][pos*row:(pos+1)*row]) {
						t.Error("an infinite value is not seen at its position")
					}
				}
			})
		}
	}
}

// TestCacheKeepsItsError compares what caches keep with what was put, by the errors that
// the kinds state.
func TestCacheKeepsItsError(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range attentionCases() {
		t.Run(fmt.Sprint(c.name, " ", c.kind), func(t *testing.T) {
			c.fill(r, 1)
			c.all(t, r, 1, 9)
			k, room := c.caches[0], make([]float32, chunk*c.caches[0].dim)
			for pos := range c.tokens {
				for head := range c.kvHeads {
					at := (pos*c.kvHeads + head) * c.dim
					block, line := k.keysAt(1, head, pos&^15, 1, room), make([]float32, c.dim)
					for d := range line {
						line[d] = block[d*16+pos%16]
					}
					checkKept(t, c.kind, line, c.k[0][at:at+c.dim])
					checkKept(t, c.kind, k.valuesAt(1, head, pos, 1, room)[:c.dim], c.v[0][at:at+c.dim])
				}
			}
		})
	}
}

func checkKept(t *testing.T, kind CacheKind, got, put []float32) {
	t.Helper()
	for d, p := range put {
		limit := 0.0
		switch kind {
		case CacheF16:
			limit = max(math.Abs(float64(p))*0x1p-11, 0x1p-25)
		case CacheQ8:
			for _, f := range put[d/32*32 : min(len(put), d/32*32+32)] {
				limit = max(limit, math.Abs(float64(f))/254*(1+1e-5))
			}
		}
		if diff := math.Abs(float64(got[d]) - float64(p)); diff > limit {
			t.Fatalf("%v keeps %v as %v: off by %v, at most %v", kind, p, got[d], diff, limit)
		}
	}
}

func TestCacheBytesAreWhatIsAllocated(t *testing.T) {
	c := Config{Layers: 3, KVHeads: 2, HeadDim: 40, Heads: 2}
	for kind := range CacheKind(len(cacheKinds)) {
		for _, max := range []int{1, 16, 100} {
			k, err := newCache(&c, kind, max)
			if err != nil {
				t.Fatal(err)
			}
			got := 4*(len(k.keys)+len(k.values)+len(k.scaleK)+len(k.scaleV)) + 2*(len(k.keys16)+len(k.values16)) + len(k.keys8) + len(k.values8)
			if want := c.CacheBytes(max, kind); int64(got) != want {
				t.Errorf("%v for %d: %d bytes, CacheBytes says %d", kind, max, got, want)
			}
		}
	}
	if _, err := newCache(&c, CacheKind(9), 1); err == nil {
		t.Error("a cache of no kind is made")
	}
	if _, err := newCache(&c, CacheF32, 1<<40); err == nil {
		t.Error("a cache of any size is made")
	}
}

// TestCacheKindsKeepLogits: what caches lose of keys and values moves logits little. The
// spread of these is some 20.
func TestCacheKindsKeepLogits(t *testing.T) {
	m, err := New(parse(t)["kjv-Q8_0.gguf"], 2)
	if err != nil {
		t.Fatal(err)
	}
	text := make([]int32, 150)
	for i := range text {
		text[i] = int32(i * 37 % m.Vocab)
	}
	logits := func(kind CacheKind) []float32 {
		s, err := m.NewSession(len(text), kind)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(feed(t, s, text...))
	}
	exact := logits(CacheF32)
	t.Logf("logits from %v to %v", slices.Min(exact), slices.Max(exact))
	for kind, limit := range map[CacheKind]float64{CacheF16: 0.02, CacheQ8: 0.3} {
		worst := 0.0
		for i, l := range logits(kind) {
			worst = max(worst, math.Abs(float64(l)-float64(exact[i])))
		}
		if t.Logf("%v: off by %.4f", kind, worst); worst == 0 || worst > limit {
			t.Errorf("%v: logits are off by %v, want more than 0 and at most %v", kind, worst, limit)
		}
	}
}
