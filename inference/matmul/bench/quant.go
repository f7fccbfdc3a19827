package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// quantized prints how fast each format's weights are read for one vector, beside
// reading alone, from a matrix that no cache holds, and how fast they are multiplied
// with 64 vectors.
func quantized(threads, rounds int, turn time.Duration, megabytes int) {
	const cols, vectors = 2048, 64
	read := reader(megabytes<<18, threads)
	best := 1e9
	for range rounds {
		best = min(best, fastest(read, turn, 3))
	}
	peak := float64(megabytes<<20) / best / 1e9
	fmt.Printf("%-6s %-6s %7s | %8s %8s %8s | %8s\n", "", "input", "threads", "GB/s", "reading", "ratio", "GMAC/s, 64 vectors")
	x := numbers[float32](vectors*cols, 7919)
	for _, f := range []struct {
		format         matmul.Format
		elements, size int
	}{{matmul.Q8_0, 32, 34}, {matmul.Q4_0, 32, 18}, {matmul.Q4_1, 32, 20}, {matmul.Q4_K, 256, 144}, {matmul.Q5_K, 256, 176}, {matmul.Q6_K, 256, 210},
		{matmul.Q5_0, 32, 22}, {matmul.Q5_1, 32, 24}, {matmul.IQ4_NL, 32, 18}} {
		rows := (megabytes << 20) / (cols / f.elements * f.size) &^ 63
		data := make([]byte, rows*cols/f.elements*f.size)
		for i := range data {
			data[i] = byte(i*7919>>4) & 0x3B // halves below 1
		}
		w, err := matmul.New(f.format, data, rows, cols)
		if err != nil {
			panic(err)
		}
		for _, inBytes := range []bool{false, true} {
			one, many := matmul.NewInput(1, cols), matmul.NewInput(vectors, cols)
			name := "16 bit"
			if inBytes {
				name = "8 bit"
				one.SetBytes(x[:cols], 1, cols)
				many.SetBytes(x, vectors, cols)
			} else {
				one.Set(x[:cols], 1, cols, true)
				many.Set(x, vectors, cols, true)
			}
			small, err := matmul.New(f.format, data[:len(data)/rows*512], 512, cols)
			if err != nil {
				panic(err)
			}
			y := make([]float32, max(rows, 512*vectors))
			decode, prompt := 1e9, 1e9
			for range rounds {
				decode = min(decode, fastest(func() { byThreads(threads, rows, func(from, to int) { matmul.MulRows(y, &w, one, from, to) }) }, turn, 3))
				prompt = min(prompt, fastest(func() { byThreads(threads, 512, func(from, to int) { matmul.MulRows(y, &small, many, from, to) }) }, turn, 3))
				peak = max(peak, float64(megabytes<<20)/fastest(read, turn, 1)/1e9)
			}
			rate := float64(len(data)) / decode / 1e9
			fmt.Printf("%-6v %-6s %7d | %8.1f %8.1f %8.2f | %8.1f\n", f.format, name, threads, rate, peak, rate/peak, 512*cols*vectors/prompt/1e9)
		}
	}
}

// reader returns a function that reads n floats.
func reader(n, threads int) func() {
	v := numbers[float32](n, 1)
	sums := make([]float32, runtime.NumCPU())
	return func() {
		byThreads(threads, n/4096, func(from, to int) {
			part := v[from*4096 : to*4096]
			sums[from*threads/(n/4096)] += matmul.Implementation{}.Sdot(len(part), part, 1, part, 1)
		})
	}
}

// byThreads divides n among threads.
func byThreads(threads, n int, f func(from, to int)) {
	var group sync.WaitGroup
	for t := 1; t < threads; t++ {
		group.Go(func() { f(t*n/threads, (t+1)*n/threads) })
	}
	f(0, n/threads)
	group.Wait()
}
