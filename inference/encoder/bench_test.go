package encoder

import (
	"fmt"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
)

// BenchmarkEmbed runs texts of 16, 128 and 512 tokens through a real encoder.
func BenchmarkEmbed(b *testing.B) {
	f, err := gguf.Parse(modeltest.Optional(b, "all-minilm-l6-v2"))
	if err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		m, err := New(f, threads)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{16, 128, 512} {
			ids := make([]int32, n)
			for i := range ids {
				ids[i] = int32(1000 + i*37)
			}
			b.Run(fmt.Sprintf("threads=%d/tokens=%d", threads, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := m.Embed(b.Context(), ids); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
