package pvh

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel/phys"
)

// ram is memory [base, base+len) for tests; it panics on reads outside.
type ram struct {
	base  phys.Addr
	bytes []byte
}

func (r *ram) Load(a phys.Addr) uint64 {
	if a%8 != 0 {
		panic("unaligned load")
	}
	return binary.LittleEndian.Uint64(r.bytes[a-r.base:])
}
func (r *ram) Store(phys.Addr, uint64) { panic("store") }
func (r *ram) Zero(phys.Addr)          { panic("zero") }

func (r *ram) window() phys.Range {
	return phys.Range{Start: r.base, End: r.base + phys.Addr(len(r.bytes))}
}

func (r *ram) put32(a phys.Addr, v uint32) { binary.LittleEndian.PutUint32(r.bytes[a-r.base:], v) }
func (r *ram) put64(a phys.Addr, v uint64) { binary.LittleEndian.PutUint64(r.bytes[a-r.base:], v) }

const (
	start   = 0x1000
	mapAt   = 0x1100
	modsAt  = 0x1800
	cmdline = 0x1900
)

// handOver builds what QEMU's microvm hands over, at an offset to the addresses.
func handOver(entries []Entry, modules []Module, shift phys.Addr) *ram {
	r := &ram{base: 0x1000, bytes: make([]byte, 0x2000)}
	s := start + shift
	r.put32(s, magic)
	r.put32(s+4, 1)
	r.put32(s+8, 7)
	r.put32(s+12, uint32(len(modules)))
	r.put64(s+16, uint64(modsAt+shift))
	r.put64(s+24, uint64(cmdline+shift))
	r.put64(s+32, 0xf5a40)
	r.put64(s+40, uint64(mapAt+shift))
	r.put32(s+48, uint32(len(entries)))
	for i, e := range entries {
		at := mapAt + shift + phys.Addr(i)*24
		r.put64(at, uint64(e.Range.Start))
		r.put64(at+8, uint64(e.Range.End-e.Range.Start))
		r.put32(at+16, uint32(e.Type))
	}
	for i, m := range modules {
		at := modsAt + shift + phys.Addr(i)*32
		r.put64(at, uint64(m.Range.Start))
		r.put64(at+8, m.Range.Size())
		r.put64(at+16, 0x202000f18f0) // as seen from QEMU 11: no address of anything
	}
	copy(r.bytes[cmdline+shift-r.base:], "ready=1026\x00")
	return r
}

// microvm is the map of QEMU 10 microvm -m 256.
var microvm = []Entry{
	{phys.Range{Start: 0, End: 0x9fc00}, RAM},
	{phys.Range{Start: 0x9fc00, End: 0xa0000}, Reserved},
	{phys.Range{Start: 0xf0000, End: 0x100000}, Reserved},
	{phys.Range{Start: 0x100000, End: 0x10000000}, RAM},
}

func TestParseMicrovm(t *testing.T) {
	mods := []Module{{phys.Range{Start: 0x800_0000, End: 0x810_0000}}}
	for _, shift := range []phys.Addr{0, 4, 8, 1, 7} {
		r := handOver(microvm, mods, shift)
		in := new(Info)
		if res := Parse(r, start+shift, r.window(), in); res != OK {
			t.Fatalf("Parse at +%d = %v, want ok", shift, res)
		}
		if in.Version != 1 || in.Flags != 7 || in.RSDP != 0xf5a40 || in.CommandLine != cmdline+shift || in.Start != start+shift {
			t.Errorf("fields at +%d: %+v", shift, in)
		}
		if in.Entries() != 4 || in.Entry(1) != microvm[1] || in.Modules() != 1 || in.Module(0) != mods[0] {
			t.Errorf("lists at +%d: %d entries, %d modules", shift, in.Entries(), in.Modules())
		}
		out := make([]phys.Range, 8)
		want := []phys.Range{{Start: 0, End: 0x9f000}, {Start: 0x100000, End: 0x10000000}}
		if n := in.Usable(out); !slices.Equal(out[:n], want) {
			t.Errorf("Usable = %v, want %v", out[:n], want)
		}
		var text []byte
		for i := 0; ; i++ {
			c := Text(r, r.window(), in.CommandLine, i)
			if c == 0 {
				break
			}
			text = append(text, c)
		}
		if string(text) != "ready=1026" {
			t.Errorf("command line %q", text)
		}
		var occupied []phys.Range
		for i := 0; ; i++ {
			o, ok := in.Occupied(i)
			if !ok {
				break
			}
			occupied = append(occupied, o)
		}
		s := uint64(shift)
		wantOcc := []phys.Range{{Start: phys.Addr(start + s), End: phys.Addr(start + s + 56)}, {Start: phys.Addr(mapAt + s), End: phys.Addr(mapAt + s + 96)},
			{Start: phys.Addr(modsAt + s), End: phys.Addr(modsAt + s + 32)}, mods[0].Range}
		if !slices.Equal(occupied, wantOcc) {
			t.Errorf("Occupied = %v, want %v", occupied, wantOcc)
		}
	}
}

func TestTextEndsWithTheWindow(t *testing.T) {
	r := handOver(microvm, nil, 0)
	for _, c := range []struct {
		a phys.Addr
		i int
	}{{0x2fff, 1}, {0, 0}, {^phys.Addr(0), 5}, {0x2000, -1}, {0x2000, 1 << 40}} {
		if got := Text(r, r.window(), c.a, c.i); got != 0 {
			t.Errorf("Text(%#x, %d) = %d, want 0", c.a, c.i, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(r *ram)
		at    phys.Addr
		want  Result
	}{
		{"below the window", func(*ram) {}, 0, BadPointer},
		{"across its end", func(*ram) {}, 0x3000 - 8, BadPointer},
		{"wrapping", func(*ram) {}, ^phys.Addr(7), BadPointer},
		{"no magic", func(r *ram) { r.put32(start, 1) }, start, BadMagic},
		{"version 0", func(r *ram) { r.put32(start+4, 0) }, start, NoMemoryMap},
		{"no map", func(r *ram) { r.put64(start+40, 0) }, start, NoMemoryMap},
		{"no entries", func(r *ram) { r.put32(start+48, 0) }, start, NoMemoryMap},
		{"map outside", func(r *ram) { r.put64(start+40, 0x2ff0) }, start, BadMap},
		{"map wraps", func(r *ram) { r.put64(start+40, 1<<64-8) }, start, BadMap},
		{"absurd count", func(r *ram) { r.put32(start+48, 1<<31) }, start, TooManyEntries},
		{"entry wraps", func(r *ram) { r.put64(mapAt+8, 1<<64-1); r.put64(mapAt, 2) }, start, BadEntry},
		{"command line outside", func(r *ram) { r.put64(start+24, 0x8000) }, start, BadCommandLine},
		{"too many modules", func(r *ram) { r.put32(start+12, 9) }, start, TooManyModules},
		{"module list outside", func(r *ram) { r.put32(start+12, 1); r.put64(start+16, 0x2ff8) }, start, BadModules},
		{"module wraps", func(r *ram) { r.put32(start+12, 1); r.put64(modsAt, 1<<63); r.put64(modsAt+8, 1<<63+1) }, start, BadModules},
		{"module beyond 52 bits", func(r *ram) { r.put32(start+12, 1); r.put64(modsAt, 1<<52) }, start, BadModules},
		{"module text outside", func(r *ram) { r.put32(start+12, 1); r.put64(modsAt+16, 5) }, start, OK},
		{"all reserved", func(r *ram) {
			for i := range phys.Addr(4) {
				r.put32(mapAt+24*i+16, 2)
			}
		}, start, NoRAM},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := handOver(microvm, []Module{}, 0)
			r.put64(modsAt+8, 4096)
			c.spoil(r)
			if got := Parse(r, c.at, r.window(), new(Info)); got != c.want {
				t.Errorf("Parse = %v, want %v", got, c.want)
			}
		})
	}
	r := handOver(microvm, nil, 0)
	short := phys.Range{Start: start, End: start + 48}
	if got := Parse(r, start, short, new(Info)); got != BadPointer {
		t.Errorf("Parse of half a structure = %v, want %v", got, BadPointer)
	}
}

func TestUsableEqualsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		in := new(Info)
		var model [64]int // 0 nothing, 1 RAM, 2 other, in quarters of a page
		in.entryCount = rng.IntN(12)
		for i := range in.entryCount {
			first, size := rng.IntN(60), rng.IntN(20)
			last := min(first+size, 64)
			typ := Type(rng.IntN(3) + 1)
			in.entries[i] = Entry{phys.Range{Start: phys.Addr(first) << 10, End: phys.Addr(last) << 10}, typ}
			for q := first; q < last; q++ {
				if typ != RAM {
					model[q] = 2
				} else if model[q] == 0 {
					model[q] = 1
				}
			}
		}
		var want []phys.Range
		for p := phys.Addr(0); p < 16; p++ {
			if q := model[p*4 : p*4+4]; q[0]*q[1]*q[2]*q[3] != 1 {
				continue
			}
			if n := len(want); n > 0 && want[n-1].End == p<<12 {
				want[n-1].End = (p + 1) << 12
			} else {
				want = append(want, phys.Range{Start: p << 12, End: (p + 1) << 12})
			}
		}
		out := make([]phys.Range, 16)
		if n := in.Usable(out); !slices.Equal(out[:n], want) {
			t.Fatalf("Usable of %v = %v, want %v", in.entries[:in.entryCount], out[:n], want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte, at uint64) {
		r := handOver(microvm, nil, 0)
		copy(r.bytes, data)
		in := new(Info)
		if Parse(r, phys.Addr(at), r.window(), in) != OK {
			return
		}
		out := make([]phys.Range, MaxEntries)
		n := in.Usable(out)
		for i, u := range out[:n] {
			if u.IsEmpty() || !u.Start.IsAligned(phys.PageSize) || !u.End.IsAligned(phys.PageSize) || i > 0 && out[i-1].End >= u.Start {
				t.Fatalf("Usable = %v", out[:n])
			}
			for j := range in.Entries() {
				if e := in.Entry(j); e.Type != RAM && e.Range.Overlaps(u) {
					t.Fatalf("%v is usable, but entry %d is %v", u, j, e)
				}
			}
		}
	})
}

func TestNames(t *testing.T) {
	for r := OK; r <= NoRAM; r++ {
		if r.String() == "" || r.String() == "unknown result" {
			t.Errorf("result %d has no name", r)
		}
	}
	if Result(99).String() != "unknown result" {
		t.Error("result 99 has a name")
	}
}

func TestNothingAllocates(t *testing.T) {
	r, in, out := handOver(microvm, nil, 0), new(Info), make([]phys.Range, 8)
	if n := testing.AllocsPerRun(100, func() {
		Parse(r, start, r.window(), in)
		in.Usable(out)
		Text(r, r.window(), cmdline, 3)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}
