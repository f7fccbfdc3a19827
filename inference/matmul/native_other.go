//go:build !amd64 || noasm

package matmul

// native returns the kernels in assembly that this machine can run: none.
func native() []*kernels { return nil }

// askCaches returns the sizes of caches if the processor says them: not here.
func askCaches() caches { return caches{} }

// pause tells the processor that this is a loop that waits: not here.
func pause() {}
