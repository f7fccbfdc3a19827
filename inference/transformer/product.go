package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// Formats that package matmul multiplies with vectors of 8 bits only would lose what
// makes tokens equal those of an exact engine: with 8 bits logits of SmolLM2 are off by
// 0.3 on average. So the vectors are cut in two, and the products added:
//
//	x = first + rest    first: x in 8 bits; rest: what that left, in 8 bits again
//	y = W·first + W·rest
//
// That is 16 bits, as for other formats, for twice the arithmetic; the weights are in
// cache the second time.

// input makes x (T, cols) the vectors that are multiplied with the matrices next.
func (e *Executor) input(x []float32, T, cols int, matrices ...*matmul.Matrix) {
	words, bytes := false, false
	for _, w := range matrices {
		switch {
		case !w.Format.Quantized():
		case w.Format.Words():
			words = true
		default:
			bytes = true
		}
	}
	e.cut = bytes
	if !bytes {
		e.in.Set(x, T, cols, words)
		return
	}
	e.in.SetBytes(x, T, cols)
	if e.rest == nil { // first use; all later ones take as much or grow it
		e.rest = matmul.NewInput(0, 0)
		e.residue = make([]float32, e.rows*max(e.m.Dim, e.m.Hidden, e.m.Heads*e.m.HeadDim))
	}
	residue(e.residue, x[:T*cols])
	e.rest.SetBytes(e.residue, T, cols)
}

// residue computes what 8 bits leave of x: r = x - scale·round(x/scale), block by
// block, with the scale of matmul.Input.SetBytes: largest/127. Of a block that is too
// small, or no number, nothing is left.
func residue(r, x []float32) {
	const most, magic = 127, 3 << 22 // adding and subtracting magic rounds to nearest even
	for ; len(x) >= matmul.BlockSize; x, r = x[matmul.BlockSize:], r[matmul.BlockSize:] {
		block := x[:matmul.BlockSize]
		var top uint32
		for _, f := range block {
			top = max(top, math.Float32bits(f)&^(1<<31))
		}
		largest := math.Float32frombits(top)
		if !(largest >= 0x1p-100 && largest <= math.MaxFloat32) {
			clear(r[:matmul.BlockSize])
			continue
		}
		inverse, scale := most/largest, largest/most
		for i, f := range block {
			q := float32(float32(float32(f*inverse)+magic) - magic)
			r[i] = f - float32(q*scale)
		}
	}
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
	rows, units, work := 0, 0, 0
	for _, p := range products {
		rows += p.w.Rows
		units += p.units()
		work += p.w.Rows * p.w.Cols * e.in.Count()
	}
	if act != nil {
		units = products[0].units()
	}
	if e.cut {
		if n := e.in.Count() * rows; len(e.second) < n {
			e.second = make([]float32, n)
		}
		t.rest, t.second = e.rest, e.second
		work *= 2
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

	// If the vectors are in two: the rest, and room for its products.
	rest   *matmul.Input
	second []float32
}

// Do does groups [from, to).
func (t *mulTask) Do(_, from, to int) {
	second := t.second
	for i := range t.products[:t.n] {
		p := &t.products[i]
		t.rows(p, second, max(0, from)*rowUnit, min(to*rowUnit, p.w.Rows))
		if t.rest != nil {
			second = second[t.in.Count()*p.w.Rows:]
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

// rows does rows [from, to) of p, if there are any.
func (t *mulTask) rows(p *product, second []float32, from, to int) {
	if from >= to {
		return
	}
	matmul.MulRows(p.y, p.w, t.in, from, to)
	if t.rest == nil || !p.w.Format.Quantized() {
		return
	}
	matmul.MulRows(second, p.w, t.rest, from, to)
	for i := range t.in.Count() {
		y, z := p.y[i*p.w.Rows+from:i*p.w.Rows+to], second[i*p.w.Rows+from:i*p.w.Rows+to]
		for r, v := range z {
			y[r] += v
		}
	}
}
