//go:build amd64 && !noasm

package matmul

// The functions below check lengths by slicing, give whole vectors to assembly and the
// rest to Go.

var vector256 = vectorKernel{normalizeVectorAVX2, addVectorAVX2, rotatePairsVectorAVX2, rotateHalvesVectorAVX2, gegluVectorAVX2, geluVectorAVX2}

func normalizeVectorAVX2(y, x, w []float32, inverse float32) {
	y, w = y[:len(x)], w[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		normalizeAVX2(&y[0], &x[0], &w[0], whole, inverse)
	}
	normalize(y[whole:], x[whole:], w[whole:], inverse)
}

func addVectorAVX2(x, y []float32) {
	y = y[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		addAVX2(&x[0], &y[0], whole)
	}
	add(x[whole:], y[whole:])
}

func rotatePairsVectorAVX2(v, cos, sin []float32) {
	v, sin = v[:2*len(cos)], sin[:len(cos)]
	whole := len(cos) &^ 3
	if whole > 0 {
		rotatePairsAVX2(&v[0], &cos[0], &sin[0], whole)
	}
	rotatePairs(v[2*whole:], cos[whole:], sin[whole:])
}

func rotateHalvesVectorAVX2(a, b, cos, sin []float32) {
	a, b, sin = a[:len(cos)], b[:len(cos)], sin[:len(cos)]
	whole := len(cos) &^ 7
	if whole > 0 {
		rotateHalvesAVX2(&a[0], &b[0], &cos[0], &sin[0], whole)
	}
	rotateHalves(a[whole:], b[whole:], cos[whole:], sin[whole:])
}

func gegluVectorAVX2(gate, up []float32) {
	up = up[:len(gate)]
	whole := len(gate) &^ 7
	if whole > 0 {
		gegluAVX2(&gate[0], &up[0], whole)
	}
	geglu(gate[whole:], up[whole:])
}

func geluVectorAVX2(x []float32) {
	whole := len(x) &^ 7
	if whole > 0 {
		geluAVX2(&x[0], whole)
	}
	geluAll(x[whole:])
}
