package matmul

import (
	"fmt"
	"testing"
)

// TestBatchesGiveTheBitsOfSingleVectors multiplies the same vectors together and one
// by one, for every count to 40.
func TestBatchesGiveTheBitsOfSingleVectors(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		useKernel(t, k)
		for _, f := range quantizedFormats {
			for count := 1; count <= 40; count++ {
				if k.batch == nil && count%16 != 1 {
					continue // nothing but single vectors there
				}
				rows, cols := 1+r.IntN(11), (1+r.IntN(5))*max(layouts[f].elements, 3*BlockSize)
				w, err := New(f, randomBlocks(r, f, rows, cols, r.IntN(32)).v, rows, cols)
				if err != nil {
					t.Fatal(err)
				}
				x := make([]float32, count*cols)
				fill(r, x)
				for _, inBytes := range []bool{false, true} {
					set := func(in *Input, x []float32, count int) {
						if inBytes {
							in.SetBytes(x, count, cols)
						} else {
							in.Set(x, count, cols, true)
						}
					}
					all, one := NewInput(count, cols), NewInput(1, cols)
					y, want := floatsGuarded(count*rows, r.IntN(8)), make([]float32, count*rows)
					set(all, x, count)
					Mul(y.v, &w, all)
					for i := range count {
						set(one, x[i*cols:(i+1)*cols], 1)
						Mul(want[i*rows:(i+1)*rows], &w, one)
					}
					if !sameBits(y.v, want) {
						t.Fatalf("%v %dx%d, %d vectors, bytes %v: %v, want %v", f, rows, cols, count, inBytes, y.v, want)
					}
					y.check(t, "y")
				}
			}
		}
	})
}

// TestBatchOfPartOfTheRows has threads' parts that begin and end anywhere.
func TestBatchOfPartOfTheRows(t *testing.T) {
	r := newRand(t)
	const rows, cols, count = 21, 256, 19
	w, err := New(Q4_1, randomBlocks(r, Q4_1, rows, cols, 1).v, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	x, in, want := make([]float32, count*cols), NewInput(count, cols), make([]float32, count*rows)
	fill(r, x)
	in.SetBytes(x, count, cols)
	Mul(want, &w, in)
	for from := range rows {
		for to := from; to <= rows; to++ {
			y := make([]float32, count*rows)
			MulRows(y, &w, in, 0, from)
			MulRows(y, &w, in, to, rows)
			MulRows(y, &w, in, from, to)
			if !sameBits(y, want) {
				t.Fatalf("rows %d to %d apart from the others: other bits", from, to)
			}
		}
	}
}

// TestBatchAllocatesNothingOnceWarm covers inputs and products.
func TestBatchAllocatesNothingOnceWarm(t *testing.T) {
	if raceEnabled {
		t.Skip("needs a test without -race: it has sync.Pool forget at random")
	}
	r := newRand(t)
	const rows, cols, count = 32, 96, 32
	w, err := New(Q4_0, randomBlocks(r, Q4_0, rows, cols, 0).v, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	x, in, y := make([]float32, count*cols), NewInput(count, cols), make([]float32, count*rows)
	for name, set := range map[string]func(){
		"words": func() { in.Set(x, count, cols, true) }, "bytes": func() { in.SetBytes(x, count, cols) },
	} {
		run := func() {
			set()
			Mul(y, &w, in)
		}
		run()
		if got := testing.AllocsPerRun(50, run); got >= 1 {
			t.Errorf("%s: %v allocations a product", name, got)
		}
	}
}

// TestUnpackedRowsAreTheBlocks compares with block.read, between guard bands.
func TestUnpackedRowsAreTheBlocks(t *testing.T) {
	r := newRand(t)
	eachKernel(t, func(t *testing.T, k *kernels) {
		if k.batch == nil {
			t.Skip("this kernel, portable Go, has no batches: the others of this test have")
		}
		for _, f := range quantizedFormats {
			eachShape(f, func(_, cols int) {
				w, blocks, padded := randomBlocks(r, f, 1, cols, r.IntN(32)), cols/BlockSize, paddedCols(cols)
				q, scale, least := newGuarded[int16](padded, r.IntN(16), 9999), floatsGuarded(padded/BlockSize, r.IntN(8)), floatsGuarded(padded/BlockSize, r.IntN(8))
				k.batch.unpack[f](q.v, scale.v, least.v, w.v, blocks)
				var b block
				for i := range blocks {
					b.read(f, w.v, i)
					want := make([]int16, BlockSize)
					for j := range want {
						want[wordOrder(j)] = int16(b.sub[j/16] * (int32(b.q[j]) - b.zero))
					}
					got := q.v[i*BlockSize : (i+1)*BlockSize]
					if fmt.Sprint(got) != fmt.Sprint(want) || scale.v[i] != b.scale || least.v[i] != b.min {
						t.Fatalf("%v block %d of %d: %v %v %v, want %v %v %v", f, i, blocks, got, scale.v[i], least.v[i], want, b.scale, b.min)
					}
				}
				q.check(t, "q")
				scale.check(t, "scale")
				least.check(t, "least")
			})
		}
	})
}
