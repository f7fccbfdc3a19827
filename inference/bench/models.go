package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/f16"
	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv/q4"
	"github.com/unikernel-ai/unikernel-ai/inference/transformer"
)

// A model is a GGUF file, and what a token costs.
type model struct {
	name, path   string // path is "" for one that is linked in
	data         []byte
	weights      int     // bytes that are read for each token generated
	perToken     float64 // multiplications, and as many additions, for each token of a prompt
	net          *transformer.Model
	session      *transformer.Session
	prompt       []int32
	next         []int32
	pp, tg, peak float64 // tokens a second, twice; bytes a second
	failed       bool    // llama.cpp did
}

// tableOfModels prints how fast models read prompts and generate: those that are linked
// in, those that ./dev brings for tests, and those that the user names.
func (c *config) tableOfModels(threads int, r *reader) error {
	list := []*model{{name: "kjv Q8_0", data: kjv.Q8_0()}, {name: "kjv Q4_0", data: q4.File()}, {name: "kjv F16", data: f16.File()}}
	var files []string
	if dir := os.Getenv("UNIKAI_TEST_MODELS"); dir != "" {
		files, _ = filepath.Glob(filepath.Join(dir, "*.gguf"))
	}
	for _, path := range append(files, c.models...) {
		list = append(list, &model{name: strings.TrimSuffix(filepath.Base(path), ".gguf"), path: path})
	}
	peer, err := startLlama(c)
	if err != nil {
		return err
	}
	defer peer.stop()
	fmt.Fprintf(c.out, "prompt of %d tokens (pp), generation of %d (tg), from an empty cache; %d rounds\n", c.prompt, c.generate, c.rounds)
	fmt.Fprintf(c.out, "%-28s %7s | %9s %8s %8s | %9s %8s %8s %8s | %9s %9s %6s %6s\n", "tokens/s", "threads",
		"pp", "GFLOP/s", "sgemm", "tg", "GB/s", "reading", "ratio", "llama pp", "llama tg", "x pp", "x tg")
	for _, m := range list {
		if err := m.load(c, threads); err != nil {
			fmt.Fprintf(c.out, "%-28s %7d | %v\n", m.name, threads, err)
			continue
		}
		m.measure(c, r, peer, threads)
	}
	return nil
}

// load prepares the model to be measured.
func (m *model) load(c *config, threads int) (err error) {
	if m.path != "" {
		if m.data, err = os.ReadFile(m.path); err != nil {
			return err
		}
	}
	f, err := gguf.Parse(m.data)
	if err != nil {
		return err
	}
	output := "token_embd.weight" // the matrix that makes logits
	if f.Tensor("output.weight") != nil {
		output = "output.weight"
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if inner := strings.HasPrefix(t.Name, "blk."); inner || t.Name == output {
			m.weights += len(t.Data)
			if inner && len(t.Dims) == 2 {
				m.perToken += float64(t.Elems())
			}
		}
	}
	if m.net, err = transformer.New(f, threads); err != nil {
		return err
	}
	kind, err := transformer.ParseCacheKind(c.cache)
	if err != nil {
		return err
	}
	if m.session, err = m.net.NewSession(min(m.net.Context, max(c.prompt, c.generate)), kind); err != nil {
		return err
	}
	m.prompt, m.next = make([]int32, min(c.prompt, m.net.Context)), make([]int32, min(c.generate, m.net.Context))
	for i := range m.prompt {
		m.prompt[i] = int32((i*37 + 11) % m.net.Vocab)
	}
	for i := range m.next {
		m.next[i] = int32((i*91 + 7) % m.net.Vocab)
	}
	return nil
}

// measure prints a line.
func (m *model) measure(c *config, r *reader, peer *llama, threads int) {
	const size = 768 // of matrices, for the peak of arithmetic
	sgemm, gflops, theirs := single(size, matmul.Implementation{}), 0.0, figures{}
	for range c.rounds {
		m.pp = max(m.pp, float64(len(m.prompt))/fastest(func() { m.run(m.prompt) }, c.turn, 2))
		m.tg = max(m.tg, float64(len(m.next))/fastest(func() {
			m.session.Reset()
			for i := range m.next {
				m.step(m.next[i : i+1])
			}
		}, c.turn, 1))
		theirs = theirs.best(peer.measure(m, threads))
		m.peak = max(m.peak, r.rate(m.weights, c.turn/2))
		gflops = max(gflops, 2*math.Pow(size, 3)/1e9/fastest(sgemm, c.turn/4, 2))
	}
	bytes := float64(m.weights) * m.tg
	fmt.Fprintf(c.out, "%-28s %7d | %9.1f %8.1f %8.1f | %9.1f %8.1f %8.1f %8.2f | %9s %9s %6s %6s\n", m.name, threads,
		m.pp, 2*m.perToken*m.pp/1e9, gflops, m.tg, bytes/1e9, m.peak/1e9, bytes/m.peak,
		number(1, theirs.pp), number(1, theirs.tg), number(2, m.pp/theirs.pp), number(2, m.tg/theirs.tg))
}

// run runs tokens from an empty cache.
func (m *model) run(tokens []int32) {
	m.session.Reset()
	m.step(tokens)
}

func (m *model) step(tokens []int32) {
	if _, err := m.session.Run(tokens, nil); err != nil {
		panic(err) // they fit, and are in the vocabulary
	}
}
