package encoder

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// eachKernel runs body with every kernel.
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

// tokensOf returns n tokens.
func tokensOf(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*7 + 2) % len(tinyVocab))
	}
	return ids
}

func embed(t testing.TB, m *Model, tokens []int32) []float32 {
	t.Helper()
	v, err := m.Embed(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestEmbedEqualsFloat64Reference: every format, of each kind of product, and every
// kernel, for texts of one token, a few, and more than a batch.
func TestEmbedEqualsFloat64Reference(t *testing.T) {
	for typ, allowed := range map[gguf.Type]float64{gguf.F32: 3e-7, gguf.F16: 3e-7, gguf.Q8_0: 1e-5, gguf.Q4_0: 1e-5, gguf.Q4_K: 1e-5} {
		for _, pooling := range []Pooling{Mean, First} {
			f := tiny{wide: typ == gguf.Q4_K, typ: typ, pooling: uint32(pooling)}.file(t)
			for _, n := range []int{1, 3, tinyContext} {
				if n > 3 && pooling == First {
					continue
				}
				want := reference(f, tokensOf(n))
				eachKernel(t, func(t *testing.T) {
					m, err := New(f, 2)
					if err != nil {
						t.Fatal(err)
					}
					worst, length := 0.0, 0.0
					for i, v := range embed(t, m, tokensOf(n)) {
						worst, length = max(worst, math.Abs(float64(v)-want[i])), length+float64(v)*float64(v)
					}
					t.Logf("%v, pooling %d, %d tokens: largest difference %.2g", typ, pooling, n, worst)
					if !(worst <= allowed) || math.Abs(length-1) > 1e-5 {
						t.Errorf("%v, pooling %d, %d tokens: an element differs by %v, length %v", typ, pooling, n, worst, length)
					}
				})
			}
		}
	}
}

// TestBitsDoNotDependOnThreadsOrKernel, nor on the texts before.
func TestBitsDoNotDependOnThreadsOrKernel(t *testing.T) {
	for _, typ := range []gguf.Type{gguf.F32, gguf.F16, gguf.Q8_0, gguf.Q4_K} {
		f := tiny{wide: typ == gguf.Q4_K, typ: typ, pooling: 1}.file(t)
		want := make(map[int][]float32)
		eachKernel(t, func(t *testing.T) {
			for _, threads := range []int{1, 2, 5} {
				m, err := New(f, threads)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range []int{5, 40, 5} {
					got := embed(t, m, tokensOf(n))
					if want[n] == nil {
						want[n] = got
					}
					if !slices.Equal(got, want[n]) {
						t.Errorf("%v, %d threads, %d tokens: other bits", typ, threads, n)
					}
				}
			}
		})
	}
}

func TestGELU(t *testing.T) {
	worst := 0.0
	for x := -12.0; x <= 12; x += 1.0 / 512 {
		want := x / 2 * (1 + math.Erf(x/math.Sqrt2))
		worst = max(worst, math.Abs(float64(gelu(float32(x)))-want)/(1+math.Abs(want)))
	}
	t.Logf("largest difference %.2g", worst)
	if worst > 4e-7 {
		t.Errorf("gelu is off by %v", worst)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	if v := gelu(nan); v == v {
		t.Errorf("gelu(NaN) = %v", v)
	}
	if v := gelu(inf); v == v && v != inf {
		t.Errorf("gelu(+Inf) = %v", v)
	}
}

func TestFrame(t *testing.T) {
	m := tiny{typ: gguf.F32, pooling: 1}.model(t, 1)
	if got := m.Frame(m.Tokens.Encode("The cats.")); !slices.Equal(got, []int32{2, 7, 8, 9, 10, 3}) {
		t.Errorf("The cats. = %v", got)
	}
	if got := m.Frame(m.Tokens.Encode("")); !slices.Equal(got, []int32{2, 3}) { // has a vector too
		t.Errorf("nothing = %v", got)
	}
}

func TestEmbedRefuses(t *testing.T) {
	m := tiny{typ: gguf.F32, pooling: 1}.model(t, 1)
	cancelled, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	for _, c := range []struct {
		name   string
		ctx    context.Context
		tokens []int32
		want   string
	}{
		{"nothing", t.Context(), nil, "no tokens"},
		{"too long", t.Context(), tokensOf(tinyContext + 1), "81 tokens, at most 80: text too long"},
		{"negative token", t.Context(), []int32{-1}, "token -1 is not in the vocabulary of 13"},
		{"large token", t.Context(), []int32{13}, "token 13 is not"},
		{"cancelled", cancelled, tokensOf(3), "why"},
	} {
		if _, err := m.Embed(c.ctx, c.tokens); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := m.Embed(t.Context(), tokensOf(100)); !errors.Is(err, ErrTooLong) {
		t.Errorf("%v is not ErrTooLong", err)
	}
	embed(t, m, tokensOf(2)) // goes on
}

// TestTurns: many callers at once get what each would alone.
func TestTurns(t *testing.T) {
	m := tiny{typ: gguf.Q8_0, pooling: 1}.model(t, 2)
	want := [][]float32{nil, embed(t, m, tokensOf(1)), embed(t, m, tokensOf(2)), embed(t, m, tokensOf(3)), embed(t, m, tokensOf(4))}
	done := make(chan error)
	for i := range 16 {
		go func() {
			n := i%4 + 1
			got, err := m.Embed(t.Context(), tokensOf(n))
			if err == nil && !slices.Equal(got, want[n]) {
				err = errors.New("other bits")
			}
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// gelu is that of one number.
func gelu(x float32) float32 {
	v := []float32{x}
	matmul.GELU(v)
	return v[0]
}
