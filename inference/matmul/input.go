package matmul

// Input is one or more vectors to multiply a Matrix with. Its buffers are
// allocated once and used again and again.
type Input struct {
	count, cols int
	floats      []float32 // (count, cols), the caller's
	quantized   bool      // words are those of floats
	inBytes     bool      // bytes are

	words vector       // (count rounded up to whole tiles, cols rounded up to groups)
	bytes byteVector   // the same
	batch batchVectors // the same again, for many vectors at once

	panels floatPanels // floats, for many vectors at once, if there are no others
}

// NewInput returns an Input for at most count vectors of at most cols elements; for
// more it grows.
func NewInput(count, cols int) *Input {
	in := new(Input)
	in.words.grow(count * paddedCols(cols))
	return in
}

// Set makes the input the vectors x (count, cols), which must not change while
// the input is used. quantize says that it will meet quantized matrices; cols is then
// a multiple of BlockSize.
func (in *Input) Set(x []float32, count, cols int, quantize bool) {
	in.Start(x, count, cols, quantize)
	in.Quantize(0, count)
}

// Start is Set, but leaves reading x to Quantize, which must follow.
func (in *Input) Start(x []float32, count, cols int, quantize bool) {
	in.start(x, count, cols)
	if in.quantized = quantize; !quantize {
		in.panels.start(in)
	} else {
		in.batch.start(in)
		in.words.grow(max(count, in.batch.count*batchWide) * paddedCols(cols))
	}
}

// SetBytes makes the input the vectors x (count, cols), cols a multiple of BlockSize,
// as Set does, but quantized to 8 bits.
func (in *Input) SetBytes(x []float32, count, cols int) {
	in.start(x, count, cols)
	in.inBytes = true
	in.batch.start(in)
	in.bytes.grow(count * paddedCols(cols))
	in.Quantize(0, count)
}

func (in *Input) start(x []float32, count, cols int) {
	in.floats, in.count, in.cols, in.quantized, in.inBytes = x[:count*cols], count, cols, false, false
	in.batch.count, in.panels.count = 0, 0
}

// Quantize quantizes vectors [from, to) of those that Start was given, or puts them in
// order for many vectors' products with floats; from is a
// multiple of QuantizeUnit, and to another one or their number. Threads may do
// different vectors at a time. Products come after all are done.
func (in *Input) Quantize(from, to int) {
	if !in.quantized && !in.inBytes {
		for p := from / floatWide; p < min(to/floatWide, in.panels.count); p++ {
			in.panels.fill(in, p)
		}
		return
	}
	k := active()
	for i := from; i < to; i++ {
		x := in.floats[i*in.cols : (i+1)*in.cols]
		if in.inBytes {
			v := in.byteVector(i)
			k.quantizeBytes(v, x)
			clear(v.q[in.cols:])
			clear(v.scale[in.cols/BlockSize:])
			clear(v.sum[in.cols/BlockSize:])
			clear(v.halves[in.cols/16:])
			continue
		}
		v := in.vector(i)
		k.quantize(v, x)
		clear(v.q[in.cols:])
		clear(v.scale[in.cols/BlockSize:])
		clear(v.sum[in.cols/BlockSize:])
		clear(v.first[in.cols/BlockSize:])
		clear(v.second[in.cols/BlockSize:])
	}
	for t := from / batchWide; t < min((to+batchWide-1)/batchWide, in.batch.count); t++ {
		in.fillTile(t)
	}
}

// QuantizeUnit is what ranges of vectors begin with multiples of, for Quantize.
const QuantizeUnit = batchWide

// paddedCols returns cols rounded up to whole groups.
func paddedCols(cols int) int { return (cols + groupSize - 1) / groupSize * groupSize }

// grow makes room for n elements, if there is less.
func (v *vector) grow(n int) {
	if len(v.q) < n {
		b := n / BlockSize
		*v = vector{make([]int16, n), make([]float32, b), make([]float32, b), make([]int32, b), make([]int32, b)}
	}
}

func (v *byteVector) grow(n int) {
	if len(v.q) < n {
		*v = byteVector{make([]int8, n), make([]float32, n/BlockSize), make([]float32, n/BlockSize), make([]int16, n/16)}
	}
}

// vector returns vector i.
func (in *Input) vector(i int) vector {
	n := paddedCols(in.cols)
	b, v := n/BlockSize, &in.words
	return vector{v.q[i*n : (i+1)*n], v.scale[i*b : (i+1)*b], v.sum[i*b : (i+1)*b], v.first[i*b : (i+1)*b], v.second[i*b : (i+1)*b]}
}

// byteVector returns vector i in 8 bits.
func (in *Input) byteVector(i int) byteVector {
	n := paddedCols(in.cols)
	b, h, v := n/BlockSize, n/16, &in.bytes
	return byteVector{v.q[i*n : (i+1)*n], v.scale[i*b : (i+1)*b], v.sum[i*b : (i+1)*b], v.halves[i*h : (i+1)*h]}
}

// Count returns the number of vectors.
func (in *Input) Count() int { return in.count }
