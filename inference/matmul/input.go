package matmul

// Input is one or more vectors to multiply a Matrix with. Its buffers are
// allocated once and used again and again.
type Input struct {
	count, cols int
	floats      []float32 // (count, cols), the caller's
	quantized   bool      // blocks below are those of floats

	q     []int16   // (count, cols)
	scale []float32 // (count, cols/BlockSize)
	bias  []int32   // (count, cols/BlockSize): 8 times the sum of the block's q, for Q4_0
}

// NewInput returns an Input for at most count vectors of at most cols elements.
func NewInput(count, cols int) *Input {
	n := count * cols
	b := n / BlockSize
	return &Input{q: make([]int16, n), scale: make([]float32, b), bias: make([]int32, b)}
}

// Set makes the input the vectors x (count, cols), which must not change while
// the input is used. quantize says that it will meet quantized matrices; cols
// is then a multiple of BlockSize.
func (in *Input) Set(x []float32, count, cols int, quantize bool) {
	in.floats, in.count, in.cols, in.quantized = x[:count*cols], count, cols, quantize
	if quantize {
		n := count * cols
		active().quantize(in.q[:n], in.scale[:n/BlockSize], in.bias[:n/BlockSize], in.floats)
	}
}

// vector is one quantized vector.
type vector struct {
	q     []int16
	scale []float32
	bias  []int32
}

// vector returns vector i.
func (in *Input) vector(i int) vector {
	b := in.cols / BlockSize
	return vector{in.q[i*in.cols : (i+1)*in.cols], in.scale[i*b : (i+1)*b], in.bias[i*b : (i+1)*b]}
}

// Count returns the number of vectors.
func (in *Input) Count() int { return in.count }
