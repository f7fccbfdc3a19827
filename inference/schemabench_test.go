package inference_test

import (
	"context"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
)

// benchSchemas are what takes the most of Mask: the inside of strings, many short values, many
// alternatives, and a pattern, where plain tokens are looked at one by one.
var benchSchemas = map[string]string{
	"none":    "",
	"string":  `{"type":"string","minLength":2000}`,
	"bounded": `{"type":"string","minLength":200,"maxLength":4000}`,
	"list":    `{"type":"array","items":{"type":"integer","minimum":0,"maximum":999},"minItems":200}`,
	"person":  `{"type":"array","minItems":40,"items":` + personSchema + `}`,
	"any":     `{"type":"array","minItems":100}`,
	"pattern": `{"type":"string","pattern":"^([a-z]+ )*[a-z]+\\.$","minLength":200,"maxLength":300}`,
}

// BenchmarkSchema generates 128 tokens, with and without a schema.
func BenchmarkSchema(b *testing.B) {
	run := func(b *testing.B, m *inference.Model) {
		for _, name := range []string{"none", "string", "bounded", "list", "person", "any", "pattern"} {
			b.Run(name, func(b *testing.B) {
				o := inference.Options{MaxTokens: 128, Temperature: 0.8, TopK: 40}
				if s := benchSchemas[name]; s != "" {
					o.Schema = []byte(s)
				}
				var rate float64
				for b.Loop() {
					o.Seed++
					res, err := m.Generate(context.Background(), "In the beginning", o, nil)
					if err != nil {
						b.Fatal(err)
					}
					rate = max(rate, res.Stats.DecodeRate())
				}
				b.ReportMetric(rate, "tokens/s") // of the fastest
			})
		}
	}
	b.Run("kjv", func(b *testing.B) { run(b, load(b, inference.Config{Threads: 1})) })
	b.Run("smollm2", func(b *testing.B) { run(b, smollm2(b)) })
}
