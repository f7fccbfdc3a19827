package matmul

import "math"

// What attention needs: products of float32 whose sums run in order, so that a query
// alone and many at once have the same bits, and softmax. For scores a row of a is a
// query, and b has keys side by side, 16 positions; for values a row of a is weights,
// and b has the values of one position after the other:
//
//	scores (queries, positions) = q (queries, headDim) · k (headDim, positions)
//	values (queries, headDim)   = w (queries, positions) · v (positions, headDim)

// Columns is how many columns are a block of Ordered, and how many elements Soften
// does at once.
const Columns = 16

// attendKernel is the functions of attention; the definition of each is the function of
// that name in this file.
type attendKernel struct {
	ordered      func(out, a, b []float32, s Shape)
	soften       func(x []float32) float32
	widenHalves  func(dst []float32, src []uint16)
	narrowHalves func(dst []uint16, src []float32)
	widenColumns func(dst []float32, src []int8, scale []float32)
	widenRows    func(dst []float32, src []int8, scale []float32)
}

var portableAttend = attendKernel{ordered, soften, widenHalves, narrowHalves, widenColumns, widenRows}

// Shape is the sizes of Ordered, in elements.
type Shape struct {
	Rows   int // of out and a
	N      int // columns of a, rows of b
	Blocks int // of Columns columns of out and b

	LdOut, LdA, LdB int // from one row to the next
	Next            int // from one block of b to the next
}

// Ordered computes out += a·b. Each sum runs in the order of a's columns, and begins
// with what out was:
//
//	for r := range Rows { for c := range Blocks { for i := range N { for l := range Columns {
//		out[r*LdOut+c*Columns+l] += float32(a[r*LdA+i] * b[c*Next+i*LdB+l])
//	}}}}
func Ordered(out, a, b []float32, s Shape) {
	if s.Rows > 0 && s.N > 0 && s.Blocks > 0 {
		active().attend.ordered(out, a, b, s)
	}
}

func ordered(out, a, b []float32, s Shape) {
	for r := range s.Rows {
		for c := range s.Blocks {
			y := (*[Columns]float32)(out[r*s.LdOut+c*Columns:])
			for i, f := range a[r*s.LdA : r*s.LdA+s.N] {
				for l, v := range b[c*s.Next+i*s.LdB:][:Columns] {
					y[l] += float32(f * v)
				}
			}
		}
	}
}

// Soften replaces the first n elements of x by exp(x-max), by 0 where that is less than
// the least normal number, and the others by 0. It returns their sum: element i in
// partial sum i mod 16, which are added as in Mul's F32 rows. The length of x is a
// multiple of Columns.
func Soften(x []float32, n int) (sum float32) {
	rest := x[n:]
	for i := range rest {
		rest[i] = float32(math.Inf(-1))
	}
	if len(x) == 0 {
		return 0
	}
	return active().attend.soften(x[:len(x)&^(Columns-1)])
}

func soften(x []float32) float32 {
	top := maximum(x)
	var s [lanes]float32
	for i, v := range x {
		if v -= top; v < expLow {
			x[i] = 0
		} else {
			x[i] = Exp(v)
		}
		s[i%lanes] += x[i]
	}
	return fold(&s)
}

// Widen makes float32 of half-precision numbers, a multiple of Columns.
func Widen(dst []float32, src []uint16) { active().attend.widenHalves(dst[:len(src)], src) }

func widenHalves(dst []float32, src []uint16) {
	for i, h := range src {
		dst[i] = half([]byte{byte(h), byte(h >> 8)})
	}
}

// Narrow makes half-precision numbers: the nearest that is finite, the even one of two,
// or NaN. So the error is at most 2^-11 of the number, or 2^-25, up to 65,504.
func Narrow(dst []uint16, src []float32) { active().attend.narrowHalves(dst[:len(src)], src) }

func narrowHalves(dst []uint16, src []float32) {
	for i, f := range src {
		u := math.Float32bits(f)
		sign, u := uint16(u>>16&0x8000), u&^(1<<31)
		switch a := math.Float32frombits(u); {
		case a != a:
			dst[i] = sign | 0x7E00 | uint16(u>>13&0x3FF)
		case a >= 65504:
			dst[i] = sign | 0x7BFF
		case a < 0x1p-14: // subnormal: a multiple of 2^-24
			dst[i] = sign | uint16(math.RoundToEven(float64(a)*0x1p24))
		default:
			dst[i] = sign | uint16((u+0xFFF+u>>13&1)>>13-112<<10)
		}
	}
}

// WidenColumns computes dst = src·scale for blocks of BlockSize rows of Columns
// elements; column c of block b has scale[Columns*b+c].
func WidenColumns(dst []float32, src []int8, scale []float32) {
	n := len(scale) / Columns
	active().attend.widenColumns(dst[:n*BlockSize*Columns], src[:n*BlockSize*Columns], scale)
}

func widenColumns(dst []float32, src []int8, scale []float32) {
	for i := range dst {
		dst[i] = float32(src[i]) * scale[i/(BlockSize*Columns)*Columns+i%Columns]
	}
}

// WidenRows computes dst = src·scale for blocks of BlockSize elements.
func WidenRows(dst []float32, src []int8, scale []float32) {
	n := len(scale) * BlockSize
	active().attend.widenRows(dst[:n], src[:n], scale)
}

func widenRows(dst []float32, src []int8, scale []float32) {
	for i := range dst {
		dst[i] = float32(src[i]) * scale[i/BlockSize]
	}
}

// NarrowRows makes blocks of BlockSize elements 8-bit integers: scale = largest/127,
// dst = src/scale rounded to nearest even. So the error is at most 1/254 of the block's
// largest element. A block with an infinity or NaN gets scale NaN, one whose largest is
// below 2^-100 is 0.
func NarrowRows(dst []int8, scale []float32, src []float32) {
	for b := range scale {
		block, out := src[b*BlockSize:(b+1)*BlockSize], dst[b*BlockSize:(b+1)*BlockSize]
		var top uint32 // of the absolute values' bits, which order as the values do
		for _, v := range block {
			top = max(top, math.Float32bits(v)&^(1<<31))
		}
		largest := math.Float32frombits(top)
		if !(largest >= tinyBlock && largest <= math.MaxFloat32) {
			clear(out)
			if scale[b] = 0; !(largest < tinyBlock) {
				scale[b] = float32(math.NaN())
			}
			continue
		}
		const magic = 3 << 22 // adding and subtracting it rounds to nearest even
		inverse := 127 / largest
		for i, v := range block {
			out[i] = int8(float32(float32(v*inverse)+magic) - magic)
		}
		scale[b] = largest / 127
	}
}
