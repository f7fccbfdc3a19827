package constrain

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
	"github.com/unikernel-ai/unikernel-ai/inference/tokenizer"
)

// vocabularyOf reads the vocabulary of a model.
func vocabularyOf(t testing.TB, data []byte) (*Vocabulary, *tokenizer.Tokenizer) {
	t.Helper()
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.New(f)
	if err != nil {
		t.Fatal(err)
	}
	tok.Ends(0) // build its index
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	v := NewVocabulary(tok.Len(), tok.AppendText, tok.Ends)
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d tokens: tree of %d nodes, %d for rough ones, %d KiB, %v", tok.Len(), len(v.all.b), len(v.rough.b), (after.HeapAlloc-before.HeapAlloc)>>10, took)
	return v, tok
}

// smollm2 returns the file of a model that is not in the repository.
func smollm2(t testing.TB) []byte { return modeltest.Read(t, "smollm2-135m-instruct") }

// BenchmarkMask measures Mask and Next for a token, over values of 100 tokens that are chosen at random.
func BenchmarkMask(b *testing.B) {
	for _, model := range []struct {
		name string
		data func(testing.TB) []byte
	}{{"kjv", func(testing.TB) []byte { return kjv.Q8_0() }}, {"smollm2", smollm2}} {
		b.Run(model.name, func(b *testing.B) {
			v, tok := vocabularyOf(b, model.data(b))
			for _, c := range []struct{ name, schema string }{
				{"string", `{"type":"string"}`},
				{"bounded", `{"type":"string","minLength":10,"maxLength":300}`},
				{"numbers", `{"type":"array","items":{"type":"integer","minimum":0,"maximum":999}}`},
				{"objects", `{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","maxLength":40},"age":{"type":"integer"},"kind":{"enum":["small","large","none"]}},"required":["name","age"]}}`},
				{"any", `{"type":"array"}`},
				{"pattern", `{"type":"string","pattern":"^([a-z]+ )*[a-z]+\\.$"}`},
				{"counted", `{"type":"string","pattern":"^([a-z]+ )*[a-z]+\\.$","maxLength":300}`},
			} {
				b.Run(c.name, func(b *testing.B) {
					g, err := Compile(c.schema)
					if err != nil {
						b.Fatal(err)
					}
					r := rand.New(rand.NewPCG(1, 2))
					logits := make([]float32, tok.Len())
					var worst, total time.Duration
					n := 0
					b.ReportAllocs()
					for b.Loop() {
						o, err := New(g, v)
						if err != nil {
							b.Fatal(err)
						}
						for left := 100; left > 0 && !o.Final(); left-- {
							for i := range logits {
								logits[i] = r.Float32()
							}
							start := time.Now()
							o.Mask(logits, left+1000)
							took := time.Since(start)
							for _, id := range v.ends { // go on as long as there is a way
								logits[id] = none
							}
							best := 0
							for i, l := range logits {
								if l > logits[best] {
									best = i
								}
							}
							start = time.Now()
							if err := o.Next(int32(best)); err != nil {
								break // nothing but an end
							}
							took += time.Since(start)
							worst, total = max(worst, took), total+took
							n++
						}
					}
					b.ReportMetric(float64(total.Microseconds())/float64(n), "us/token")
					b.ReportMetric(float64(worst.Microseconds()), "us-worst")
				})
			}
		})
	}
}

// BenchmarkCompile measures what a call pays before its first token.
func BenchmarkCompile(b *testing.B) {
	v, _ := vocabularyOf(b, kjv.Q8_0())
	for b.Loop() {
		g, err := Compile(`{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","maxLength":40},"age":{"type":"integer","minimum":0},
			"kind":{"enum":["small","large","none"]},"tags":{"type":"array","items":{"type":"string"}}},"required":["name","age"],"additionalProperties":false}}`)
		if err == nil {
			_, err = New(g, v)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
