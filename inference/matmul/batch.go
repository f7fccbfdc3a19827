package matmul

import "sync"

// Products with many vectors at once, as prompts need them. For one vector a row's
// neighbours lie side by side in a register, and the weights are unpacked for it
// alone. Here vectors lie side by side, 16 of them, and weights are unpacked once for
// all, so that nothing is left in the inner loop but products:
//
//	x   (pairs of elements, 16 vectors): a pair of each vector in 64 bytes
//	w   4 rows of words, a pair in all lanes
//
// Integer sums of a block are exact, and what becomes of them is the same, in the
// same order. So the results have the bits of rowsWords and rowsBytes.
const (
	batchRows = 4
	batchWide = 16 // vectors of a tile
	batchMin  = 8  // vectors left over that are worth a tile of their own
	batchSums = 8  // float sums of a row and a vector

	// batchWeights is how many weights, at most, are unpacked at a time, if they are
	// more than batchRows rows. They stay in the second-level cache, while a tile, often,
	// does in the first.
	batchWeights = 32 << 10
)

// batchKernel is the functions of a batch.
type batchKernel struct {
	// rows computes y[ld*v+r] = row r · vector v for 4 rows and the 16 vectors of a
	// tile. Rows have room for stride blocks. least is nil for formats without offsets.
	// sums is scratch. halved is rows for formats that rowsBlocks halves.
	rows, halved batchRowsFunc

	// unpack is unpackRow, for each format. The buffers are for whole groups.
	unpack [len(layouts)]func(q []int16, scale, least []float32, w []byte, blocks int)

	// interleave is interleave for 16 rows of pairs of words; transpose for floats. n is
	// a multiple of 4.
	interleave func(dst, src []int16, ld, n int)
	transpose  func(dst, src []float32, ld, n int)
}

// batchRowsFunc is batchKernel.rows.
type batchRowsFunc func(y []float32, ld int, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32, sums *batchFloats)

// batchFloats is the float sums of a tile.
type batchFloats [batchSums * batchRows * batchWide]float32

// batchVectors is the tiles of an Input.
type batchVectors struct {
	count  int // of tiles
	blocks int // of a vector, rounded up to groups
	kernel *batchKernel

	q           []int16   // (tiles, blocks, 16 pairs, 16 vectors, 2)
	scale, sums []float32 // (tiles, blocks, 16 vectors)
}

// tile returns tile t.
func (v *batchVectors) tile(t int) (q []int16, scale, sums []float32) {
	n := v.blocks * batchWide
	return v.q[t*n*BlockSize : (t+1)*n*BlockSize], v.scale[t*n : (t+1)*n], v.sums[t*n : (t+1)*n]
}

// start makes room for tiles of the vectors that in has, if there are enough. The
// vectors that are left over have none.
func (v *batchVectors) start(in *Input) {
	v.count, v.blocks, v.kernel = 0, paddedCols(in.cols)/BlockSize, active().batch
	if v.kernel == nil || v.blocks == 0 {
		return
	}
	v.count = in.count / batchWide
	if in.count%batchWide >= batchMin {
		v.count++
	}
	n := v.count * v.blocks * batchWide
	if len(v.q) < n*BlockSize {
		v.q, v.scale, v.sums = make([]int16, n*BlockSize), make([]float32, n), make([]float32, n)
	}
}

// fillTile fills tile t with vectors, once they are quantized, and zeros where there
// are no more.
func (in *Input) fillTile(t int) {
	k := in.batch.kernel
	first, padded := t*batchWide, paddedCols(in.cols)
	n := min(batchWide, in.count-first)
	q, scale, sums := in.batch.tile(t)
	if in.inBytes {
		s := batchPool.get()
		s.grow(batchWide, padded/BlockSize)
		v := &in.bytes
		for i, b := range v.q[first*padded : (first+n)*padded] {
			s.q[i&^31|wordOrder(i&31)] = int16(b)
		}
		clear(s.q[n*padded : batchWide*padded])
		k.interleave(q, s.q, padded/2, padded/2)
		batchPool.Put(s)
		transposeRows(k, scale, v.scale, first, n, padded/BlockSize)
		transposeRows(k, sums, v.sum, first, n, padded/BlockSize)
		return
	}
	v := &in.words
	clear(v.q[(first+n)*padded : (first+batchWide)*padded])
	k.interleave(q, v.q[first*padded:], padded/2, padded/2)
	transposeRows(k, scale, v.scale, first, n, padded/BlockSize)
	transposeRows(k, sums, v.sum, first, n, padded/BlockSize)
}

// transposeRows writes rows [first, first+n) of src (.., cols) to the first of 16
// columns of dst (cols, 16), and zeros to the others.
func transposeRows(k *batchKernel, dst, src []float32, first, n, cols int) {
	if n == batchWide {
		k.transpose(dst, src[first*cols:], cols, cols)
		return
	}
	clear(dst)
	for i := range n {
		for c, v := range src[(first+i)*cols : (first+i+1)*cols] {
			dst[c*batchWide+i] = v
		}
	}
}

// batchScratch is unpacked rows and sums.
type batchScratch struct {
	q            []int16
	scale, least []float32
	sums         batchFloats
	y            [batchRows * batchWide]float32
}

// grow makes room for rows of blocks blocks.
func (s *batchScratch) grow(rows, blocks int) {
	if len(s.q) < rows*blocks*BlockSize {
		s.q, s.scale, s.least = make([]int16, rows*blocks*BlockSize), make([]float32, rows*blocks), make([]float32, rows*blocks)
	}
}

// scratchPool is a pool of *batchScratch.
type scratchPool struct{ sync.Pool }

func (p *scratchPool) get() *batchScratch {
	if s, ok := p.Get().(*batchScratch); ok {
		return s
	}
	return new(batchScratch)
}

var batchPool scratchPool

// mulBatch computes rows [from, to) of y for the vectors in tiles, and returns how
// many rows, from the first, and vectors it did: the others are for mulRows.
func (k *batchKernel) mulBatch(y []float32, w *Matrix, x *Input, from, to int) (rows, vectors int) {
	v, blocks := &x.batch, w.Cols/BlockSize
	stride := v.blocks
	most := max(batchRows, batchWeights/(stride*BlockSize)/batchRows*batchRows)
	s := batchPool.get()
	s.grow(most, stride)
	vectors = min(v.count*batchWide, x.count)
	whole := from + (to-from)/batchRows*batchRows
	for r := from; r < whole; r += most {
		n := min(most, whole-r)
		for i := range n {
			k.unpack[w.Format](s.q[i*stride*BlockSize:][:stride*BlockSize], s.scale[i*stride:][:stride], s.least[i*stride:][:stride], w.bytes[(r+i)*w.rowSize:], blocks)
		}
		for t := range v.count {
			k.tile(s, y, w, x, r, n, t, vectors)
		}
	}
	batchPool.Put(s)
	return whole - from, vectors
}

// tile computes n rows from r, unpacked in s, for tile t of vectors.
func (k *batchKernel) tile(s *batchScratch, y []float32, w *Matrix, x *Input, r, n, t, vectors int) {
	q, scale, sums := x.batch.tile(t)
	stride, blocks := x.batch.blocks, w.Cols/BlockSize
	first := t * batchWide
	rows := k.rows
	if w.Format.halved() && !x.inBytes {
		rows = k.halved
	}
	for i := 0; i < n; i += batchRows {
		wq, wscale := s.q[i*stride*BlockSize:], s.scale[i*stride:]
		var least []float32
		if w.Format.offset() {
			least = s.least[i*stride:]
		}
		if first+batchWide <= vectors {
			rows(y[first*w.Rows+r+i:], w.Rows, wq, wscale, least, stride, blocks, q, scale, sums, &s.sums)
			continue
		}
		rows(s.y[:], batchRows, wq, wscale, least, stride, blocks, q, scale, sums, &s.sums)
		for j := range vectors - first {
			copy(y[(first+j)*w.Rows+r+i:][:batchRows], s.y[j*batchRows:])
		}
	}
}
