package main

import (
	_ "embed"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

//go:embed testdata/read.c
var readSource []byte

// reader measures how fast memory is read: the peak for what reads weights once.
type reader struct {
	threads int
	peer    *program
	buffer  []float32 // for our own way
}

// startReader returns a reader that uses so many threads. It says so on out if it has to use our own way.
func startReader(threads int, out io.Writer) *reader {
	peer, err := startProgram(readSource, nil, strconv.Itoa(threads))
	if err != nil {
		fmt.Fprintln(out, "reading is measured by our own dot product:", err)
	}
	return &reader{threads: threads, peer: peer}
}

func (r *reader) stop() { r.peer.stop() }

// rate returns how many bytes a second are read, again and again the same n.
func (r *reader) rate(n int, turn time.Duration) float64 {
	best := r.peer.ask("%d %f", n, turn.Seconds())
	if r.peer == nil {
		best = fastest(r.dot(n/4), turn, 3)
	}
	return float64(n) / best
}

// dot returns a function that reads n floats.
func (r *reader) dot(n int) func() {
	const part = 4096
	if len(r.buffer) < n {
		r.buffer = numbers[float32](n, 1)
	}
	sums := make([]float32, runtime.NumCPU())
	return func() {
		byThreads(r.threads, n/part, func(from, to int) {
			v := r.buffer[from*part : to*part]
			sums[from*r.threads/max(n/part, 1)] += matmul.Implementation{}.Sdot(len(v), v, 1, v, 1)
		})
	}
}
