//go:build amd64 && !noasm

package matmul

// batch256 needs AVX2 and F16C.
var batch256 = batchKernel{
	rows: batchBy(batch4x16AVX2), halved: batchBy(batch4x16HalvedAVX2), interleave: interleavePairs, transpose: transpose16,
	unpack: [len(layouts)]func(q []int16, scale, least []float32, w []byte, blocks int){
		Q8_0: unpackBy(Q8_0, unpackQ8AVX2), Q4_0: unpackBy(Q4_0, unpackQ40AVX2), Q4_1: unpackBy(Q4_1, unpackQ41AVX2),
		Q4_K: unpackBy(Q4_K, unpackQ4KAVX2), Q5_K: unpackBy(Q5_K, unpackQ5KAVX2), Q6_K: unpackBy(Q6_K, unpackQ6KAVX2),
		Q5_0: unpackBy(Q5_0, unpackQ50AVX2), Q5_1: unpackBy(Q5_1, unpackQ51AVX2), IQ4_NL: unpackBy(IQ4_NL, unpackIQ4AVX2),
	},
}

// batch512 needs AVX-512 with VNNI too.
var batch512 = func() batchKernel {
	k := batch256
	k.rows, k.halved = batchBy(batch4x16VNNI), batchBy(batch4x16HalvedVNNI)
	return k
}()

// batchZeros is what sums begin with; it is never written.
var batchZeros batchFloats

// batchFunc is one of the functions batch4x16... of stubs_batch_amd64.go.
type batchFunc func(y *float32, ld int, q *int16, scale, least *float32, stride, blocks int, x *int16, xscale, xsum, sums, zero *float32)

func batchBy(do batchFunc) batchRowsFunc {
	return func(y []float32, ld int, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32, sums *batchFloats) {
		first := checkBatch(y, ld, q, scale, least, stride, blocks, x, xscale, xsum, sums)
		do(&y[0], ld, &q[0], &scale[0], first, stride, blocks, &x[0], &xscale[0], &xsum[0], &sums[0], &batchZeros[0])
	}
}

// checkBatch panics if a length does not fit. It returns least's first element, if it
// has any, and clears sums that few blocks do not reach.
func checkBatch(y []float32, ld int, q []int16, scale, least []float32, stride, blocks int, x []int16, xscale, xsum []float32, sums *batchFloats) (first *float32) {
	if least != nil {
		first = &least[:batchRows*stride][0]
	}
	_, _, _ = q[:batchRows*stride*BlockSize], scale[:batchRows*stride], x[:blocks*BlockSize*batchWide]
	_, _, _ = xscale[:blocks*batchWide], xsum[:blocks*batchWide], y[:(batchWide-1)*ld+batchRows]
	if blocks < 1 || blocks > stride || ld < batchRows {
		panic("matmul: no such batch")
	}
	if blocks < batchSums {
		clear(sums[blocks*batchRows*batchWide:])
	}
	return first
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

func transpose16(dst, src []float32, ld, n int) {
	dst, src = dst[:n*batchWide], src[:(batchWide-1)*ld+n]
	for r := 0; r < batchWide; r += 4 {
		interleave4F32AVX(&dst[r], &src[r*ld], batchWide, ld, n)
	}
}
