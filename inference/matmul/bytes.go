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
	halves []float32 // likewise of each 16
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
			v.scale[b], v.sum[b], v.halves[2*b], v.halves[2*b+1] = zero, zero, zero, zero
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
		v.halves[2*b], v.halves[2*b+1] = scale*float32(sum[0]), scale*float32(sum[1])
	}
}

// rowsBytes computes y[r] = w[r]·x for len(y) rows of blocks blocks of 32 weights.
//
// Of block b, the integer products of 4 neighbours each are summed exactly, and the 8
// sums, times scale, go to float sums 0-7 for even b, 8-15 for odd b, block after
// block. What the weights' offsets contribute goes to 8 more sums, by b mod 8 (Q6_K:
// by halves of blocks). At the end halves are added until one is left of each.
func rowsBytes(f Format, y []float32, w []byte, x byteVector, blocks int) {
	stride := blocks * BlockSize / layouts[f].elements * layouts[f].size
	var k block
	for r := range y {
		var s [lanes]float32
		var offsets [8]float32
		for b := range blocks {
			k.read(f, w[r*stride:], b)
			q := x.q[b*BlockSize:]
			for l := range 8 {
				var dot int32
				for i := 4 * l; i < 4*l+4; i++ {
					dot += int32(k.q[i]) * int32(q[i])
				}
				s[b%2*8+l] += float32(float32(dot) * float32(k.scale[l/4]*x.scale[b]))
			}
			if f == Q6_K {
				for h := range 2 {
					offsets[(2*b+h)%8] -= float32(k.offset(h) * x.halves[2*b+h])
				}
			} else {
				offsets[b%8] -= float32(k.offset(0) * x.sum[b])
			}
		}
		for n := 4; n > 0; n /= 2 {
			for l := range n {
				offsets[l] += offsets[l+n]
			}
		}
		y[r] = fold(&s) + offsets[0]
	}
}

// offset returns what is taken off each scale[h]·q[i].
func (k *block) offset(h int) float32 { return float32(k.scale[h]*float32(k.zero)) + k.min }

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
