package matmul

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BenchmarkSgemm reports, for n x n matrices, GFLOP/s and the speed relative to
// gonum's, measured in the same run.
func BenchmarkSgemm(b *testing.B) {
	for _, n := range []int{64, 128, 256, 512, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			x, y, z := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
			fill(r, x)
			fill(r, y)
			run := func(impl blas.Float32Level3) {
				impl.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, x, n, y, n, 0, z, n)
			}
			run(Implementation{})
			for b.Loop() {
				run(Implementation{})
			}
			ours := b.Elapsed().Seconds() / float64(b.N)
			theirs, start, rounds := 0.0, time.Now(), 0
			for ; rounds < 2 || time.Since(start) < 100*time.Millisecond; rounds++ {
				run(gonum.Implementation{})
			}
			theirs = time.Since(start).Seconds() / float64(rounds)
			b.ReportMetric(2*float64(n)*float64(n)*float64(n)/ours/1e9, "GFLOP/s")
			b.ReportMetric(theirs/ours, "x-gonum")
		})
	}
}

// BenchmarkMul multiplies a matrix that fits in the second-level cache with one
// vector, in each format and with each kernel. GB/s counts bytes of weights.
func BenchmarkMul(b *testing.B) {
	const rows, cols = 512, 256
	for _, k := range available() {
		for _, f := range []Format{F32, F16, Q8_0, Q4_0} {
			b.Run(k.name+"/"+f.String(), func(b *testing.B) {
				useKernel(b, k)
				w, size := benchMatrix(b, f, rows, cols)
				x, y, in := make([]float32, cols), make([]float32, rows), NewInput(1, cols)
				fill(rand.New(rand.NewPCG(1, 1)), x)
				in.Set(x, 1, cols, true)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					Mul(y, &w, in)
				}
				b.ReportMetric(float64(rows*cols)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}

// benchMatrix makes weights of one format, and says how many bytes they take.
func benchMatrix(b *testing.B, f Format, rows, cols int) (Matrix, int) {
	r := rand.New(rand.NewPCG(2, 2))
	if f == F32 {
		v := make([]float32, rows*cols)
		fill(r, v)
		w, err := NewFloat(v, rows, cols)
		if err != nil {
			b.Fatal(err)
		}
		return w, 4 * len(v)
	}
	size := map[Format]int{F16: 2 * BlockSize, Q8_0: sizeQ8, Q4_0: sizeQ4}[f] * cols / BlockSize * rows
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(r.Uint32()) & 0x3B // halves below 1
	}
	w, err := New(f, data, rows, cols)
	if err != nil {
		b.Fatal(err)
	}
	return w, size
}

// BenchmarkQuantize quantizes 512 numbers.
func BenchmarkQuantize(b *testing.B) {
	x, in := make([]float32, 512), NewInput(1, 512)
	fill(rand.New(rand.NewPCG(1, 1)), x)
	for b.Loop() {
		in.Set(x, 1, len(x), true)
	}
}

// BenchmarkMulBytes is BenchmarkMul for inputs of 8 bits.
func BenchmarkMulBytes(b *testing.B) {
	const rows, cols = 512, 768
	for _, k := range available() {
		for _, f := range quantizedFormats {
			b.Run(k.name+"/"+f.String(), func(b *testing.B) {
				useKernel(b, k)
				data := randomBlocks(rand.New(rand.NewPCG(1, 1)), f, rows, cols, 0).v
				w, err := New(f, data, rows, cols)
				if err != nil {
					b.Fatal(err)
				}
				x, y, in := make([]float32, cols), make([]float32, rows), NewInput(1, cols)
				in.SetBytes(x, 1, cols)
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					Mul(y, &w, in)
				}
				b.ReportMetric(float64(rows*cols)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
