package main

import (
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// formats prints how fast each format's weights are read for one vector, beside reading
// alone, from a matrix that no cache holds, and how fast they are multiplied with 64.
func (c *config) formats(threads int, r *reader) error {
	const cols, vectors = 2048, 64
	peak := 0.0
	for range c.rounds {
		peak = max(peak, r.rate(c.megabytes<<20, c.turn)/1e9)
	}
	fmt.Fprintf(c.out, "%-6s %-6s %7s | %8s %8s %8s | %8s\n", "", "input", "threads", "GB/s", "reading", "ratio", "GMAC/s, 64 vectors")
	x := numbers[float32](vectors*cols, 7919)
	for _, f := range []struct {
		format         matmul.Format
		elements, size int
	}{
		{matmul.F16, 1, 2}, {matmul.BF16, 1, 2}, {matmul.Q8_0, 32, 34}, {matmul.Q4_0, 32, 18}, {matmul.Q4_1, 32, 20},
		{matmul.Q5_0, 32, 22}, {matmul.Q5_1, 32, 24}, {matmul.IQ4_NL, 32, 18},
		{matmul.Q4_K, 256, 144}, {matmul.Q5_K, 256, 176}, {matmul.Q6_K, 256, 210},
	} {
		rows := (c.megabytes << 20) / (cols / f.elements * f.size) &^ 63
		few := min(512, rows) // that a cache holds
		data := make([]byte, rows*cols/f.elements*f.size)
		for i := range data {
			data[i] = byte(i*7919>>4) & 0x3B // halves below 1
		}
		w, err := matmul.New(f.format, data, rows, cols)
		if err != nil {
			return err
		}
		small, err := matmul.New(f.format, data[:len(data)/rows*few], few, cols)
		if err != nil {
			return err
		}
		y := make([]float32, max(rows, few*vectors))
		for _, input := range []string{"16 bit", "8 bit"} {
			one, many := matmul.NewInput(1, cols), matmul.NewInput(vectors, cols)
			switch {
			case !f.format.Quantized() && input == "16 bit":
				input = "float"
				one.Set(x[:cols], 1, cols, false)
				many.Set(x, vectors, cols, false)
			case input == "16 bit":
				one.Set(x[:cols], 1, cols, true)
				many.Set(x, vectors, cols, true)
			case f.format.Quantized() && input == "8 bit":
				one.SetBytes(x[:cols], 1, cols)
				many.SetBytes(x, vectors, cols)
			default:
				continue
			}
			decode, prompt := 1e9, 1e9
			for range c.rounds {
				decode = min(decode, fastest(func() { byThreads(threads, rows, func(from, to int) { matmul.MulRows(y, &w, one, from, to) }) }, c.turn, 3))
				prompt = min(prompt, fastest(func() { byThreads(threads, few, func(from, to int) { matmul.MulRows(y, &small, many, from, to) }) }, c.turn, 3))
				peak = max(peak, r.rate(c.megabytes<<20, c.turn/4)/1e9)
			}
			rate := float64(len(data)) / decode / 1e9
			fmt.Fprintf(c.out, "%-6v %-6s %7d | %8.1f %8.1f %8.2f | %8.1f\n",
				f.format, input, threads, rate, peak, rate/peak, float64(few*cols*vectors)/prompt/1e9)
		}
	}
	return nil
}
