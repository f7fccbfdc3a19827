package transformer

import (
	"math"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// yarn is YaRN scaling: slow rotations are interpolated, fast ones kept.
type yarn struct {
	factor  float64 // of the context; 0 is no YaRN
	size    float64 // of the rotated pairs, besides what follows from factor
	context int     // positions before
}

// Turns within the old context from which on a rotation is fast, and below which it is
// slow (arXiv 2309.00071 §3.2: alpha and beta for llama).
const fastTurns, slowTurns = 32, 1

// rotation is the angles of one kind of layer.
type rotation struct {
	freq []float64 // (RopeDims/2) radians per position
	size float64   // of rotated pairs: 1 but for YaRN
}

// rotation returns the rotation by c's base and scaling, divided by the factors of
// tensor rope_freqs.weight where the file has it (Llama 3.1).
func (l *loader) rotation(c Config) rotation {
	r := rotation{make([]float64, c.RopeDims/2), 1}
	for i := range r.freq {
		r.freq[i] = math.Pow(c.RopeBase, -2*float64(i)/float64(c.RopeDims)) / c.RopeLine
	}
	if l.File.Tensor("rope_freqs.weight") != nil {
		for i, f := range l.Vector("rope_freqs.weight", len(r.freq)) {
			r.freq[i] /= float64(f)
		}
	}
	if c.yarn.factor != 0 {
		r.stretch(c)
	}
	return r
}

// stretch applies YaRN.
func (r *rotation) stretch(c Config) {
	n := float64(c.RopeDims)
	pair := func(turns float64) float64 { // the pair that turns so often in the old context
		return n * math.Log(float64(c.yarn.context)/(turns*2*math.Pi)) / (2 * math.Log(c.RopeBase))
	}
	low, high := max(0, math.Floor(pair(fastTurns))), min(n-1, math.Ceil(pair(slowTurns)))
	for i := range r.freq {
		slow := min(1, max(0, (float64(i)-low)/max(0.001, high-low)))
		r.freq[i] *= 1 - slow + slow/c.yarn.factor
	}
	r.size = c.yarn.size * (0.1*math.Log(c.yarn.factor) + 1)
}

// angles fills cos and sin (RopeDims/2) for position pos.
func (r *rotation) angles(cos, sin []float32, pos int) {
	for i, f := range r.freq {
		s, c := math.Sincos(float64(pos) * f)
		cos[i], sin[i] = float32(c*r.size), float32(s*r.size)
	}
}

// rotate turns the pairs of each head of v by the angles. GGUF files of the llama
// architecture keep pairs side by side (their converter permutes models that keep them
// half a head apart); those of others do not.
func rotate(v []float32, headDim int, halves bool, cos, sin []float32) {
	for ; len(v) >= headDim; v = v[headDim:] {
		matmul.Rotate(v, halves, cos, sin)
	}
}
