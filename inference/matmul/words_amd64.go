//go:build amd64 && !noasm

package matmul

// wordsFunc is one of the functions of stubs_words_amd64.go.
type wordsFunc func(y *float32, w *byte, rows, stride, groups int, q *int16, scale, sum *float32, first, second *int32, mask *uint32, last int)

var (
	wordsAVX2 = [len(layouts)]rowsWordsFunc{
		Q8_0: rowsWordsBy(Q8_0, rowsQ8WordsAVX2), Q4_0: rowsWordsBy(Q4_0, rowsQ40WordsAVX2), Q4_1: rowsWordsBy(Q4_1, rowsQ41WordsAVX2),
		Q4_K: rowsWordsBy(Q4_K, rowsQ4KWordsAVX2), Q5_K: rowsWordsBy(Q5_K, rowsQ5KWordsAVX2), Q6_K: rowsWordsBy(Q6_K, rowsQ6KWordsAVX2),
		Q5_0: rowsWordsBy(Q5_0, rowsQ50WordsAVX2), Q5_1: rowsWordsBy(Q5_1, rowsQ51WordsAVX2), IQ4_NL: rowsWordsBy(IQ4_NL, rowsIQ4WordsAVX2),
	}
	wordsVNNI = [len(layouts)]rowsWordsFunc{
		Q8_0: rowsWordsBy(Q8_0, rowsQ8WordsVNNI), Q4_0: rowsWordsBy(Q4_0, rowsQ40WordsVNNI), Q4_1: rowsWordsBy(Q4_1, rowsQ41WordsVNNI),
		Q4_K: rowsWordsBy(Q4_K, rowsQ4KWordsVNNI), Q5_K: rowsWordsBy(Q5_K, rowsQ5KWordsVNNI), Q6_K: rowsWordsBy(Q6_K, rowsQ6KWordsVNNI),
		Q5_0: rowsWordsBy(Q5_0, rowsQ50WordsVNNI), Q5_1: rowsWordsBy(Q5_1, rowsQ51WordsVNNI), IQ4_NL: rowsWordsBy(IQ4_NL, rowsIQ4WordsVNNI),
	}
)

// rowsWordsBy returns rowsWords for format f by way of assembly, which reads whole
// groups; see rowsBytesBy.
func rowsWordsBy(f Format, do wordsFunc) rowsWordsFunc {
	l := layouts[f]
	return func(y []float32, w []byte, x vector, blocks int) {
		stride := blocks * BlockSize / l.elements * l.size
		groups := (blocks + 7) / 8
		reach := groups * groupSize / l.elements * l.size // bytes read of each row
		q, scale, sum, first, second := x.q[:groups*groupSize], x.scale[:groups*8], x.sum[:groups*8], x.first[:groups*8], x.second[:groups*8]
		if stride == 0 {
			clear(y)
			return
		}
		last := blocks - (groups-1)*8
		mask := &laneMask[8-last]
		rows := 0
		if len(w) >= reach {
			rows = min(len(y), (len(w)-reach)/stride+1)
		}
		if rows > 0 {
			do(&y[0], &w[0], rows, stride, groups, &q[0], &scale[0], &sum[0], &first[0], &second[0], mask, last)
		}
		for r := rows; r < len(y); r++ {
			row := lastRow(w[r*stride:(r+1)*stride], reach)
			do(&y[r], &(*row)[0], 1, stride, groups, &q[0], &scale[0], &sum[0], &first[0], &second[0], mask, last)
			lastRows.Put(row)
		}
	}
}

func quantizeWordsAVX2(v vector, x []float32) {
	n := len(x) / BlockSize
	q, scale, sum, first, second, x := v.q[:n*BlockSize], v.scale[:n], v.sum[:n], v.first[:n], v.second[:n], x[:n*BlockSize]
	for b := 0; b < n; b++ {
		b += quantizeAVX2(&q[b*BlockSize], &scale[b], &sum[b], &first[b], &second[b], &x[b*BlockSize], n-b)
		if b < n { // a block that is tiny or not finite
			quantize(vector{q[b*BlockSize:], scale[b:], sum[b:], first[b:], second[b:]}, x[b*BlockSize:(b+1)*BlockSize])
		}
	}
}
