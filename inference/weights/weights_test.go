package weights

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// types are all that a matrix may have.
var types = []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL}

const rows, cols = 3, 256

// loader returns a Loader of a file with a matrix of each type, called by its name, a
// vector and some keys.
func loader(t *testing.T) *Loader {
	t.Helper()
	values := make([]float64, rows*cols)
	for i := range values {
		values[i] = float64(i%37)/37 - 0.5
	}
	file := gguftest.File{
		Keys: []gguftest.Key{{Name: "four", Value: uint32(4)}, {Name: "none", Value: uint32(0)}, {Name: "text", Value: "4"},
			{Name: "half", Value: float32(0.5)}, {Name: "nan", Value: float32(math.NaN())}, {Name: "inf", Value: float32(math.Inf(1))}},
		Tensors: []gguftest.Tensor{{Name: "vector", Dims: []uint64{2}, Offset: -1, Data: gguftest.Floats(1, 2)}},
	}
	for _, typ := range types {
		file.Tensors = append(file.Tensors, gguftest.Tensor{Name: typ.String(), Dims: []uint64{cols, rows}, Type: uint32(typ), Offset: -1,
			Data: gguftest.Quantize(uint32(typ), values)})
	}
	f, err := gguf.Parse(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return &Loader{Package: "test", File: f}
}

func TestMatrixOfEachType(t *testing.T) {
	l := loader(t)
	for _, typ := range types {
		m := l.Matrix(typ.String(), rows, cols)
		if l.Err != nil || m.Rows != rows || m.Cols != cols || m.Format.String() != typ.String() {
			t.Fatalf("%v: %v matrix of %d x %d, %v", typ, m.Format, m.Rows, m.Cols, l.Err)
		}
		want := gguftest.Dequantize(uint32(typ), l.File.Tensor(typ.String()).Data)
		got := make([]float32, cols)
		for r := range rows {
			m.Row(got, r)
			for c, v := range got {
				if w := want[r*cols+c]; math.Abs(float64(v)-w) > 1e-6 {
					t.Fatalf("%v: element %d, %d is %v, want %v", typ, r, c, v, w)
				}
			}
		}
	}
	if got := l.Vector("vector", 2); l.Err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("vector %v, %v", got, l.Err)
	}
	if l.Rest(""); l.Err != nil {
		t.Error("all are taken:", l.Err)
	}
}

func TestLoaderRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		ask  func(l *Loader)
		want string
	}{
		{"no matrix", func(l *Loader) { l.Matrix("nobody", rows, cols) }, `tensor "nobody" is missing`},
		{"no vector", func(l *Loader) { l.Vector("nobody", 1) }, `tensor "nobody" is missing`},
		{"transposed", func(l *Loader) { l.Matrix("Q8_0", cols, rows) }, "has dimensions [256 3], want [3 256]"},
		{"vector as matrix", func(l *Loader) { l.Matrix("vector", 1, 2) }, "has dimensions [2], want [2 1]"},
		{"matrix as vector", func(l *Loader) { l.Vector("F32", rows*cols) }, "has dimensions"},
		{"not all", func(l *Loader) { l.Vector("vector", 2); l.Rest("Q4_") }, `tensor "Q4_0" at offset`},
		{"no key", func(l *Loader) { l.Count("nobody", 9, 0) }, "nobody"},
		{"text", func(l *Loader) { l.Count("text", 9, 1) }, "text"},
		{"too many", func(l *Loader) { l.Count("four", 3, 0) }, `key "four": 4 is not between 1 and 3`},
		{"none", func(l *Loader) { l.Count("none", 3, 2) }, `key "none": 0 is not between 1 and 3`},
		{"NaN", func(l *Loader) { l.Float("nan", 1) }, "NaN is not between"},
		{"infinite", func(l *Loader) { l.Float("inf", 1) }, "+Inf is not between"},
		{"at the limit", func(l *Loader) { l.Float("half", 0.5) }, "0.5 is not between 0 and 0.5"},
		{"first of two", func(l *Loader) { l.Count("none", 1, 0); l.Matrix("nobody", 1, 1); l.Rest("") }, `key "none"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := loader(t)
			c.ask(l)
			if l.Err == nil || !strings.HasPrefix(l.Err.Error(), "test: ") || !strings.Contains(l.Err.Error(), c.want) {
				t.Fatalf("error %v, want %q", l.Err, c.want)
			}
			first := l.Err
			if m := l.Matrix("Q8_0", rows, cols); m.Rows != 0 || l.Vector("vector", 2) != nil || l.Err != first {
				t.Errorf("after an error: %v, %v", m.Rows, l.Err)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	l := loader(t)
	if a, b, c := l.Count("four", 4, 1), l.Count("nobody", 4, 3), l.Float("half", 1); a != 4 || b != 3 || c != 0.5 || l.Err != nil {
		t.Errorf("%d, %d, %v, %v", a, b, c, l.Err)
	}
}

// TestType: the type of the most elements of matrices, of fewer bits or not.
func TestType(t *testing.T) {
	l := loader(t)
	if got := l.Type(); got != gguf.F32 {
		t.Errorf("no matrix: %v", got)
	}
	l.Vector("vector", 2)
	l.Matrix("Q8_0", rows, cols)
	if got := l.Type(); got != gguf.Q8_0 {
		t.Errorf("one matrix: %v, want Q8_0", got)
	}
	l.Matrix("Q4_0", rows, cols)
	l.Matrix("Q4_0", rows, cols)
	if got := l.Type(); got != gguf.Q4_0 {
		t.Errorf("most: %v, want Q4_0", got)
	}
}
