package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// orderedCase is a random product with gaps, and rows that overlap nothing.
func orderedCase(r *rand.Rand, rows, n, blocks int, transposed bool) (out, a, b guarded[float32], s Shape) {
	s = Shape{Rows: rows, N: n, Blocks: blocks, LdOut: blocks*Columns + r.IntN(5), LdA: n + r.IntN(5)}
	if s.LdB, s.Next = Columns, n*Columns+r.IntN(5); transposed {
		s.LdB, s.Next = blocks*Columns+r.IntN(5), Columns
	}
	out = floatsGuarded((rows-1)*s.LdOut+blocks*Columns, r.IntN(8))
	a = floatsGuarded((rows-1)*s.LdA+n, r.IntN(8))
	b = floatsGuarded((blocks-1)*s.Next+(n-1)*s.LdB+Columns, r.IntN(8))
	for _, v := range []guarded[float32]{out, a, b} {
		fill(r, v.v)
	}
	return out, a, b, s
}

// eachOrdered gives all small shapes.
func eachOrdered(yield func(rows, n, blocks int)) {
	for rows := 1; rows <= 9; rows++ {
		for _, n := range []int{1, 2, 3, 16, 33} {
			for blocks := 1; blocks <= 9; blocks++ {
				yield(rows, n, blocks)
			}
		}
	}
}

func TestOrderedGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		eachOrdered(func(rows, n, blocks int) {
			out, a, b, s := orderedCase(r, rows, n, blocks, r.IntN(2) == 0)
			want := slices.Clone(out.v)
			for q := range rows {
				for j := range blocks * Columns {
					for i := range n {
						want[q*s.LdOut+j] += float32(a.v[q*s.LdA+i] * b.v[j/Columns*s.Next+i*s.LdB+j%Columns])
					}
				}
			}
			k.attend.ordered(out.v, a.v, b.v, s)
			if !sameBits(out.v, want) {
				t.Fatalf("%+v: %v, want %v", s, out.v, want)
			}
			out.check(t, "out")
		})
	})
}

// TestOrderedInTheMachine runs the kernels of both sizes, and AVX-512's on any processor.
func TestOrderedInTheMachine(t *testing.T) {
	r := newRand(t)
	m := newMachine(t, attendSource)
	for _, name := range []string{"AVX2", "AVX512"} {
		for _, tile := range [][2]int{{1, 4}, {1, 1}, {2, 2}, {2, 1}, {3, 1}, {4, 1}} {
			for _, n := range []int{1, 2, 7} {
				for times := 1; times <= 2; times++ {
					out, a, b, s := orderedCase(r, tile[0], n, times*tile[1], n == 2)
					want := slices.Clone(out.v)
					ordered(want, a.v, b.v, s)
					m.memory = nil
					got := raw(out.v)
					m.call(fmt.Sprintf("ordered%dx%d%s", tile[0], tile[1], name), m.place(got, 4), m.place(raw(a.v), 4), m.place(raw(b.v), 8),
						s.N, s.Blocks, 4*s.LdOut, 4*s.LdA, 4*s.LdB, 4*s.Next)
					unraw(out.v, got)
					if !sameBits(out.v, want) {
						t.Fatalf("%s %v %+v: %v, want %v", name, tile, s, out.v, want)
					}
				}
			}
		}
	}
}

func TestSoftenGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	odd := exponents()
	eachKernel(t, func(t *testing.T, k *kernels) {
		for n := 0; n <= 160; n += Columns {
			for range 4 {
				x := floatsGuarded(n, r.IntN(8))
				for i := range x.v {
					if x.v[i] = r.Float32() * 100; r.IntN(9) == 0 {
						x.v[i] = odd[r.IntN(len(odd))]
					}
				}
				want := slices.Clone(x.v)
				sum := soften(want)
				got := k.attend.soften(x.v)
				if !sameBits(x.v, want) || !sameBits([]float32{got}, []float32{sum}) {
					t.Fatalf("soften of %d = %v, %v, want %v, %v", n, x.v, got, want, sum)
				}
				x.check(t, "x")
			}
		}
	})
}

func TestSoften(t *testing.T) {
	x := make([]float32, 32)
	copy(x, []float32{1, 3, -200, float32(math.Inf(-1)), 2, 99})
	sum := Soften(x, 5)
	want := []float64{math.Exp(-2), 1, 0, 0, math.Exp(-1), 0}
	for i, v := range x {
		w := 0.0
		if i < len(want) {
			w = want[i]
		}
		if math.Abs(float64(v)-w) > 1e-7 {
			t.Errorf("element %d is %v, want %v", i, v, w)
		}
	}
	if want := math.Exp(-2) + 1 + math.Exp(-1); math.Abs(float64(sum)-want) > 1e-6 {
		t.Errorf("sum %v, want %v", sum, want)
	}
}

// TestHalvesGoThroughNarrow: each finite half is its own nearest, and what lies between
// two goes to the nearer, or the even one.
func TestHalvesGoThroughNarrow(t *testing.T) {
	all := make([]uint16, 0, 1<<16)
	for h := range 1 << 16 {
		if h>>10&31 != 31 {
			all = append(all, uint16(h))
		}
	}
	eachKernel(t, func(t *testing.T, k *kernels) {
		wide, back := make([]float32, len(all)), make([]uint16, len(all))
		k.attend.widenHalves(wide, all)
		k.attend.narrowHalves(back, wide)
		if !slices.Equal(back, all) {
			t.Fatal("halves change on their way through float32")
		}
		for i := range len(all) - 1 {
			lo, hi := wide[i], wide[i+1]
			if math.Abs(float64(hi)-float64(lo)) >= 65504 {
				continue // from the largest to -0
			}
			mid := (lo + hi) / 2
			in := []float32{mid, math.Nextafter32(mid, lo), math.Nextafter32(mid, hi), 0, 0, 0, 0, 0}
			even := all[i] + all[i]&1
			want := []uint16{even, all[i], all[i+1]}
			got := make([]uint16, len(in))
			if k.attend.narrowHalves(got, in); !slices.Equal(got[:3], want) {
				t.Fatalf("between %v and %v: %#x, want %#x", lo, hi, got[:3], want)
			}
		}
		inf := float32(math.Inf(1))
		in, got := []float32{inf, -inf, 65504, 65519, 65520, -1e30, float32(math.NaN()), 1e-30}, make([]uint16, 8)
		k.attend.narrowHalves(got, in)
		if want := []uint16{0x7BFF, 0xFBFF, 0x7BFF, 0x7BFF, 0x7BFF, 0xFBFF, 0x7E00, 0}; !slices.Equal(got, want) {
			t.Errorf("narrowHalves(%v) = %#x, want %#x", in, got, want)
		}
	})
}

func TestWideningGivesDefinedBits(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		for blocks := range 4 {
			for _, columns := range []bool{false, true} {
				n, scales, got, want := blocks*BlockSize, blocks, k.attend.widenRows, widenRows
				if columns {
					n, scales, got, want = n*Columns, scales*Columns, k.attend.widenColumns, widenColumns
				}
				src, scale, dst := newGuarded[int8](n, r.IntN(32), 77), floatsGuarded(scales, r.IntN(8)), floatsGuarded(n, r.IntN(8))
				for i := range src.v {
					src.v[i] = int8(r.Uint32())
				}
				fill(r, scale.v)
				w := make([]float32, n)
				want(w, src.v, scale.v)
				got(dst.v, src.v, scale.v)
				if !sameBits(dst.v, w) {
					t.Fatalf("%d blocks, columns %v: %v, want %v", blocks, columns, dst.v, w)
				}
				dst.check(t, "dst")
			}
		}
		for n := range 40 {
			src, dst := newGuarded[uint16](n, r.IntN(16), 77), floatsGuarded(n, r.IntN(8))
			for i := range src.v {
				src.v[i] = uint16(r.Uint32()) &^ (1 << 14)
			}
			w, back := make([]float32, n), newGuarded[uint16](n, r.IntN(16), 77)
			widenHalves(w, src.v)
			k.attend.widenHalves(dst.v, src.v)
			k.attend.narrowHalves(back.v, dst.v)
			if !sameBits(dst.v, w) || !slices.Equal(back.v, src.v) {
				t.Fatalf("%d halves %#x: %v, want %v; back %#x", n, src.v, dst.v, w, back.v)
			}
			dst.check(t, "dst")
			back.check(t, "back")
		}
	})
}

func TestNarrowRowsKeepsItsError(t *testing.T) {
	r := newRand(t)
	const blocks = 300
	src, q, scale, back := make([]float32, blocks*BlockSize), make([]int8, blocks*BlockSize), make([]float32, blocks), make([]float32, blocks*BlockSize)
	for b := range blocks {
		f := float32(math.Ldexp(1, r.IntN(60)-30))
		for i := range BlockSize {
			src[b*BlockSize+i] = (r.Float32()*2 - 1) * f
		}
	}
	clear(src[:BlockSize])
	src[BlockSize] = float32(math.Inf(1))
	NarrowRows(q, scale, src)
	WidenRows(back, q, scale)
	if scale[0] != 0 || scale[1] == scale[1] {
		t.Errorf("scales of zeros and of an infinity: %v, %v; want 0, NaN", scale[0], scale[1])
	}
	for b := 2; b < blocks; b++ {
		top := 0.0
		for _, v := range src[b*BlockSize : (b+1)*BlockSize] {
			top = max(top, math.Abs(float64(v)))
		}
		for i := b * BlockSize; i < (b+1)*BlockSize; i++ {
			if diff := math.Abs(float64(src[i]) - float64(back[i])); diff > top/254*(1+1e-5) {
				t.Fatalf("%v comes back as %v, largest %v: off by %v of it", src[i], back[i], top, diff/top)
			}
		}
	}
}
