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

// multiply computes y (T, rows) = e.in (T, cols) · wᵀ.
func (e *Executor) multiply(y []float32, w *matmul.Matrix) {
	e.mul = mulTask{y: y, w: w, in: e.in}
	work := w.Rows * w.Cols * e.in.Count()
	if e.cut && w.Format.Quantized() {
		if n := e.in.Count() * w.Rows; len(e.second) < n {
			e.second = make([]float32, n)
		}
		e.mul.rest, e.mul.second = e.rest, e.second
		work *= 2
	}
	e.m.pool.run(&e.mul, (w.Rows+rowUnit-1)/rowUnit, work)
}

// rowUnit is what threads divide rows into: the number that kernels do at once.
const rowUnit = 8

// mulTask is one product, cut by groups of rowUnit rows of the weights.
type mulTask struct {
	y  []float32
	w  *matmul.Matrix
	in *matmul.Input

	// If the vectors are in two: the rest, and room for its product.
	rest   *matmul.Input
	second []float32
}

// Do does groups [from, to).
func (t *mulTask) Do(_, from, to int) {
	from, to = from*rowUnit, min(to*rowUnit, t.w.Rows)
	matmul.MulRows(t.y, t.w, t.in, from, to)
	if t.rest == nil {
		return
	}
	matmul.MulRows(t.second, t.w, t.rest, from, to)
	for i := range t.in.Count() {
		y, z := t.y[i*t.w.Rows:(i+1)*t.w.Rows], t.second[i*t.w.Rows:(i+1)*t.w.Rows]
		for r := from; r < to; r++ {
			y[r] += z[r]
		}
	}
}
