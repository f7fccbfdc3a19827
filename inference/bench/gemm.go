package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// gemm prints the table of matrix products.
func (c *config) gemm(threads int) error {
	peer, err := startOpenBLAS(c.library, threads, c.out)
	if err != nil {
		fmt.Fprintln(c.out, "no OpenBLAS:", err)
	}
	defer peer.stop()
	fmt.Fprintf(c.out, "%-6s %5s %7s | %8s %8s %8s GFLOP/s | %8s %8s\n", "", "n", "threads", "ours", "gonum", "openblas", "x gonum", "x openblas")
	for _, t := range c.types {
		for _, n := range c.sizes {
			c.row(t, n, threads, peer)
		}
	}
	return nil
}

// row measures and prints one line.
func (c *config) row(t rune, n, threads int, p *program) {
	name, ours, theirs := "sgemm", single(n, matmul.Implementation{}), single(n, gonum.Implementation{})
	if t == 'd' {
		name, ours, theirs = "dgemm", double(n, matmul.Implementation{}), double(n, gonum.Implementation{})
	}
	us, gonums, open := math.Inf(1), math.Inf(1), math.Inf(1)
	for round := range c.rounds {
		us = min(us, fastest(ours, c.turn, 3))
		if round < 2 { // its times are long, and its bar is far
			gonums = min(gonums, fastest(theirs, c.turn, 1))
		}
		open = min(open, product(p, t, n, c.turn))
	}
	flop := 2 * float64(n) * float64(n) * float64(n) / 1e9
	fmt.Fprintf(c.out, "%-6s %5d %7d | %8.1f %8.1f %8s         | %8.2f %8s\n",
		name, n, threads, flop/us, flop/gonums, number(1, flop/open), gonums/us, number(3, open/us))
}

func single(n int, impl blas.Float32Level3) func() {
	a, b, c := numbers[float32](n*n, 7919), numbers[float32](n*n, 104729), make([]float32, n*n)
	return func() { impl.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n) }
}

func double(n int, impl blas.Float64Level3) func() {
	a, b, c := numbers[float64](n*n, 7919), numbers[float64](n*n, 104729), make([]float64, n*n)
	return func() { impl.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n) }
}
