package virtio_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

// registers notes which offsets were loaded, of a place that has these words.
type registers struct {
	words  map[int]uint32
	loaded []int
	stored []int
}

func (r *registers) Load8(off int) uint8   { return uint8(r.Load32(off)) }
func (r *registers) Load16(off int) uint16 { return uint16(r.Load32(off)) }
func (r *registers) Load32(off int) uint32 {
	r.loaded = append(r.loaded, off)
	return r.words[off]
}
func (r *registers) Store32(off int, v uint32) { r.stored = append(r.stored, off) }

// Virtio 1.2 §4.2.2.2 "Driver Requirements".
func TestNewMMIOTouchesNoMoreThanItMay(t *testing.T) {
	const magic = 0x74726976
	for _, tt := range []struct {
		name    string
		words   map[int]uint32
		loaded  []int
		found   bool
		wantErr error
	}{
		{"no magic value", map[int]uint32{0: 0xffffffff, 4: 2, 8: 4}, []int{0}, false, nil},
		{"device ID 0", map[int]uint32{0: magic, 4: 2}, []int{0, 4, 8}, false, nil},
		{"empty place of a legacy bus", map[int]uint32{0: magic, 4: 1}, []int{0, 4, 8}, false, nil},
		{"legacy device", map[int]uint32{0: magic, 4: 1, 8: 4}, []int{0, 4, 8}, false, virtio.ErrLegacy},
		{"version of the future", map[int]uint32{0: magic, 4: 3, 8: 4}, []int{0, 4, 8}, false, virtio.ErrLegacy},
		{"device", map[int]uint32{0: magic, 4: 2, 8: 4}, []int{0, 4, 8}, true, nil},
	} {
		regs := &registers{words: tt.words}
		m, err := virtio.NewMMIO(regs, 0x200, "test", nil)
		if !errors.Is(err, tt.wantErr) || (m != nil) != tt.found {
			t.Errorf("%s: NewMMIO = %v, %v", tt.name, m, err)
		}
		if diff := cmp.Diff(tt.loaded, regs.loaded); diff != "" || len(regs.stored) != 0 {
			t.Errorf("%s: loads (-want +got):\n%sstores %v", tt.name, diff, regs.stored)
		}
	}
}

func TestMMIONotifyAndInterruptCostFewAccesses(t *testing.T) {
	r := newRig(t, allFeatures, 4)
	before := r.dev.Accesses()
	r.q.Notify()
	if got := r.dev.Accesses() - before; got != 1 {
		t.Errorf("Notify: %d accesses, want 1", got)
	}
	r.dev.Interrupt(virtio.CauseQueue)
	before = r.dev.Accesses()
	if _, err := r.driver.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := r.dev.Accesses() - before; got != 2 {
		t.Errorf("Wait: %d accesses, want 2", got)
	}
}

func TestParseWindows(t *testing.T) {
	for _, tt := range []struct {
		name  string
		words []string
		want  []virtio.Window
		fails bool
	}{
		{"other words", []string{"quiet", "virtio_mmio.devices=512@0xfeb00000:5", "virtio_mmio.device"}, nil, false},
		{"QEMU", []string{"virtio_mmio.device=512@0xfeb00e00:12"}, []virtio.Window{{Phys: 0xfeb00e00, Size: 512, GSI: 12}}, false},
		{"Firecracker", []string{"a=b", "virtio_mmio.device=4K@0xd0000000:5", "virtio_mmio.device=4K@0xd0001000:6"},
			[]virtio.Window{{Phys: 0xd0000000, Size: 4096, GSI: 5}, {Phys: 0xd0001000, Size: 4096, GSI: 6}}, false},
		{"with ID", []string{"virtio_mmio.device=1M@0x1001e000:74:3"}, []virtio.Window{{Phys: 0x1001e000, Size: 1 << 20, GSI: 74}}, false},
		{"good ones beside bad ones", []string{"virtio_mmio.device=", "virtio_mmio.device=512@1024:9", "virtio_mmio.device=512"},
			[]virtio.Window{{Phys: 1024, Size: 512, GSI: 9}}, true},
		{"no size", []string{"virtio_mmio.device=@0xd0000000:5"}, nil, true},
		{"no interrupt", []string{"virtio_mmio.device=4K@0xd0000000"}, nil, true},
		{"interrupt out of range", []string{"virtio_mmio.device=4K@0xd0000000:256"}, nil, true},
		{"smaller than its registers", []string{"virtio_mmio.device=255@0xd0000000:5"}, nil, true},
		{"larger than any device", []string{"virtio_mmio.device=2M@0xd0000000:5"}, nil, true},
		{"size overflows", []string{"virtio_mmio.device=4294967295M@0xd0000000:5"}, nil, true},
		{"zero page", []string{"virtio_mmio.device=4K@0:5"}, nil, true},
		{"not aligned", []string{"virtio_mmio.device=4K@0xd0000001:5"}, nil, true},
		{"above 4 GiB", []string{"virtio_mmio.device=4K@0xfffff000:5"}, nil, true},
		{"negative", []string{"virtio_mmio.device=-1@0xd0000000:5"}, nil, true},
	} {
		got, err := virtio.ParseWindows(tt.words)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.fails {
			t.Errorf("%s: ParseWindows (-want +got):\n%serror %v", tt.name, diff, err)
		}
	}
}

func FuzzParseWindows(f *testing.F) {
	f.Add("512@0xfeb00e00:12")
	f.Add("4K@0xd0000000:5:1")
	f.Fuzz(func(t *testing.T, s string) {
		windows, err := virtio.ParseWindows([]string{"virtio_mmio.device=" + s})
		if (err == nil) != (len(windows) == 1) {
			t.Fatalf("%v, %v", windows, err)
		}
		for _, w := range windows {
			if w.Phys == 0 || w.Size < 256 || w.Size > 1<<20 || w.Phys+uint64(w.Size) > 1<<32 || w.GSI < 0 || w.GSI > 255 {
				t.Errorf("window %+v", w)
			}
		}
	})
}

func TestMicroVMPlaces(t *testing.T) {
	w := virtio.MicroVM()
	if len(w) != 24 || w[0] != (virtio.Window{Phys: 0xfeb00000, Size: 512, GSI: 24}) || w[23] != (virtio.Window{Phys: 0xfeb02e00, Size: 512, GSI: 47}) {
		t.Errorf("MicroVM() = %v", w)
	}
}

func TestMicroVMAround(t *testing.T) {
	w := virtio.MicroVMAround(virtio.Window{Phys: 0xfeb00e00, Size: 512, GSI: 12})
	if len(w) != 19 || w[0] != (virtio.Window{Phys: 0xfeb00000, Size: 512, GSI: 5}) || w[18].GSI != 23 {
		t.Errorf("around 512@0xfeb00e00:12: %v", w)
	}
	for _, other := range []virtio.Window{
		{Phys: 0xd0000000, Size: 4096, GSI: 5}, {Phys: 0xfeb03000, Size: 512, GSI: 40}, {Phys: 0xfeb00e01, Size: 512, GSI: 12},
		{Phys: 0xfeb00e00, Size: 4096, GSI: 12}, {Phys: 0xfeb00e00, Size: 512, GSI: 6},
	} {
		if w := virtio.MicroVMAround(other); w != nil {
			t.Errorf("around %v: %v, want nothing", other, w)
		}
	}
}

func TestProbeSkipsWhatCannotBeMapped(t *testing.T) {
	p := virtiotest.New(virtio.TypeRNG, allFeatures, nil, 4).Platform()
	refused := errors.New("not a device")
	p.MapDevice = func(phys uint64, size int) error { return refused }
	devices, err := virtio.Probe(p, virtio.MicroVM())
	if len(devices) != 0 || !errors.Is(err, refused) {
		t.Errorf("Probe = %v, %v", devices, err)
	}
	if virtio.Find(devices, virtio.TypeRNG) != nil {
		t.Error("Find found what is not there")
	}
}
