package irq

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// fakeAPIC notes what was enabled.
type fakeAPIC struct {
	version uint32
	log     *[]string
	index   int
}

func (f *fakeAPIC) Version() uint32 { return f.version }
func (f *fakeAPIC) Entries() int    { return int(f.version>>16&0xff) + 1 }
func (f *fakeAPIC) EnableInterrupt(line, vector int) {
	*f.log = append(*f.log, fmt.Sprintf("apic %d: line %d vector %d", f.index, line, vector))
}

// newTestRouter returns a router of two I/O APICs with these version registers.
func newTestRouter(versions ...uint32) (*Router, *[]string) {
	log := &[]string{}
	r := NewRouter(func(phys uint64, size int) error {
		*log = append(*log, fmt.Sprintf("map %#x", phys))
		return nil
	}, func(vector int) (*os.File, error) {
		*log = append(*log, fmt.Sprintf("open %d", vector))
		return nil, nil
	})
	r.newAPIC = func(index int, base uint32) controller { return &fakeAPIC{versions[index], log, index} }
	return r, log
}

const qemu = 0x170020 // 24 lines, version 0x20

func TestOpenRoutesTheLine(t *testing.T) {
	for _, tt := range []struct {
		gsi  int
		want []string
	}{
		{12, []string{"map 0xfec00000", "open 44", "apic 0: line 12 vector 44"}},
		{23, []string{"map 0xfec00000", "open 55", "apic 0: line 23 vector 55"}},
		{24, []string{"map 0xfec10000", "open 56", "apic 1: line 24 vector 56"}},
		{47, []string{"map 0xfec10000", "open 79", "apic 1: line 47 vector 79"}},
	} {
		r, log := newTestRouter(qemu, qemu)
		if _, err := r.Open(tt.gsi); err != nil || !slices.Equal(*log, tt.want) {
			t.Errorf("Open(%d) = %v, did %q, want %q", tt.gsi, err, *log, tt.want)
		}
	}
}

func TestOpenMapsEachAPICOnce(t *testing.T) {
	r, log := newTestRouter(qemu, qemu)
	for _, gsi := range []int{1, 2, 25, 26, 2} {
		if _, err := r.Open(gsi); err != nil {
			t.Fatal(err)
		}
	}
	maps := 0
	for _, s := range *log {
		if s[:3] == "map" {
			maps++
		}
	}
	if maps != 2 {
		t.Errorf("%d mappings, want 2: %q", maps, *log)
	}
}

func TestOpenRefusesLinesThatDoNotExist(t *testing.T) {
	for _, tt := range []struct {
		name     string
		gsi      int
		versions []uint32
	}{
		{"negative", -1, []uint32{qemu, qemu}},
		{"behind the second", 48, []uint32{qemu, qemu}},
		{"second one absent, zeros", 24, []uint32{qemu, 0}},
		{"second one absent, ones", 24, []uint32{qemu, 0xffffffff}},
		{"few lines", 20, []uint32{0x0f0011, qemu}},
	} {
		r, log := newTestRouter(tt.versions...)
		if _, err := r.Open(tt.gsi); !errors.Is(err, ErrNoLine) {
			t.Errorf("%s: Open(%d) = %v, want ErrNoLine", tt.name, tt.gsi, err)
		}
		for _, s := range *log {
			if s[:3] != "map" {
				t.Errorf("%s: did %q", tt.name, s)
			}
		}
	}
}

func TestOpenReportsWhatFails(t *testing.T) {
	bad := errors.New("refused")
	r, _ := newTestRouter(qemu, qemu)
	r.open = func(int) (*os.File, error) { return nil, bad }
	if _, err := r.Open(3); !errors.Is(err, bad) {
		t.Errorf("open fails: %v", err)
	}
	r, _ = newTestRouter(qemu, qemu)
	r.mapDevice = func(uint64, int) error { return bad }
	if _, err := r.Open(3); !errors.Is(err, bad) {
		t.Errorf("map fails: %v", err)
	}
}
