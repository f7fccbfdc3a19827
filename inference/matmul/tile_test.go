package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// eachTile runs body for every tile of both element types.
func eachTile(t *testing.T, body32 func(*testing.T, *tile[float32]), body64 func(*testing.T, *tile[float64])) {
	t.Helper()
	eachKernel(t, func(t *testing.T, k *kernels) {
		t.Run("float32", func(t *testing.T) { body32(t, k.single) })
		t.Run("float64", func(t *testing.T) { body64(t, k.double) })
	})
}

// guard makes n random elements between guard bands.
func guard[T float](r *rand.Rand, n, shift int) guarded[T] {
	g := newGuarded(n, shift, T(poisonFloat))
	for i := range g.v {
		g.v[i] = T(r.Float32()*2 - 1)
	}
	return g
}

// tolerance is the rounding of k products of numbers below 1, summed in any order.
func tolerance[T float](k int) float64 {
	if elementSize[T]() == 4 {
		return 4e-7 * float64(k+4)
	}
	return 1e-15 * float64(k+4)
}

// close reports the first element of got further than tolerance from want.
func closeTo[T float](got, want []T, tolerance float64) error {
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tolerance) && (got[i] == got[i] || want[i] == want[i]) && got[i] != want[i] {
			return fmt.Errorf("element %d is %v, want %v", i, got[i], want[i])
		}
	}
	return nil
}

func TestMicroEqualsDefinition(t *testing.T) {
	r := newRand(t)
	eachTile(t, func(t *testing.T, k *tile[float32]) { testMicro(t, r, k) }, func(t *testing.T, k *tile[float64]) { testMicro(t, r, k) })
}

func testMicro[T float](t *testing.T, r *rand.Rand, k *tile[T]) {
	shifts := 32 / elementSize[T]()
	for _, height := range k.heights {
		for depth := 1; depth <= 20; depth++ {
			for shift := range shifts { // each alignment of an element within 32 bytes
				count, ldc := 1+r.IntN(3), k.cols+r.IntN(5)
				a, b := guard[T](r, count*height*depth, shift), guard[T](r, k.cols*depth, (shift+3)%shifts)
				c := guard[T](r, (count*height-1)*ldc+k.cols, (shift+5)%shifts)
				want := append([]T(nil), c.v...)
				alpha, beta := []T{1, -0.5}[r.IntN(2)], []T{0, 1, 0.25}[r.IntN(3)]
				micro(height, k.cols, depth, count, alpha, beta, a.v, b.v, want, ldc)
				if beta == 0 {
					for i := range count * height {
						c.v[i*ldc+r.IntN(k.cols)] = T(math.NaN()) // is not read
					}
				}
				k.micro(height, depth, count, alpha, beta, a.v, b.v, c.v, ldc)
				if err := closeTo(c.v, want, tolerance[T](depth)); err != nil {
					t.Fatalf("height %d, depth %d, %d tiles, shift %d, alpha %v, beta %v: %v", height, depth, count, shift, alpha, beta, err)
				}
				c.check(t, "c")
			}
		}
	}
}

func TestPackingEqualsDefinition(t *testing.T) {
	r := newRand(t)
	eachTile(t, func(t *testing.T, k *tile[float32]) { testPacking(t, r, k) }, func(t *testing.T, k *tile[float64]) { testPacking(t, r, k) })
}

func testPacking[T float](t *testing.T, r *rand.Rand, k *tile[T]) {
	same := func(what string, got guarded[T], want []T) {
		t.Helper()
		if !slices.Equal(got.v, want) {
			t.Fatalf("%s = %v, want %v", what, got.v, want)
		}
		got.check(t, what)
	}
	shifts := 32 / elementSize[T]()
	for n := 1; n <= 64; n++ {
		for shift := range shifts {
			for width, do := range map[int]func(dst, src []T, ld, n int){
				k.cols: func(dst, src []T, ld, n int) { k.panel(dst, src, ld, n) }, k.rows: k.columns,
			} {
				ld := width + r.IntN(4)
				src, dst := guard[T](r, (n-1)*ld+width, shift), guard[T](r, n*width, (shift+1)%shifts)
				want := make([]T, n*width)
				panel(want, width, src.v, ld, n)
				do(dst.v, src.v, ld, n)
				same(fmt.Sprintf("%d rows of %d", n, width), dst, want)
			}
			rows, ld := 1+r.IntN(k.cols), n+r.IntN(4)
			width := rows + r.IntN(4)
			src, dst := guard[T](r, (rows-1)*ld+n, shift), guard[T](r, (n-1)*width+rows, (shift+2)%shifts)
			want := append([]T(nil), dst.v...)
			interleave(want, width, src.v, ld, rows, n)
			k.interleave(dst.v, width, src.v, ld, rows, n)
			same(fmt.Sprintf("interleave(%d rows of %d)", rows, n), dst, want)
		}
	}
}

// TestNonFiniteIsFoundAnywhere puts one infinity or NaN at each place.
func TestNonFiniteIsFoundAnywhere(t *testing.T) {
	r := newRand(t)
	eachTile(t, func(t *testing.T, k *tile[float32]) { testFinite(t, r, k) }, func(t *testing.T, k *tile[float64]) { testFinite(t, r, k) })
}

func testFinite[T float](t *testing.T, r *rand.Rand, k *tile[T]) {
	for rows := 1; rows <= 5; rows++ {
		src, dst := guard[T](r, rows*k.cols, 0), make([]T, rows*k.cols)
		src.v[0] = T(math.Copysign(0, -1))
		if !k.panel(dst, src.v, k.cols, rows) || !k.finite(src.v) {
			t.Fatalf("%d rows of numbers are said not to be finite", rows)
		}
		for i := range src.v {
			for _, odd := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				old := src.v[i]
				src.v[i] = T(odd)
				if k.panel(dst, src.v, k.cols, rows) || k.finite(src.v) || k.finite(src.v[i:]) || k.finite(src.v[:i+1]) {
					t.Fatalf("%v at %d of %d was not found", odd, i, len(src.v))
				}
				src.v[i] = old
			}
		}
	}
}

func TestVectorFunctionsEqualDefinition(t *testing.T) {
	r := newRand(t)
	eachTile(t, func(t *testing.T, k *tile[float32]) { testVectors(t, r, k) }, func(t *testing.T, k *tile[float64]) { testVectors(t, r, k) })
}

func testVectors[T float](t *testing.T, r *rand.Rand, k *tile[T]) {
	shifts := 32 / elementSize[T]()
	for n := range 131 {
		for shift := range shifts {
			ld := n + r.IntN(4)
			rows, x, y := guard[T](r, 3*ld+n, shift), guard[T](r, n, (shift+1)%shifts), guard[T](r, n, (shift+2)%shifts)
			f := [4]T{0.5, -1, 2, 0.25}
			check := func(what string, got, want []T) {
				t.Helper()
				if err := closeTo(got, want, tolerance[T](n)); err != nil {
					t.Fatalf("%s of %d: %v", what, n, err)
				}
				y.check(t, what)
			}
			check("dot", []T{k.dot(x.v, y.v)}, []T{dotAny(x.v, y.v)})
			got, want := k.dot4(rows.v, x.v, ld), dot4Any(rows.v, x.v, ld)
			check("dot4", got[:], want[:])
			expect := append([]T(nil), y.v...)
			axpyAny(1.5, x.v, expect)
			k.axpy(1.5, x.v, y.v)
			check("axpy", y.v, expect)
			axpy4Any(f, rows.v, expect, ld)
			k.axpy4(f, rows.v, y.v, ld)
			check("axpy4", y.v, expect)
		}
	}
}
