package matmul

// The functions of this file define the results of every other kernel, bit by
// bit. A conversion float32(a*b) around a product keeps the compiler from
// fusing it into the sum (Go specification, "Floating-point operators").

// lanes is the number of partial sums in which a float row is summed.
const lanes = 16

// rowsF32 computes y[r] = w[r]·x for len(y) rows; w is (len(y), len(x)).
//
// The products of columns c, c+16, c+32, ... below the last multiple of 16 are
// summed in partial sum c mod 16; then halves are added until one is left, and
// then the remaining columns one by one.
func rowsF32(y, w, x []float32) {
	cols := len(x)
	for r := range y {
		y[r] = dot(w[r*cols:(r+1)*cols], x)
	}
}

// dot computes Σ x[c]·y[c], summed as rowsF32 says.
func dot(x, y []float32) float32 {
	y = y[:len(x)]
	var s [lanes]float32
	c := 0
	for ; c+lanes <= len(x); c += lanes {
		for l, v := range x[c : c+lanes] {
			s[l] += float32(v * y[c+l])
		}
	}
	sum := fold(&s)
	for ; c < len(x); c++ {
		sum += float32(x[c] * y[c])
	}
	return sum
}

// rowsF16 is rowsF32 with half-precision weights, 2*len(x) bytes a row.
func rowsF16(y []float32, w []byte, x []float32) { rowsOf(half, y, w, x) }

// rowsBF16 is rowsF16 with bfloat16 weights.
func rowsBF16(y []float32, w []byte, x []float32) { rowsOf(brain, y, w, x) }

func rowsOf(number func(b []byte) float32, y []float32, w []byte, x []float32) {
	cols := len(x)
	for r := range y {
		row := w[r*2*cols : (r+1)*2*cols]
		var s [lanes]float32
		c := 0
		for ; c+lanes <= cols; c += lanes {
			w16, x16 := row[2*c:2*c+2*lanes], x[c:c+lanes]
			for l, v := range x16 {
				s[l] += float32(number(w16[2*l:]) * v)
			}
		}
		sum := fold(&s)
		for ; c < cols; c++ {
			sum += float32(number(row[2*c:]) * x[c])
		}
		y[r] = sum
	}
}

// fold adds the upper half of s to the lower until one number is left.
func fold(s *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for l := range n {
			s[l] += s[l+n]
		}
	}
	return s[0]
}

// weighted computes y = Σ w[i]·rows[i], i ascending. The rows of len(y)
// elements start stride elements apart in rows.
func weighted(y, w, rows []float32, stride int) {
	clear(y)
	for i, f := range w {
		for j, v := range rows[i*stride : i*stride+len(y)] {
			y[j] += float32(f * v)
		}
	}
}
