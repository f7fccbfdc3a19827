package transformer

import (
	"math"
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
)

// TestSmolLM2EqualsFloat64Reference runs the prompt of "What is the capital of France?"
// and 8 greedy tokens. It needs the model's file.
func TestSmolLM2EqualsFloat64Reference(t *testing.T) {
	greedyEqualsReference(t, modeltest.Read(t, "smollm2-135m-instruct"), []int32{1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308,
		34519, 28, 7018, 411, 407, 19712, 8182, 2, 198, 1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198}, 8)
}

// TestGemma3EqualsFloat64Reference runs "The capital of France is" and 3 greedy tokens
// through a real Gemma: heads of 256 elements in a stream of 640, one key head, and
// matrices in Q4_K, Q5_0, Q6_K and Q8_0. It needs the model's file.
func TestGemma3EqualsFloat64Reference(t *testing.T) {
	greedyEqualsReference(t, modeltest.Optional(t, "gemma3-270m"), []int32{2, 818, 5279, 529, 7001, 563}, 3)
}

// greedyEqualsReference runs a prompt and n greedy tokens, and compares all logits.
func greedyEqualsReference(t *testing.T, data []byte, tokens []int32, n int) {
	t.Helper()
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	prompt := len(tokens)
	s := session(t, f, 2, 64)
	var got [][]float32
	for next := tokens; len(got) < n; {
		logits := slices.Clone(feed(t, s, next...))
		got = append(got, logits)
		next = []int32{int32(best(logits))}
		tokens = append(tokens, next[0])
	}
	want := referenceFrom(f, tokens[:len(tokens)-1], prompt-1)
	for i, logits := range got {
		worst, sum := 0.0, 0.0
		for j, v := range logits {
			d := math.Abs(float64(v) - want[i][j])
			worst, sum = max(worst, d), sum+d*d
		}
		a, b := best(logits), best(want[i])
		t.Logf("token %d: %d, reference %d (logits %.2f, %.2f); largest difference %.4f, root mean square %.4f",
			i, a, b, want[i][a], want[i][b], worst, math.Sqrt(sum/float64(len(logits))))
		if a != b || worst > 0.05 {
			t.Errorf("token %d: %d, want %d, largest difference of a logit %v", i, a, b, worst)
		}
	}
}

func best[T float32 | float64](logits []T) int {
	at := 0
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return at
}
