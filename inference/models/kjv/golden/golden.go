// Package golden holds what an independent engine computes with the kjv-2M
// model: tokenizations, and greedy continuations with the first step's logits.
//
// golden.json was made by train/golden.py: a float64 forward pass in NumPy on
// the dequantized weights, and Google's SentencePiece as tokenizer. It shares no
// code with this repository's engine. Tests import this package; images do not.
package golden

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed golden.json
var file []byte

// Golden is the whole file.
type Golden struct {
	Tokenize []Tokenization   `json:"tokenize"`
	Models   map[string]Model `json:"models"` // by file name: "kjv-Q8_0.gguf"
}

// Tokenization is a text and its tokens, without beginning-of-sequence token.
type Tokenization struct {
	Text string  `json:"text"`
	IDs  []int32 `json:"ids"`
}

// Model holds the results for one GGUF file.
type Model struct {
	SHA256 string `json:"sha256"` // of the file
	Cases  []Case `json:"cases"`
	// Sum and Euclidean norm of the logits after every token of the first
	// Tokenize text, beginning-of-sequence token in front.
	LogitsSum float64 `json:"logits_sum_text0"`
	LogitsL2  float64 `json:"logits_l2_text0"`
}

// Case is a prompt and its greedy continuation.
type Case struct {
	Prompt    string  `json:"prompt"`
	PromptIDs []int32 `json:"prompt_ids"` // with beginning-of-sequence token
	GreedyIDs []int32 `json:"greedy_ids"`
	// GreedyText is GreedyIDs decoded by themselves, so without the space
	// that may stand between prompt and continuation.
	GreedyText string  `json:"greedy_text"`
	TopLogits  []Logit `json:"first_top8_logits"` // of the first step, highest first
	// SmallestGap is the least difference between the two best logits on the
	// way, at step GapAt: an engine with larger errors may leave the path there.
	SmallestGap float64 `json:"smallest_gap"`
	GapAt       int     `json:"gap_at"`
}

// Logit is a token and its logit, in the file a pair [token, logit].
type Logit struct {
	ID    int32
	Value float64
}

// UnmarshalJSON reads the pair.
func (l *Logit) UnmarshalJSON(b []byte) error {
	var pair [2]float64
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	l.ID, l.Value = int32(pair[0]), pair[1]
	return nil
}

// Load decodes the file.
func Load() (Golden, error) {
	var g Golden
	if err := json.Unmarshal(file, &g); err != nil {
		return Golden{}, fmt.Errorf("golden: %w", err)
	}
	return g, nil
}
