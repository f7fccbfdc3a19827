package crash

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel/logring"
)

func saved(log string) []byte {
	area := bytes.Repeat([]byte{0xa5}, Size)
	var ring logring.Ring
	ring.PutString(log)
	Save(area, Record{Code: 117, Uptime: 5e9, Wall: 17e17}, &ring)
	return area
}

func TestRecordIsTakenOnce(t *testing.T) {
	const log = "first\nsecond\nnot finished"
	area := saved(log)
	r, ok := Take(area)
	if want := (Record{uint32(len(log)), 117, 5e9, 17e17}); !ok || r != want || string(Text(area, r)) != log {
		t.Errorf("Take = %+v, %v, %q; want %+v, %q", r, ok, Text(area, r), want, log)
	}
	if r, ok := Take(area); ok {
		t.Errorf("the record was taken twice: %+v", r)
	}
}

// The checksum is the one of the package hash/fnv.
func TestChecksum(t *testing.T) {
	area := saved("text\n")
	h := fnv.New64a()
	h.Write(area[sizeOff : textOff+5])
	if got := binary.LittleEndian.Uint64(area[sumOff:]); got != h.Sum64() {
		t.Errorf("checksum %#x, want %#x", got, h.Sum64())
	}
	if string(area[:8]) != "UKcrash1" {
		t.Errorf("magic %q", area[:8])
	}
}

func TestLongLogKeepsItsEnd(t *testing.T) {
	for _, c := range []struct{ name, log, end string }{
		{"lines", strings.Repeat("0123456789 a line of the log\n", 5000), "0123456789 a line of the log\n"},
		{"one line", strings.Repeat("x", 3*logring.Capacity), "xxx"},
		{"newline only at the end", strings.Repeat("x", 2*logring.Capacity) + "\n", "x\n"},
	} {
		area := saved(c.log)
		r, ok := Take(area)
		text := string(Text(area, r))
		if !ok || !strings.HasSuffix(c.log, text) || !strings.HasSuffix(text, c.end) || len(text) < MaxText-100 {
			t.Errorf("%s: ok %v, %d bytes, end %q", c.name, ok, len(text), text[max(0, len(text)-20):])
		}
		if c.name == "lines" && !strings.HasPrefix(text, "0123456789") {
			t.Errorf("%s: begins with %q", c.name, text[:20])
		}
	}
}

// What was not written by Save, or not wholly, is no record; every bit of it counts.
func TestDamageIsNoticed(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	good := saved("first\nsecond\n")
	used := textOff + len("first\nsecond\n")
	for bit := range used * 8 {
		area := bytes.Clone(good)
		area[bit/8] ^= 1 << (bit % 8)
		if r, ok := Take(area); ok {
			t.Fatalf("bit %d is another, and the record is taken: %+v", bit, r)
		}
	}
	for range 100 {
		area := bytes.Clone(good)
		for i := range area[sumOff:] {
			area[sumOff+i] = byte(rng.Uint32())
		}
		if _, ok := Take(area); ok {
			t.Fatal("garbage behind the magic number is taken")
		}
	}
	for _, size := range []uint32{MaxText, MaxText + 1, 1 << 31, 1<<32 - 1} {
		area := bytes.Clone(good)
		binary.LittleEndian.PutUint32(area[sizeOff:], size)
		if _, ok := Take(area); ok {
			t.Errorf("size %d is taken", size)
		}
	}
	if _, ok := Take(make([]byte, Size)); ok {
		t.Error("zeros are taken")
	}
}

func FuzzTake(f *testing.F) {
	f.Add(saved("first\nsecond\n")[:100])
	f.Add([]byte("UKcrash1"))
	f.Fuzz(func(t *testing.T, head []byte) {
		area := make([]byte, Size)
		copy(area, head)
		r, ok := Take(area)
		if text := Text(area, r); ok && len(text) != int(r.Size) {
			t.Fatalf("%d bytes of text, want %d", len(text), r.Size)
		}
		if _, again := Take(area); again {
			t.Fatal("taken twice")
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	area := saved("x\n")
	var ring logring.Ring
	ring.PutString(strings.Repeat("line\n", 1<<15))
	if n := testing.AllocsPerRun(10, func() {
		Save(area, Record{Code: 1}, &ring)
		Take(area)
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}
