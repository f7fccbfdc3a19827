// Golden is a boot test: in the guest, every implementation of the matrix kernels
// generates the tokens that an independent float64 engine gives for the embedded
// model, quantized (Q8_0) and not (F16).
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/f16"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/golden"
)

// portableTokens is how far the portable kernels, which are slow, go.
const portableTokens = 4

func main() {
	if err := run(); err != nil {
		fmt.Println("FAIL golden:", err)
		os.Exit(1)
	}
	fmt.Println("PASS golden")
}

func run() error {
	g, err := golden.Load()
	if err != nil {
		return err
	}
	for _, kernel := range matmul.Kernels() {
		if err := matmul.Use(kernel); err != nil {
			return err
		}
		for _, m := range []struct {
			name string
			file []byte
		}{{"kjv-Q8_0.gguf", kjv.Q8_0()}, {"kjv-f16.gguf", f16.File()}} {
			if err := compare(kernel, m.name, m.file, g.Models[m.name].Cases); err != nil {
				return fmt.Errorf("%s on %s: %w", m.name, kernel, err)
			}
		}
	}
	return nil
}

// compare generates every case greedily and compares the tokens.
func compare(kernel, name string, file []byte, cases []golden.Case) error {
	model, err := inference.Load(file)
	if err != nil {
		return err
	}
	if len(cases) == 0 {
		return fmt.Errorf("no golden cases")
	}
	for _, c := range cases {
		want := c.GreedyIDs
		if kernel == "portable" {
			want = want[:min(portableTokens, len(want))]
		}
		r, err := model.Generate(context.Background(), c.Prompt, inference.Options{MaxTokens: len(want)}, nil)
		if err != nil {
			return err
		}
		if !slices.Equal(r.Tokens, want) {
			return fmt.Errorf("%q continues with %v, want %v", c.Prompt, r.Tokens, want)
		}
		fmt.Printf("%s %s: %q ...%d tokens, %.0f tokens/s\n", name, kernel, c.Prompt, len(want), r.Stats.DecodeRate())
	}
	return nil
}
