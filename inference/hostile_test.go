package inference_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

// changed returns the embedded model with the bytes after key's name and kind
// (4 bytes) replaced.
func changed(t testing.TB, key string, value ...byte) []byte {
	t.Helper()
	b := bytes.Clone(kjv.Q8_0())
	name := append(binary.LittleEndian.AppendUint64(nil, uint64(len(key))), key...)
	at := bytes.Index(b, name)
	if at < 0 {
		t.Fatalf("no key %q", key)
	}
	copy(b[at+len(name)+4:], value)
	return b
}

func u32(n uint32) []byte  { return binary.LittleEndian.AppendUint32(nil, n) }
func f32(v float32) []byte { return u32(math.Float32bits(v)) }

// TestHostileModelsAreRefused changes one thing of a good file. Errors name the
// key or tensor.
func TestHostileModelsAreRefused(t *testing.T) {
	rename := func(from, to string) []byte {
		return bytes.Replace(kjv.Q8_0(), []byte(from), []byte(to), 1)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "not a GGUF file"},
		{"other architecture", rename("\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00mamba"), `architecture "mamba" is not supported`},
		{"no layers", changed(t, "llama.block_count", u32(0)...), `key "llama.block_count": 0 is not between`},
		{"a layer too many", changed(t, "llama.block_count", u32(4)...), `tensor "blk.3.attn_norm.weight" is missing`},
		{"2^32-1 layers", changed(t, "llama.block_count", u32(math.MaxUint32)...), `key "llama.block_count"`},
		{"width", changed(t, "llama.embedding_length", u32(512)...), "has dimensions [256 1024], want [512 1024]"},
		{"huge width", changed(t, "llama.embedding_length", u32(1<<31)...), `key "llama.embedding_length"`},
		{"heads that do not divide", changed(t, "llama.attention.head_count", u32(7)...), "7 query heads cannot share 4"},
		{"more heads than width", changed(t, "llama.attention.head_count", u32(1<<20)...), "heads of"},
		{"odd heads", changed(t, "llama.rope.dimension_count", u32(31)...), "rotation of 31 elements"},
		{"NaN epsilon", changed(t, "llama.attention.layer_norm_rms_epsilon", f32(float32(math.NaN()))...), "epsilon NaN"},
		{"rope base", changed(t, "llama.rope.freq_base", f32(-1)...), "rotation base -1"},
		{"no context", changed(t, "llama.context_length", u32(0)...), `key "llama.context_length"`},
		{"hidden width", changed(t, "llama.feed_forward_length", u32(513)...), "want [256 513]"},
		{"missing norm", rename("output_norm.weight", "output_nxrm.weight"), `tensor "output_norm.weight" is missing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := inference.Load(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

// TestNaNWeightsAreAnError gives every scale of the last norm the value NaN.
func TestNaNWeightsAreAnError(t *testing.T) {
	b := bytes.Clone(kjv.Q8_0())
	f, err := gguf.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	norm := f.Tensor("output_norm.weight")
	for i := range 256 {
		copy(b[norm.Offset+4*i:], f32(float32(math.NaN())))
	}
	m, err := inference.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = m.Generate(context.Background(), "a", inference.Options{}, nil); err == nil || !strings.Contains(err.Error(), "no logit") {
		t.Errorf("Generate = %v", err)
	}
}

// FuzzLoad changes bytes of the header of a good model; what loads must run.
func FuzzLoad(f *testing.F) {
	f.Add(uint16(8), []byte{1}, uint16(900), []byte{0xFF, 0xFF})
	f.Add(uint16(140), []byte{0}, uint16(3000), []byte{4})
	f.Fuzz(func(t *testing.T, at uint16, a []byte, bt uint16, b []byte) {
		data := bytes.Clone(kjv.Q8_0())
		copy(data[at:], a)
		copy(data[bt:], b)
		m, err := inference.LoadConfig(data, inference.Config{Context: 64, Threads: 1})
		if err != nil {
			return
		}
		m.Info()
		m.Generate(context.Background(), "In the beginning", inference.Options{MaxTokens: 2}, nil)
	})
}
