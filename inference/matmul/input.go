package matmul

// Input is one or more vectors to multiply a Matrix with. Its buffers are
// allocated once and used again and again.
type Input struct {
	count, cols int
	floats      []float32 // (count, cols), the caller's
	quantized   bool      // blocks below are those of floats
	inBytes     bool      // those of bytes are

	q     []int16   // (count, cols)
	scale []float32 // (count, cols/BlockSize)
	bias  []int32   // (count, cols/BlockSize): 8 times the sum of the block's q, for Q4_0

	bytes byteVector // (count, cols rounded up to groups)

	batch batchVectors // the same again, for many vectors at once
}

// NewInput returns an Input for at most count vectors of at most cols elements.
func NewInput(count, cols int) *Input {
	n := count * cols
	b := n / BlockSize
	return &Input{q: make([]int16, n), scale: make([]float32, b), bias: make([]int32, b)}
}

// Set makes the input the vectors x (count, cols), which must not change while
// the input is used. quantize says that it will meet quantized matrices, whose
// format has Words; cols is then a multiple of BlockSize.
func (in *Input) Set(x []float32, count, cols int, quantize bool) {
	in.floats, in.count, in.cols, in.quantized, in.inBytes = x[:count*cols], count, cols, quantize, false
	if quantize {
		n := count * cols
		active().quantize(in.q[:n], in.scale[:n/BlockSize], in.bias[:n/BlockSize], in.floats)
		in.setBatch()
	}
}

// SetBytes makes the input the vectors x (count, cols), cols a multiple of BlockSize,
// as Set does, but quantized to 8 bits, for any quantized format.
func (in *Input) SetBytes(x []float32, count, cols int) {
	in.floats, in.count, in.cols, in.quantized, in.inBytes = x[:count*cols], count, cols, false, true
	padded := paddedCols(cols)
	if n := count * padded; len(in.bytes.q) < n {
		in.bytes = byteVector{make([]int8, n), make([]float32, n/BlockSize), make([]float32, n/BlockSize), make([]int16, n/16)}
	}
	quantize := active().quantizeBytes
	for i := range count {
		v := in.byteVector(i)
		quantize(v, x[i*cols:(i+1)*cols])
		clear(v.q[cols:])
		clear(v.scale[cols/BlockSize:])
		clear(v.sum[cols/BlockSize:])
		clear(v.halves[cols/16:])
	}
	in.setBatch()
}

// paddedCols returns cols rounded up to whole groups.
func paddedCols(cols int) int { return (cols + groupSize - 1) / groupSize * groupSize }

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

// byteVector returns vector i in 8 bits.
func (in *Input) byteVector(i int) byteVector {
	n := paddedCols(in.cols)
	b, h := n/BlockSize, n/16
	return byteVector{in.bytes.q[i*n : (i+1)*n], in.bytes.scale[i*b : (i+1)*b], in.bytes.sum[i*b : (i+1)*b], in.bytes.halves[i*h : (i+1)*h]}
}

// Count returns the number of vectors.
func (in *Input) Count() int { return in.count }
