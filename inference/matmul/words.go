package matmul

import "math"

// Products of quantized weights with vectors quantized to 16 bits, for every format.
// Every kernel gives the bits of the functions here.

// vector is one vector in blocks of 32, padded with zeros to whole groups of 8.
type vector struct {
	q     []int16   // integers from -qMax to qMax, of each block in wordOrder
	scale []float32 // of each block
	sum   []float32 // of each block's elements: scale·Σ q

	first, second []int32 // Σ q of each block's halves
}

// wordOrder says where element i of a block is in a vector: 0-7, 16-23, 8-15, 24-31. That
// is what becomes of 32 bytes when they are unpacked to words in each 128 bits.
func wordOrder(i int) int { return i&^24 | i&8<<1 | i&16>>1 }

// A quantized block reaches from -qMax to qMax. Blocks whose largest value is below
// tinyBlock count as zero: the inverse of their scale would overflow.
const (
	qMax      = 32767
	tinyBlock = 0x1p-100
)

// quantize turns x into blocks: scale = largest/qMax, q = x/scale rounded to nearest
// even. A block with an infinity or NaN gets scale NaN.
func quantize(v vector, x []float32) {
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
			v.scale[b], v.sum[b], v.first[b], v.second[b] = zero, zero, 0, 0
			continue
		}
		inverse := qMax / largest
		var halves [2]int32
		for i, f := range block {
			n := int32(math.RoundToEven(float64(float32(f * inverse))))
			q[wordOrder(i)] = int16(n)
			halves[i/16] += n
		}
		scale := largest / qMax
		v.scale[b], v.sum[b] = scale, scale*float32(halves[0]+halves[1])
		v.first[b], v.second[b] = halves[0], halves[1]
	}
}

// rowsBlocks computes y[r] = w[r]·x for len(y) rows of blocks blocks of 32 weights, and
// a vector with integers of 8 or 16 bits, element i of a block at order(i), scales, and
// sums of its blocks.
//
// Of each block the integer products are summed exactly, those of zero points and
// 8-bit scales included. Times scales, block b goes to float sum b mod 8, and then the
// block's offset, block after block. At the end halves are added until one is left.
//
// With halved, the two halves of a block are summed on their own and added as floats:
// 16 products of Q6_K's 13 bits and 16 fit an int32, 32 do not.
func rowsBlocks[T int8 | int16](f Format, y []float32, w []byte, q []T, scale, sum []float32, blocks int, order func(int) int, halved bool) {
	stride := blocks * BlockSize / layouts[f].elements * layouts[f].size
	offset := f.offset()
	var k block
	for r := range y {
		var s [8]float32
		for b := range blocks {
			k.read(f, w[r*stride:], b)
			q := q[b*BlockSize:]
			var halves [2]int32
			for i, v := range k.q {
				halves[i/16] += k.sub[i/16] * (int32(v) - k.zero) * int32(q[order(i)])
			}
			dot := float32(halves[0] + halves[1])
			if halved {
				dot = float32(halves[0]) + float32(halves[1])
			}
			s[b%8] += float32(dot * float32(k.scale*scale[b]))
			if offset {
				s[b%8] -= float32(k.min * sum[b])
			}
		}
		for n := 4; n > 0; n /= 2 {
			for l := range n {
				s[l] += s[l+n]
			}
		}
		y[r] = s[0]
	}
}

// rowsWords is rowsBlocks for vectors of 16 bits.
func rowsWords(f Format, y []float32, w []byte, x vector, blocks int) {
	rowsBlocks(f, y, w, x.q, x.scale, x.sum, blocks, wordOrder, f.halved())
}

// rowsWordsFunc is rowsWords for one format. w may go on behind the last row.
type rowsWordsFunc func(y []float32, w []byte, x vector, blocks int)

// portableWords is rowsWords for each format.
var portableWords = func() (list [len(layouts)]rowsWordsFunc) {
	for f := Q8_0; int(f) < len(layouts); f++ {
		list[f] = func(y []float32, w []byte, x vector, blocks int) { rowsWords(f, y, w, x, blocks) }
	}
	return list
}()
