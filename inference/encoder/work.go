package encoder

import (
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// The parts of a step that threads share. Each element is computed by one thread in
// one order, so how they share does not show in the result.

// minShare is the work, in multiplications, that is worth a piece of its own.
const minShare = 1 << 15

// piecesEach is how many pieces each thread's share is cut into, so that a thread that
// is held up delays the others little.
const piecesEach = 8

// spread does units [0, n) of w, work multiplications in all.
func (r *run) spread(w matmul.Work, n, work int) {
	matmul.Spread(w, n, min(work/minShare, piecesEach*r.m.threads), r.m.threads)
}

// quantize is the quantizing of the vectors of an input, cut by groups of them.
type quantize struct{ in *matmul.Input }

// input makes x (n, cols) the vectors that are multiplied with next.
func (r *run) input(x []float32, n, cols int, next ...*linear) {
	quantized := false
	for _, l := range next {
		quantized = quantized || l.w.Format.Quantized()
	}
	r.in.Start(x, n, cols, quantized)
	r.quantize.in = r.in
	r.spread(&r.quantize, (n+matmul.QuantizeUnit-1)/matmul.QuantizeUnit, 8*n*cols)
}

func (q *quantize) Do(_, from, to int) {
	q.in.Quantize(from*matmul.QuantizeUnit, min(to*matmul.QuantizeUnit, q.in.Count()))
}

// rowUnit is what threads divide rows of weights into: the number that kernels do at once.
const rowUnit = 8

// product is y (count, rows) = in·wᵀ + b, cut by groups of rowUnit rows.
type product struct {
	y  []float32
	l  *linear
	in *matmul.Input
}

// multiply computes y (n, rows) = r.in·wᵀ + b.
func (r *run) multiply(y []float32, l *linear) {
	r.product = product{y, l, r.in}
	r.spread(&r.product, (l.w.Rows+rowUnit-1)/rowUnit, l.w.Rows*l.w.Cols*r.in.Count())
}

func (p *product) Do(_, from, to int) {
	rows := p.l.w.Rows
	from, to = from*rowUnit, min(to*rowUnit, rows)
	matmul.MulRows(p.y, &p.l.w, p.in, from, to)
	for i := range p.in.Count() {
		matmul.Add(p.y[i*rows+from:i*rows+to], p.l.b[from:to])
	}
}

// settle is x = LayerNorm(x + y), cut by tokens.
type settle struct {
	r    *run
	x, y []float32 // (n, dim)
	a    affine
}

func (r *run) add(x, y []float32, a affine) {
	r.settle = settle{r, x, y, a}
	r.spread(&r.settle, len(x)/r.m.Dim, 8*len(x))
}

func (s *settle) Do(_, from, to int) {
	dim := s.r.m.Dim
	for t := from; t < to; t++ {
		row := s.x[t*dim : (t+1)*dim]
		matmul.Add(row, s.y[t*dim:(t+1)*dim])
		layerNorm(row, s.a, s.r.m.Epsilon)
	}
}

// activate is x = gelu(x), cut by elements.
type activate struct{ x []float32 }

func (r *run) gelu(x []float32) {
	r.activ = activate{x}
	r.spread(&r.activ, len(x), 32*len(x))
}

func (a *activate) Do(_, from, to int) {
	matmul.GELU(a.x[from:to])
}
