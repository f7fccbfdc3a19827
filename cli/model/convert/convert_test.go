package convert

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// quantize.json is what another program makes of floats (testdata/quantize.py).
//
//go:embed testdata/quantize.json
var golden []byte

func TestQuantizeEqualsOtherProgram(t *testing.T) {
	var g map[string]string
	if err := json.Unmarshal(golden, &g); err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(g["float32"])
	if err != nil || len(raw) == 0 {
		t.Fatal(err)
	}
	x := make([]float32, len(raw)/4)
	for i := range x {
		x[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
	}
	if got := hex.EncodeToString(appendQ8(nil, x)); got != g["q8_0"] {
		t.Errorf("Q8_0\n%s, want\n%s", got, g["q8_0"])
	}
	if got := hex.EncodeToString(appendF16(nil, x)); got != g["f16"] {
		t.Errorf("F16\n%s, want\n%s", got, g["f16"])
	}
}

// TestHalf: every half survives, and what lies between two goes to the nearer, the even
// one from the middle.
func TestHalf(t *testing.T) {
	value := func(h int) float64 { return gguftest.Half([]byte{byte(h), byte(h >> 8)}) }
	for h := range 0x7C00 {
		for sign := range 2 {
			s := h | sign<<15
			if got := half(float32(value(s))); int(got) != s {
				t.Fatalf("half(%v) = %#x, want %#x", value(s), got, s)
			}
		}
		if h == 0x7BFF {
			break
		}
		middle, even := float32((value(h)+value(h+1))/2), h+h&1
		below, above := math.Nextafter32(middle, 0), math.Nextafter32(middle, 1e9)
		if a, b, c := half(below), half(middle), half(above); int(a) != h || int(b) != even || int(c) != h+1 {
			t.Fatalf("around %v: %#x %#x %#x, want %#x %#x %#x", middle, a, b, c, h, even, h+1)
		}
	}
	inf := float32(math.Inf(1))
	if half(65519.996) != 0x7BFF || half(65520) != 0x7C00 || half(-inf) != 0xFC00 || half(float32(math.NaN()))&0x7FFF <= 0x7C00 || half(1e-9) != 0 {
		t.Error("beyond the ends")
	}
}

// original is files of a small encoder, as sentence-transformers keeps them.
func original() fstest.MapFS {
	const width, hidden, context, types = 32, 64, 10, 1
	vocab := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "##s", "##", "[unused0]"}
	header, data := make(map[string]any), []byte(nil)
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		from := len(data)
		for i := range n {
			data = le.AppendUint32(data, math.Float32bits(float32((i*7+len(name))%23)/23-0.4))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{from, len(data)}}
	}
	add("embeddings.word_embeddings.weight", len(vocab), width)
	add("embeddings.position_embeddings.weight", context, width)
	add("embeddings.token_type_embeddings.weight", types, width)
	both := func(name string, rows, cols int) {
		if cols > 0 {
			add(name+".weight", rows, cols)
		} else {
			add(name+".weight", rows)
		}
		add(name+".bias", rows)
	}
	both("embeddings.LayerNorm", width, 0)
	p := "encoder.layer.0."
	for _, name := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
		both(p+name, width, width)
	}
	both(p+"attention.output.LayerNorm", width, 0)
	both(p+"intermediate.dense", hidden, width)
	both(p+"output.dense", width, hidden)
	both(p+"output.LayerNorm", width, 0)
	both("pooler.dense", width, width)
	header["embeddings.position_ids"] = map[string]any{"dtype": "I64", "shape": []int{1, 0}, "data_offsets": []int{0, 0}}
	header["__metadata__"] = map[string]string{"format": "pt"}
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	config := map[string]any{"model_type": "bert", "hidden_act": "gelu", "hidden_size": width, "intermediate_size": hidden, "num_hidden_layers": 1,
		"num_attention_heads": 4, "max_position_embeddings": context, "type_vocab_size": types, "vocab_size": len(vocab), "layer_norm_eps": 1e-12}
	c, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	file := func(b []byte) *fstest.MapFile { return &fstest.MapFile{Data: b} }
	return fstest.MapFS{
		"model.safetensors":     file(append(append(le.AppendUint64(nil, uint64(len(h))), h...), data...)),
		"config.json":           file(c),
		"vocab.txt":             file([]byte(strings.Join(vocab, "\n") + "\n")),
		"1_Pooling/config.json": file([]byte(`{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}`)),
	}
}

func TestBERT(t *testing.T) {
	for _, halves := range []bool{false, true} {
		var b, again bytes.Buffer
		o := Options{Name: "small", License: "mit", Halves: halves}
		if err := BERT(&b, original(), o); err != nil {
			t.Fatal(err)
		}
		if err := BERT(&again, original(), o); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("the same input gives other bytes: %v", err)
		}
		f, err := gguf.Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		words, err := f.Strings("tokenizer.ggml.tokens")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range words.Len() {
			got = append(got, string(words.At(i)))
		}
		if want := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁cat", "s", "▁##", "▁[unused0]"}; !slices.Equal(got, want) {
			t.Errorf("tokens %q, want %q", got, want)
		}
		if kinds, err := f.Ints("tokenizer.ggml.token_type"); err != nil || !slices.Equal(kinds, []int32{3, 2, 3, 3, 3, 1, 1, 1, 1}) {
			t.Errorf("types %v, %v", kinds, err)
		}
		if n, err := f.Uint("tokenizer.ggml.token_type_count"); err != nil || n != 1 {
			t.Errorf("%d types of texts, %v", n, err)
		}
		x := gguftest.Dequantize(uint32(f.Tensor("blk.0.ffn_up.weight").Type), f.Tensor("blk.0.ffn_up.weight").Data)
		name := len("encoder.layer.0.intermediate.dense.weight")
		for i, v := range x {
			if want := float64((i*7+name)%23)/23 - 0.4; math.Abs(v-want) > 0.6/127/2+1e-4 {
				t.Fatalf("ffn_up element %d is %v, want %v", i, v, want)
			}
		}
		m, err := inference.Load(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if i := m.Info(); i.Name != "small" || i.License != "mit" || i.ContextLength != 10 || i.Embedding != 32 || m.Generates() {
			t.Errorf("%+v", i)
		}
		if _, err := m.Embed(t.Context(), "cats cat"); err != nil {
			t.Error(err)
		}
	}
}

func TestBERTRefuses(t *testing.T) {
	replace := func(file, from, to string) func(fstest.MapFS) {
		return func(src fstest.MapFS) {
			b := bytes.Replace(src[file].Data, []byte(from), []byte(to), 1)
			if bytes.Equal(b, src[file].Data) {
				panic(fmt.Sprintf("%q is not in %s", from, file))
			}
			src[file] = &fstest.MapFile{Data: b}
		}
	}
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		want   string
	}{
		{"no weights", func(s fstest.MapFS) { delete(s, "model.safetensors") }, "model.safetensors"},
		{"no config", func(s fstest.MapFS) { delete(s, "config.json") }, "config.json"},
		{"no pooling", func(s fstest.MapFS) { delete(s, "1_Pooling/config.json") }, "1_Pooling"},
		{"no vocabulary", func(s fstest.MapFS) { delete(s, "vocab.txt") }, "vocab.txt"},
		{"other model", replace("config.json", `"bert"`, `"roberta"`), `"roberta"`},
		{"other activation", replace("config.json", `"gelu"`, `"relu"`), `"relu"`},
		{"odd width", replace("config.json", `"hidden_size":32`, `"hidden_size":33`), "33"},
		{"negative", replace("config.json", `"num_hidden_layers":1`, `"num_hidden_layers":-1`), "-1"},
		{"more layers", replace("config.json", `"num_hidden_layers":1`, `"num_hidden_layers":2`), `"encoder.layer.1.attention.self.query.weight" is missing`},
		{"both poolings", replace("1_Pooling/config.json", "false", "true"), "one of mean and first"},
		{"short vocabulary", replace("vocab.txt", "cat\n", ""), "8 pieces, want 9"},
		{"no cls", replace("vocab.txt", "[CLS]", "[CLX]"), "no cls token"},
		{"other type", replace("model.safetensors", `"F32"`, `"F16"`), "is F16, want F32"},
		{"other shape", replace("model.safetensors", `"shape":[64,32]`, `"shape":[32,64]`), "has shape [32 64], want [64 32]"},
		{"a tensor too many", replace("model.safetensors", `"pooler.dense.bias"`, `"poolex.dense.bias"`), `"poolex.dense.bias" and 0 others`},
		{"outside the file", replace("model.safetensors", `"data_offsets":[0,1152]`, `"data_offsets":[9999,1]`), "at 9999 to 1 of"},
		{"header too long", func(s fstest.MapFS) { s["model.safetensors"].Data[3] = 1 }, "header of"},
		{"not a number", func(s fstest.MapFS) {
			b := s["model.safetensors"].Data
			copy(b[8+le.Uint64(b)+4*5:], "\xff\xff\xff\xff")
		}, `tensor "embeddings.word_embeddings.weight": element 5 is NaN`},
		{"no header", func(s fstest.MapFS) { s["model.safetensors"].Data = []byte{1} }, "1 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := maps.Clone(original())
			c.change(src)
			var b bytes.Buffer
			if err := BERT(&b, src, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if b.Len() != 0 {
				t.Errorf("%d bytes were written", b.Len())
			}
		})
	}
}

// FuzzBERT changes bytes of the weights; what is converted must load.
func FuzzBERT(f *testing.F) {
	f.Add(uint16(0), []byte{0xff})
	f.Add(uint16(8), []byte(`{"a":{}}`))
	f.Add(uint16(60), []byte("-1"))
	f.Add(uint16(5000), []byte{0, 0, 0xc0, 0x7f}) // NaN
	f.Fuzz(func(t *testing.T, at uint16, patch []byte) {
		src := original()
		b := bytes.Clone(src["model.safetensors"].Data)
		copy(b[min(int(at), len(b)):], patch)
		src["model.safetensors"] = &fstest.MapFile{Data: b}
		var out bytes.Buffer
		if err := BERT(&out, src, Options{}); err != nil {
			return
		}
		if _, err := inference.Load(out.Bytes()); err != nil {
			t.Fatal(err)
		}
	})
}
