// Package weights takes what makes up a model out of a GGUF file: numbers of its
// configuration within bounds, and tensors by name, with the shape that the
// configuration asks for, as what package matmul multiplies.
//
// It stands between gguf, which knows what a file says, and the packages that know
// what a model needs. Weights stay where they are in the file.
package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Loader looks keys and tensors up and keeps the first error, so that a caller asks
// for all it needs and checks once.
type Loader struct {
	Package string // of the caller, for errors
	File    *gguf.File
	Err     error // the first

	count map[gguf.Type]int // elements of matrices, by type
	taken map[string]bool
}

// formats says what package matmul calls the types it multiplies, F32 besides.
var formats = [...]matmul.Format{
	gguf.F16: matmul.F16, gguf.Q8_0: matmul.Q8_0, gguf.Q4_0: matmul.Q4_0, gguf.Q4_1: matmul.Q4_1,
	gguf.Q5_0: matmul.Q5_0, gguf.Q5_1: matmul.Q5_1, gguf.IQ4_NL: matmul.IQ4_NL,
	gguf.Q4_K: matmul.Q4_K, gguf.Q5_K: matmul.Q5_K, gguf.Q6_K: matmul.Q6_K, gguf.BF16: matmul.BF16,
}

// Vector returns an F32 tensor of n elements, nil after an error.
func (l *Loader) Vector(name string, n int) []float32 {
	t := l.tensor(name, n)
	if t == nil {
		return nil
	}
	if t.Type != gguf.F32 {
		l.fail(t, "is %v, want F32", t.Type)
		return nil
	}
	return t.Float32s()
}

// Matrix returns a tensor of any supported type as a matrix of rows x cols; the zero
// Matrix after an error.
func (l *Loader) Matrix(name string, rows, cols int) matmul.Matrix {
	t := l.tensor(name, cols, rows)
	if t == nil {
		return matmul.Matrix{}
	}
	if l.count == nil {
		l.count = make(map[gguf.Type]int)
	}
	l.count[t.Type] += t.Elems()
	var m matmul.Matrix
	var err error
	switch {
	case t.Type == gguf.F32:
		m, err = matmul.NewFloat(t.Float32s(), rows, cols)
	case int(t.Type) >= len(formats) || formats[t.Type] == matmul.F32:
		err = fmt.Errorf("a matrix of type %v is not supported", t.Type)
	default:
		m, err = matmul.New(formats[t.Type], t.Data, rows, cols)
	}
	if err != nil {
		l.Err = fmt.Errorf("%s: tensor %q at offset %d: %w", l.Package, name, t.Offset, err)
	}
	return m
}

// Type returns the type that most elements of the matrices are stored in.
func (l *Loader) Type() gguf.Type {
	best := gguf.F32
	for t, n := range l.count {
		if n > l.count[best] || n == l.count[best] && t < best {
			best = t
		}
	}
	return best
}

// Rest refuses tensors whose names start with prefix and that nobody asked for: the
// model has a part that would be left out.
func (l *Loader) Rest(prefix string) {
	for i := range l.File.Tensors {
		if t := &l.File.Tensors[i]; l.Err == nil && strings.HasPrefix(t.Name, prefix) && !l.taken[t.Name] {
			l.fail(t, "is not supported in this architecture")
		}
	}
}

// tensor returns the named tensor if it has the dimensions, given as the file gives
// them, contiguous one first.
func (l *Loader) tensor(name string, dims ...int) *gguf.Tensor {
	if l.Err != nil {
		return nil
	}
	t := l.File.Tensor(name)
	if t == nil {
		l.Err = fmt.Errorf("%s: tensor %q is missing", l.Package, name)
		return nil
	}
	if !slices.Equal(t.Dims, dims) {
		l.fail(t, "has dimensions %v, want %v", t.Dims, dims)
		return nil
	}
	if l.taken == nil {
		l.taken = make(map[string]bool)
	}
	l.taken[name] = true
	return t
}

func (l *Loader) fail(t *gguf.Tensor, format string, args ...any) {
	l.Err = fmt.Errorf("%s: tensor %q at offset %d %s", l.Package, t.Name, t.Offset, fmt.Sprintf(format, args...))
}
