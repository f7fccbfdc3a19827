package encoder

import (
	"math"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// The functions of this file are a second engine, in float64, that follows the
// published definitions and shares nothing with the first but the file reader.

type second struct{ f *gguf.File }

func (m second) num(key string) int {
	n, err := m.f.Uint("bert." + key)
	if err != nil {
		panic(err)
	}
	return int(n)
}

func (m second) vector(name string) []float64 {
	t := m.f.Tensor(name)
	return gguftest.Dequantize(uint32(t.Type), t.Data)
}

func (m second) row(name string, r int) []float64 {
	t := m.f.Tensor(name + ".weight")
	size := len(t.Data) / t.Dims[1]
	return gguftest.Dequantize(uint32(t.Type), t.Data[r*size:(r+1)*size])
}

// linear returns W·x + b for each x.
func (m second) linear(name string, xs [][]float64) [][]float64 {
	b := m.vector(name + ".bias")
	ys := make([][]float64, len(xs))
	for r := range b {
		w := m.row(name, r)
		for i, x := range xs {
			y := b[r]
			for c, v := range w {
				y += v * x[c]
			}
			ys[i] = append(ys[i], y)
		}
	}
	return ys
}

// norm returns LayerNorm of x + y.
func (m second) norm(name string, xs, ys [][]float64) [][]float64 {
	w, b := m.vector(name+".weight"), m.vector(name+".bias")
	eps, err := m.f.Float("bert.attention.layer_norm_epsilon")
	if err != nil {
		panic(err)
	}
	out := make([][]float64, len(xs))
	for i := range xs {
		n, mean, variance := float64(len(w)), 0.0, 0.0
		for j := range w {
			mean += (xs[i][j] + ys[i][j]) / n
		}
		for j := range w {
			variance += math.Pow(xs[i][j]+ys[i][j]-mean, 2) / n
		}
		for j := range w {
			out[i] = append(out[i], (xs[i][j]+ys[i][j]-mean)/math.Sqrt(variance+eps)*w[j]+b[j])
		}
	}
	return out
}

// reference returns the vector of tokens, mean pooled or the first.
func reference(f *gguf.File, tokens []int32) []float64 {
	m := second{f}
	var x, position [][]float64
	for t, id := range tokens {
		row, typ := m.row("token_embd", int(id)), m.row("token_types", 0)
		for i := range row {
			row[i] += typ[i]
		}
		x, position = append(x, row), append(position, m.row("position_embd", t))
	}
	x = m.norm("token_embd_norm", x, position)
	heads := m.num("attention.head_count")
	hd := len(x[0]) / heads
	for l := range m.num("block_count") {
		p := "blk." + strconv.Itoa(l) + "."
		q, k, v := m.linear(p+"attn_q", x), m.linear(p+"attn_k", x), m.linear(p+"attn_v", x)
		att := make([][]float64, len(x))
		for t := range x {
			att[t] = make([]float64, len(x[0]))
			for head := 0; head < heads*hd; head += hd {
				scores, sum := make([]float64, len(x)), 0.0
				for s := range x {
					dot := 0.0
					for i := range hd {
						dot += q[t][head+i] * k[s][head+i]
					}
					scores[s] = math.Exp(dot / math.Sqrt(float64(hd)))
					sum += scores[s]
				}
				for s := range x {
					for i := range hd {
						att[t][head+i] += scores[s] / sum * v[s][head+i]
					}
				}
			}
		}
		x = m.norm(p+"attn_output_norm", x, m.linear(p+"attn_output", att))
		up := m.linear(p+"ffn_up", x)
		for t := range up {
			for i, v := range up[t] {
				up[t][i] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
			}
		}
		x = m.norm(p+"layer_output_norm", x, m.linear(p+"ffn_down", up))
	}
	if m.num("pooling_type") == 2 {
		x = x[:1]
	}
	out, length := make([]float64, len(x[0])), 0.0
	for _, row := range x {
		for i, v := range row {
			out[i] += v
		}
	}
	for _, v := range out {
		length += v * v
	}
	for i := range out {
		out[i] /= math.Sqrt(length)
	}
	return out
}
