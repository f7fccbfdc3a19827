package tool

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"gonum.org/v1/gonum/blas"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Sgemm is the one function of a BLAS that the tool matmul needs: C = alpha A B + beta C in
// float32, as in gonum's blas.Float32Level3.
type Sgemm interface {
	Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)
}

type matmulIn struct {
	N    int `json:"n" jsonschema:"rows and columns of both matrices"`
	Reps int `json:"reps,omitempty" jsonschema:"how many times to multiply; 1 if left out"`
}

type matmulOut struct {
	Checksum float64 `json:"checksum" jsonschema:"sum of the product's elements"`
	Seconds  float64 `json:"seconds" jsonschema:"time of all multiplications"`
	GFLOPS   float64 `json:"gflops" jsonschema:"10^9 additions and multiplications a second"`
}

// maxReps bounds the work of one call; it can be cancelled between two of them.
const maxReps = 100000

// Matmul adds the tool matmul, which multiplies two fixed n x n matrices, n up to
// maxN, and says how fast. One call at a time runs, for its 12 n² bytes of memory;
// others wait.
func Matmul(s *mcp.Server, g Sgemm, maxN int) {
	turn := make(chan struct{}, 1)
	mcp.AddTool(s, mcp.Tool{
		Name: "matmul", Title: "Multiply matrices", Description: "Multiplies two fixed float32 matrices and measures the speed.",
		Annotations: reader(),
		Tighten: func(p map[string]*jsonschema.Schema) {
			p["n"].Minimum, p["n"].Maximum = jsonschema.Ptr(1.0), jsonschema.Ptr(float64(maxN))
			p["reps"].Minimum, p["reps"].Maximum = jsonschema.Ptr(0.0), jsonschema.Ptr(float64(maxReps))
		},
	}, func(ctx context.Context, in matmulIn) (matmulOut, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return matmulOut{}, ctx.Err()
		}
		return multiply(ctx, g, in.N, max(in.Reps, 1))
	})
}

// multiply computes C = A B reps times with A[i] = i%7 - 3 and B[i] = i%5 - 2, elements
// counted along the rows. The sum is in float64, in order.
func multiply(ctx context.Context, g Sgemm, n, reps int) (out matmulOut, err error) {
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i] = float32(i%7) - 3
		b[i] = float32(i%5) - 2
	}
	start := time.Now()
	for range reps {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		g.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n)
	}
	out.Seconds = time.Since(start).Seconds()
	for _, v := range c {
		out.Checksum += float64(v)
	}
	if out.Seconds > 0 {
		out.GFLOPS = 2 * float64(n) * float64(n) * float64(n) * float64(reps) / out.Seconds / 1e9
	}
	return out, nil
}
