package matmul

import (
	"encoding/binary"
	"math"
)

// half returns the IEEE 754 half-precision number in the first two bytes of b,
// which float32 represents exactly. A NaN becomes a quiet NaN, as VCVTPH2PS does.
//
//	half:   s eeeee ffffffffff               bias 15
//	float:  s eeeeeeee fffffffffff...        bias 127
//
// The bits below the sign, put in a float's place, stand for the number times
// 2^(15-127), subnormal numbers included; the product is exact.
func half(b []byte) float32 {
	h := uint32(binary.LittleEndian.Uint16(b))
	f := math.Float32frombits(h&0x7FFF<<13) * 0x1p112
	if h&0x7C00 == 0x7C00 {
		f = notFinite(h)
	}
	return math.Float32frombits(math.Float32bits(f) | h>>15<<31)
}

// notFinite returns the infinity or NaN of h, but for the sign.
func notFinite(h uint32) float32 {
	if h&0x3FF == 0 {
		return math.Float32frombits(0x7F800000)
	}
	return math.Float32frombits(0x7FC00000 | h&0x3FF<<13)
}

// brain returns the bfloat16 number in the first two bytes of b: the upper half of a
// float32.
func brain(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}
