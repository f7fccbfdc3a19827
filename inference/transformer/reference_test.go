package transformer

import (
	"encoding/binary"
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// The functions of this file are a second engine, in float64, that follows the
// published definitions and shares nothing with the first but the file reader.
// It is slow: it computes the whole sequence anew, token by token.

// dequantize returns the elements of a tensor (ggml, dequantize_row_*).
func dequantize(t *gguf.Tensor) []float64 {
	out := make([]float64, t.Elems())
	d := t.Data
	half := func(b []byte) float64 {
		h := binary.LittleEndian.Uint16(b)
		v := math.Ldexp(float64(h&1023), -24)
		if e := int(h >> 10 & 31); e > 0 {
			v = math.Ldexp(float64(h&1023|1024), e-25)
		}
		if h>>15 == 1 {
			v = -v
		}
		return v
	}
	for i := range out {
		switch b, j := i/32, i%32; t.Type {
		case gguf.F32:
			out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(d[4*i:])))
		case gguf.F16:
			out[i] = half(d[2*i:])
		case gguf.Q8_0:
			out[i] = half(d[34*b:]) * float64(int8(d[34*b+2+j]))
		case gguf.Q4_0:
			n := d[18*b+2+j%16]
			if j >= 16 {
				n >>= 4
			}
			out[i] = half(d[18*b:]) * (float64(n&15) - 8)
		}
	}
	return out
}

// reference runs tokens through the model in f and returns the last logits.
func reference(f *gguf.File, tokens []int32) []float64 {
	num := func(key string) int { n, _ := f.Uint("llama." + key); return int(n) }
	dim, layers, heads, kvHeads := num("embedding_length"), num("block_count"), num("attention.head_count"), num("attention.head_count_kv")
	eps, _ := f.Float("llama.attention.layer_norm_rms_epsilon")
	hd := dim / heads
	weights := map[string][]float64{}
	weight := func(name string) []float64 {
		if weights[name] == nil {
			weights[name] = dequantize(f.Tensor(name + ".weight"))
		}
		return weights[name]
	}
	mul := func(w, x []float64) []float64 { // y = W·x
		y := make([]float64, len(w)/len(x))
		for r := range y {
			for c, v := range x {
				y[r] += w[r*len(x)+c] * v
			}
		}
		return y
	}
	norm := func(x, w []float64) []float64 {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		y := make([]float64, len(x))
		for i := range x {
			y[i] = x[i] / math.Sqrt(sum/float64(len(x))+eps) * w[i]
		}
		return y
	}
	turn := func(v []float64, pos int) {
		for i := 0; i < len(v); i += 2 {
			angle := float64(pos) * math.Pow(10000, -float64(i%hd)/float64(hd))
			c, s := math.Cos(angle), math.Sin(angle)
			v[i], v[i+1] = v[i]*c-v[i+1]*s, v[i]*s+v[i+1]*c
		}
	}
	embed := weight("token_embd")
	keys, values := make([][][]float64, layers), make([][][]float64, layers)
	var x []float64
	for pos, id := range tokens {
		x = append([]float64(nil), embed[int(id)*dim:(int(id)+1)*dim]...)
		for l := range layers {
			p := "blk." + string(rune('0'+l)) + "."
			h := norm(x, weight(p+"attn_norm"))
			q, k, v := mul(weight(p+"attn_q"), h), mul(weight(p+"attn_k"), h), mul(weight(p+"attn_v"), h)
			turn(q, pos)
			turn(k, pos)
			keys[l], values[l] = append(keys[l], k), append(values[l], v)
			att := make([]float64, dim)
			for head := range heads {
				kv := head / (heads / kvHeads) * hd
				scores, sum := make([]float64, pos+1), 0.0
				for t := range scores {
					dot := 0.0
					for i := range hd {
						dot += q[head*hd+i] * keys[l][t][kv+i]
					}
					scores[t] = math.Exp(dot / math.Sqrt(float64(hd)))
					sum += scores[t]
				}
				for t, s := range scores {
					for i := range hd {
						att[head*hd+i] += s / sum * values[l][t][kv+i]
					}
				}
			}
			for i, v := range mul(weight(p+"attn_output"), att) {
				x[i] += v
			}
			h = norm(x, weight(p+"ffn_norm"))
			gate, up := mul(weight(p+"ffn_gate"), h), mul(weight(p+"ffn_up"), h)
			for i, g := range gate {
				gate[i] = g / (1 + math.Exp(-g)) * up[i]
			}
			for i, v := range mul(weight(p+"ffn_down"), gate) {
				x[i] += v
			}
		}
	}
	return mul(embed, norm(x, weight("output_norm")))
}
