package logring

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestReadersGetWholeLines(t *testing.T) {
	r := new(Ring)
	r.PutString("one\ntwo\nthree\nunfin")
	for _, c := range []struct {
		name string
		from uint64
		size int
		want string
		next uint64
	}{
		{"all", 0, 100, "one\ntwo\nthree\n", 14},
		{"exactly", 0, 14, "one\ntwo\nthree\n", 14},
		{"two lines fit", 0, 13, "one\ntwo\n", 8},
		{"from the second line", 4, 100, "two\nthree\n", 14},
		{"a line in pieces", 8, 4, "thre", 12},
		{"no room", 0, 0, "", 0},
		{"the unfinished line", 14, 100, "", 14},
		{"the end", 19, 100, "", 19},
		{"the future", 1000, 100, "", 1000},
		{"far future", math.MaxUint64, 100, "", math.MaxUint64},
	} {
		t.Run(c.name, func(t *testing.T) {
			dst := make([]byte, c.size)
			n, next, lost := r.ReadFrom(c.from, dst)
			if string(dst[:n]) != c.want || next != c.next || lost != 0 {
				t.Errorf("ReadFrom(%d) = %q, next %d, lost %d, want %q, next %d", c.from, dst[:n], next, lost, c.want, c.next)
			}
		})
	}
	dst := make([]byte, 100)
	if n, next, _ := r.ReadAll(14, dst); string(dst[:n]) != "unfin" || next != 19 {
		t.Errorf("ReadAll = %q, next %d", dst[:n], next)
	}
	r.PutByte('\n')
	if n, _, _ := r.ReadFrom(14, dst); string(dst[:n]) != "unfin\n" {
		t.Errorf("the line when finished = %q", dst[:n])
	}
}

func TestReaderLearnsWhatItMissed(t *testing.T) {
	r := new(Ring)
	line := strings.Repeat("x", 99) + "\n"
	for range Capacity/100 + 50 {
		r.PutString(line)
	}
	dst := make([]byte, 2*Capacity)
	n, next, lost := r.ReadFrom(100, dst)
	if lost+100 != r.Oldest() || lost%100 != 0 || n%100 != 0 || next != r.Written() {
		t.Errorf("read %d, next %d, lost %d", n, next, lost)
	}
	if n < Capacity-200 {
		t.Errorf("only %d bytes kept", n)
	}
}

func TestOneEndlessLine(t *testing.T) {
	r := new(Ring)
	r.Put(bytes.Repeat([]byte("y"), 3*Capacity))
	dst := make([]byte, 2*Capacity)
	if n, _, _ := r.ReadFrom(0, dst); n != 0 {
		t.Errorf("%d bytes of an unfinished line", n)
	}
	if n, next, lost := r.ReadAll(0, dst); n != Capacity || next != 3*Capacity || lost != 2*Capacity {
		t.Errorf("ReadAll = %d, %d, %d", n, next, lost)
	}
	r.PutByte('\n')
	if n, _, _ := r.ReadFrom(0, dst); n != Capacity {
		t.Errorf("%d bytes of the finished line, want what is kept", n)
	}
}

// check compares a read with the whole log.
func check(t *testing.T, r *Ring, log []byte, from uint64, size int) {
	t.Helper()
	dst := make([]byte, size)
	n, next, lost := r.ReadFrom(from, dst)
	if next != from+lost+uint64(n) {
		t.Fatalf("from %d + lost %d + n %d != next %d", from, lost, n, next)
	}
	if n == 0 {
		whole := uint64(bytes.LastIndexByte(log, '\n') + 1)
		if next < whole && size > 0 {
			t.Fatalf("nothing read at %d, but lines end at %d", from, whole)
		}
		return
	}
	if !bytes.Equal(dst[:n], log[next-uint64(n):next]) {
		t.Fatalf("ReadFrom(%d) differs from the log", from)
	}
	if dst[n-1] != '\n' && (n < size || bytes.IndexByte(dst, '\n') >= 0) {
		t.Fatalf("ReadFrom(%d) ends inside a line that would fit", from)
	}
	if lost != 0 && from+lost > 0 && log[from+lost-1] != '\n' && bytes.IndexByte(log[max(0, len(log)-Capacity):], '\n') >= 0 &&
		from+lost != uint64(len(log)-Capacity) {
		t.Fatalf("after a loss, reading starts at %d inside a line", from+lost)
	}
}

func TestRingEqualsTheEndOfTheLog(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	r, log := new(Ring), []byte(nil)
	for range 3000 {
		p := bytes.Repeat([]byte{'a' + byte(rng.IntN(26))}, rng.IntN(200))
		if rng.IntN(3) != 0 {
			p = append(p, '\n')
		}
		switch rng.IntN(3) {
		case 0:
			r.Put(p)
		case 1:
			r.PutString(string(p))
		case 2:
			for _, c := range p {
				r.PutByte(c)
			}
		}
		log = append(log, p...)
		check(t, r, log, rng.Uint64()%uint64(len(log)+10), rng.IntN(1000))
	}
	if r.Written() != uint64(len(log)) {
		t.Errorf("Written = %d, want %d", r.Written(), len(log))
	}
}

func FuzzRing(f *testing.F) {
	f.Fuzz(func(t *testing.T, p []byte, repeat uint16, from uint64, size uint16) {
		r, log := new(Ring), []byte(nil)
		for range repeat % 600 {
			r.Put(p)
			log = append(log, p...)
		}
		if len(log) == 0 {
			return
		}
		check(t, r, log, from%uint64(len(log)+5), int(size))
	})
}

func TestFormats(t *testing.T) {
	var dec [DecSize]byte
	var hex [HexSize]byte
	var stamp [StampSize]byte
	for v, want := range map[uint64]string{0: "0", 7: "7", 10: "10", 1234567890: "1234567890", math.MaxUint64: "18446744073709551615"} {
		if got := string(dec[:Dec(&dec, v)]); got != want {
			t.Errorf("Dec(%d) = %q", v, got)
		}
	}
	for v, want := range map[uint64]string{0: "0x0", 0xa: "0xa", 0x10: "0x10", 0xdeadbeef: "0xdeadbeef", math.MaxUint64: "0xffffffffffffffff"} {
		if got := string(hex[:Hex(&hex, v)]); got != want {
			t.Errorf("Hex(%#x) = %q", v, got)
		}
	}
	for ns, want := range map[int64]string{0: "[    0.000000] ", -5: "[    0.000000] ", 1_234_567_890: "[    1.234567] ",
		123456e9: "[123456.000000] ", math.MaxInt64: "[9223372036.854775] "} {
		if got := string(stamp[:Stamp(&stamp, ns)]); got != want {
			t.Errorf("Stamp(%d) = %q, want %q", ns, got, want)
		}
	}
	for ns, want := range map[int64]string{0: "0.0", -1: "0.0", 49_999: "0.0", 50_000: "0.1", 12_345_678: "12.3",
		999_950_000: "1000.0", math.MaxInt64: "9223372036854.8"} {
		if got := string(stamp[:Millis(&stamp, ns)]); got != want {
			t.Errorf("Millis(%d) = %q, want %q", ns, got, want)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	r := new(Ring)
	dst := make([]byte, 1000)
	var stamp [StampSize]byte
	if n := testing.AllocsPerRun(100, func() {
		r.Put(stamp[:Stamp(&stamp, 5e9)])
		r.PutString("hello\n")
		r.ReadFrom(0, dst)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func BenchmarkPutString(b *testing.B) {
	r := new(Ring)
	b.SetBytes(64)
	for b.Loop() {
		r.PutString("[    1.234567] a kernel log line of sixty-four bytes altogether\n")
	}
}
