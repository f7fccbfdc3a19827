package matmul

import (
	"fmt"
	"os"
	"sync/atomic"
)

// kernels is one implementation of everything that has more than one. Each
// field's definition is the function of that name in portable.go or vector.go.
type kernels struct {
	name     string
	dot      func(x, y []float32) float32
	rowsF32  func(y, w, x []float32)
	rowsF16  func(y []float32, w []byte, x []float32)
	rowsBF16 func(y []float32, w []byte, x []float32)
	weighted func(y, w, rows []float32, stride int)
	softmax  func(x []float32)
	swiglu   func(gate, up []float32)
	// quantize and, for each format, rowsWords; the same for 8 bits.
	quantize      func(v vector, x []float32)
	rowsWords     [len(layouts)]rowsWordsFunc
	quantizeBytes func(v byteVector, x []float32)
	rowsBytes     [len(layouts)]rowsBytesFunc
	batch         *batchKernel // nil if there is none
	floats        *floatKernel // nil if there is none
	attend        *attendKernel
	vector        *vectorKernel
	single        *tile[float32] // of BLAS
	double        *tile[float64]
}

// portable runs on every machine.
var portable = kernels{
	name: "portable",
	dot:  dot, rowsF32: rowsF32, rowsF16: rowsF16, rowsBF16: rowsBF16,
	weighted: weighted, softmax: softmax, swiglu: swiglu,
	quantize: quantize, rowsWords: portableWords,
	quantizeBytes: quantizeBytes, rowsBytes: portableBytes,
	attend: &portableAttend, vector: &portableVector,
	single: &portableSingle, double: &portableDouble,
}

var (
	portableSingle = portableTile[float32](6, 16)
	portableDouble = portableTile[float64](6, 8)
)

// available lists what this machine can run, best first; native is per
// architecture.
func available() []*kernels { return append(native(), &portable) }

// chosen is what active returns; nil until it is first asked.
var chosen atomic.Pointer[kernels]

// active returns the kernels in use: the best, unless the environment variable
// UNIKAI_KERNEL names another that this machine can run, or Use did.
func active() *kernels {
	if k := chosen.Load(); k != nil {
		return k
	}
	list := available()
	best := list[0]
	want := os.Getenv("UNIKAI_KERNEL")
	for _, k := range list {
		if k.name == want {
			best = k
		}
	}
	chosen.CompareAndSwap(nil, best)
	return chosen.Load()
}

// Kernel returns the name of the kernels in use: "vnni", "avx512", "avx2", "avx128" or
// "portable".
func Kernel() string { return active().name }

// Kernels returns the names of all kernels that this machine can run, best first.
func Kernels() []string {
	var names []string
	for _, k := range available() {
		names = append(names, k.name)
	}
	return names
}

// Use forces the kernels called name. Work in progress may finish with the old ones.
func Use(name string) error {
	for _, k := range available() {
		if k.name == name {
			chosen.Store(k)
			return nil
		}
	}
	return fmt.Errorf("matmul: no kernel %q on this machine, only %v", name, Kernels())
}
