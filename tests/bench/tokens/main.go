// The program that tells how fast the embedded model is, the same as a unikernel and as
// the only process of a Linux machine. What it has to know stands on the kernel's command
// line, which both make its environment:
//
//	rounds=N   how often it generates, after one time that does not count (4)
//	threads=N  threads of the model (one per processor)
//	matmul=K   kernel that multiplies (the best)
//
// Who starts it measures, since the clocks of an emulated machine are only as good as what
// they were set by. It prints "ready" and what with; then for each round
//
//	start          the prompt is next
//	first N        the prompt's N tokens are read
//	done N         N more tokens are made
//
// and "end".
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// prompt is Genesis 1:1-5 in the translation that the embedded model learned from.
const prompt = "In the beginning God created the heaven and the earth. And the earth was without form, and void; " +
	"and darkness was upon the face of the deep. And the Spirit of God moved upon the face of the waters. " +
	"And God said, Let there be light: and there was light. And God saw the light, that it was good: " +
	"and God divided the light from the darkness. And God called the light Day, and the darkness he called Night. " +
	"And the evening and the morning were the first day."

const (
	defaultRounds = 4
	generated     = 48 // tokens of a round; the prompt's logits give the first
)

func main() {
	if err := run(); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func run() error {
	rounds, err := number("rounds", defaultRounds)
	if err != nil {
		return err
	}
	threads, err := number("threads", runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	if k := os.Getenv("matmul"); k != "" {
		if err := matmul.Use(k); err != nil {
			return err
		}
	}
	model, err := inference.LoadConfig(kjv.Q8_0(), inference.Config{Threads: threads, Forget: true})
	if err != nil {
		return err
	}
	tokens, err := model.Tokenize(prompt, true)
	if err != nil {
		return err
	}
	if stats, err := kernel.ReadStats(); err == nil {
		fmt.Println("tsc", stats.TSCkHz)
	}
	fmt.Printf("ready: %s, %d threads, %d processors\n", matmul.Kernel(), threads, runtime.GOMAXPROCS(0))
	for i := range rounds + 1 {
		if i > 0 {
			fmt.Println("start")
		}
		r, err := model.Generate(context.Background(), prompt, inference.Options{MaxTokens: generated}, func(t inference.Token) error {
			if i > 0 && t.Index == 0 {
				fmt.Println("first", len(tokens))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(r.Tokens) != generated {
			return fmt.Errorf("%d tokens, want %d", len(r.Tokens), generated)
		}
		if i > 0 {
			fmt.Println("done", generated-1)
		}
	}
	fmt.Println("end")
	return nil
}

// number returns the number in the environment's variable name.
func number(name string, otherwise int) (int, error) {
	v := os.Getenv(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1000 {
		return 0, fmt.Errorf("%s=%s: want a number from 1 to 1000", name, v)
	}
	return n, nil
}
