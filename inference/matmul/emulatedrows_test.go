package matmul

import (
	_ "embed"
	"math/rand/v2"
	"strings"
	"testing"
)

//go:embed bytes_amd64.s
var bytesSource string

//go:embed words_amd64.s
var wordsSource string

//go:embed batch_amd64.s
var batchSource string

// TestRowsInTheMachine runs the kernels with VNNI, for words and for bytes.
func TestRowsInTheMachine(t *testing.T) {
	r := newRand(t)
	names := map[Format]string{Q8_0: "Q8", Q4_0: "Q40", Q4_1: "Q41", Q4_K: "Q4K", Q5_K: "Q5K", Q6_K: "Q6K", Q5_0: "Q50", Q5_1: "Q51", IQ4_NL: "IQ4"}
	bytes, words := newMachine(t, bytesSource), newMachine(t, wordsSource)
	for _, f := range quantizedFormats {
		eachShape(f, func(rows, cols int) {
			if rows == 0 {
				return
			}
			blocks, groups := cols/BlockSize, (cols+groupSize-1)/groupSize
			stride := cols / layouts[f].elements * layouts[f].size
			w, x, wide := randomBlocks(r, f, rows, cols, 0).v, randomBytes(r, cols, 0), randomWords(r, cols, 0)
			if r.IntN(4) == 0 { // any scale, infinities and NaNs too
				for i := range w {
					w[i] = byte(r.Uint32())
				}
			}
			reach := groups * groupSize / layouts[f].elements * layouts[f].size
			behind := make([]byte, reach-stride) // another row, say
			for i := range behind {
				behind[i] = byte(r.Uint32())
			}
			weights := append(append([]byte(nil), w...), behind...)
			mask := make([]uint32, 8)
			for i := range mask {
				if blocks%8 == 0 || i < blocks%8 {
					mask[i] = ^uint32(0)
				}
			}
			run := func(m *machine, name string, want []float32, args func() []any) {
				m.memory = nil
				y := raw(make([]float32, rows))
				m.call(name, append([]any{m.place(y, 4), m.place(weights, r.IntN(64)), rows, stride, groups}, args()...)...)
				got := make([]float32, rows)
				if unraw(got, y); !sameBits(got, want) {
					t.Fatalf("%s %dx%d = %v, want %v", name, rows, cols, got, want)
				}
			}
			want := make([]float32, rows)
			rowsWords(f, want, w, wide, blocks)
			run(words, "rows"+names[f]+"WordsVNNI", want, func() []any {
				m := words
				return []any{m.place(raw(wide.q), 2), m.place(raw(wide.scale), 4), m.place(raw(wide.sum), 8), m.place(raw(wide.first), 4), m.place(raw(wide.second), 8), m.place(raw(mask), 0), blocks - 8*(groups-1)}
			})
			if f == Q5_0 || f == Q5_1 || f == IQ4_NL {
				return
			}
			rowsBytes(f, want, w, x, blocks)
			run(bytes, "rows"+names[f]+"VNNI", want, func() []any {
				m := bytes
				return []any{m.place(raw(x.q), 1), m.place(raw(x.scale), 4), m.place(raw(x.sum), 8), m.place(raw(x.halves), 2), m.place(raw(mask), 0)}
			})
		})
	}
}

// TestBatchInTheMachine runs both kernels.
func TestBatchInTheMachine(t *testing.T) {
	r := newRand(t)
	m := newMachine(t, batchSource)
	for _, name := range []string{"batch4x16AVX2", "batch4x16HalvedAVX2", "batch4x16VNNI", "batch4x16HalvedVNNI"} {
		for _, blocks := range []int{1, 2, 7, 8, 9, 17} {
			for _, offset := range []bool{false, true} {
				testBatchIn(t, r, m, name, blocks, offset)
			}
		}
	}
}

func testBatchIn(t *testing.T, r *rand.Rand, m *machine, name string, blocks int, offset bool) {
	t.Helper()
	stride, ld := blocks+r.IntN(3), batchRows+r.IntN(5)
	most, halved := 128, strings.Contains(name, "Halved")
	if halved {
		most = 4096 // Q6_K's
	}
	q, x := make([]int16, batchRows*stride*BlockSize), make([]int16, blocks*BlockSize*batchWide)
	for i := range q {
		q[i] = int16(r.IntN(2*most) - most)
	}
	for i := range x {
		x[i] = int16(r.IntN(2*qMax+1) - qMax)
	}
	scale, least := make([]float32, batchRows*stride), make([]float32, batchRows*stride)
	xscale, xsum := make([]float32, blocks*batchWide), make([]float32, blocks*batchWide)
	for _, v := range [][]float32{scale, least, xscale, xsum} {
		fill(r, v)
	}
	want := make([]float32, (batchWide-1)*ld+batchRows)
	for i := range want {
		want[i] = poisonFloat
	}
	y := raw(want)
	for i := range batchRows * batchWide {
		row, v := i/batchWide, i%batchWide
		var s [8]float32
		for b := range blocks {
			var halves [2]int32
			for j := range BlockSize {
				halves[j/8%2] += int32(q[(row*stride+b)*BlockSize+j]) * int32(x[((b*BlockSize+j)/2*batchWide+v)*2+j%2])
			}
			dot := float32(halves[0] + halves[1])
			if halved {
				dot = float32(halves[0]) + float32(halves[1])
			}
			s[b%8] += float32(dot * float32(scale[row*stride+b]*xscale[b*batchWide+v]))
			if offset {
				s[b%8] -= float32(least[row*stride+b] * xsum[b*batchWide+v])
			}
		}
		for n := 4; n > 0; n /= 2 {
			for l := range n {
				s[l] += s[l+n]
			}
		}
		want[v*ld+row] = s[0]
	}
	m.memory = nil
	nothing := uint64(0)
	if offset {
		nothing = m.place(raw(least), 4)
	}
	sums := make([]float32, batchSums*batchRows*batchWide) // what few blocks do not reach is zero
	for i := range min(blocks, batchSums) * batchRows * batchWide {
		sums[i] = poisonFloat
	}
	m.call(name, m.place(y, 4), ld, m.place(raw(q), 2), m.place(raw(scale), 4), nothing, stride, blocks, m.place(raw(x), 2), m.place(raw(xscale), 4), m.place(raw(xsum), 4),
		m.place(raw(sums), 4), m.place(make([]byte, 4*len(sums)), 4))
	got := make([]float32, len(want))
	if unraw(got, y); !sameBits(got, want) {
		t.Fatalf("%s, %d blocks, offset %v: %v, want %v", name, blocks, offset, got, want)
	}
}

//go:embed floats_amd64.s
var floatsSource string

// TestDotsInTheMachine runs the tiles of floats, in one piece and in two.
func TestDotsInTheMachine(t *testing.T) {
	r := newRand(t)
	m := newMachine(t, floatsSource)
	for _, c := range []struct {
		name         string
		rows, passes int
	}{{"dots3x4AVX2", 3, 2}, {"dots6x4AVX512", 6, 1}} {
		for chunks := 1; chunks < 8; chunks++ {
			n, ld := chunks*lanes, c.rows+r.IntN(5)
			w, x := make([]float32, c.rows*n), make([]float32, floatWide*n)
			fill(r, w)
			fill(r, x)
			want := make([]float32, (floatWide-1)*ld+c.rows)
			for i := range want {
				want[i] = poisonFloat
			}
			y, sums := raw(want), make([]float32, c.rows*floatWide*lanes)
			for i := range sums {
				sums[i] = poisonFloat
			}
			for row := range c.rows {
				for v := range floatWide {
					want[v*ld+row] = dot(w[row*n:][:n], x[v*n:][:n])
				}
			}
			m.memory = nil
			where := m.place(raw(sums), 4)
			run := func(y uint64, from, to, fresh int) { // some of the chunks, in panels
				panel := func(v []float32, rows int) []float32 {
					var out []float32
					for p := range c.passes {
						for ch := from; ch < to; ch++ {
							for i := range rows {
								at := i*n + ch*lanes + p*lanes/c.passes
								out = append(out, v[at:at+lanes/c.passes]...)
							}
						}
					}
					return out
				}
				each := 4 * (to - from) * lanes / c.passes
				m.call(c.name, y, ld, where, m.place(raw(panel(w, c.rows)), 4), m.place(raw(panel(x, floatWide)), 8), to-from, each*c.rows, each*floatWide, fresh)
			}
			cut := r.IntN(chunks)
			if cut > 0 {
				run(0, 0, cut, 1)
			}
			run(m.place(y, 4), cut, chunks, max(0, 1-cut))
			got := make([]float32, len(want))
			if unraw(got, y); !sameBits(got, want) {
				t.Fatalf("%s, %d chunks cut at %d: %v, want %v", c.name, chunks, cut, got, want)
			}
		}
	}
}
