// Command bench prints how fast matrix products are beside gonum's and
// OpenBLAS's, and quantized ones beside reading their weights, in one run:
//
//	go run ./inference/matmul/bench -openblas /usr/lib/x86_64-linux-gnu/libopenblas.so.0
//
// The three take turns, many short ones, and each one's shortest time counts:
// other programs on the machine make times longer, never shorter. OpenBLAS is
// called from a small C program that cc makes; without cc or the library (Debian:
// package libopenblas0-pthread, which may be unpacked anywhere) that column is empty.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

func main() {
	lib := flag.String("openblas", "", "the shared library; empty looks in the usual places")
	sizes := flag.String("n", "256,512,1024,2048", "sizes of the square matrices")
	types := flag.String("types", "sd", "s: float32, d: float64")
	rounds := flag.Int("rounds", 7, "turns of each")
	turn := flag.Duration("turn", 60*time.Millisecond, "length of a turn; at least 3 products")
	megabytes := flag.Int("quantized", 256, "size of the quantized matrices in MiB; 0 leaves them out")
	flag.BoolVar(&processorTime, "cpu", false, "with 1 thread, count processor time: for a machine that has other work")
	kernel := flag.String("kernel", "", "force one of "+strings.Join(matmul.Kernels(), ", "))
	flag.Parse()
	if *kernel != "" {
		if err := matmul.Use(*kernel); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Printf("kernel %s, %d processors\n", matmul.Kernel(), runtime.NumCPU())
	fmt.Printf("%-6s %5s %7s | %8s %8s %8s GFLOP/s | %8s %8s\n", "", "n", "threads", "ours", "gonum", "openblas", "x gonum", "x openblas")
	for threads := 1; threads <= runtime.NumCPU() && (threads == 1 || !processorTime); threads *= 2 {
		runtime.GOMAXPROCS(threads)
		peer, err := startPeer(*lib, threads, processorTime)
		if err != nil {
			fmt.Printf("no OpenBLAS: %v\n", err)
		}
		for _, t := range *types {
			for _, field := range strings.Split(*sizes, ",") {
				n, err := strconv.Atoi(field)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(2)
				}
				row(t, n, threads, *rounds, *turn, peer)
			}
		}
		peer.stop()
		if *megabytes > 0 {
			quantized(threads, *rounds, *turn, *megabytes)
		}
	}
}

// row measures and prints one line.
func row(t rune, n, threads, rounds int, turn time.Duration, p *peer) {
	name, ours, theirs := "sgemm", single(n, matmul.Implementation{}), single(n, gonum.Implementation{})
	if t == 'd' {
		name, ours, theirs = "dgemm", double(n, matmul.Implementation{}), double(n, gonum.Implementation{})
	}
	us, go1, c := math.Inf(1), math.Inf(1), math.Inf(1)
	for round := range rounds {
		us = min(us, fastest(ours, turn, 3))
		if round < 2 { // its times are long, and its bar is far
			go1 = min(go1, fastest(theirs, turn, 1))
		}
		c = min(c, p.time(t, n, turn))
	}
	flop := 2 * float64(n) * float64(n) * float64(n) / 1e9
	fmt.Printf("%-6s %5d %7d | %8.1f %8.1f %8s         | %8.2f %8s\n", name, n, threads, flop/us, flop/go1, known(1, flop/c), go1/us, known(3, c/us))
}

// known formats a number, if there is one.
func known(digits int, v float64) string {
	if v == 0 || math.IsInf(v, 1) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// fastest returns the shortest time of f in seconds.
func fastest(f func(), turn time.Duration, least int) float64 {
	best, start := math.Inf(1), now()
	for runs := 0; runs < least || now()-start < turn; runs++ {
		before := now()
		f()
		best = min(best, (now() - before).Seconds())
	}
	return best
}

// processorTime says that now is the time that this process has had.
var processorTime bool

var began = time.Now()

func now() time.Duration {
	if !processorTime {
		return time.Since(began)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func single(n int, impl blas.Float32Level3) func() {
	a, b, c := numbers[float32](n*n, 7919), numbers[float32](n*n, 104729), make([]float32, n*n)
	return func() { impl.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n) }
}

func double(n int, impl blas.Float64Level3) func() {
	a, b, c := numbers[float64](n*n, 7919), numbers[float64](n*n, 104729), make([]float64, n*n)
	return func() { impl.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n) }
}

// numbers are those of testdata/openblas.c.
func numbers[T float32 | float64](n, step int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(i*step%1000)/500 - 1
	}
	return v
}

// usual is where Debian's packages put the library.
func usual() (string, error) {
	for _, pattern := range []string{"/usr/lib/*/libopenblas.so.0", "/usr/lib/*/openblas-pthread/libopenblas.so.0", "/usr/lib*/libopenblas.so.0"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("no libopenblas.so.0 in /usr/lib; name it with -openblas")
}
