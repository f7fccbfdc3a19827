package gguf_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// u64 is a number as it stands in the file.
func u64(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// array is an array value of n elements of kind, followed by body.
func array(kind uint32, n uint64, body ...byte) gguftest.Raw {
	b := binary.LittleEndian.AppendUint32(nil, kind)
	return gguftest.Raw{Kind: 9, Bytes: append(append(b, u64(n)...), body...)}
}

// patch returns the small file with bytes replaced at off.
func patch(off int, b ...byte) []byte {
	f := small().Bytes()
	copy(f[off:], b)
	return f
}

// key is a file with one key.
func key(v any) []byte {
	return gguftest.File{Keys: []gguftest.Key{{Name: "k", Value: v}}}.Bytes()
}

// tensor is a file with one tensor "t", or more.
func tensor(t ...gguftest.Tensor) []byte { return gguftest.File{Tensors: t}.Bytes() }

// hostile is files that must be refused with a message that contains want.
func hostile() []struct {
	name string
	data []byte
	want string
} {
	T := func(typ uint32, off int64, size int, dims ...uint64) gguftest.Tensor {
		return gguftest.Tensor{Name: "t", Dims: dims, Type: typ, Offset: off, Data: make([]byte, size)}
	}
	other := func(t gguftest.Tensor) gguftest.Tensor { t.Name = "u"; return t }
	aligned := func(n uint32) []byte {
		return gguftest.File{Keys: []gguftest.Key{{Name: "general.alignment", Value: n}}, Tensors: []gguftest.Tensor{T(0, -1, 4, 1)}}.Bytes()
	}
	return []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "offset 0: not a GGUF file"},
		{"other magic", patch(0, 'G', 'G', 'M', 'L'), "offset 0: not a GGUF file"},
		{"version 1", patch(4, 1), "version 1 is not supported"},
		{"version 4", patch(4, 4), "version 4 is not supported"},
		{"big endian", patch(4, 0, 0, 0, 3), "big-endian"},
		{"2^64-1 tensors", patch(8, u64(math.MaxUint64)...), "18446744073709551615 tensors"},
		{"2^64-1 keys", patch(16, u64(math.MaxUint64)...), "18446744073709551615 keys"},
		{"keys that are not there", patch(16, u64(gguf.MaxKeys)...), `key`},
		{"name of 2^64-1 bytes", patch(24, u64(math.MaxUint64)...), "key 0 at offset 24: offset 32: name of 18446744073709551615 bytes"},
		{"name of 2^63 bytes", patch(24, u64(1<<63)...), "key 0 at offset 24"},
		{"unknown kind", key(gguftest.Raw{Kind: 13}), `key "k" at offset 24: offset 37: value of unknown type 13`},
		{"string of 2^64-1 bytes", key(gguftest.Raw{Kind: 8, Bytes: u64(math.MaxUint64)}), "18446744073709551615 bytes wanted"},
		{"array of 2^64-1 bytes", key(array(0, math.MaxUint64)), "array of 18446744073709551615 elements"},
		{"array whose size overflows", key(array(10, 1<<61)), "array of 2305843009213693952 elements"},
		{"array longer than the file", key(array(10, 20)), "160 bytes wanted"},
		{"strings longer than the file", key(array(8, 2, append(u64(1), 'x')...)), `key "k"`},
		{"string in array of 2^64-1 bytes", key(array(8, 1, u64(math.MaxUint64)...)), "18446744073709551615 bytes wanted"},
		{"array of arrays", key(array(9, 1)), "array of array is not supported"},
		{"array of unknown", key(array(77, 1)), "array of type 77 is not supported"},
		{"key twice", gguftest.File{Keys: []gguftest.Key{{Name: "k", Value: true}, {Name: "k", Value: true}}}.Bytes(), `key "k" at offset 38: given twice`},
		{"no dimensions", tensor(T(0, 0, 4)), `tensor 0 "t" at offset 24: offset 37: 0 dimensions`},
		{"five dimensions", tensor(T(0, 0, 4, 1, 1, 1, 1, 1)), "5 dimensions"},
		{"zero dimension", tensor(T(0, 0, 4, 3, 0)), "dimension 1 is 0"},
		{"dimensions overflow", tensor(T(0, 0, 4, 1<<33, 1<<33)), "too large"},
		{"dimensions overflow to small", tensor(T(0, 0, 4, 1<<32, 1<<32, 1)), "too large"},
		{"size overflows", tensor(T(0, 0, 4, 1<<62)), "too large"},
		{"larger than the file", tensor(T(0, 0, 4, 2)), "8 bytes of F32 at data offset 0"},
		{"offset beyond the file", tensor(T(0, 64, 4, 1)), "end beyond the file"},
		{"offset 2^64-32", tensor(T(0, -32, 4, 1)), "tensor"},
		{"offset overflows with size", tensor(T(0, math.MaxInt64&^31, 4, 1)), "end beyond the file"},
		{"offset not aligned", tensor(T(0, 4, 8, 1)), "data offset 4 is not a multiple of 32"},
		{"unsupported type", tensor(T(10, 0, 84, 256)), "Q2_K is not supported"},
		{"type with a hole in the numbers", tensor(T(4, 0, 84, 256)), "type 4 is not supported"},
		{"rows cut long blocks", tensor(T(14, 0, 210, 128, 2)), "first dimension 128 is not a multiple of the 256"},
		{"unknown type", tensor(T(9999, 0, 144, 256)), "type 9999 is not supported"},
		{"rows cut blocks", tensor(T(8, 0, 34, 16, 2)), "first dimension 16 is not a multiple of the 32"},
		{"tensor twice", tensor(T(0, 0, 32, 1), T(0, 32, 4, 1)), `tensor "t" at offset 57: given twice`},
		{"same bytes", tensor(T(0, 0, 32, 1), other(T(0, 0, 4, 1))), `overlaps tensor`},
		{"overlap by one", tensor(T(0, 0, 64, 9), other(T(0, 32, 4, 1))), `tensor "u" at offset 57: data at file offset 128 overlaps tensor "t", which ends at 132`},
		{"alignment 0", aligned(0), "0 is not a power of two"},
		{"alignment 4", aligned(4), "4 is not a power of two"},
		{"alignment 48", aligned(48), "48 is not a power of two"},
		{"alignment 2^31", aligned(1 << 31), "is not a power of two from 8 to"},
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			switch _, err := gguf.Parse(slices.Clip(c.data)); {
			case err == nil:
				t.Error("accepted")
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

// FuzzParse looks for files that crash the reader or whose tensors leave the file.
func FuzzParse(f *testing.F) {
	f.Add(small().Bytes())
	for _, c := range hostile() {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		used := 0
		for i := range file.Tensors {
			tensor := &file.Tensors[i]
			used += len(tensor.Data)
			if tensor.Offset < 0 || tensor.Offset+len(tensor.Data) > len(data) || file.Tensor(tensor.Name) != tensor {
				t.Fatalf("tensor %+v in a file of %d bytes", tensor, len(data))
			}
			if tensor.Type == gguf.F32 && len(tensor.Float32s()) != tensor.Elems() {
				t.Fatalf("%d floats, %d elements", len(tensor.Float32s()), tensor.Elems())
			}
		}
		if used > len(data) {
			t.Fatalf("tensors of %d bytes in a file of %d", used, len(data))
		}
		for _, k := range []string{"name", "count", "words", "scores", "kinds", "k"} {
			if s, err := file.Strings(k); err == nil {
				for i := range s.Len() {
					_ = s.At(i)
				}
			}
			file.Floats(k)
			file.Ints(k)
			file.Uint(k)
			file.Float(k)
			file.Bool(k)
			file.String(k)
		}
	})
}
