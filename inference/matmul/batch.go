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
// same order. So the results have the bits of rowsQ8, rowsQ4 and rowsBytes.
const (
	batchRows = 4
	batchWide = 16 // vectors of a tile
	batchMin  = 8  // vectors left over that are worth a tile of their own
)

// batchKernel is the functions of a batch.
type batchKernel struct {
	// rows computes sums[16*r+v] = row r · vector v for 4 rows and the 16 vectors of a
	// tile. Rows have room for stride blocks. If least is nil, the sums are those of
	// rowsQ8, otherwise of rowsBytes, and sums has room for 8 times 64.
	rows func(sums []float32, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32)
	// unpack is unpackRow, for each format. The buffers are for whole groups.
	unpack [len(layouts)]func(q []int16, scale, least []float32, w []byte, blocks int)
	// interleave is interleave for 16 rows of pairs of words.
	interleave func(dst, src []int16, ld, n int)
}

// batchVectors is the tiles of an Input.
type batchVectors struct {
	count       int // of tiles
	blocks      int
	q           []int16   // (tiles, blocks, 16 pairs, 16 vectors, 2)
	scale, sums []float32 // (tiles, blocks, 16 vectors)
	rows        []int16   // one tile's vectors, before they are interleaved
}

// tile returns tile t.
func (v *batchVectors) tile(t int) (q []int16, scale, sums []float32) {
	n := v.blocks * batchWide
	return v.q[t*n*BlockSize : (t+1)*n*BlockSize], v.scale[t*n : (t+1)*n], v.sums[t*n : (t+1)*n]
}

// setBatch fills the tiles with the vectors that in has, if there are enough. The
// vectors that are left over have none.
func (in *Input) setBatch() {
	v, k := &in.batch, active().batch
	v.count, v.blocks = 0, in.cols/BlockSize
	if k == nil || v.blocks == 0 {
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
	if len(v.rows) < batchWide*in.cols {
		v.rows = make([]int16, batchWide*in.cols)
	}
	for t := range v.count {
		q, scales, sums := v.tile(t)
		for i := range batchWide {
			row := v.rows[i*in.cols : (i+1)*in.cols]
			if t*batchWide+i >= in.count {
				clear(row)
				for b := range v.blocks {
					scales[b*batchWide+i], sums[b*batchWide+i] = 0, 0
				}
				continue
			}
			scale, sum := in.batchRow(row, t*batchWide+i)
			for b := range v.blocks {
				scales[b*batchWide+i] = scale[b]
				if sum != nil {
					sums[b*batchWide+i] = sum[b]
				}
			}
		}
		k.interleave(q, v.rows, in.cols/2, in.cols/2)
	}
}

// batchRow copies vector i's integers, and returns its scales and sums.
func (in *Input) batchRow(row []int16, i int) (scale, sum []float32) {
	if !in.inBytes {
		v := in.vector(i)
		copy(row, v.q)
		return v.scale, nil
	}
	v := in.byteVector(i)
	for j, q := range v.q[:in.cols] {
		row[j] = int16(q)
	}
	return v.scale, v.sum
}

// batchScratch is unpacked rows and their sums.
type batchScratch struct {
	q            []int16
	scale, least []float32
	sums         [8 * batchRows * batchWide]float32
}

var batchPool sync.Pool // of *batchScratch

// mulBatch computes rows [from, to) of y for the vectors in tiles, and returns how
// many rows, from the first, and vectors it did: the others are for mulRows.
func (k *batchKernel) mulBatch(y []float32, w *Matrix, x *Input, from, to int) (rows, vectors int) {
	v := &x.batch
	s, _ := batchPool.Get().(*batchScratch)
	if s == nil {
		s = new(batchScratch)
	}
	stride := paddedCols(w.Cols) / BlockSize
	if len(s.q) < batchRows*stride*BlockSize {
		s.q, s.scale, s.least = make([]int16, batchRows*stride*BlockSize), make([]float32, batchRows*stride), make([]float32, batchRows*stride)
	}
	vectors = min(v.count*batchWide, x.count)
	least := s.least
	if !x.inBytes {
		least = nil
	}
	for ; from+rows+batchRows <= to; rows += batchRows {
		for r := range batchRows {
			row := w.bytes[(from+rows+r)*w.rowSize:]
			k.unpack[w.Format](s.q[r*stride*BlockSize:][:stride*BlockSize], s.scale[r*stride:][:stride], s.least[r*stride:][:stride], row, v.blocks)
		}
		for t := range v.count {
			q, scale, sums := v.tile(t)
			clear(s.sums[:])
			k.rows(s.sums[:], s.q, s.scale, least, stride, v.blocks, q, scale, sums)
			for i := range min(batchWide, vectors-t*batchWide) {
				out := y[(t*batchWide+i)*w.Rows+from+rows:][:batchRows]
				for r := range out {
					out[r] = s.sums[r*batchWide+i]
				}
			}
		}
	}
	batchPool.Put(s)
	return rows, vectors
}
