package matmul

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

//go:embed tile512_amd64.s
var tile512Source string

//go:embed tile_amd64.s
var tileSource string

//go:embed bytes_amd64.s
var bytesSource string

//go:embed batch_amd64.s
var batchSource string

// raw returns the bytes of a vector.
func raw[T any](v []T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

// unraw is its inverse.
func unraw[T any](v []T, b []byte) {
	if _, err := binary.Decode(b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
}

// microBy returns micro by way of a machine, for functions named so.
func microBy[T float](t testing.TB, source, format string, cols int) func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
	m := newMachine(t, source)
	return func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
		m.memory = nil
		out := raw(c[:(count*height-1)*ldc+cols])
		args := []any{k, count, alpha, beta, m.place(raw(a[:count*height*k]), 4), m.place(raw(b[:k*cols]), 8), m.place(out, 12), ldc}
		m.call(fmt.Sprintf(format, height), args...)
		unraw(c[:(count*height-1)*ldc+cols], out)
	}
}

// TestMicroInTheMachine runs the tiles for 512 bits, and one for 256 as a check of the
// machine, whatever the processor has.
func TestMicroInTheMachine(t *testing.T) {
	r := newRand(t)
	t.Run("sgemm512", func(t *testing.T) {
		testMicro(t, r, &tile[float32]{rows: 12, cols: 32, heights: []int{12, 8, 4}, micro: microBy[float32](t, tile512Source, "sgemm%dx32AVX512", 32)})
	})
	t.Run("dgemm512", func(t *testing.T) {
		testMicro(t, r, &tile[float64]{rows: 12, cols: 16, heights: []int{12, 8, 4}, micro: microBy[float64](t, tile512Source, "dgemm%dx16AVX512", 16)})
	})
	t.Run("sgemm256", func(t *testing.T) {
		testMicro(t, r, &tile[float32]{rows: 6, cols: 16, heights: []int{6, 4, 2}, micro: microBy[float32](t, tileSource, "sgemm%dx16AVX2", 16)})
	})
}

// TestRowsBytesInTheMachine runs the kernels with VNNI.
func TestRowsBytesInTheMachine(t *testing.T) {
	r := newRand(t)
	names := map[Format]string{Q8_0: "Q8", Q4_0: "Q40", Q4_1: "Q41", Q4_K: "Q4K", Q5_K: "Q5K", Q6_K: "Q6K"}
	m := newMachine(t, bytesSource)
	for _, f := range quantizedFormats {
		eachShape(f, func(rows, cols int) {
			if rows == 0 {
				return
			}
			blocks, groups := cols/BlockSize, (cols+groupSize-1)/groupSize
			stride := cols / layouts[f].elements * layouts[f].size
			w, x := randomBlocks(r, f, rows, cols, 0).v, randomBytes(r, cols, 0)
			if r.IntN(4) == 0 { // any scale, infinities and NaNs too
				for i := range w {
					w[i] = byte(r.Uint32())
				}
			}
			want := make([]float32, rows)
			rowsBytes(f, want, w, x, blocks)
			reach := groups * groupSize / layouts[f].elements * layouts[f].size
			behind := make([]byte, reach-stride) // another row, say
			for i := range behind {
				behind[i] = byte(r.Uint32())
			}
			m.memory = nil
			mask := make([]uint32, 8)
			for i := range mask {
				if blocks%8 == 0 || i < blocks%8 {
					mask[i] = ^uint32(0)
				}
			}
			y := raw(make([]float32, rows))
			m.call("rows"+names[f]+"VNNI", m.place(y, 4), m.place(append(append([]byte(nil), w...), behind...), r.IntN(64)), rows, stride, groups,
				m.place(raw(x.q), 1), m.place(raw(x.scale), 4), m.place(raw(x.sum), 8), m.place(raw(x.halves), 2), m.place(raw(mask), 0))
			got := make([]float32, rows)
			unraw(got, y)
			if !sameBits(got, want) {
				t.Fatalf("%v %dx%d = %v, want %v", f, rows, cols, got, want)
			}
		})
	}
}

// TestBatchInTheMachine runs both kernels.
func TestBatchInTheMachine(t *testing.T) {
	r := newRand(t)
	m := newMachine(t, batchSource)
	for _, name := range []string{"batch4x16AVX2", "batch4x16VNNI"} {
		for _, blocks := range []int{1, 2, 7, 8, 9, 17} {
			for _, words := range []bool{false, true} {
				testBatchIn(t, r, m, name, blocks, words)
			}
		}
	}
}

func testBatchIn(t *testing.T, r *rand.Rand, m *machine, name string, blocks int, words bool) {
	t.Helper()
	stride := blocks + r.IntN(3)
	most := 4064 // Q6_K's
	if words {
		most = 128
	}
	q, x := make([]int16, batchRows*stride*BlockSize), make([]int16, blocks*BlockSize*batchWide)
	for i := range q {
		q[i] = int16(r.IntN(2*most) - most)
	}
	for i := range x {
		if x[i] = int16(r.IntN(255) - 127); words {
			x[i] = int16(r.IntN(2*qMax) - qMax)
		}
	}
	scale, least := make([]float32, batchRows*stride), make([]float32, batchRows*stride)
	xscale, xsum := make([]float32, blocks*batchWide), make([]float32, blocks*batchWide)
	for _, v := range [][]float32{scale, least, xscale, xsum} {
		fill(r, v)
	}
	want := make([]float32, batchRows*batchWide)
	for i := range want {
		row, v := i/batchWide, i%batchWide
		var s [8]float32
		for b := range blocks {
			var dot int32
			for j := range BlockSize {
				dot += int32(q[(row*stride+b)*BlockSize+j]) * int32(x[((b*BlockSize+j)/2*batchWide+v)*2+j%2])
			}
			at := b % 8
			if words {
				at = 0
			}
			s[at] += float32(float32(dot) * float32(scale[row*stride+b]*xscale[b*batchWide+v]))
			if !words {
				s[at] -= float32(least[row*stride+b] * xsum[b*batchWide+v])
			}
		}
		for n := 4; n > 0; n /= 2 {
			for l := range n {
				s[l] += s[l+n]
			}
		}
		want[i] = s[0]
	}
	m.memory = nil
	size, nothing := 8*batchRows*batchWide, m.place(raw(least), 4)
	if words {
		size, nothing = batchRows*batchWide, 0
	}
	sums := raw(make([]float32, size))
	m.call(name, m.place(sums, 4), m.place(raw(q), 2), m.place(raw(scale), 4), nothing, stride, blocks, m.place(raw(x), 2), m.place(raw(xscale), 4), m.place(raw(xsum), 4))
	got := make([]float32, size)
	unraw(got, sums)
	if !sameBits(got[:len(want)], want) {
		t.Fatalf("%s, %d blocks, words %v: %v, want %v", name, blocks, words, got[:len(want)], want)
	}
}

// TestMachineFindsWhatLiesOutside: a kernel that reads behind a buffer fails its test.
func TestMachineFindsWhatLiesOutside(t *testing.T) {
	m := newMachine(t, tileSource)
	address := m.place(make([]byte, 8), 0)
	for _, c := range []struct {
		at   uint64
		n    int
		want bool
	}{{0, 8, true}, {4, 4, true}, {4, 5, false}, {^uint64(0), 1, false}, {8, 1, false}} {
		probe := &probeTB{TB: t}
		m.t = probe
		m.gpr["SI"] = address + c.at
		func() {
			defer func() { recover() }()
			m.bytes("(SI)", c.n)
		}()
		if probe.failed == c.want {
			t.Errorf("%d bytes at %d of 8: failed %v", c.n, int64(c.at), probe.failed)
		}
	}
}

// probeTB is a test that notes a failure.
type probeTB struct {
	testing.TB
	failed bool
}

func (p *probeTB) Fatalf(string, ...any) {
	p.failed = true
	panic("failed")
}
