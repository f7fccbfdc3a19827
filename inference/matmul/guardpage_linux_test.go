package matmul

import (
	"syscall"
	"testing"
)

// TestWeightsAreNotReadBeyondTheirEnd puts weights at the end of a page that is
// followed by one that faults when it is read, as the end of a mapped file is.
func TestWeightsAreNotReadBeyondTheirEnd(t *testing.T) {
	const page = 4096
	mem, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skipf("needs mmap: %v", err)
	}
	defer syscall.Munmap(mem)
	if err := syscall.Mprotect(mem[page:], syscall.PROT_NONE); err != nil {
		t.Skipf("needs mprotect: %v", err)
	}
	eachKernel(t, func(t *testing.T, k *kernels) {
		y, x := make([]float32, 16), make([]float32, 64)
		for _, rows := range []int{1, 4, 8, 9, 16} {
			k.rowsF16(y[:rows], mem[page-rows*128:page:page], x)
			k.rowsBF16(y[:rows], mem[page-rows*128:page:page], x)
			for _, f := range quantizedFormats {
				cols := max(2*BlockSize, layouts[f].elements)
				size := rows * cols / layouts[f].elements * layouts[f].size
				if v := randomBytes(newRand(t), cols, 0); size <= page {
					k.rowsBytes[f](y[:rows], mem[page-size:page:page], v, cols/BlockSize)
					k.rowsWords[f](y[:rows], mem[page-size:page:page], randomWords(newRand(t), cols, 0), cols/BlockSize)
				}
			}
		}
	})
}
