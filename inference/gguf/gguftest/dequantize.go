package gguftest

import (
	"fmt"
	"math"
)

// Dequantize returns what the bytes of a tensor of type typ stand for, in float64 and
// straight from the definition of its blocks: slow, and a second opinion for whoever
// is fast. It panics on types that it does not know.
//
// Source: the block structures of GGML (block_q4_0 and so on); dequant.json holds
// what another program makes of such blocks.
func Dequantize(typ uint32, data []byte) []float64 {
	info, ok := blocks[typ]
	if !ok {
		panic(fmt.Sprintf("gguftest: tensors of type %d", typ))
	}
	out := make([]float64, 0, len(data)/info.size*info.elems)
	for ; len(data) >= info.size; data = data[info.size:] {
		for i := range info.elems {
			out = append(out, info.at(data, i))
		}
	}
	return out
}

// BlockSize returns the elements and bytes of a block of type typ, 0 if unknown.
func BlockSize(typ uint32) (elems, size int) { return blocks[typ].elems, blocks[typ].size }

// blocks gives element i of a block for each type.
var blocks = map[uint32]struct {
	elems, size int
	at          func(b []byte, i int) float64
}{
	0: {1, 4, func(b []byte, _ int) float64 { return float64(math.Float32frombits(le.Uint32(b))) }},       // F32
	1: {1, 2, func(b []byte, _ int) float64 { return Half(b) }},                                           // F16
	2: {32, 18, func(b []byte, i int) float64 { return Half(b) * float64(nibble(b[2:], i)-8) }},           // Q4_0
	3: {32, 20, func(b []byte, i int) float64 { return Half(b)*float64(nibble(b[4:], i)) + Half(b[2:]) }}, // Q4_1
	8: {32, 34, func(b []byte, i int) float64 { return Half(b) * float64(int8(b[2+i])) }},                 // Q8_0
	6: {32, 22, func(b []byte, i int) float64 { return Half(b) * float64(nibble(b[6:], i)+bit(b[2:], i)<<4-16) }},
	7: {32, 24, func(b []byte, i int) float64 {
		return Half(b)*float64(nibble(b[8:], i)+bit(b[4:], i)<<4) + Half(b[2:])
	}}, // Q5_0 and Q5_1: the fifth bits are a little-endian number of 32 bits
	20: {32, 18, func(b []byte, i int) float64 { return Half(b) * nonLinear[nibble(b[2:], i)] }}, // IQ4_NL
	12: {256, 144, func(b []byte, i int) float64 { // Q4_K: d, dmin, 12 bytes of scales, 128 of nibbles
		s, m := scaleMin(b[4:], i/32)
		return Half(b)*s*float64(b[16+i/64*32+i%32]>>(i/32%2*4)&15) - Half(b[2:])*m
	}},
	13: {256, 176, func(b []byte, i int) float64 { // Q5_K: the same with 32 bytes of fifth bits before the nibbles
		s, m := scaleMin(b[4:], i/32)
		q := b[48+i/64*32+i%32]>>(i/32%2*4)&15 | b[16+i%32]>>(i/32)&1<<4
		return Half(b)*s*float64(q) - Half(b[2:])*m
	}},
	14: {256, 210, func(b []byte, i int) float64 { // Q6_K: 128 bytes of low nibbles, 64 of high bits, 16 scales, d
		half, j := i/128, i%128
		low := b[half*64+j%64] >> (j / 64 * 4) & 15
		high := b[128+half*32+j%32] >> (j / 32 * 2) & 3
		return Half(b[208:]) * float64(int8(b[192+i/16])) * (float64(low|high<<4) - 32)
	}},
	30: {1, 2, func(b []byte, _ int) float64 { return float64(math.Float32frombits(uint32(le.Uint16(b)) << 16)) }}, // BF16
}

// nibble returns 4-bit integer i of 32: byte j holds j in its low half and j+16 in its high.
func nibble(b []byte, i int) int {
	if i < 16 {
		return int(b[i] & 15)
	}
	return int(b[i-16] >> 4)
}

// bit returns bit i of 32.
func bit(b []byte, i int) int { return int(le.Uint32(b) >> i & 1) }

// nonLinear is what IQ4_NL's 16 codes stand for (kvalues_iq4nl).
var nonLinear = [16]float64{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// scaleMin returns 6-bit scale and minimum j of 8 (get_scale_min_k4).
func scaleMin(b []byte, j int) (scale, least float64) {
	if j < 4 {
		return float64(b[j] & 63), float64(b[j+4] & 63)
	}
	return float64(b[j+4]&15 | b[j-4]>>6<<4), float64(b[j+4]>>4 | b[j]>>6<<4)
}

// Half decodes an IEEE 754 half that is finite.
func Half(b []byte) float64 {
	h := le.Uint16(b)
	v := math.Ldexp(float64(h&1023), -24)
	if e := int(h >> 10 & 31); e > 0 {
		v = math.Ldexp(float64(h&1023|1024), e-25)
	}
	if h>>15 == 1 {
		v = -v
	}
	return v
}
