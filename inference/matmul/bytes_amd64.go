//go:build amd64 && !noasm

package matmul

import "sync"

// bytesFunc is one of the functions of stubs_bytes_amd64.go.
type bytesFunc func(y *float32, w *byte, rows, stride, groups int, q *int8, scale, sum *float32, halves *int16, mask *uint32)

var (
	bytesAVX2 = [len(layouts)]rowsBytesFunc{
		Q8_0: rowsBytesBy(Q8_0, rowsQ8Bytes), Q4_0: rowsBytesBy(Q4_0, rowsQ40Bytes), Q4_1: rowsBytesBy(Q4_1, rowsQ41Bytes),
		Q4_K: rowsBytesBy(Q4_K, rowsQ4KBytes), Q5_K: rowsBytesBy(Q5_K, rowsQ5KBytes), Q6_K: rowsBytesBy(Q6_K, rowsQ6KBytes),
		Q5_0: rowsBytesOf(Q5_0), Q5_1: rowsBytesOf(Q5_1), IQ4_NL: rowsBytesOf(IQ4_NL), // 16 bits are for these
	}
	bytesVNNI = [len(layouts)]rowsBytesFunc{
		Q8_0: rowsBytesBy(Q8_0, rowsQ8VNNI), Q4_0: rowsBytesBy(Q4_0, rowsQ40VNNI), Q4_1: rowsBytesBy(Q4_1, rowsQ41VNNI),
		Q4_K: rowsBytesBy(Q4_K, rowsQ4KVNNI), Q5_K: rowsBytesBy(Q5_K, rowsQ5KVNNI), Q6_K: rowsBytesBy(Q6_K, rowsQ6KVNNI),
		Q5_0: rowsBytesOf(Q5_0), Q5_1: rowsBytesOf(Q5_1), IQ4_NL: rowsBytesOf(IQ4_NL),
	}
)

// laneMask has 8 lanes on, then 8 off: from 8-n on it is the first n of 8 lanes.
var laneMask = [16]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}

// rowsBytesBy returns rowsBytes for format f by way of assembly, which reads whole
// groups: what lies behind a row's last block is masked, and multiplied with zeros.
// Rows at the end of the weights, where nothing lies there, are copied first.
func rowsBytesBy(f Format, do bytesFunc) rowsBytesFunc {
	l := layouts[f]
	return func(y []float32, w []byte, x byteVector, blocks int) {
		stride := blocks * BlockSize / l.elements * l.size
		groups := (blocks + 7) / 8
		reach := groups * groupSize / l.elements * l.size // bytes read of each row
		q, scale, sum, halves := x.q[:groups*groupSize], x.scale[:groups*8], x.sum[:groups*8], x.halves[:groups*16]
		if stride == 0 {
			clear(y)
			return
		}
		mask := &laneMask[(8-blocks%8)%8]
		rows := 0
		if len(w) >= reach {
			rows = min(len(y), (len(w)-reach)/stride+1)
		}
		if rows > 0 {
			do(&y[0], &w[0], rows, stride, groups, &q[0], &scale[0], &sum[0], &halves[0], mask)
		}
		for r := rows; r < len(y); r++ {
			last := lastRow(w[r*stride:(r+1)*stride], reach)
			do(&y[r], &(*last)[0], 1, stride, groups, &q[0], &scale[0], &sum[0], &halves[0], mask)
			lastRows.Put(last)
		}
	}
}

// lastRow returns a copy of a row with zeros behind it, size bytes in all. The caller
// puts it back to lastRows.
func lastRow(w []byte, size int) *[]byte {
	last, _ := lastRows.Get().(*[]byte)
	if last == nil {
		last = new([]byte)
	}
	*last = append((*last)[:0], w...)
	*last = append(*last, make([]byte, size-len(w))...)
	return last
}

var lastRows sync.Pool // of *[]byte

func quantizeBytesBlocksAVX2(v byteVector, x []float32) {
	n := len(x) / BlockSize
	q, scale, sum, halves, x := v.q[:n*BlockSize], v.scale[:n], v.sum[:n], v.halves[:2*n], x[:n*BlockSize]
	for b := 0; b < n; b++ {
		b += quantizeBytesAVX2(&q[b*BlockSize], &scale[b], &sum[b], &halves[2*b], &x[b*BlockSize], n-b)
		if b < n { // a block that is tiny or not finite
			quantizeBytes(byteVector{q[b*BlockSize:], scale[b:], sum[b:], halves[2*b:]}, x[b*BlockSize:(b+1)*BlockSize])
		}
	}
}
