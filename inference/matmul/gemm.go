package matmul

// Tile of the micro-kernel: mr rows by nr columns of C.
const (
	mr = 6
	nr = 16
)
