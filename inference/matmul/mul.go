package matmul

// rowBlock is how many rows of weights are used for all vectors before the
// next rows are read: few enough to stay in the first-level cache, a multiple
// of the kernels' 8.
const rowBlock = 32

// Mul computes y = x·wᵀ.
//
// w is (rows, cols), x is (count, cols), y is (count, rows) and must not
// overlap x. For quantized formats x was set with quantize, or SetBytes. It panics if a
// length or the input's kind does not fit: that is a bug here, not bad input.
//
// It equals, in float32 and with the order of additions that the kernels state:
//
//	for i := range count {
//		for r := range rows {
//			y[i*rows+r] = 0
//			for c := range cols { y[i*rows+r] += w[r*cols+c] * x[i*cols+c] }
//		}
//	}
func Mul(y []float32, w *Matrix, x *Input) { MulRows(y, w, x, 0, w.Rows) }

// MulRows computes the elements of Mul's y that belong to rows [from, to) of w.
// Threads that have different rows may share y.
func MulRows(y []float32, w *Matrix, x *Input, from, to int) {
	if x.cols != w.Cols || len(y) < x.count*w.Rows || from < 0 || to > w.Rows || !x.serves(w.Format) {
		panic("matmul: sizes do not fit")
	}
	k := active()
	rows, vectors := 0, 0 // done
	if k.batch != nil && w.Format.Quantized() && x.batch.count > 0 {
		rows, vectors = k.batch.mulBatch(y, w, x, from, to)
	}
	if k.floats != nil && !w.Format.Quantized() && x.count >= floatWide {
		rows, vectors = to-from, k.floats.mul(y, w, x, from, to)
	}
	mulRows(k, y, w, x, from, from+rows, vectors)
	mulRows(k, y, w, x, from+rows, to, 0)
}

// mulRows is MulRows for vectors from first, one at a time.
func mulRows(k *kernels, y []float32, w *Matrix, x *Input, from, to, first int) {
	for ; from < to; from += rowBlock {
		n := min(rowBlock, to-from)
		for i := first; i < x.count; i++ {
			out := y[i*w.Rows+from:][:n]
			if x.inBytes && w.Format.Quantized() {
				k.rowsBytes[w.Format](out, w.bytes[from*w.rowSize:], x.byteVector(i), w.Cols/BlockSize)
				continue
			}
			switch w.Format {
			case F32:
				k.rowsF32(out, w.floats[from*w.Cols:(from+n)*w.Cols], x.floats[i*w.Cols:(i+1)*w.Cols])
			case F16:
				k.rowsF16(out, w.bytes[from*w.rowSize:(from+n)*w.rowSize], x.floats[i*w.Cols:(i+1)*w.Cols])
			case BF16:
				k.rowsBF16(out, w.bytes[from*w.rowSize:(from+n)*w.rowSize], x.floats[i*w.Cols:(i+1)*w.Cols])
			default:
				k.rowsWords[w.Format](out, w.bytes[from*w.rowSize:], x.vector(i), w.Cols/BlockSize)
			}
		}
	}
}

// serves reports whether the input can be multiplied with weights of format f.
func (in *Input) serves(f Format) bool {
	return !f.Quantized() || in.inBytes || in.quantized
}
