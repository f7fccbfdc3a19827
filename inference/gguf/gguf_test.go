package gguf_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

// small is a file with every kind of thing in it.
func small() gguftest.File {
	return gguftest.File{
		Keys: []gguftest.Key{
			{Name: "name", Value: "kjv"}, {Name: "count", Value: uint32(7)}, {Name: "wide", Value: uint64(1 << 40)},
			{Name: "below", Value: int32(-1)}, {Name: "eps", Value: float32(0.5)}, {Name: "flag", Value: true},
			{Name: "words", Value: []string{"a", "", "ccc"}}, {Name: "scores", Value: []float32{1, -2}}, {Name: "kinds", Value: []int32{3, -4}},
		},
		Tensors: []gguftest.Tensor{
			{Name: "vector", Dims: []uint64{3}, Type: 0, Offset: -1, Data: gguftest.Floats(1, 2, 3)},
			{Name: "matrix", Dims: []uint64{32, 2}, Type: 8, Offset: -1, Data: make([]byte, 68)},
			{Name: "half", Dims: []uint64{2, 2}, Type: 1, Offset: -1, Data: make([]byte, 8)},
			{Name: "four", Dims: []uint64{32}, Type: 2, Offset: -1, Data: make([]byte, 18)},
		},
	}
}

func TestParseReadsEverything(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		s := small()
		s.Version = version
		f, err := gguf.Parse(s.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		name, _ := f.String("name")
		count, _ := f.Uint("count")
		wide, _ := f.Uint("wide")
		eps, _ := f.Float("eps")
		flag, _ := f.Bool("flag")
		if name != "kjv" || count != 7 || wide != 1<<40 || eps != 0.5 || !flag {
			t.Errorf("values %q %d %d %v %v", name, count, wide, eps, flag)
		}
		words, err := f.Strings("words")
		if err != nil || words.Len() != 3 || string(words.At(0)) != "a" || len(words.At(1)) != 0 || string(words.At(2)) != "ccc" {
			t.Errorf("words = %v, %v", words, err)
		}
		scores, _ := f.Floats("scores")
		kinds, _ := f.Ints("kinds")
		if !slices.Equal(scores, []float32{1, -2}) || !slices.Equal(kinds, []int32{3, -4}) {
			t.Errorf("scores %v, kinds %v", scores, kinds)
		}
		if v := f.Tensor("vector"); v == nil || !slices.Equal(v.Float32s(), []float32{1, 2, 3}) {
			t.Errorf("vector = %v", v)
		}
		if m := f.Tensor("matrix"); m == nil || m.Type != gguf.Q8_0 || !slices.Equal(m.Dims, []int{32, 2}) || len(m.Data) != 68 || m.Elems() != 64 {
			t.Errorf("matrix = %+v", m)
		}
		if f.Tensor("other") != nil || f.Has("other") {
			t.Error("found what is not there")
		}
	}
}

func TestFloat32sAtAnyAddress(t *testing.T) {
	b := small().Bytes()
	for shift := range 8 {
		moved := append(make([]byte, shift), b...)[shift:]
		f, err := gguf.Parse(moved)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Tensor("vector").Float32s(); !slices.Equal(got, []float32{1, 2, 3}) {
			t.Errorf("shift %d: %v", shift, got)
		}
	}
}

func TestAccessorsNameKeyAndKind(t *testing.T) {
	f, err := gguf.Parse(small().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, missing := f.Uint("absent")
	if !errors.Is(missing, gguf.ErrMissing) || !strings.Contains(missing.Error(), `"absent"`) {
		t.Errorf("missing key: %v", missing)
	}
	_, e1 := f.Uint("name")
	_, e2 := f.String("words")
	_, e3 := f.Uint("below")
	_, e4 := f.Float("count")
	_, e5 := f.Bool("eps")
	_, e6 := f.Strings("scores")
	_, e7 := f.Floats("kinds")
	_, e8 := f.Ints("words")
	for i, c := range []struct {
		err  error
		want string
	}{{e1, "string, want an integer"}, {e2, "array of string, want a string"}, {e3, "-1 is negative"}, {e4, "uint32, want a float"},
		{e5, "float32, want a bool"}, {e6, "array of float32, want an array of strings"}, {e7, "array of int32, want an array of float32"}, {e8, "array of string"}} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || !strings.Contains(c.err.Error(), "offset") {
			t.Errorf("accessor %d: %v, want %q", i+1, c.err, c.want)
		}
	}
}

// TestTruncatedAtEveryByteIsRefused cuts the small file everywhere.
func TestTruncatedAtEveryByteIsRefused(t *testing.T) {
	b := small().Bytes()
	for n := range b {
		if _, err := gguf.Parse(b[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(b))
		}
	}
}

func TestParseEmbeddedModel(t *testing.T) {
	f, err := gguf.Parse(kjv.Q8_0())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 29 {
		t.Errorf("%d tensors, want 29", len(f.Tensors))
	}
	if v, err := f.Float("llama.attention.layer_norm_rms_epsilon"); err != nil || math.Abs(v-1e-5) > 1e-12 {
		t.Errorf("epsilon = %v, %v", v, err)
	}
}

// gguf.md, "GGUF_METADATA_VALUE_TYPE_BOOL": 0 and 1, anything else is invalid.
func TestBoolIsZeroOrOne(t *testing.T) {
	for v, want := range map[byte]string{0: "false", 1: "true", 2: "bool of value 2", 0xff: "bool of value 255"} {
		f, err := gguf.Parse(gguftest.File{Keys: []gguftest.Key{{Name: "k", Value: gguftest.Raw{Kind: 7, Bytes: []byte{v}}}}}.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.Bool("k")
		if got := fmt.Sprint(b, " ", err); !strings.Contains(got, want) || (err == nil) != (v < 2) {
			t.Errorf("bool of byte %d: %s, want %s", v, got, want)
		}
	}
}

// TestTypesHaveTheirSizes parses a block of each supported type and compares with the
// second opinion in gguftest.
func TestTypesHaveTheirSizes(t *testing.T) {
	for typ, name := range map[gguf.Type]string{gguf.F32: "F32", gguf.F16: "F16", gguf.BF16: "BF16", gguf.Q8_0: "Q8_0", gguf.Q4_0: "Q4_0",
		gguf.Q4_1: "Q4_1", gguf.Q4_K: "Q4_K", gguf.Q5_K: "Q5_K", gguf.Q6_K: "Q6_K",
		gguf.Q5_0: "Q5_0", gguf.Q5_1: "Q5_1", gguf.IQ4_NL: "IQ4_NL"} {
		elems, size := gguftest.BlockSize(uint32(typ))
		if elems == 0 || typ.String() != name {
			t.Fatalf("%v: %d elements, want name %s", typ, elems, name)
		}
		w := gguftest.Tensor{Name: "t", Dims: []uint64{uint64(2 * elems), 3}, Type: uint32(typ), Offset: -1, Data: make([]byte, 6*size)}
		f, err := gguf.Parse(gguftest.File{Tensors: []gguftest.Tensor{w}}.Bytes())
		if err != nil || len(f.Tensors[0].Data) != 6*size || f.Tensors[0].Elems() != 6*elems {
			t.Errorf("%v: %v, %+v", typ, err, f)
		}
		w.Data = w.Data[1:]
		if _, err := gguf.Parse(gguftest.File{Tensors: []gguftest.Tensor{w}}.Bytes()); err == nil {
			t.Errorf("%v: a tensor that ends outside the file is accepted", typ)
		}
	}
}
