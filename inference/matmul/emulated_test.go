package matmul

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"testing"
)

//go:embed attend_amd64.s
var attendSource string

//go:embed tile512_amd64.s
var tile512Source string

//go:embed tile_amd64.s
var tileSource string

// raw returns the bytes of a vector.
func raw[T any](v []T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

// unraw is its inverse.
func unraw[T any](v []T, b []byte) {
	if _, err := binary.Decode(b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
}

// microBy returns micro by way of a machine, for functions named so.
func microBy[T float](t testing.TB, source, format string, cols int) func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
	m := newMachine(t, source)
	return func(height, k, count int, alpha, beta T, a, b, c []T, ldc int) {
		m.memory = nil
		out := raw(c[:(count*height-1)*ldc+cols])
		args := []any{k, count, alpha, beta, m.place(raw(a[:count*height*k]), 4), m.place(raw(b[:k*cols]), 8), m.place(out, 12), ldc}
		m.call(fmt.Sprintf(format, height), args...)
		unraw(c[:(count*height-1)*ldc+cols], out)
	}
}

// TestMicroInTheMachine runs the tiles for 512 bits, and one for 256 as a check of the
// machine, whatever the processor has.
func TestMicroInTheMachine(t *testing.T) {
	r := newRand(t)
	t.Run("sgemm512", func(t *testing.T) {
		testMicro(t, r, &tile[float32]{rows: 12, cols: 32, heights: []int{12, 8, 4}, micro: microBy[float32](t, tile512Source, "sgemm%dx32AVX512", 32)})
	})
	t.Run("dgemm512", func(t *testing.T) {
		testMicro(t, r, &tile[float64]{rows: 12, cols: 16, heights: []int{12, 8, 4}, micro: microBy[float64](t, tile512Source, "dgemm%dx16AVX512", 16)})
	})
	t.Run("sgemm256", func(t *testing.T) {
		testMicro(t, r, &tile[float32]{rows: 6, cols: 16, heights: []int{6, 4, 2}, micro: microBy[float32](t, tileSource, "sgemm%dx16AVX2", 16)})
	})
}

// TestMachineFindsWhatLiesOutside: a kernel that reads behind a buffer fails its test.
func TestMachineFindsWhatLiesOutside(t *testing.T) {
	m := newMachine(t, tileSource)
	address := m.place(make([]byte, 8), 0)
	for _, c := range []struct {
		at   uint64
		n    int
		want bool
	}{{0, 8, true}, {4, 4, true}, {4, 5, false}, {^uint64(0), 1, false}, {8, 1, false}} {
		probe := &probeTB{TB: t}
		m.t = probe
		m.gpr["SI"] = address + c.at
		func() {
			defer func() { recover() }()
			m.bytes("(SI)", c.n)
		}()
		if probe.failed == c.want {
			t.Errorf("%d bytes at %d of 8: failed %v", c.n, int64(c.at), probe.failed)
		}
	}
}

// probeTB is a test that notes a failure.
type probeTB struct {
	testing.TB
	failed bool
}

func (p *probeTB) Fatalf(string, ...any) {
	p.failed = true
	panic("failed")
}
