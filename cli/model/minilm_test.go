package model

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/cli/model/convert"
	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
)

// minilm.json is what a float64 engine in another language makes of the original weights
// of all-MiniLM-L6-v2 (testdata/minilm.py).
//
//go:embed testdata/minilm.json
var minilm []byte

// TestMiniLM makes the encoder out of its original files, as Get does, and compares its
// vectors.
func TestMiniLM(t *testing.T) {
	m, err := Find("all-minilm-l6-v2")
	if err != nil {
		t.Fatal(err)
	}
	src := os.DirFS(modeltest.Folder(t, m.Name))
	var cases []struct {
		Text   string
		Tokens []int32
		Vector []float64
	}
	if err := json.Unmarshal(minilm, &cases); err != nil || len(cases) != 9 {
		t.Fatal(err, len(cases))
	}
	for _, c := range []struct {
		name   string
		halves bool
		least  float64 // cosine
	}{{"Q8_0", false, 0.9995}, {"F16", true, 0.99999}} {
		t.Run(c.name, func(t *testing.T) {
			o := *m.Convert
			o.Halves = c.halves
			var b bytes.Buffer
			if err := convert.BERT(&b, src, o); err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(b.Bytes()); !c.halves && (hex.EncodeToString(sum[:]) != m.SHA256 || int64(b.Len()) != m.Size) {
				t.Errorf("%d bytes with digest %x, want %d and %s", b.Len(), sum, m.Size, m.SHA256)
			}
			e, err := inference.Load(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if i := e.Info(); i.Parameters != m.Parameters || i.Quantization != c.name || i.License != "apache-2.0" || i.ContextLength != 512 {
				t.Errorf("%+v", i)
			}
			var all [][]float32
			for _, k := range cases {
				tokens, err := e.Tokenize(k.Text, true)
				if want := k.Tokens[:len(k.Tokens)-1]; err != nil || !slices.Equal(tokens, want) { // without [SEP]
					t.Errorf("%q: tokens %v, %v, want %v", k.Text, tokens, err, want)
				}
				v, err := e.Embed(t.Context(), k.Text)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, v)
				got := 0.0
				for i := range v {
					got += float64(v[i]) * k.Vector[i]
				}
				t.Logf("%q: cosine %.7f", k.Text[:min(len(k.Text), 40)], got)
				if !(got >= c.least) {
					t.Errorf("%q: cosine with the reference is %v", k.Text, got)
				}
			}
			rank(t, all)
		})
	}
}

// rank checks that sentences that mean the like are nearer than others: the first two are
// about eating, the third and fourth about other things, the next two about booting.
func rank(t *testing.T, v [][]float32) {
	t.Helper()
	cosine := func(i, j int) (sum float64) {
		for k := range v[i] {
			sum += float64(v[i][k]) * float64(v[j][k])
		}
		return sum
	}
	for _, c := range []struct{ i, near, far int }{{0, 1, 2}, {0, 1, 3}, {1, 0, 4}, {4, 5, 0}, {5, 4, 2}} {
		near, far := cosine(c.i, c.near), cosine(c.i, c.far)
		if !(near > far) {
			t.Errorf("sentence %d: cosine %.3f with %d, %.3f with %d", c.i, near, c.near, far, c.far)
		}
	}
	if near, far := cosine(0, 1), cosine(0, 2); near < 0.5 || far > 0.3 {
		t.Errorf("alike %.3f, unlike %.3f", near, far)
	}
}
