package trap

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestNamesOfVectors(t *testing.T) {
	for _, c := range []struct {
		vector uint64
		name   string
		code   bool
	}{
		{0, "divide error", false},
		{2, "non-maskable interrupt", false},
		{8, "double fault", true},
		{9, "reserved exception", false},
		{13, "general protection", true},
		{14, "page fault", true},
		{17, "alignment check", true},
		{19, "SIMD floating point", false},
		{21, "control protection", true},
		{31, "reserved exception", false},
		{32, "interrupt", false},
		{255, "interrupt", false},
		{1 << 60, "interrupt", false},
	} {
		if got := Name(c.vector); got != c.name {
			t.Errorf("Name(%d) = %q, want %q", c.vector, got, c.name)
		}
		if got := HasErrorCode(c.vector); got != c.code {
			t.Errorf("HasErrorCode(%d) = %v, want %v", c.vector, got, c.code)
		}
	}
}

func TestDecide(t *testing.T) {
	const text = 0xffff_ffff_8030_0000
	for _, c := range []struct {
		name         string
		vector, code uint64
		cr2, rip     uint64
		want         Action
	}{
		{"nil read", 14, 0, 8, text, Action{Signal, 11, 1, AddrCR2, false}},
		{"nil write", 14, 2, 4095, text, Action{Signal, 11, 1, AddrCR2, false}},
		{"nil function", 14, 16, 0, 0, Action{Signal, 11, 1, AddrCR2, false}},
		{"wild read", 14, 0, 4096, text, Action{Signal, 11, 1, AddrCR2, true}},
		{"write to text", 14, 3, text, text, Action{Signal, 11, 2, AddrCR2, true}},
		{"execution of data", 14, 17, 0xffff_c000_0000_0000, 0xffff_c000_0000_0000, Action{Signal, 11, 2, AddrCR2, true}},
		{"damaged tables", 14, 9, text, text, Action{Kind: Fatal, Report: true}},
		{"integer division", 0, 0, 0, text, Action{Signal, 8, 1, AddrRIP, false}},
		{"SIMD", 19, 0, 0, text, Action{Signal, 8, 7, AddrRIP, false}},
		{"x87", 16, 0, 0, text, Action{Signal, 8, 7, AddrRIP, false}},
		{"single step", 1, 0, 0, text, Action{Signal, 5, 2, AddrRIP, false}},
		{"INT3", 3, 0, 0, text, Action{Signal, 5, 1, AddrRIP, false}},
		{"UD2", 6, 0, 0, text, Action{Signal, 4, 2, AddrRIP, true}},
		{"non-canonical", 13, 0, 0, text, Action{Signal, 11, 128, AddrNone, true}},
		{"stack segment", 12, 0, 0, text, Action{Signal, 11, 128, AddrNone, true}},
		{"alignment", 17, 0, 0, text, Action{Signal, 7, 1, AddrNone, true}},
		{"double fault", 8, 0, 0, text, Action{Kind: Fatal, Report: true}},
		{"NMI", 2, 0, 0, text, Action{Kind: Fatal, Report: true}},
		{"machine check", 18, 0, 0, text, Action{Kind: Fatal, Report: true}},
		{"reserved", 22, 0, 0, text, Action{Kind: Fatal, Report: true}},
		{"timer", 0xf0, 0, 0, text, Action{Kind: Interrupt}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Decide(c.vector, c.code, c.cr2, c.rip); got != c.want {
				t.Errorf("Decide = %+v, want %+v", got, c.want)
			}
		})
	}
}

var image = Layout{
	Text:      Span{0xffff_ffff_8020_0000, 0xffff_ffff_8030_0000},
	ROData:    Span{0xffff_ffff_8030_0000, 0xffff_ffff_8040_0000},
	Data:      Span{0xffff_ffff_8040_0000, 0xffff_ffff_8050_0000},
	Stacks:    Span{0xffff_b000_0000_0000, 0xffff_b000_1000_0000},
	Heap:      Span{0xffff_c000_0000_0000, 0xffff_e000_0000_0000},
	DirectMap: Span{0xffff_8880_0000_0000, 0xffff_8881_0000_0000},
	Devices:   Span{0xc000_0000, 0x1_0000_0000},
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		va   uint64
		code Code
		want string
		area string
	}{
		{8, 0, "zero page", "zero page"},
		{0xfff, CodePresent | CodeWrite, "zero page", "zero page"},
		{0xffff_ffff_8020_1000, CodePresent | CodeWrite, "write to text (W^X)", "text"},
		{0xffff_ffff_8030_1000, CodePresent | CodeWrite, "write to read-only data", "read-only data"},
		{0xffff_ffff_8040_1000, CodePresent | CodeFetch, "execution of a no-execute page (W^X)", "data"},
		{0xffff_b000_0000_1000, CodeWrite, "guard page below a stack (stack overflow)", "stacks"},
		{0xffff_b000_000f_f000, CodePresent | CodeFetch, "execution of a no-execute page (W^X)", "stacks"},
		{0xffff_c000_0000_0000, 0, "not mapped (heap area)", "heap"},
		{0xffff_c000_0000_0000, CodePresent | CodeFetch, "execution of a no-execute page (W^X)", "heap"},
		{0xfee0_0000, 0, "not mapped (device area)", "devices"},
		{0xffff_8880_0020_0000, CodePresent | CodeWrite, "write to a read-only page", "direct map"},
		{0xffff_8880_0020_0000, CodePresent | CodeReserved, "reserved bit set in a page table", "direct map"},
		{0xffff_8880_0020_0000, CodePresent, "protection", "direct map"},
		{0x1234_5678, CodeFetch, "not mapped", "nothing"},
		{1 << 47, 0, "not a canonical address", "nothing"},
		{0xffff_7fff_ffff_ffff, 0, "not a canonical address", "nothing"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := Explain(&image, c.va, c.code).String(); got != c.want {
				t.Errorf("Explain(%#x, %#x) = %q, want %q", c.va, c.code, got, c.want)
			}
			if got := image.Area(c.va); got != c.area {
				t.Errorf("Area(%#x) = %q, want %q", c.va, got, c.area)
			}
		})
	}
	if Reason(99).String() != "unknown reason" {
		t.Error("reason 99 has a name")
	}
}

func TestAccess(t *testing.T) {
	for c, want := range map[Code]string{0: "read", CodeWrite: "write", CodeFetch: "execute", CodeFetch | CodePresent: "execute"} {
		if got := c.Access(); got != want {
			t.Errorf("Access(%#x) = %q, want %q", c, got, want)
		}
	}
}

// rules checks what must hold for every exception.
func rules(t *testing.T, vector, code, va, rip uint64) {
	a := Decide(vector, code, va, rip)
	switch {
	case a.Kind == Interrupt && vector < FirstInterrupt, a.Kind != Interrupt && vector >= FirstInterrupt:
		t.Fatalf("vector %d is %+v", vector, a)
	case (a.Kind == Signal) != (a.Signal != 0):
		t.Fatalf("vector %d: kind %d with signal %d", vector, a.Kind, a.Signal)
	case a.Kind == Fatal && !a.Report:
		t.Fatalf("vector %d ends the kernel without a report", vector)
	case a.Addr == AddrCR2 && vector != PageFault:
		t.Fatalf("vector %d has no CR2", vector)
	}
	r := Explain(&image, va, Code(code))
	if (r == Guard || r == NotMapped || r == HeapUnmapped) && Code(code)&CodePresent != 0 {
		t.Fatalf("Explain(%#x, %#x) = %v, but it was mapped", va, code, r)
	}
	if (r == WriteText || r == WriteROData || r == ReadOnly) && Code(code)&CodeWrite == 0 {
		t.Fatalf("Explain(%#x, %#x) = %v, but it was no write", va, code, r)
	}
}

func TestRulesHoldForRandomExceptions(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		va := rng.Uint64()
		if rng.IntN(2) == 0 {
			va = uint64(int64(va) >> rng.IntN(48))
		}
		rules(t, rng.Uint64()%64, rng.Uint64()%32, va, rng.Uint64()>>rng.IntN(64))
	}
}

func FuzzDecide(f *testing.F) {
	f.Fuzz(rules)
}

func TestNothingAllocates(t *testing.T) {
	size := 0
	if n := testing.AllocsPerRun(100, func() {
		size += len(Explain(&image, 8, 2).String()) + len(Name(14)) + int(Decide(14, 2, 8, 8).Signal)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}
