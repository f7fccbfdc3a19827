//go:build amd64 && !noasm

package matmul

// batch256 needs AVX2 and F16C.
var batch256 = batchKernel{
	rows: batchRowsAVX2, interleave: interleavePairs,
	unpack: [len(layouts)]func(q []int16, scale, least []float32, w []byte, blocks int){
		Q8_0: unpackBy(Q8_0, unpackQ8AVX2), Q4_0: unpackBy(Q4_0, unpackQ40AVX2), Q4_1: unpackBy(Q4_1, unpackQ41AVX2),
		Q4_K: unpackBy(Q4_K, unpackQ4KAVX2), Q5_K: unpackBy(Q5_K, unpackQ5KAVX2), Q6_K: unpackBy(Q6_K, unpackQ6KAVX2),
	},
}

// batch512 needs AVX-512 with VNNI too.
var batch512 = func() batchKernel {
	k := batch256
	k.rows = batchRowsVNNI
	return k
}()

func batchRowsAVX2(sums []float32, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32) {
	sums, first := checkBatch(sums, q, scale, least, stride, blocks, x, xscale, xsum)
	batch4x16AVX2(&sums[0], &q[0], &scale[0], first, stride, blocks, &x[0], &xscale[0], &xsum[0])
}

func batchRowsVNNI(sums []float32, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32) {
	sums, first := checkBatch(sums, q, scale, least, stride, blocks, x, xscale, xsum)
	batch4x16VNNI(&sums[0], &q[0], &scale[0], first, stride, blocks, &x[0], &xscale[0], &xsum[0])
}

// checkBatch panics if a length does not fit. It returns the sums to give to assembly,
// and least's first element, if it has any.
func checkBatch(sums []float32, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32) ([]float32, *float32) {
	need := batchRows * batchWide
	var first *float32
	if least != nil {
		need *= 8
		first = &least[:batchRows*stride][0]
	}
	_, _, _ = q[:batchRows*stride*BlockSize], scale[:batchRows*stride], x[:blocks*BlockSize*batchWide]
	_, _ = xscale[:blocks*batchWide], xsum[:blocks*batchWide]
	if blocks < 1 || blocks > stride {
		panic("matmul: no such batch")
	}
	return sums[:need], first
}

// unpackBy returns unpackRow for format f by way of assembly, which reads whole groups;
// see rowsBytesBy.
func unpackBy(f Format, do func(q *int16, scale, least *float32, w *byte, groups int, mask *uint32)) func(q []int16, scale, least []float32, w []byte, blocks int) {
	l := layouts[f]
	return func(q []int16, scale, least []float32, w []byte, blocks int) {
		size, groups := blocks*BlockSize/l.elements*l.size, (blocks+7)/8
		q, scale, least = q[:groups*groupSize], scale[:groups*8], least[:groups*8]
		mask := &laneMask[(8-blocks%8)%8]
		if reach := groups * groupSize / l.elements * l.size; len(w) < reach {
			last := lastRow(w[:size], reach)
			do(&q[0], &scale[0], &least[0], &(*last)[0], groups, mask)
			lastRows.Put(last)
			return
		}
		do(&q[0], &scale[0], &least[0], &w[0], groups, mask)
	}
}

func interleavePairs(dst, src []int16, ld, n int) {
	dst, src = dst[:2*n*batchWide], src[:2*((batchWide-1)*ld+n)]
	for r := 0; r < batchWide; r += 4 {
		interleave4PairsAVX(&dst[2*r], &src[2*r*ld], batchWide, ld, n)
	}
}
