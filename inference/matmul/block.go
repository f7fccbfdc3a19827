package matmul

import "encoding/binary"

// block is 32 weights of a quantized format: weight i is
//
//	scale·sub[i/16]·(q[i]-zero) - min
//
// In a file they are, with d and m halves, and nibbles of byte i standing for
// elements i (low) and i+16 (high) unless said otherwise:
//
//	Q8_0   d, 32 signed bytes                           d·q
//	Q4_0   d, 16 bytes of nibbles                       d·(q-8)
//	Q4_1   d, m, 16 bytes of nibbles                    d·q + m
//	Q5_0   d, 4 bytes, 16 bytes of nibbles              d·(q-16)
//	Q5_1   d, m, 4 bytes, 16 bytes of nibbles           d·q + m
//	       bit i of the 4 bytes, lowest first, is the fifth bit of weight i
//	IQ4_NL d, 16 bytes of nibbles                       d·nonLinear[q]
//
// and for 256 weights, in 8 times 32, with scales s and offsets o of their own:
//
//	Q4_K   d, m, 8 s and 8 o of 6 bits in 12 bytes, 4 times 32 bytes: low nibbles are
//	       32 weights, high nibbles the next             d·s·q - m·o
//	Q5_K   the same, but before the nibbles 32 bytes: bit j of byte i is the fifth
//	       bit of weight i of the j-th 32
//	Q6_K   2 times 64 bytes of low nibbles and 32 of two high bits, for 128 weights
//	       each: byte i of the first 32 holds weights i and i+64, of the others i+32 and
//	       i+96; the high bits of i, i+32, i+64, i+96 are in byte i, from the lowest.
//	       All low nibbles come first, then the high bits, then 16 signed s, one for 16
//	       weights, then d                               d·s·(q-32)
//
// Source: the block structures of GGML, which GGUF files refer to by number.
type block struct {
	q     [BlockSize]int16
	scale float32
	sub   [2]int32
	zero  int32
	min   float32
}

// read reads block b (counted in 32 weights) of a row.
func (k *block) read(f Format, row []byte, b int) {
	l := layouts[f]
	per := l.elements / BlockSize
	w, j := row[b/per*l.size:][:l.size], b%per
	k.sub, k.zero, k.min = [2]int32{1, 1}, 0, 0
	switch f {
	case Q8_0:
		k.scale = half(w)
		for i := range k.q {
			k.q[i] = int16(int8(w[2+i]))
		}
	case Q4_0:
		k.scale = half(w)
		k.zero = 8
		k.nibbles(w[2:])
	case Q4_1:
		k.scale = half(w)
		k.min = -half(w[2:])
		k.nibbles(w[4:])
	case Q5_0, Q5_1:
		k.scale = half(w)
		k.zero = 16
		if f == Q5_1 {
			k.zero, k.min = 0, -half(w[2:])
		}
		k.nibbles(w[l.size-BlockSize/2:])
		high := binary.LittleEndian.Uint32(w[l.size-BlockSize/2-4:])
		for i := range k.q {
			k.q[i] |= int16(high >> i & 1 << 4)
		}
	case IQ4_NL:
		k.scale = half(w)
		k.nibbles(w[2:])
		for i, q := range k.q {
			k.q[i] = nonLinear[q]
		}
	case Q4_K, Q5_K:
		s, o := sixBits(w[4:16], j)
		k.scale = half(w) * float32(s)
		k.min = half(w[2:]) * float32(o)
		nibbles := w[l.size-groupSize/2+j/2*32:]
		for i := range k.q {
			k.q[i] = int16(nibbles[i] >> (j % 2 * 4) & 15)
			if f == Q5_K {
				k.q[i] |= int16(w[16+i] >> j & 1 << 4)
			}
		}
	case Q6_K:
		k.scale = half(w[208:])
		k.sub = [2]int32{int32(int8(w[192+2*j])), int32(int8(w[193+2*j]))}
		k.zero = 32
		low, high := w[j/4*64+j%2*32:], w[128+j/4*32:]
		for i := range k.q {
			k.q[i] = int16(low[i]>>(j%4/2*4)&15 | high[i]>>(j%4*2)&3<<4)
		}
	}
}

// nonLinear is what the codes of IQ4_NL stand for (GGML, kvalues_iq4nl).
var nonLinear = [16]int16{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// nibbles reads 32 weights from 16 bytes.
func (k *block) nibbles(w []byte) {
	for i, v := range w[:BlockSize/2] {
		k.q[i], k.q[i+BlockSize/2] = int16(v&15), int16(v>>4)
	}
}

// sixBits returns scale and offset j of 8 in 12 bytes:
//
//	bytes 0-3    scales 0-3, and the high 2 bits of scales 4-7
//	bytes 4-7    offsets 0-3, and the high 2 bits of offsets 4-7
//	bytes 8-11   the low 4 bits of scales 4-7, and of offsets 4-7
func sixBits(w []byte, j int) (scale, offset uint32) {
	at := uint(j % 4 * 8)
	s, o, low := binary.LittleEndian.Uint32(w)>>at, binary.LittleEndian.Uint32(w[4:])>>at, binary.LittleEndian.Uint32(w[8:])>>at
	if j < 4 {
		return s & 63, o & 63
	}
	return low&15 | s>>6&3<<4, low>>4&15 | o>>6&3<<4
}
