package inference_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

// BenchmarkGenerate runs a prompt of 128 tokens and 64 greedy tokens, with 1 and
// 2 threads, and reports tokens per second for each part: pp and tg.
func BenchmarkGenerate(b *testing.B) {
	prompt := ""
	for range 31 {
		prompt += "the LORD God " // 4 tokens
	}
	for _, name := range []string{"kjv-f16.gguf", "kjv-Q8_0.gguf", "kjv-Q4_0.gguf"} {
		data := files(b)[name]
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(b *testing.B) {
				m, err := inference.LoadConfig(data, inference.Config{Threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				var sum inference.Stats
				for b.Loop() {
					res, err := m.Generate(context.Background(), prompt, inference.Options{MaxTokens: 64}, nil)
					if err != nil {
						b.Fatal(err)
					}
					s := res.Stats
					sum.PromptTokens += s.PromptTokens
					sum.Tokens += s.Tokens - 1
					sum.Prompt += s.Prompt
					sum.Decode += s.Decode
				}
				sum.Tokens++
				b.ReportMetric(sum.PromptRate(), "pp-tok/s")
				b.ReportMetric(sum.DecodeRate(), "tg-tok/s")
			})
		}
	}
}

// BenchmarkSessions runs texts of 64 greedy tokens side by side and reports the tokens per
// second of all together.
func BenchmarkSessions(b *testing.B) {
	for _, sessions := range []int{1, 2, 4, 8} {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("sessions=%d/threads=%d", sessions, threads), func(b *testing.B) {
				m, err := inference.LoadConfig(modelOrKJV(b), inference.Config{Threads: threads, Sessions: sessions})
				if err != nil {
					b.Fatal(err)
				}
				tokens := 0
				for b.Loop() {
					var group sync.WaitGroup
					for i := range sessions {
						group.Go(func() {
							res, err := m.Generate(context.Background(), fmt.Sprint("Psalm ", i), inference.Options{MaxTokens: 64}, nil)
							if err != nil || len(res.Tokens) != 64 {
								b.Error(len(res.Tokens), err)
							}
						})
					}
					group.Wait()
					tokens += 64 * sessions
				}
				b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tok/s")
			})
		}
	}
}

// modelOrKJV returns the model file that UNIKAI_BENCH_MODEL names, or else the embedded one.
func modelOrKJV(b *testing.B) []byte {
	path := os.Getenv("UNIKAI_BENCH_MODEL")
	if path == "" {
		return kjv.Q8_0()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkLoad is what an image pays at boot.
func BenchmarkLoad(b *testing.B) {
	data := files(b)["kjv-Q8_0.gguf"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inference.Load(data); err != nil {
			b.Fatal(err)
		}
	}
}
