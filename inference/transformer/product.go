package transformer

import "github.com/unikernel-ai/unikernel-ai/inference/matmul"

// input makes x (T, cols) the vectors that are multiplied with the matrices next.
func (e *Executor) input(x []float32, T, cols int, matrices ...*matmul.Matrix) {
	e.in.Start(x, T, cols, quantized(matrices))
	e.quantize = quantizeTask{e.in, T}
	e.m.pool.run(&e.quantize, (T+matmul.QuantizeUnit-1)/matmul.QuantizeUnit, T*cols*quantizeWork)
}

// quantized reports whether one of the matrices multiplies with quantized vectors.
func quantized(matrices []*matmul.Matrix) bool {
	for _, w := range matrices {
		if w.Format.Quantized() {
			return true
		}
	}
	return false
}

// quantizeWork is what it costs to quantize an element, in multiplications.
const quantizeWork = 4

// quantizeTask is the vectors of an input, cut as that can be cut.
type quantizeTask struct {
	in *matmul.Input
	T  int
}

// Do does units [from, to).
func (t *quantizeTask) Do(_, from, to int) {
	t.in.Quantize(from*matmul.QuantizeUnit, min(to*matmul.QuantizeUnit, t.T))
}

// rowUnit is what threads divide rows into: the number that kernels do at once.
const rowUnit = 8

// product is one product of a task: y (T, rows) = x (T, cols) · wᵀ, for the T vectors of
// the task's input.
type product struct {
	y []float32
	w *matmul.Matrix
}

// units returns how many groups of rowUnit rows there are.
func (p *product) units() int { return (p.w.Rows + rowUnit - 1) / rowUnit }

// multiply computes products with e.in.
func (e *Executor) multiply(products ...product) { e.multiplyAnd(nil, products) }

// gated computes gate = act(e.in·gateᵀ, e.in·upᵀ), element by element.
func (e *Executor) gated(act func(gate, up []float32), gate, up product) {
	e.multiplyAnd(act, []product{gate, up})
}

func (e *Executor) multiplyAnd(act func(gate, up []float32), products []product) {
	t := &e.mul
	*t = mulTask{in: e.in, act: act}
	t.n = copy(t.products[:], products)
	units, work := 0, 0
	for _, p := range products {
		units += p.units()
		work += p.w.Rows * p.w.Cols * e.in.Count()
	}
	if act != nil {
		units = products[0].units()
	}
	e.m.pool.run(t, units, work)
}

// mulTask is products with one input, cut by groups of rowUnit rows of the weights, those
// of the second matrix after those of the first.
type mulTask struct {
	products [3]product
	n        int
	in       *matmul.Input
	act      func(gate, up []float32) // of the first two, which are cut together; or nil
}

// Do does groups [from, to).
func (t *mulTask) Do(_, from, to int) {
	for i := range t.products[:t.n] {
		p := &t.products[i]
		if first, end := max(0, from)*rowUnit, min(to*rowUnit, p.w.Rows); first < end {
			matmul.MulRows(p.y, p.w, t.in, first, end)
		}
		if t.act == nil {
			from, to = from-p.units(), to-p.units()
		}
	}
	if t.act == nil {
		return
	}
	gate, up := &t.products[0], &t.products[1]
	from, to = from*rowUnit, min(to*rowUnit, gate.w.Rows)
	for i := range t.in.Count() {
		at := i * gate.w.Rows
		t.act(gate.y[at+from:at+to], up.y[at+from:at+to])
	}
}
