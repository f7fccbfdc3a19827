// Command bench prints how fast inference is on this machine, beside the machine's peak
// and its peers, in one run:
//
//	bazel run //inference:bench                                     # ./dev brings OpenBLAS and SmolLM2
//	bazel run //inference:bench -- -llama-bench PATH MODEL.gguf...  # beside a llama.cpp of one's own
//
// Three tables, each for 1 thread, 2 and so on:
//
//	gemm     square matrix products beside gonum's and OpenBLAS's
//	formats  weights of each format times one vector beside reading them, and times 64
//	models   prompts and generation beside reading the weights, sgemm, and llama.cpp
//
// All take turns, many short ones, and each one's shortest time counts: other programs on
// the machine make times longer, never shorter. OpenBLAS and the reading of memory are
// small C programs that cc makes; without cc, or the library (Debian: libopenblas0-pthread,
// which may be unpacked anywhere), those columns are empty or, for reading, our own dot
// product's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// config is what the flags say.
type config struct {
	only, types         string
	sizes, threads      []int
	rounds, megabytes   int
	turn                time.Duration
	library, llamaBench string
	prompt, generate    int
	cache               string
	out                 io.Writer
	models              []string // files
}

func main() {
	c, err := parse()
	if err == nil {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (c *config) run() error {
	fmt.Fprintf(c.out, "kernel %s, %d processors\n", matmul.Kernel(), runtime.NumCPU())
	for _, threads := range c.threads {
		runtime.GOMAXPROCS(threads)
		r := startReader(threads, c.out)
		for _, table := range strings.Split(c.only, ",") {
			var err error
			switch table {
			case "gemm":
				err = c.gemm(threads)
			case "formats":
				err = c.formats(threads, r)
			case "models":
				err = c.tableOfModels(threads, r)
			default:
				err = fmt.Errorf("no table %q: gemm, formats, models", table)
			}
			if err != nil {
				r.stop()
				return err
			}
		}
		r.stop()
	}
	return nil
}

func parse() (*config, error) {
	c := &config{out: os.Stdout}
	var kernel, sizes, threads string
	flag.StringVar(&c.only, "only", "gemm,formats,models", "tables")
	flag.StringVar(&threads, "threads", "", "list of numbers; empty is 1, 2, 4, ... as there are processors")
	flag.StringVar(&kernel, "kernel", "", "force one of "+strings.Join(matmul.Kernels(), ", "))
	flag.IntVar(&c.rounds, "rounds", 7, "turns of each")
	flag.DurationVar(&c.turn, "turn", 60*time.Millisecond, "least length of a turn")
	flag.BoolVar(&processorTime, "cpu", false, "count processor time, with 1 thread only: for a machine that has other work")
	flag.StringVar(&sizes, "n", "256,512,1024,2048", "gemm: sizes")
	flag.StringVar(&c.types, "types", "sd", "gemm: s for float32, d for float64")
	flag.StringVar(&c.library, "openblas", "", "gemm: OpenBLAS's shared library; empty looks in the usual places")
	flag.IntVar(&c.megabytes, "mib", 256, "formats: size of the matrices, more than caches hold")
	flag.StringVar(&c.llamaBench, "llama-bench", "", "models: the program of that name out of a build of llama.cpp")
	flag.IntVar(&c.prompt, "pp", 128, "models: tokens of the prompt")
	flag.IntVar(&c.generate, "tg", 64, "models: tokens generated")
	flag.StringVar(&c.cache, "cache", transformer.CacheKind(0).String(), "models: kind of our KV cache; llama.cpp's is f16")
	flag.Parse()
	var err error
	if c.sizes, err = numbersOf(sizes); err != nil {
		return nil, err
	}
	if c.threads, err = numbersOf(threads); err != nil {
		return nil, err
	}
	for t := 1; threads == "" && t <= runtime.NumCPU(); t *= 2 {
		c.threads = append(c.threads, t)
	}
	if processorTime {
		c.threads = []int{1}
	}
	if c.rounds < 1 || c.turn <= 0 || c.megabytes < 1 || c.prompt < 1 || c.generate < 1 {
		return nil, errors.New("rounds, turn, mib, pp and tg are at least 1")
	}
	for _, file := range flag.Args() {
		c.models = append(c.models, userPath(file))
	}
	c.library, c.llamaBench = userPath(c.library), userPath(c.llamaBench)
	if kernel != "" {
		return c, matmul.Use(kernel)
	}
	return c, nil
}

// numbersOf reads a list of positive numbers.
func numbersOf(list string) (n []int, err error) {
	if list == "" {
		return nil, nil
	}
	for _, field := range strings.Split(list, ",") {
		v, err := strconv.Atoi(field)
		if err != nil || v < 1 {
			return nil, fmt.Errorf("%q is not a list of numbers from 1 on", list)
		}
		n = append(n, v)
	}
	return n, nil
}

// userPath returns the path that a user means where `bazel run` has changed the folder.
func userPath(path string) string {
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" && path != "" && !filepath.IsAbs(path) {
		return filepath.Join(dir, path)
	}
	return path
}
