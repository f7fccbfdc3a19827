package matmul

import (
	"math"
)

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

// rowsQ8 computes y[r] = w[r]·x for len(y) rows of Q8_0 weights.
//
// It sums the blocks in order: y += float32(Σ wq·xq) * (dw*dx).
func rowsQ8(y []float32, w []byte, x vector) {
	for r := range y {
		var sum float32
		for b, dx := range x.scale {
			q := x.q[b*BlockSize : (b+1)*BlockSize]
			var dot int32
			for i, v := range w[2 : 2+BlockSize] {
				dot += int32(int8(v)) * int32(q[i])
			}
			sum += float32(float32(dot) * float32(half(w)*dx))
			w = w[sizeQ8:]
		}
		y[r] = sum
	}
}

// rowsQ4 is rowsQ8 for Q4_0: byte i of a block holds elements i and i+16, and
// nibbles count from -8, so 8·Σ xq (the vector's bias) is taken off.
func rowsQ4(y []float32, w []byte, x vector) {
	for r := range y {
		var sum float32
		for b, dx := range x.scale {
			q := x.q[b*BlockSize : (b+1)*BlockSize]
			dot := -x.bias[b]
			for i, v := range w[2 : 2+BlockSize/2] {
				dot += int32(v&15)*int32(q[i]) + int32(v>>4)*int32(q[i+16])
			}
			sum += float32(float32(dot) * float32(half(w)*dx))
			w = w[sizeQ4:]
		}
		y[r] = sum
	}
}

// A quantized block reaches from -qMax to qMax. Blocks whose largest value is
// below tinyBlock count as zero: the inverse of their scale would overflow.
const (
	qMax      = 32767
	tinyBlock = 0x1p-100
)

// quantize turns x into blocks: scale = largest/32767, q = x/scale rounded to
// nearest even, bias = 8·Σ q. A block with an infinity or NaN gets scale NaN.
func quantize(q []int16, scale []float32, bias []int32, x []float32) {
	for b := range scale {
		block := x[b*BlockSize : (b+1)*BlockSize]
		out := q[b*BlockSize : (b+1)*BlockSize]
		var top uint32 // of the absolute values' bits, which order as the values do
		for _, v := range block {
			top = max(top, math.Float32bits(v)&^(1<<31))
		}
		largest := math.Float32frombits(top)
		if !(largest >= tinyBlock && largest <= math.MaxFloat32) {
			clear(out)
			scale[b], bias[b] = 0, 0
			if !(largest < tinyBlock) {
				scale[b] = float32(math.NaN())
			}
			continue
		}
		inverse := qMax / largest
		var sum int32
		for i, v := range block {
			n := int32(math.RoundToEven(float64(float32(v * inverse))))
			out[i] = int16(n)
			sum += n
		}
		scale[b], bias[b] = largest/qMax, 8*sum
	}
}
