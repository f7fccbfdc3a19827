package convert

import "math"

// appendF32 appends x as single precision.
func appendF32(b []byte, x []float32) []byte {
	for _, v := range x {
		b = le.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// appendF16 appends x as half precision, rounded to nearest even.
func appendF16(b []byte, x []float32) []byte {
	for _, v := range x {
		b = le.AppendUint16(b, half(v))
	}
	return b
}

// appendQ8 appends x in blocks of 32: d = largest/127 as a half, and x/d rounded to
// nearest, ties away from zero (GGML, quantize_row_q8_0_ref: the published definition).
func appendQ8(b []byte, x []float32) []byte {
	for ; len(x) >= 32; x = x[32:] {
		largest := float32(0)
		for _, v := range x[:32] {
			largest = max(largest, float32(math.Abs(float64(v))))
		}
		d, inverse := largest/127, float32(0)
		if d != 0 {
			inverse = 1 / d
		}
		b = le.AppendUint16(b, half(d))
		for _, v := range x[:32] {
			b = append(b, byte(int8(math.Round(float64(float32(v*inverse))))))
		}
	}
	return b
}

// half returns v as IEEE 754 half precision, rounded to nearest even.
func half(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, exp, man := uint16(bits>>16&0x8000), int(bits>>23&0xFF)-127, bits&(1<<23-1)
	switch {
	case exp == 128 && man != 0:
		return sign | 0x7E00
	case exp > 15:
		return sign | 0x7C00
	case exp < -25:
		return sign
	}
	shift := uint(13)
	if exp < -14 { // subnormal: of 2^-24
		man |= 1 << 23
		shift, exp = uint(-exp-1), -15
	}
	h := uint32(exp+15)<<10 + man>>shift
	if rest := man & (1<<shift - 1); rest > 1<<(shift-1) || rest == 1<<(shift-1) && h&1 == 1 {
		h++ // may carry into the exponent, which is right
	}
	return sign | uint16(h)
}
