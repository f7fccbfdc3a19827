package area

import (
	"math/rand/v2"
	"testing"
	"time"
)

const modelPages = 2048

// machine makes the same calls on an Area and on a slice of pages.
type machine struct {
	t    testing.TB
	a    *Area
	used [modelPages]bool
}

// step makes one call, chosen and parametrised by three numbers.
func (x *machine) step(op, at, n uint64) {
	at %= modelPages
	n = n%min(modelPages-at, 1100) + 1
	va, size := base+at*page, n*page-op%2*5 // sizes are rounded up
	switch op % 4 {
	case 0, 1:
		got, r := x.a.Alloc(va, size)
		first := x.find(n, 1)
		if n*page >= largeSize {
			first = x.find(n, largeSize/page)
		}
		switch {
		case x.free(at, n):
			if r != OK || got != va {
				x.t.Fatalf("Alloc at free hint %#x = %#x, %v", va, got, r)
			}
		case (r == OK) != (first >= 0):
			x.t.Fatalf("Alloc of %d pages = %v, there is room at %d", n, r, first)
		}
		if r == OK {
			at = (got - base) / page
			if !x.free(at, n) || n*page >= largeSize && got != va && got%largeSize != 0 {
				x.t.Fatalf("Alloc of %d pages = %#x, which is in use or unaligned", n, got)
			}
			x.set(at, n, true)
		}
	case 2:
		if r := x.a.Release(va, size); r != OK {
			x.t.Fatalf("Release = %v", r)
		}
		x.set(at, n, false)
	case 3:
		if r := x.a.Claim(va, size); r != OK {
			x.t.Fatalf("Claim = %v", r)
		}
		x.set(at, n, true)
	}
	x.compare()
}

// free reports whether n pages from at are free.
func (x *machine) free(at, n uint64) bool {
	for _, used := range x.used[at : at+n] {
		if used {
			return false
		}
	}
	return true
}

// find returns the first multiple of align pages where n are free, or -1.
func (x *machine) find(n, align uint64) int {
	for at := uint64(0); at+n <= modelPages; at += align {
		if x.free(at, n) {
			return int(at)
		}
	}
	return -1
}

func (x *machine) set(at, n uint64, used bool) {
	for i := at; i < at+n; i++ {
		x.used[i] = used
	}
}

// compare checks that the free ranges are exactly the free pages, merged.
func (x *machine) compare() {
	i := 0
	for at := 0; at < modelPages; at++ {
		if x.used[at] {
			continue
		}
		first := at
		for at < modelPages && !x.used[at] {
			at++
		}
		if i >= x.a.count || x.a.free[i] != (span{base + uint64(first)*page, base + uint64(at)*page}) {
			x.t.Fatalf("free range %d of %d is not pages %d to %d", i, x.a.count, first, at)
		}
		i++
	}
	if i != x.a.count || x.a.Lost() != 0 {
		x.t.Fatalf("%d free ranges, want %d", x.a.count, i)
	}
}

func TestAreaEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 10 {
		x := &machine{t: t, a: newArea(t, modelPages)}
		for range 300 {
			x.step(rng.Uint64(), rng.Uint64(), rng.Uint64()%(1<<rng.IntN(11)))
		}
	}
}

func FuzzArea(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) {
		x := &machine{t: t, a: newArea(t, modelPages)}
		for n := 0; len(program) >= 5 && n < 100; n++ { // fewer calls than MaxFree: nothing is lost
			x.step(uint64(program[0]), uint64(program[1])|uint64(program[2])<<8, uint64(program[3])|uint64(program[4])<<8)
			program = program[5:]
		}
	})
}
