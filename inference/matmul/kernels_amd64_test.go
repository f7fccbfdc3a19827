//go:build amd64 && !noasm

package matmul

import (
	"math"
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
	if emulated() || !cpu.X86.HasFMA {
		want = "avx128"
	}
	if got := Kernels()[0]; got != want {
		t.Errorf("Kernels()[0] = %q, want %q", got, want)
	}
}

// TestMicroAVX128FusesNoProduct compares the bits of Sgemm's tile with those of
// micro6x16, its products kept from being fused as some compilers' are.
func TestMicroAVX128FusesNoProduct(t *testing.T) {
	if !cpu.X86.HasAVX2 {
		t.Skip("no AVX2 in this processor")
	}
	r := newRand(t)
	for k := range 20 {
		for shift := range 8 { // floats: each alignment within 32 bytes
			ldc := nr + r.IntN(5)
			a, b := floatsGuarded(k*mr, shift), floatsGuarded(k*nr, (shift+3)%8)
			c := floatsGuarded((mr-1)*ldc+nr, (shift+5)%8)
			fill(r, a.v)
			fill(r, b.v)
			fill(r, c.v)
			want := append([]float32(nil), c.v...)
			alpha := float32(math.Pi)
			for i := range mr * nr * min(k, 1) {
				var sum float32
				for l := range k {
					sum += float32(a.v[l*mr+i/nr] * b.v[l*nr+i%nr])
				}
				want[i/nr*ldc+i%nr] += float32(alpha * sum)
			}
			microAVX128(k, alpha, a.v, b.v, c.v, ldc)
			if !sameBits(c.v, want) {
				t.Fatalf("micro6x16AVX128(k %d, shift %d) = %v, want %v", k, shift, c.v, want)
			}
			c.check(t, "c")
		}
	}
}
