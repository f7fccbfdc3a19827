package transformer

import (
	"math"
	"slices"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
	"github.com/unikernel-ai/unikernel-ai/inference/gguf/gguftest"
)

// The functions of this file are a second engine, in float64, that follows the
// published definitions and shares nothing with the first but the file reader. It is
// slow, and keeps nothing between calls.

// second is the second engine's model.
type second struct {
	f    *gguf.File
	arch string
	// x is (tokens, dim), by layer.
	x [][]float64
}

func (m *second) num(key string, otherwise int) int {
	if n, err := m.f.Uint(m.arch + "." + key); err == nil {
		return int(n)
	}
	return otherwise
}

func (m *second) float(key string, otherwise float64) float64 {
	if v, err := m.f.Float(m.arch + "." + key); err == nil {
		return v
	}
	return otherwise
}

// vector returns a small tensor, nil if there is none.
func (m *second) vector(name string) []float64 {
	t := m.f.Tensor(name)
	if t == nil {
		return nil
	}
	return gguftest.Dequantize(uint32(t.Type), t.Data)
}

// row returns row r of a matrix.
func (m *second) row(t *gguf.Tensor, r int) []float64 {
	size := len(t.Data) / t.Dims[1]
	return gguftest.Dequantize(uint32(t.Type), t.Data[r*size:(r+1)*size])
}

// mul returns W·x for each x, plus the bias if there is one.
func (m *second) mul(name string, xs [][]float64) [][]float64 {
	t := m.f.Tensor(name + ".weight")
	bias := m.vector(name + ".bias")
	ys := make([][]float64, len(xs))
	for i := range ys {
		ys[i] = make([]float64, t.Dims[1])
	}
	for r := range t.Dims[1] {
		w := m.row(t, r)
		for i, x := range xs {
			for c, v := range w {
				ys[i][r] += v * x[c]
			}
			if bias != nil {
				ys[i][r] += bias[r]
			}
		}
	}
	return ys
}

// norm returns RMSNorm of each x, in parts as long as the weights.
func (m *second) norm(name string, xs [][]float64) [][]float64 {
	w := m.vector(name + ".weight")
	if w == nil {
		return xs
	}
	eps := m.float("attention.layer_norm_rms_epsilon", 0)
	ys := make([][]float64, len(xs))
	for i, x := range xs {
		ys[i] = make([]float64, len(x))
		for at := 0; at < len(x); at += len(w) {
			sum := 0.0
			for j := range w {
				sum += x[at+j] * x[at+j]
			}
			for j := range w {
				ys[i][at+j] = x[at+j] / math.Sqrt(sum/float64(len(w))+eps) * w[j]
			}
		}
	}
	return ys
}

// turn rotates the heads of each x by its position.
func (m *second) turn(xs [][]float64, hd int, base, linear float64) {
	n := m.num("rope.dimension_count", hd)
	factors := m.vector("rope_freqs.weight")
	kind, _ := m.f.String(m.arch + ".rope.scaling.type")
	for pos, x := range xs {
		for at := 0; at < len(x); at += hd {
			for i := range n / 2 {
				freq := math.Pow(base, -2*float64(i)/float64(n))
				if factors != nil {
					freq /= factors[i]
				}
				size := 1.0
				if kind == "yarn" { // arXiv 2309.00071, equations 17 to 23
					s, length := m.float("rope.scaling.factor", 1), float64(m.num("rope.scaling.original_context_length", 0))
					at := func(turns float64) float64 {
						return float64(n) * math.Log(length/(turns*2*math.Pi)) / (2 * math.Log(base))
					}
					low, high := math.Max(0, math.Floor(at(32))), math.Min(float64(n-1), math.Ceil(at(1)))
					ramp := math.Min(1, math.Max(0, (float64(i)-low)/math.Max(0.001, high-low)))
					freq = freq*(1-ramp) + freq/s*ramp
					size = 0.1*math.Log(s) + 1
				} else {
					freq /= linear
				}
				c, s := math.Cos(float64(pos)*freq)*size, math.Sin(float64(pos)*freq)*size
				a, b := at+2*i, at+2*i+1
				if m.arch != "llama" {
					a, b = at+i, at+i+n/2
				}
				x[a], x[b] = x[a]*c-x[b]*s, x[a]*s+x[b]*c
			}
		}
	}
}

// layer runs layer l.
func (m *second) layer(l int) {
	p := "blk." + strconv.Itoa(l) + "."
	heads := m.num("attention.head_count", 0)
	kvHeads := m.num("attention.head_count_kv", heads)
	hd := m.num("attention.key_length", len(m.x[0])/heads)
	h := m.norm(p+"attn_norm", m.x)
	q, k, v := m.norm(p+"attn_q_norm", m.mul(p+"attn_q", h)), m.norm(p+"attn_k_norm", m.mul(p+"attn_k", h)), m.mul(p+"attn_v", h)
	base, linear, window := m.float("rope.freq_base", 10000), m.float("rope.scaling.factor", 1), 1<<30
	if m.arch == "gemma3" && (l+1)%6 != 0 { // five local layers, then a global one
		base, linear, window = 10000, 1, m.num("attention.sliding_window", 0)
	}
	m.turn(q, hd, base, linear)
	m.turn(k, hd, base, linear)
	att := make([][]float64, len(m.x))
	for pos := range att {
		att[pos] = make([]float64, heads*hd)
		for head := range heads {
			kv := head / (heads / kvHeads) * hd
			first := max(0, pos-window+1)
			scores, sum := make([]float64, pos+1), 0.0
			for t := first; t <= pos; t++ {
				dot := 0.0
				for i := range hd {
					dot += q[pos][head*hd+i] * k[t][kv+i]
				}
				scores[t] = dot / math.Sqrt(float64(hd))
			}
			top := slices.Max(scores[first:])
			for t := first; t <= pos; t++ {
				scores[t] = math.Exp(scores[t] - top)
				sum += scores[t]
			}
			for t := first; t <= pos; t++ {
				for i := range hd {
					att[pos][head*hd+i] += scores[t] / sum * v[t][kv+i]
				}
			}
		}
	}
	m.add(m.norm(p+"post_attention_norm", m.mul(p+"attn_output", att)))
	h = m.norm(p+"ffn_norm", m.x)
	gate, up := m.mul(p+"ffn_gate", h), m.mul(p+"ffn_up", h)
	for i := range gate {
		for j, g := range gate[i] {
			act := g / (1 + math.Exp(-g)) // SiLU
			if m.arch == "gemma3" {       // GELU, by tanh
				act = g / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(g+0.044715*g*g*g)))
			}
			gate[i][j] = act * up[i][j]
		}
	}
	m.add(m.norm(p+"post_ffw_norm", m.mul(p+"ffn_down", gate)))
}

func (m *second) add(ys [][]float64) {
	for i, y := range ys {
		for j, v := range y {
			m.x[i][j] += v
		}
	}
}

// referenceFrom runs tokens through the model in f and returns the logits after each
// from token from on.
func referenceFrom(f *gguf.File, tokens []int32, from int) [][]float64 {
	m := &second{f: f}
	hidden := m.run(tokens)[from:]
	if f.Tensor("output.weight") != nil {
		return m.mul("output", hidden)
	}
	return m.mul("token_embd", hidden)
}

// run returns what the last norm gives for each of tokens.
func (m *second) run(tokens []int32) [][]float64 {
	f := m.f
	m.arch, _ = f.String("general.architecture")
	embed := f.Tensor("token_embd.weight")
	for _, id := range tokens {
		x := m.row(embed, int(id))
		if m.arch == "gemma3" {
			for i := range x {
				x[i] *= math.Sqrt(float64(len(x)))
			}
		}
		m.x = append(m.x, x)
	}
	for l := range m.num("block_count", 0) {
		m.layer(l)
	}
	return m.norm("output_norm", m.x)
}

// reference returns the logits after the last token.
func reference(f *gguf.File, tokens []int32) []float64 {
	return referenceFrom(f, tokens, len(tokens)-1)[0]
}
