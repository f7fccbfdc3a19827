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
func (s *Session) input(x []float32, T, cols int, matrices ...*matmul.Matrix) {
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
	s.cut = bytes
	if !bytes {
		s.in.Set(x, T, cols, words)
		return
	}
	s.in.SetBytes(x, T, cols)
	if s.rest == nil { // first use; all later ones take as much or grow it
		s.rest = matmul.NewInput(0, 0)
		s.residue = make([]float32, len(s.x)/s.m.Dim*max(s.m.Dim, s.m.Hidden, s.m.Heads*s.m.HeadDim))
		s.second = make([]float32, max(len(s.gate), len(s.q), len(s.x), len(s.logits)))
	}
	residue(s.residue, x[:T*cols])
	s.rest.SetBytes(s.residue, T, cols)
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

// multiply computes y (T, rows) = s.in (T, cols) · wᵀ.
func (s *Session) multiply(y []float32, w *matmul.Matrix) {
	s.mul = mulTask{y: y, w: w, in: s.in}
	work := w.Rows * w.Cols * s.in.Count()
	if s.cut && w.Format.Quantized() {
		s.mul.rest, s.mul.second = s.rest, s.second
		work *= 2
	}
	s.m.pool.run(&s.mul, (w.Rows+rowUnit-1)/rowUnit, work)
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

func (t *mulTask) part(from, to int) {
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
