package clock

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestUnix(t *testing.T) {
	for _, c := range []struct {
		name string
		r    CMOS
		want string
	}{
		{"BCD, 24 h", CMOS{0x45, 0x30, 0x21, 0x22, 0x11, 0x26, 0x20, 2}, "2026-11-22T21:30:45Z"},
		{"binary, 24 h", CMOS{45, 30, 21, 22, 11, 26, 20, 6}, "2026-11-22T21:30:45Z"},
		{"BCD, p.m.", CMOS{0x45, 0x30, 0x89, 0x22, 0x11, 0x26, 0x20, 0}, "2026-11-22T21:30:45Z"},
		{"binary, noon", CMOS{0, 0, 0x8c, 22, 11, 26, 20, 4}, "2026-11-22T12:00:00Z"},
		{"binary, midnight", CMOS{0, 0, 12, 22, 11, 26, 20, 4}, "2026-11-22T00:00:00Z"},
		{"no century register", CMOS{0, 0, 0, 1, 1, 0x26, 0, 2}, "2026-01-01T00:00:00Z"},
		{"no century register, last century", CMOS{0, 0, 0, 1, 1, 0x70, 0, 2}, "1970-01-01T00:00:00Z"},
		{"leap day", CMOS{0x59, 0x59, 0x23, 0x29, 2, 0x24, 0x20, 2}, "2024-02-29T23:59:59Z"},
		{"no leap day", CMOS{0, 0, 0, 0x29, 2, 0x26, 0x20, 2}, ""},
		{"no leap day in 2100", CMOS{0, 0, 0, 0x29, 2, 0, 0x21, 2}, ""},
		{"day 31 of April", CMOS{0, 0, 0, 0x31, 4, 0x26, 0x20, 2}, ""},
		{"day 0", CMOS{0, 0, 0, 0, 4, 0x26, 0x20, 2}, ""},
		{"month 13", CMOS{0, 0, 0, 1, 0x13, 0x26, 0x20, 2}, ""},
		{"hour 24", CMOS{0, 0, 0x24, 1, 1, 0x26, 0x20, 2}, ""},
		{"hour 0 of 12", CMOS{0, 0, 0, 1, 1, 0x26, 0x20, 0}, ""},
		{"second 60", CMOS{0x60, 0, 0, 1, 1, 0x26, 0x20, 2}, ""},
		{"not BCD", CMOS{0x0a, 0, 0, 1, 1, 0x26, 0x20, 2}, ""},
		{"nothing there", CMOS{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ""},
		{"year 100", CMOS{0, 0, 0, 1, 1, 100, 20, 6}, ""},
		{"before 1970", CMOS{0, 0, 0, 1, 1, 0x69, 0x19, 2}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.r.Unix()
			if ok != (c.want != "") || ok && time.Unix(got, 0).UTC().Format(time.RFC3339) != c.want {
				t.Errorf("Unix = %s, %v, want %q", time.Unix(got, 0).UTC().Format(time.RFC3339), ok, c.want)
			}
		})
	}
}

func TestDaysEqualsTime(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 20000 {
		y, m, d := rng.IntN(3000), rng.IntN(12)+1, rng.IntN(28)+1
		want := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() / 86400
		if got := Days(y, m, d); got != want {
			t.Fatalf("Days(%d, %d, %d) = %d, want %d", y, m, d, got, want)
		}
	}
}

func FuzzUnix(f *testing.F) {
	f.Fuzz(func(t *testing.T, s, mi, h, d, mo, y, c, b uint8) {
		if got, ok := (CMOS{s, mi, h, d, mo, y, c, b}).Unix(); ok && (got < 0 || time.Unix(got, 0).UTC().Year() > 2169) {
			t.Fatalf("Unix = %d", got)
		}
	})
}
