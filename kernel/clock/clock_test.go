package clock

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

func TestMult(t *testing.T) {
	for _, c := range []struct {
		khz, want uint64
		ok        bool
	}{
		{1_000_000, 1 << 32, true},
		{2_000_000, 1 << 31, true},
		{3_000_000, 1431655765, true},
		{1_193_182, 3599591090, true},
		{MinKHz - 1, 0, false},
		{MaxKHz + 1, 0, false},
		{0, 0, false},
	} {
		if got, ok := Mult(c.khz); got != c.want || ok != c.ok {
			t.Errorf("Mult(%d) = %d, %v, want %d, %v", c.khz, got, ok, c.want, c.ok)
		}
	}
}

func TestClockAt(t *testing.T) {
	c := Clock{TSC0: 1000, Mult: 1 << 31, NS0: 50}
	for tsc, want := range map[uint64]int64{1000: 50, 1002: 51, 999: 50, 0: 50, 1000 + 4e9: 50 + 2e9, math.MaxUint64: 50} {
		if got := c.At(tsc); got != want {
			t.Errorf("At(%d) = %d, want %d", tsc, got, want)
		}
	}
	c.Mult = math.MaxUint64
	if got := c.At(1 << 62); got != math.MaxInt64 {
		t.Errorf("At after the end of time = %d", got)
	}
	if got := new(Clock).At(12345); got != 0 {
		t.Errorf("the zero clock shows %d", got)
	}
}

func TestClockEqualsBigNumbers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		x, y := rng.Uint64()>>rng.IntN(64), rng.Uint64()>>rng.IntN(64)
		hi, lo := mul(x, y)
		product := new(big.Int).Mul(new(big.Int).SetUint64(x), new(big.Int).SetUint64(y))
		if got := new(big.Int).Add(new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64), new(big.Int).SetUint64(lo)); got.Cmp(product) != 0 {
			t.Fatalf("mul(%d, %d) = %v, want %v", x, y, got, product)
		}
		// An hour at any frequency is right within 1 µs: 0.3 ppb.
		khz := MinKHz + rng.Uint64()%(MaxKHz-MinKHz)
		mult, _ := Mult(khz)
		c := Clock{TSC0: x, Mult: mult}
		if got := c.At(x + khz*1000*3600); got < 3600e9-43e3 || got > 3600e9+43e3 {
			t.Fatalf("an hour at %d kHz = %d ns", khz, got)
		}
	}
}

func TestAnchorNeverStepsBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	var c Clock
	tsc, last := rng.Uint64()>>1, int64(0)
	for range 5000 {
		tsc += rng.Uint64() % 1e9
		reading := tsc - rng.Uint64()%1000*(rng.Uint64()%2)
		if rng.IntN(4) == 0 {
			before := c.At(tsc)
			if !c.Anchor(reading, 500_000+rng.Uint64()%5_000_000) {
				t.Fatal("Anchor refuses")
			}
			if after := c.At(reading); after > before {
				t.Fatalf("anchor moved time from %d to %d", before, after)
			}
			last = max(last-1_000_000, 0) // other frequency, readings up to 1000 ticks old
		}
		if now := c.At(tsc); now < last {
			t.Fatalf("time went from %d to %d", last, now)
		} else {
			last = now
		}
	}
	if c.Anchor(tsc, 0) {
		t.Error("Anchor takes 0 kHz")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		ns        int64
		hz, limit uint64
		want      uint64
	}{
		{1e9, 1e9, math.MaxUint32, 1e9},
		{10e6, 62_500_000, math.MaxUint32, 625_000},
		{1, 1e9, math.MaxUint32, 1},
		{0, 1e9, math.MaxUint32, 1},
		{-5, 1e9, math.MaxUint32, 1},
		{1, 1000, math.MaxUint32, 1},
		{10e9, 1e9, math.MaxUint32, math.MaxUint32},
		{math.MaxInt64, 1e9, math.MaxUint32, math.MaxUint32},
		{math.MaxInt64, math.MaxUint64, math.MaxUint32, math.MaxUint32},
		{1.5e9, 2e9, math.MaxUint32, 3e9},
		{999_999_999, 0, 5, 1},
	} {
		if got := Ticks(c.ns, c.hz, c.limit); got != c.want {
			t.Errorf("Ticks(%d, %d) = %d, want %d", c.ns, c.hz, got, c.want)
		}
	}
}

func TestCalibrate(t *testing.T) {
	first := Sample{TSC: 1 << 40, APIC: 0xffff_ffff, PIT: 0xff00}
	after := func(tsc uint64, apic uint32, pit uint16) Sample {
		return Sample{TSC: first.TSC + tsc, APIC: first.APIC - apic, PIT: first.PIT - pit}
	}
	for _, c := range []struct {
		name string
		last Sample
		want Rates
		v    Verdict
	}{
		{"2.4 GHz, 1 GHz APIC, 10 ms", after(24_000_000, 10_000_000, 11932), Rates{2_399_964, 999_984_914}, Good},
		{"PIT stands", after(24_000_000, 10_000_000, 0), Rates{}, NoPIT},
		{"PIT wrapped", Sample{TSC: first.TSC + 1e6, APIC: 1, PIT: 0xff10}, Rates{}, TooLong},
		{"PIT went round", Sample{TSC: first.TSC + 160e6, APIC: 1, PIT: 0xe000, Out: true}, Rates{}, TooLong},
		{"too short", after(24_000, 10_000, 1000), Rates{}, TooShort},
		{"TSC stands", after(0, 10_000_000, 11932), Rates{}, BadTSC},
		{"TSC went back", after(math.MaxUint64-5, 10_000_000, 11932), Rates{}, BadTSC},
		{"TSC too slow", after(10_000, 10_000_000, 11932), Rates{}, BadTSC},
		{"TSC too fast", after(1e10, 10_000_000, 11932), Rates{}, BadTSC},
		{"APIC stands", after(24_000_000, 0, 11932), Rates{TSCkHz: 2_399_964}, BadAPIC},
		{"APIC ran out", after(24_000_000, 0xffff_ffff, 11932), Rates{TSCkHz: 2_399_964}, BadAPIC},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, v := Calibrate(first, c.last)
			if got != c.want || v != c.v {
				t.Errorf("Calibrate = %+v, %v, want %+v, %v", got, v, c.want, c.v)
			}
		})
	}
}

func TestRefineEqualsTheTruth(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		khz := 500_000 + rng.Uint64()%5_000_000
		seconds := 0.05 + rng.Float64()*30
		first := Sample{TSC: rng.Uint64(), PIT: uint16(rng.Uint32())}
		last := Sample{TSC: first.TSC + uint64(seconds*float64(khz)*1000), PIT: first.PIT - uint16(uint64(seconds*PITHz))}
		known := khz + khz*(rng.Uint64()%1000)/2_000_000 // up to 0.05 % off
		got, ok := Refine(first, last, known)
		if !ok || math.Abs(float64(got)-float64(khz)) > float64(khz)*1e-6/seconds*2+1 {
			t.Fatalf("Refine over %.3f s = %d, %v, want %d, known %d", seconds, got, ok, khz, known)
		}
	}
}

func TestRefineRefuses(t *testing.T) {
	first := Sample{TSC: 1 << 40, PIT: 100}
	at := func(tsc uint64, pit uint16) Sample { return Sample{TSC: first.TSC + tsc, PIT: first.PIT - pit} }
	for _, c := range []struct {
		name string
		last Sample
		khz  uint64
	}{
		{"rate 0", at(200_000_000, 53783), 0},
		{"TSC went back", at(math.MaxUint64-10, 53783), 2_000_000},
		{"too close", at(1_000_000, 597), 2_000_000},
		{"PIT stands", at(200_000_000, 0), 2_000_000},
		{"other rate", at(200_000_000, 50000), 2_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := Refine(first, c.last, c.khz); ok {
				t.Errorf("Refine = %d, want refusal", got)
			}
		})
	}
}

func FuzzCalibrate(f *testing.F) {
	f.Fuzz(func(t *testing.T, t0, t1 uint64, a0, a1 uint32, p0, p1 uint16) {
		first, last := Sample{TSC: t0, APIC: a0, PIT: p0}, Sample{TSC: t1, APIC: a1, PIT: p1}
		r, v := Calibrate(first, last)
		if khz, ok := Refine(first, last, r.TSCkHz); ok && (khz < MinKHz-MinKHz/64 || khz > MaxKHz) {
			t.Fatalf("refined to %d", khz)
		}
		if v == Good && (r.TSCkHz < MinKHz || r.TSCkHz > MaxKHz || r.APICHz == 0) {
			t.Fatalf("%+v is good", r)
		}
		if v != Good && v != BadAPIC && r != (Rates{}) {
			t.Fatalf("%+v with %v", r, v)
		}
		Ticks(int64(t0), t1, uint64(a0)+1)
	})
}

func TestNames(t *testing.T) {
	for v := Good; v <= BadAPIC; v++ {
		if v.String() == "" || v.String() == "unknown verdict" {
			t.Errorf("verdict %d has no name", v)
		}
	}
	if Verdict(99).String() != "unknown verdict" {
		t.Error("verdict 99 has a name")
	}
}

func TestNothingAllocates(t *testing.T) {
	c, sum := Clock{Mult: 1 << 31}, int64(0)
	if n := testing.AllocsPerRun(100, func() {
		c.Anchor(uint64(sum), 2e6)
		s, _ := CMOS{Day: 1, Month: 1, Year: 0x26, StatusB: 2}.Unix()
		sum += c.At(5000) + s
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func BenchmarkAt(b *testing.B) {
	c := Clock{Mult: 1 << 31}
	tsc := uint64(0)
	for b.Loop() {
		tsc += uint64(c.At(tsc)&1) + 1000
	}
}
