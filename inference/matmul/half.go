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
func half(b []byte) float32 {
	h := uint32(binary.LittleEndian.Uint16(b))
	sign, exp, frac := h>>15<<31, h>>10&31, h&0x3FF
	switch {
	case exp == 31 && frac != 0:
		return math.Float32frombits(sign | 0x7FC00000 | frac<<13)
	case exp == 31:
		return math.Float32frombits(sign | 0x7F800000)
	case exp == 0: // zero or subnormal: frac * 2^-24
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(math.Float32bits(f) | sign)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
