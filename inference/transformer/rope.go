package transformer

import "math"

// frequencies returns the angle per position of each rotated pair, divided by
// the factors of tensor rope_freqs.weight where the file has it (Llama 3.1).
func (l *loader) frequencies(c Config) []float64 {
	freq := make([]float64, c.RopeDims/2)
	for i := range freq {
		freq[i] = math.Pow(c.RopeBase, -2*float64(i)/float64(c.RopeDims)) / c.RopeLine
	}
	if l.f.Tensor("rope_freqs.weight") != nil {
		for i, f := range l.vector("rope_freqs.weight", len(freq)) {
			freq[i] /= float64(f)
		}
	}
	return freq
}

// angles fills cos and sin (RopeDims/2) for position pos.
func (m *Model) angles(cos, sin []float32, pos int) {
	for i, f := range m.freq {
		s, c := math.Sincos(float64(pos) * f)
		cos[i], sin[i] = float32(c), float32(s)
	}
}

// rotate turns the pairs (2i, 2i+1) of each head of v by the angles. GGUF files
// of the llama architecture keep pairs side by side (their converter permutes
// models that keep them half a head apart).
func rotate(v []float32, headDim int, cos, sin []float32) {
	for ; len(v) >= headDim; v = v[headDim:] {
		for i, c := range cos {
			s := sin[i]
			a, b := v[2*i], v[2*i+1]
			v[2*i] = float32(a*c) - float32(b*s)
			v[2*i+1] = float32(a*s) + float32(b*c)
		}
	}
}
