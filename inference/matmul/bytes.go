package matmul

import "math"

// Products of quantized weights with vectors quantized to 8 bits: half the bytes of
// the 16-bit ones, and with VNNI twice their speed, but with an error of 2^-8 of a
// block's largest value. Every kernel gives the bits of the functions here.

// byteVector is one vector in blocks of 32, padded with zeros to whole groups of 8.
type byteVector struct {
	q      []int8    // integers from -127 to 127
	scale  []float32 // of each block
	sum    []float32 // of each block's elements: scale·Σ q
	halves []int16   // Σ q of each 16
}

// byteMax is the largest integer of a byteVector.
const byteMax = 127

// quantizeBytes turns x into blocks: scale = largest/127, q = x/scale rounded to
// nearest even. A block whose largest value is below tinyBlock counts as zero; one with
// an infinity or NaN gets scale NaN.
func quantizeBytes(v byteVector, x []float32) {
	for b := range len(x) / BlockSize {
		block := x[b*BlockSize : (b+1)*BlockSize]
		q := v.q[b*BlockSize : (b+1)*BlockSize]
		var top uint32 // of the absolute values' bits, which order as the values do
		for _, f := range block {
			top = max(top, math.Float32bits(f)&^(1<<31))
		}
		largest := math.Float32frombits(top)
		if !(largest >= tinyBlock && largest <= math.MaxFloat32) {
			clear(q)
			var zero float32
			if !(largest < tinyBlock) {
				zero = float32(math.NaN())
			}
			v.scale[b], v.sum[b], v.halves[2*b], v.halves[2*b+1] = zero, zero, 0, 0
			continue
		}
		inverse := byteMax / largest
		var sum [2]int32
		for i, f := range block {
			n := int32(math.RoundToEven(float64(float32(f * inverse))))
			q[i] = int8(n)
			sum[i/16] += n
		}
		scale := largest / byteMax
		v.scale[b], v.sum[b] = scale, scale*float32(sum[0]+sum[1])
		v.halves[2*b], v.halves[2*b+1] = int16(sum[0]), int16(sum[1])
	}
}

// rowsBytes is rowsBlocks for vectors of 8 bits.
func rowsBytes(f Format, y []float32, w []byte, x byteVector, blocks int) {
	rowsBlocks(f, y, w, x.q, x.scale, x.sum, blocks, func(i int) int { return i }, false)
}

// rowsBytesOf returns rowsBytes for one format.
func rowsBytesOf(f Format) rowsBytesFunc {
	return func(y []float32, w []byte, x byteVector, blocks int) { rowsBytes(f, y, w, x, blocks) }
}

// rowsBytesFunc is rowsBytes for one format. w may go on behind the last row.
type rowsBytesFunc func(y []float32, w []byte, x byteVector, blocks int)

// portableBytes is rowsBytes for each format.
var portableBytes = func() (list [len(layouts)]rowsBytesFunc) {
	for f := Q8_0; int(f) < len(layouts); f++ {
		list[f] = rowsBytesOf(f)
	}
	return list
}()
