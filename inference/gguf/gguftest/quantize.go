package gguftest

import (
	"fmt"
	"math"
	"slices"
)

// Quantize returns blocks of type typ that stand for about x, each number rounded to the
// nearest that its block's scale offers. Scales are the plainest that cover a block; other
// programs search for better ones. It panics on types that it does not know, and if x is
// not whole blocks.
func Quantize(typ uint32, x []float64) []byte {
	info, ok := blocks[typ]
	if !ok || len(x)%info.elems != 0 {
		panic(fmt.Sprintf("gguftest: %d elements of type %d", len(x), typ))
	}
	var out []byte
	for ; len(x) > 0; x = x[info.elems:] {
		out = append(out, quantizeBlock(typ, x[:info.elems])...)
	}
	return out
}

func quantizeBlock(typ uint32, x []float64) []byte {
	switch typ {
	case 0:
		return le.AppendUint32(nil, math.Float32bits(float32(x[0])))
	case 1:
		return le.AppendUint16(nil, toHalf(x[0]))
	case 30: // the upper half of a float32, to nearest
		return le.AppendUint16(nil, uint16((math.Float32bits(float32(x[0]))+0x7FFF)>>16))
	case 2, 6, 8, 20:
		return symmetric(typ, x)
	case 3, 7:
		return affine(typ, x)
	case 12, 13:
		return groupAffine(typ, x)
	case 14:
		return group6(x)
	}
	panic(fmt.Sprintf("gguftest: quantizing to type %d", typ))
}

// symmetric makes Q4_0, Q5_0, Q8_0 and IQ4_NL: one scale.
func symmetric(typ uint32, x []float64) []byte {
	largest := 0.0 // in size, with its sign: it becomes the integer of largest size
	for _, v := range x {
		if math.Abs(v) > math.Abs(largest) {
			largest = v
		}
	}
	top := map[uint32]float64{2: -8, 6: -16, 8: 127, 20: -127}[typ]
	b := le.AppendUint16(nil, toHalf(largest/top))
	d := Half(b)
	q := make([]int, len(x))
	for i, v := range x {
		v = over(v, d)
		switch typ {
		case 2:
			q[i] = within(v+8, 15)
		case 6:
			q[i] = within(v+16, 31)
		case 8:
			q[i] = within(v+127, 254) - 127
		case 20:
			for k := range nonLinear {
				if math.Abs(v-nonLinear[k]) < math.Abs(v-nonLinear[q[i]]) {
					q[i] = k
				}
			}
		}
	}
	if typ == 8 {
		for _, v := range q {
			b = append(b, byte(int8(v)))
		}
		return b
	}
	return appendBits(b, q, typ == 6)
}

// affine makes Q4_1 and Q5_1: a scale and a least value.
func affine(typ uint32, x []float64) []byte {
	steps := map[uint32]float64{3: 15, 7: 31}[typ]
	least := slices.Min(x)
	b := le.AppendUint16(nil, toHalf((slices.Max(x)-least)/steps))
	b = le.AppendUint16(b, toHalf(least))
	q := make([]int, len(x))
	for i, v := range x {
		q[i] = within(over(v-Half(b[2:]), Half(b)), steps)
	}
	return appendBits(b, q, typ == 7)
}

// appendBits appends 32 integers of 4 bits, or 5: the fifth bits come first.
func appendBits(b []byte, q []int, fifth bool) []byte {
	if fifth {
		var bits uint32
		for i, v := range q {
			bits |= uint32(v>>4) << i
		}
		b = le.AppendUint32(b, bits)
	}
	for i := range 16 {
		b = append(b, byte(q[i]&15|q[i+16]&15<<4))
	}
	return b
}

// groupAffine makes Q4_K and Q5_K: 8 parts of 32 with a scale and a minimum of 6 bits each.
func groupAffine(typ uint32, x []float64) []byte {
	steps := map[uint32]float64{12: 15, 13: 31}[typ]
	var scale, minimum [8]float64 // of x = scale·q - minimum
	for j := range 8 {
		part := x[32*j : 32*j+32]
		minimum[j] = max(0, -slices.Min(part))
		scale[j] = max(0, slices.Max(part)+minimum[j]) / steps
	}
	b := make([]byte, 16, 16+32+128)
	le.PutUint16(b, toHalf(slices.Max(scale[:])/63))
	le.PutUint16(b[2:], toHalf(slices.Max(minimum[:])/63))
	q := make([]int, 256)
	for j := range 8 {
		s, m := within(over(scale[j], Half(b)), 63), within(over(minimum[j], Half(b[2:])), 63)
		if j < 4 { // get_scale_min_k4
			b[4+j] |= byte(s)
			b[8+j] |= byte(m)
		} else {
			b[8+j] = byte(s&15 | m&15<<4)
			b[j] |= byte(s >> 4 << 6)
			b[4+j] |= byte(m >> 4 << 6)
		}
		for i := range 32 {
			q[32*j+i] = within(over(x[32*j+i]+Half(b[2:])*float64(m), Half(b)*float64(s)), steps)
		}
	}
	if typ == 13 {
		for i := range 32 {
			var bits byte
			for j := range 8 {
				bits |= byte(q[32*j+i]>>4) << j
			}
			b = append(b, bits)
		}
	}
	for i := range 128 {
		j := i/32*64 + i%32
		b = append(b, byte(q[j]&15|q[j+32]&15<<4))
	}
	return b
}

// group6 makes Q6_K: 16 parts of 16 with a scale of 8 bits each.
func group6(x []float64) []byte {
	var scale [16]float64
	for j := range scale {
		for _, v := range x[16*j : 16*j+16] {
			scale[j] = max(scale[j], math.Abs(v)/31)
		}
	}
	b := make([]byte, 210)
	le.PutUint16(b[208:], toHalf(slices.Max(scale[:])/127))
	d := Half(b[208:])
	for j := range scale {
		b[192+j] = byte(within(over(scale[j], d), 127))
	}
	for i, v := range x {
		q := within(over(v, d*float64(b[192+i/16]))+32, 63)
		half, j := i/128, i%128
		b[half*64+j%64] |= byte(q & 15 << (j / 64 * 4))
		b[128+half*32+j%32] |= byte(q >> 4 << (j / 32 * 2))
	}
	return b
}

// over is v/d, 0 if d is.
func over(v, d float64) float64 {
	if d == 0 {
		return 0
	}
	return v / d
}

// within rounds v to an integer from 0 to top.
func within(v, top float64) int { return int(min(max(math.RoundToEven(v), 0), top)) }

// toHalf encodes v, rounded to the nearest half; v must not be beyond the largest.
func toHalf(v float64) uint16 {
	sign := uint16(0)
	if math.Signbit(v) {
		sign, v = 1<<15, -v
	}
	_, e := math.Frexp(v)                                 // v < 2^e
	e = max(e, -13)                                       // smaller ones have no leading bit
	m := math.RoundToEven(v * math.Pow(2, float64(11-e))) // 0 to 2^11
	if m == 2048 {
		m, e = 1024, e+1
	}
	switch {
	case v == 0:
		return sign
	case e > 16 || math.IsNaN(v):
		panic(fmt.Sprintf("gguftest: %v is no half", v))
	case m < 1024:
		return sign | uint16(m)
	}
	return sign | uint16(e+14)<<10 | uint16(m)&1023
}
