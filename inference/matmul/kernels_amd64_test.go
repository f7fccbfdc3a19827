//go:build amd64 && !noasm

package matmul

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestEmulatedAgreesWithLinux compares with what Linux says of the processor's
// hypervisor, and checks that the best kernels fit the answer.
func TestEmulatedAgreesWithLinux(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("no /proc/cpuinfo: it needs Linux")
	}
	if emulated() && !strings.Contains(string(info), " hypervisor") {
		t.Error("emulated, but Linux sees no hypervisor")
	}
	if !cpu.X86.HasAVX2 || !cpu.X86.HasF16C {
		t.Skip("no assembly kernels: they need a processor with AVX2 and F16C")
	}
	want := "avx2"
	switch {
	case emulated() || !cpu.X86.HasFMA:
		want = "avx128"
	case cpu.X86.HasAVX512F && strings.Contains(string(info), " avx512_vnni"):
		want = "vnni"
	case cpu.X86.HasAVX512F:
		want = "avx512"
	}
	if got := Kernels()[0]; got != want {
		t.Errorf("Kernels()[0] = %q, want %q", got, want)
	}
}

// TestTiles128FuseNoProduct compares bits with products that are kept from being fused.
func TestTiles128FuseNoProduct(t *testing.T) {
	if !cpu.X86.HasAVX2 {
		t.Skip("no AVX2 in this processor")
	}
	r := newRand(t)
	testUnfused(t, r, &single128)
	testUnfused(t, r, &double128)
}

func testUnfused[T float](t *testing.T, r *rand.Rand, k *tile[T]) {
	for depth := 1; depth < 20; depth++ {
		a, b, c := guard[T](r, depth*k.rows, 0), guard[T](r, depth*k.cols, 0), guard[T](r, k.rows*k.cols, 0)
		want, alpha := append([]T(nil), c.v...), T(math.Pi)
		for i := range want {
			var sum T
			for l := range depth {
				sum += T(a.v[l*k.rows+i/k.cols] * b.v[l*k.cols+i%k.cols])
			}
			want[i] = T(0.5*want[i]) + T(alpha*sum)
		}
		k.micro(k.rows, depth, 1, alpha, 0.5, a.v, b.v, c.v, k.cols)
		for i := range want {
			if want[i] != c.v[i] {
				t.Fatalf("depth %d, element %d: %v, want %v", depth, i, c.v[i], want[i])
			}
		}
	}
}

// TestCachesAreReadFromTheLeaf uses what an AMD EPYC 7003 and an Intel Xeon say.
func TestCachesAreReadFromTheLeaf(t *testing.T) {
	for _, c := range []struct {
		name string
		leaf [][3]uint32
		want caches
	}{
		{"32 KiB, 512 KiB, 32 MiB", [][3]uint32{{0x121, 0x1C0003F, 63}, {0x122, 0x1C0003F, 63}, {0x143, 0x1C0003F, 1023}, {0x163, 0x3C0003F, 32767}},
			caches{32 << 10, 512 << 10, 32 << 20}},
		{"48 KiB, 2 MiB", [][3]uint32{{0x121, 0x2C0003F, 63}, {0x143, 0x3C0003F, 2047}}, caches{l1: 48 << 10, l2: 2 << 20}},
		{"none", nil, caches{}},
	} {
		got := cachesOf(func(sub uint32) (a, b, d uint32) {
			if int(sub) >= len(c.leaf) {
				return 0, 0, 0
			}
			return c.leaf[sub][0], c.leaf[sub][1], c.leaf[sub][2]
		})
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	t.Logf("this machine: %+v", processorCaches())
}
