package page

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

// modelStart is where the model's window begins: across a 1 GiB border, so that
// all four levels take part.
const (
	modelStart = heap + phys.HugeSize - 2*phys.LargeSize
	modelPages = 4 * 512
)

// modelPage is what the model knows about a page.
type modelPage struct {
	state State
	flags Flags
	phys  phys.Addr // 0 if the package chose the frame
}

// machine runs the same operations on a Space and on a slice of pages.
type machine struct {
	t     testing.TB
	m     *ram
	s     *Space
	model [modelPages]modelPage
}

// step does one operation, chosen and parametrised by five numbers.
func (x *machine) step(op, first, length, flags, where uint64) {
	first %= modelPages
	end := first + length%(modelPages-first) + 1
	switch length >> 60 & 3 { // often whole large pages
	case 0:
		first &^= 511
		end = (end + 511) &^ 511
	}
	va, last := modelStart+first*phys.PageSize, modelStart+end*phys.PageSize
	f := Flags(flags) & (Write | Exec | Uncached | Owned)
	if f&Write != 0 {
		f &^= Exec
	}
	var r Result
	switch op % 7 {
	case 0:
		p := phys.Addr(1<<30 + where%(1<<20)*phys.PageSize)
		pg := &x.model[first]
		want := Mapped
		if f &^= Owned; pg.state != Present {
			*pg, want = modelPage{Present, f, p}, OK
		}
		x.expect("Map", x.s.Map(x.m, va, p, f), want)
		return
	case 1:
		x.large(va&^(phys.LargeSize-1), phys.Addr(1<<32+where%512*phys.LargeSize), f&^Owned)
		return
	case 2:
		f &= Write
		r = x.s.Reserve(x.m, va, last, f)
		for i := first; i < end; i++ {
			if x.model[i].state != Present {
				x.model[i] = modelPage{state: Demand, flags: f}
			}
		}
	case 3:
		r = x.m.all(func(va uint64, b *Batch) (uint64, Result) { return x.s.Unmap(x.m, va, last, b) }, va)
		clear(x.model[first:end])
	case 4:
		r = x.m.all(func(va uint64, b *Batch) (uint64, Result) { return x.s.Discard(x.m, va, last, b) }, va)
		for i := first; i < end; i++ {
			if pg := &x.model[i]; pg.state == Present && pg.flags&Owned != 0 {
				*pg = modelPage{state: Demand, flags: pg.flags & Write}
			}
		}
	case 5:
		f &= Write | Exec
		r = x.m.all(func(va uint64, b *Batch) (uint64, Result) { return x.s.Protect(x.m, va, last, f, b) }, va)
		for i := first; i < end; i++ {
			switch pg := &x.model[i]; pg.state {
			case Present:
				pg.flags = pg.flags&^(Write|Exec) | f
			case Demand:
				pg.flags = f & Write
			}
		}
	case 6:
		x.fault(first, va, f&(Write|Exec))
		return
	}
	x.expect("operation", r, OK)
}

func (x *machine) large(va uint64, p phys.Addr, f Flags) {
	pages := x.model[(va-modelStart)/phys.PageSize:][:512]
	r := x.s.MapLarge(x.m, va, p, f)
	if r == Mapped { // a table may be there that holds nothing mapped: allowed
		return
	}
	x.expect("MapLarge", r, OK)
	for i := range pages {
		if pages[i].state == Present {
			x.t.Fatalf("MapLarge(%#x) replaced a mapped page", va)
		}
		pages[i] = modelPage{Present, f, p + phys.Addr(i)*phys.PageSize}
	}
}

func (x *machine) fault(i, va uint64, access Flags) {
	pg, want, wantFresh := &x.model[i], OK, false
	switch {
	case pg.state == Absent:
		want = NotMapped
	case access&^pg.flags != 0:
		want = NotAllowed
	case pg.state == Demand:
		wantFresh = true
		*pg = modelPage{state: Present, flags: pg.flags | Owned}
	}
	fresh, r := x.s.Fault(x.m, va, access)
	x.expect("Fault", r, want)
	if fresh != wantFresh {
		x.t.Fatalf("Fault(%#x) fresh = %v, want %v", va, fresh, wantFresh)
	}
}

func (x *machine) expect(what string, got, want Result) {
	x.t.Helper()
	if got != want {
		x.t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// compare checks every page of the window and the books.
func (x *machine) compare() {
	x.t.Helper()
	for i, pg := range x.model {
		va := modelStart + uint64(i)*phys.PageSize
		g := x.s.Lookup(x.m, va)
		if g.State != pg.state || g.Flags != pg.flags || pg.phys != 0 && g.Phys != pg.phys {
			x.t.Fatalf("Lookup(%#x) = %+v, want %+v", va, g, pg)
		}
		if g.Flags&Write != 0 && g.Flags&Exec != 0 {
			x.t.Fatalf("%#x is writable and executable", va)
		}
	}
	tables, pages, _ := counts(x.t, x.m, x.s.Root(), levelPML4)
	if tables != int(x.s.Tables()) || tables+pages != x.m.used() {
		x.t.Fatalf("%d tables and %d owned pages, Tables() = %d, %d frames in use", tables, pages, x.s.Tables(), x.m.used())
	}
}

// end unmaps the window and checks that nothing is left.
func (x *machine) end() {
	const last = modelStart + modelPages*phys.PageSize
	x.expect("Unmap", x.m.all(func(va uint64, b *Batch) (uint64, Result) { return x.s.Unmap(x.m, va, last, b) }, modelStart), OK)
	if x.s.Tables() != 1 || x.m.used() != 1 {
		x.t.Fatalf("%d tables, %d frames in use after all was unmapped, want 1, 1", x.s.Tables(), x.m.used())
	}
}

func TestSpaceEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 10 {
		x := &machine{t: t}
		x.m, x.s = newSpace(t, modelPages+64)
		for range 100 {
			x.step(rng.Uint64(), rng.Uint64(), rng.Uint64()>>(rng.Uint64()%64), rng.Uint64(), rng.Uint64())
			x.compare()
		}
		x.end()
	}
}

func FuzzSpace(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) {
		x := &machine{t: t}
		x.m, x.s = newSpace(t, modelPages+64)
		for n := 0; len(program) >= 6 && n < 64; n++ {
			at := uint64(program[1]) | uint64(program[2])<<8
			length := uint64(program[3])<<2 | uint64(program[4]&3)<<60
			x.step(uint64(program[0]), at, length, uint64(program[5]), at)
			program = program[6:]
		}
		x.compare()
		x.end()
	})
}
