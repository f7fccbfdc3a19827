package frame

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

// machine runs the same calls on an Allocator and on a map of frames.
type machine struct {
	t     testing.TB
	a     Allocator
	m     ram
	state map[phys.Addr]byte // 'u' untouched, 'g' given out, 'f' freed, 'd' DMA
	live  []phys.Addr
}

func newMachine(t testing.TB) *machine {
	x := &machine{t: t, m: ram{}, state: map[phys.Addr]byte{}}
	for _, r := range []phys.Range{pages(1, 5), pages(100, 50), pages(200, 1), pages(300, 20)} {
		if res := x.a.Add(r); res != OK {
			t.Fatalf("Add(%v) = %v", r, res)
		}
		for p := r.Start; p < r.End; p += page {
			x.state[p] = 'u'
		}
	}
	return x
}

func (x *machine) step(op, arg uint64) {
	switch op % 5 {
	case 4:
		first, n := phys.Addr(arg%330), phys.Addr(arg>>9%4+1)
		r := x.a.Reserve(pages(uint64(first), uint64(n)))
		for p := first * page; p < (first+n)*page; p += page {
			if s := x.state[p]; r == OK && s != 0 && s != 'u' {
				x.t.Fatalf("Reserve(%#x) of a page that is %q", p, s)
			} else if r == OK {
				delete(x.state, p)
			}
		}
	case 0:
		p, r := x.a.Alloc(x.m)
		if r == Exhausted {
			for p, s := range x.state {
				if s == 'u' || s == 'f' {
					x.t.Fatalf("Exhausted, but %#x is free", p)
				}
			}
			return
		}
		if s := x.state[p]; r != OK || s != 'u' && s != 'f' {
			x.t.Fatalf("Alloc = %#x, %v, which is %q", p, r, s)
		}
		x.state[p] = 'g'
		x.live = append(x.live, p)
		x.m.Zero(p)
		x.m.Store(p, arg) // its owner writes to it
		x.m.Store(p+8, x.a.mark(p)&-(arg&1))
	case 1:
		if len(x.live) == 0 {
			return
		}
		i := arg % uint64(len(x.live))
		p := x.live[i]
		x.live = append(x.live[:i], x.live[i+1:]...)
		if r := x.a.Free(x.m, p); r != OK {
			x.t.Fatalf("Free(%#x) = %v", p, r)
		}
		x.state[p] = 'f'
	case 2:
		p := phys.Addr(arg % 330 * page)
		wants := map[byte]Result{0: NotManaged, 'u': NotAllocated, 'f': DoubleFree, 'd': Permanent}
		if want, bad := wants[x.state[p]]; bad {
			if r := x.a.Free(x.m, p); r != want {
				x.t.Fatalf("Free(%#x), which is %q, = %v, want %v", p, x.state[p], r, want)
			}
		}
	case 3:
		n, limit := arg%6+1, phys.Addr(arg>>8%400*page)
		p, r := x.a.AllocContiguous(n, limit)
		if r != OK {
			return
		}
		for q := p; q < p+phys.Addr(n*page); q += page {
			if x.state[q] != 'u' || limit != 0 && q >= limit {
				x.t.Fatalf("AllocContiguous(%d, %#x) = %#x: %#x is %q", n, limit, p, q, x.state[q])
			}
			x.state[q] = 'd'
		}
	}
	count := map[byte]uint64{}
	for _, s := range x.state {
		count[s]++
	}
	want := Stats{Total: uint64(len(x.state)), Used: count['g'] + count['d'], Free: count['u'] + count['f'], Contiguous: count['d']}
	if got := x.a.Stats(); got != want {
		x.t.Fatalf("Stats = %+v, want %+v", got, want)
	}
}

func TestAllocatorEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 50 {
		x := newMachine(t)
		for range 300 {
			op := rng.Uint64()
			if rng.IntN(3) != 0 {
				op &= 1 // mostly Alloc and Free
			}
			x.step(op, rng.Uint64())
		}
	}
}

func FuzzAllocator(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) {
		x := newMachine(t)
		for len(program) >= 3 {
			x.step(uint64(program[0]), uint64(program[1])|uint64(program[2])<<8)
			program = program[3:]
		}
	})
}
