package matmul

import "fmt"

// BlockSize is the number of elements that share a scale in the formats of which none is
// called K, and in a quantized Input.
const BlockSize = 32

// groupSize is the number of elements of a block of the formats called K.
const groupSize = 256

// Format is how the elements of a Matrix are stored.
type Format uint8

// The formats; block.go describes the quantized ones.
const (
	F32 Format = iota
	F16
	BF16
	Q8_0
	Q4_0
	Q4_1
	Q4_K
	Q5_K
	Q6_K
	Q5_0
	Q5_1
	IQ4_NL
)

// Bytes per block.
const (
	sizeQ8  = 2 + BlockSize
	sizeQ4  = 2 + BlockSize/2
	sizeQ41 = 4 + BlockSize/2
	sizeQ50 = 2 + BlockSize/8 + BlockSize/2
	sizeQ51 = 4 + BlockSize/8 + BlockSize/2
	sizeQ4K = 4 + 12 + groupSize/2
	sizeQ5K = sizeQ4K + groupSize/8
	sizeQ6K = groupSize/2 + groupSize/4 + groupSize/16 + 2
)

// layouts says what each format's blocks are: how many elements, and bytes.
var layouts = [...]struct {
	name           string
	elements, size int
}{
	F32: {"F32", 1, 4}, F16: {"F16", 1, 2}, BF16: {"BF16", 1, 2},
	Q8_0: {"Q8_0", BlockSize, sizeQ8}, Q4_0: {"Q4_0", BlockSize, sizeQ4}, Q4_1: {"Q4_1", BlockSize, sizeQ41},
	Q5_0: {"Q5_0", BlockSize, sizeQ50}, Q5_1: {"Q5_1", BlockSize, sizeQ51}, IQ4_NL: {"IQ4_NL", BlockSize, sizeQ4},
	Q4_K: {"Q4_K", groupSize, sizeQ4K}, Q5_K: {"Q5_K", groupSize, sizeQ5K}, Q6_K: {"Q6_K", groupSize, sizeQ6K},
}

func (f Format) String() string {
	if int(f) < len(layouts) {
		return layouts[f].name
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Quantized reports whether the format multiplies with quantized inputs.
func (f Format) Quantized() bool { return f >= Q8_0 }

// offset reports whether blocks of a quantized format have a least weight of their own.
func (f Format) offset() bool { return f == Q4_1 || f == Q5_1 || f == Q4_K || f == Q5_K }

// halved reports whether blocks have two scales, and so large ones that rowsBlocks takes
// their halves apart.
func (f Format) halved() bool { return f == Q6_K }

// Matrix is weights, (rows, cols) row-major, in memory of the caller's that is
// never written. The zero Matrix is empty.
type Matrix struct {
	Format     Format
	Rows, Cols int
	floats     []float32 // F32
	bytes      []byte    // the others
	rowSize    int       // bytes
}

// NewFloat makes an F32 matrix of rows x cols. data is used in place.
func NewFloat(data []float32, rows, cols int) (Matrix, error) {
	if rows < 1 || cols < 1 || len(data)/cols != rows || len(data)%cols != 0 {
		return Matrix{}, fmt.Errorf("matmul: %d floats are not a %d x %d matrix", len(data), rows, cols)
	}
	return Matrix{Format: F32, Rows: rows, Cols: cols, floats: data}, nil
}

// New makes a matrix of rows x cols in one of the formats but F32, with cols a
// multiple of what a block has. data is used in place and may lie at any address.
func New(f Format, data []byte, rows, cols int) (Matrix, error) {
	if rows < 1 || cols < 1 || cols > 1<<40 {
		return Matrix{}, fmt.Errorf("matmul: %d x %d matrix", rows, cols)
	}
	if f == F32 || int(f) >= len(layouts) || cols%layouts[f].elements != 0 {
		return Matrix{}, fmt.Errorf("matmul: no %v matrix with %d columns from bytes", f, cols)
	}
	m := Matrix{Format: f, Rows: rows, Cols: cols, bytes: data, rowSize: cols / layouts[f].elements * layouts[f].size}
	if len(data)/m.rowSize != rows || len(data)%m.rowSize != 0 {
		return Matrix{}, fmt.Errorf("matmul: %d bytes are not a %d x %d matrix of %v", len(data), rows, cols, f)
	}
	return m, nil
}

// Row writes row r, as float32, to dst (cols).
func (m *Matrix) Row(dst []float32, r int) {
	dst = dst[:m.Cols]
	if m.Format == F32 {
		copy(dst, m.floats[r*m.Cols:(r+1)*m.Cols])
		return
	}
	w := m.bytes[r*m.rowSize : (r+1)*m.rowSize]
	if !m.Format.Quantized() {
		for i := range dst {
			if m.Format == F16 {
				dst[i] = half(w[2*i:])
			} else {
				dst[i] = brain(w[2*i:])
			}
		}
		return
	}
	var b block
	for i := range dst {
		if i%BlockSize == 0 {
			b.read(m.Format, w, i/BlockSize)
		}
		scale := b.scale * float32(b.sub[i%BlockSize/16])
		dst[i] = float32(scale*float32(int32(b.q[i%BlockSize])-b.zero)) - b.min
	}
}
