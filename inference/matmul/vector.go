package matmul

import "math"

// Dot returns the inner product of x and y, in the order of Mul's F32 rows.
func Dot(x, y []float32) float32 { return active().dot(x, y[:len(x)]) }

// Rows computes y[r] = w[r]·x for len(y) rows; w is (len(y), len(x)).
func Rows(y, w, x []float32) { active().rowsF32(y, w[:len(y)*len(x)], x) }

// Weighted computes y = Σ w[i]·rows[i] for len(w) rows of len(y) elements that
// start stride elements apart in rows.
func Weighted(y, w, rows []float32, stride int) { active().weighted(y, w, rows, stride) }

// Softmax replaces x by exp(x-max)/Σ exp(x-max). The sum runs as in Mul's F32 rows.
func Softmax(x []float32) { active().softmax(x) }

// SwiGLU computes gate = gate/(1+exp(-gate)) * up, element by element.
func SwiGLU(gate, up []float32) { active().swiglu(gate, up[:len(gate)]) }

// RMSNorm computes y = x / sqrt(mean(x²) + eps) * w. y may be x.
func RMSNorm(y, x, w []float32, eps float32) {
	inverse := float32(1 / math.Sqrt(float64(Dot(x, x)/float32(len(x))+eps)))
	active().vector.normalize(y[:len(x)], x, w[:len(x)], inverse)
}

// Add computes x += y.
func Add(x, y []float32) { active().vector.add(x, y[:len(x)]) }

// Rotate turns pairs of elements of v by angles, whose cosines and sines are given:
// neighbours (2i, 2i+1) or, with halves, (i, i+len(cos)).
//
//	a, b = a·cos[i] - b·sin[i], a·sin[i] + b·cos[i]
func Rotate(v []float32, halves bool, cos, sin []float32) {
	n := len(cos)
	v, sin = v[:2*n], sin[:n]
	if halves {
		active().vector.rotateHalves(v[:n], v[n:], cos, sin)
	} else {
		active().vector.rotatePairs(v, cos, sin)
	}
}

// GeGLU computes gate = gelu(gate) * up, element by element, GELU by its approximation
// with tanh (arXiv 1606.08415 §2), which is, with s for 1/(1+exp(-x)):
//
//	gelu(x) = x·s(2u), u = √(2/π)·(x + 0.044715·x³)
func GeGLU(gate, up []float32) { active().vector.geglu(gate, up[:len(gate)]) }

// GELU replaces x by x·Φ(x), Φ the distribution function of the normal distribution
// (arXiv 1606.08415), as BERT defines it and not by the approximation with tanh.
func GELU(x []float32) { active().vector.gelu(x) }

// vectorKernel is functions that do elements one by one; the definition of each is the
// function of that name in this file.
type vectorKernel struct {
	normalize    func(y, x, w []float32, inverse float32)
	add          func(x, y []float32)
	rotatePairs  func(v, cos, sin []float32)
	rotateHalves func(a, b, cos, sin []float32)
	geglu        func(gate, up []float32)
	gelu         func(x []float32)
}

var portableVector = vectorKernel{normalize, add, rotatePairs, rotateHalves, geglu, geluAll}

func normalize(y, x, w []float32, inverse float32) {
	w, y = w[:len(x)], y[:len(x)]
	for i, v := range x {
		y[i] = float32(v*inverse) * w[i]
	}
}

func add(x, y []float32) {
	y = y[:len(x)]
	for i := range x {
		x[i] += y[i]
	}
}

func rotatePairs(v, cos, sin []float32) {
	for i, c := range cos {
		s, a, b := sin[i], v[2*i], v[2*i+1]
		v[2*i] = float32(a*c) - float32(b*s)
		v[2*i+1] = float32(a*s) + float32(b*c)
	}
}

func rotateHalves(a, b, cos, sin []float32) {
	for i, c := range cos {
		s, x, y := sin[i], a[i], b[i]
		a[i] = float32(x*c) - float32(y*s)
		b[i] = float32(x*s) + float32(y*c)
	}
}

func geglu(gate, up []float32) {
	for i, g := range gate {
		cube := float32(float32(float32(g*g)*g) * geluCube)
		gate[i] = float32(g/(1+Exp(float32((cube+g)*geluScale)))) * up[i]
	}
}

const (
	geluCube  = 0.044715
	geluScale = -1.5957691216057308 // -2·√(2/π)
)

// Exp is e^x in float32, within 2 units in the last place between expLow and
// expHigh; beyond them it stays at their values. The same on every machine.
//
// Method: x = n·ln2 + r with |r| <= ln2/2, a polynomial for e^r, and n added to
// the exponent (Cephes library, expf).
func Exp(x float32) float32 {
	if x > expHigh {
		x = expHigh
	}
	if x < expLow {
		x = expLow
	}
	n := float32(x*expLog2E) + expRound - expRound
	r := x - float32(n*expLn2Hi)
	r = r - float32(n*expLn2Lo)
	p := float32(expC0*r) + expC1
	p = float32(p*r) + expC2
	p = float32(p*r) + expC3
	p = float32(p*r) + expC4
	p = float32(p*r) + expC5
	p = float32(p*float32(r*r)) + r
	p = p + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

const (
	expHigh  = 88  // below ln(MaxFloat32)
	expLow   = -87 // above ln of the smallest normal number
	expLog2E = 1.44269504088896341
	expRound = 0x1.8p23 // adding and subtracting it rounds to an integer
	expLn2Hi = 0.693359375
	expLn2Lo = -2.12194440e-4
	expC0    = 1.9875691500e-4
	expC1    = 1.3981999507e-3
	expC2    = 8.3334519073e-3
	expC3    = 4.1665795894e-2
	expC4    = 1.6666665459e-1
	expC5    = 5.0000001201e-1
)

func softmax(x []float32) {
	top := maximum(x)
	var s [lanes]float32
	c := 0
	for ; c+lanes <= len(x); c += lanes {
		for l := range lanes {
			x[c+l] = Exp(x[c+l] - top)
			s[l] += x[c+l]
		}
	}
	sum := fold(&s)
	for ; c < len(x); c++ {
		x[c] = Exp(x[c] - top)
		sum += x[c]
	}
	inverse := 1 / sum
	for i := range x {
		x[i] *= inverse
	}
}

// maximum returns the largest element that is not NaN, -Inf if there is none.
func maximum(x []float32) float32 {
	top := float32(math.Inf(-1))
	for _, v := range x {
		if v > top {
			top = v
		}
	}
	return top
}

func swiglu(gate, up []float32) {
	for i, g := range gate {
		gate[i] = float32(g/(1+Exp(-g))) * up[i]
	}
}

func geluAll(x []float32) {
	for i, v := range x {
		x[i] = gelu(v)
	}
}

// gelu is GELU of one number. With u = |x|/√2 it is x·erfc(u)/2 for negative x, and x
// minus that for others. erfc(u) is exp(-u²) times a polynomial in 1/(1+p·u), off by at
// most 1.5e-7 (Abramowitz and Stegun, 7.1.26).
func gelu(x float32) float32 {
	const p, a1, a2, a3, a4, a5 = 0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429
	u := float32(math.Abs(float64(x))) * (1 / math.Sqrt2)
	t := 1 / (1 + float32(p*u))
	c := float32(a5*t) + a4
	c = float32(c*t) + a3
	c = float32(c*t) + a2
	c = float32(c*t) + a1
	c = float32(float32(c*t)*Exp(-float32(u*u))) * 0.5 // erfc(u)/2
	if x < 0 {
		return x * c
	}
	return x - float32(x*c)
}
